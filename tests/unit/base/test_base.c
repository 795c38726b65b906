/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "base/json_scan.h"
#include "base/json_writer.h"
#include "base/metric.h"
#include "base/opts.h"
#include "base/text.h"
#include "support/cmocka_all.h"

static void buf_stops_at_its_maximum(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	buf_append_text(&buf, "12345678");
	assert_false(buf.overflow);
	buf_append_text(&buf, "90a");
	assert_true(buf.overflow);
	assert_int_equal(buf.len, 8);
	buf_append_text(&buf, "90");
	assert_string_equal(buf_text(&buf), "1234567890");
	buf_release(&buf);
}

static void arena_gives_aligned_memory_and_forgets_it(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	for (size_t i = 1; i < 300; i++) {
		char *p = arena_alloc(&arena, i);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xAA, i);
	}
	assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	arena_clear(&arena);
	assert_int_equal(arena.used, 0);
	arena_release(&arena);
}

static void crc32c_equals_the_published_check_value(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283u);
	assert_int_equal(crc32c_portable(0, "123456789", 9), 0xE3069283u);
	unsigned char data[1000];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 13);
	for (size_t n = 0; n < sizeof(data); n += 13)
		assert_int_equal(crc32c(0, data, n), crc32c_portable(0, data, n));
	assert_int_equal(crc32c(crc32c(0, data, 400), data + 400, 600), crc32c(0, data, 1000));
}

static void sizes_and_durations_mean_what_a_person_means(void **state)
{
	(void)state;
	int64_t value = -7;
	assert_true(text_size("512KiB", &value));
	assert_int_equal(value, 524288);
	assert_true(text_size("10MB", &value));
	assert_int_equal(value, 10000000);
	assert_true(text_size("1.5 KiB", &value));
	assert_int_equal(value, 1536);
	static const char *const bad_sizes[] = {"", "-1", "010", "1e999", "1e3", "KiB", "1 ", " 1",
		"1.", "0.3", "1XB", "9999999999GB"};
	for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++)
		assert_false(text_size(bad_sizes[i], &value));
	assert_int_equal(value, 1536);
	assert_true(text_duration("250ms", &value));
	assert_int_equal(value, 250);
	assert_true(text_duration("1.5s", &value));
	assert_int_equal(value, 1500);
	assert_false(text_duration("5", &value));
	assert_true(text_int64("-9223372036854775808", &value));
	assert_true(value == INT64_MIN);
	assert_false(text_int64("9223372036854775808", &value));
	assert_false(text_int64("-0", &value));
	assert_false(text_int64("+1", &value));
	static const struct {
		int64_t value;
		const char *text;
	} counted[] = {{0, "0 rows"}, {1, "1 row"}, {1234567, "1,234,567 rows"}};
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		char text[64];
		text_format_counted(text, counted[i].value, "row");
		assert_string_equal(text, counted[i].text);
	}
}

static void utf8_is_judged_as_the_standard_does(void **state)
{
	(void)state;
	static const char *const good[] = {"", "plain", "\xC2\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
		"\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
	static const char *const bad[] = {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF",
		"\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC2",
		"\xE2\x82", "12345678\xFF"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(good[i], strlen(good[i]), NULL));
	size_t at = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i]), &at));
	assert_int_equal(at, 8);
}

static void copies_are_cut_at_whole_characters(void **state)
{
	(void)state;
	char to[4];
	text_copy(to, sizeof(to), "abc");
	assert_string_equal(to, "abc");
	text_copy(to, sizeof(to), "abcd");
	assert_string_equal(to, "abc");
	text_copy(to, sizeof(to), "ab\xC3\xA9");
	assert_string_equal(to, "ab");
}

static bool valid_json(const char *text)
{
	struct json_scanner scanner;
	json_scanner_init(&scanner);
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	bool ok = json_validate(&scanner, text, strlen(text), &value, &why, &at);
	json_scanner_release(&scanner);
	return ok;
}

static void json_scan_is_strict(void **state)
{
	(void)state;
	static const char *const good[] = {"0", "-0", "1.5e-7", "\"\\ud83d\\ude00\"", "[]", "{}",
		" [1, 2 , {\"a\":[null,true,false]}]\n", "\"\xC3\xA9\"",
		"{\"a\":1,\"b\":{\"a\":2}}"};
	static const char *const bad[] = {"", "01", "1.", ".5", "+1", "1e", "NaN", "nul", "\"\t\"",
		"\"\\ud83d\"", "\"\\ude00\"", "\"\\x\"", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}",
		"{a:1}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[1] 2", "\"\xFF\"", "[",
		"\"abc", "{\"a\":", "'a'"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!valid_json(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (valid_json(bad[i]))
			fail_msg("accepted: %s", bad[i]);
	char deep[200];
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = '\0';
	assert_false(valid_json(deep));
	assert_true(valid_json("[[[[[[[[[[1]]]]]]]]]]"));
}

static void json_walks_what_it_validated(void **state)
{
	(void)state;
	const char *text = "{ \"a\" : [1, \"x\\n\\u00e9\", {} ], \"b\\u0063\":-12.50, \"z\":null }";
	struct json_scanner scanner;
	json_scanner_init(&scanner);
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	assert_true(json_validate(&scanner, text, strlen(text), &value, &why, &at));
	struct json_value found;
	assert_true(json_find(&value, "bc", &found));
	assert_int_equal(found.kind, JSON_NUMBER);
	assert_int_equal(found.len, 6);
	assert_memory_equal(found.text, "-12.50", 6);
	assert_false(json_find(&value, "y", &found));
	assert_true(json_find(&value, "a", &found));
	const char *p = found.text + 1;
	struct json_value element;
	assert_true(json_next_element(&found, &p, &element));
	assert_true(json_next_element(&found, &p, &element));
	struct buf buf;
	buf_init(&buf, 100);
	json_unescape(&element, &buf);
	assert_string_equal(buf_text(&buf), "x\n\xC3\xA9");
	assert_true(json_next_element(&found, &p, &element));
	assert_int_equal(element.kind, JSON_OBJECT);
	assert_false(json_next_element(&found, &p, &element));
	buf_release(&buf);
	json_scanner_release(&scanner);
}

static void json_writer_escapes(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1000);
	struct json_writer json;
	json_begin(&json, &buf);
	json_object(&json);
	json_key(&json, "a\"b");
	json_string(&json, "x\n\x01\xFF\\");
	json_key(&json, "n");
	json_array(&json);
	json_int(&json, -5);
	json_double(&json, 0.1);
	json_bool(&json, true);
	json_string(&json, NULL);
	json_array_end(&json);
	json_object_end(&json);
	assert_string_equal(buf_text(&buf),
		"{\"a\\\"b\":\"x\\n\\u0001\xEF\xBF\xBD\\\\\",\"n\":[-5,0.1,true,null]}");
	assert_true(valid_json(buf_text(&buf)));
	buf_release(&buf);
}

struct sample_options {
	bool all;
	const char *name;
	int64_t count;
	int verbose;
	struct opt_list tags;
};

static const struct opt sample_rows[] = {
	{"all", 'a', OPT_FLAG, offsetof(struct sample_options, all), NULL, "all"},
	{"name", 'n', OPT_TEXT, offsetof(struct sample_options, name), "NAME", "name"},
	{"count", 0, OPT_INT, offsetof(struct sample_options, count), "N", "count"},
	{"verbose", 'v', OPT_COUNT, offsetof(struct sample_options, verbose), NULL, "more"},
	{"tag", 't', OPT_LIST, offsetof(struct sample_options, tags), "TAG", "tags"},
};
static const struct opt_table sample_table = {sample_rows, 5};

static bool parse(
	struct sample_options *options, int argc, char **argv, int *words, struct err *err)
{
	int next = 0;
	*options = (struct sample_options){0};
	return opts_parse(&sample_table, options, false, argc, argv, 0, words, &next, err);
}

static void options_follow_gnu_conventions(void **state)
{
	(void)state;
	struct sample_options options;
	struct err err;
	int words = 0;
	char *good[] = {"file", "-avvn", "x", "--count=12", "-tone", "--tag", "two", "--", "-a"};
	assert_ok(parse(&options, 9, good, &words, &err));
	assert_int_equal(words, 2);
	assert_string_equal(good[0], "file");
	assert_string_equal(good[1], "-a");
	assert_true(options.all);
	assert_int_equal(options.verbose, 2);
	assert_string_equal(options.name, "x");
	assert_int_equal(options.count, 12);
	assert_int_equal(options.tags.count, 2);
	char *unknown[] = {"--nope"};
	assert_err(parse(&options, 1, unknown, &words, &err), ERR_FATAL, "--nope");
	assert_int_equal(err_exit_code(&err), 2);
	char *missing[] = {"--name"};
	assert_err(parse(&options, 1, missing, &words, &err), ERR_FATAL, "needs a value");
	char *negative[] = {"--count=-1"};
	assert_err(parse(&options, 1, negative, &words, &err), ERR_FATAL, "whole number");
}

static void metrics_render_both_formats(void **state)
{
	(void)state;
	static const struct metric rows = {
		"penstock_rows_total", METRIC_COUNTER, "Rows.", {"dataset"}};
	static const struct metric up = {"penstock_up", METRIC_GAUGE, "Up.", {NULL}};
	struct metrics *metrics = metrics_new();
	metric_add(metrics, &rows, 2, "a\"b");
	metric_add(metrics, &rows, 3, "a\"b");
	metric_set(metrics, &up, 1);
	struct buf out;
	buf_init(&out, 1 << 16);
	metrics_render(metrics, false, &out);
	assert_string_equal(buf_text(&out),
		"# HELP penstock_rows_total Rows.\n# TYPE penstock_rows_total counter\n"
		"penstock_rows_total{dataset=\"a\\\"b\"} 5\n"
		"# HELP penstock_up Up.\n# TYPE penstock_up gauge\npenstock_up 1\n");
	buf_clear(&out);
	metric_forget(metrics, &rows);
	metrics_render(metrics, true, &out);
	assert_string_equal(buf_text(&out),
		"# HELP penstock_up Up.\n# TYPE penstock_up gauge\npenstock_up 1\n# EOF\n");
	buf_release(&out);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(arena_gives_aligned_memory_and_forgets_it),
		cmocka_unit_test(crc32c_equals_the_published_check_value),
		cmocka_unit_test(sizes_and_durations_mean_what_a_person_means),
		cmocka_unit_test(utf8_is_judged_as_the_standard_does),
		cmocka_unit_test(copies_are_cut_at_whole_characters),
		cmocka_unit_test(json_scan_is_strict),
		cmocka_unit_test(json_walks_what_it_validated),
		cmocka_unit_test(json_writer_escapes),
		cmocka_unit_test(options_follow_gnu_conventions),
		cmocka_unit_test(metrics_render_both_formats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
