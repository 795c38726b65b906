/* SPDX-License-Identifier: Apache-2.0 */
#include "record/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/encoder.h"
#include "record/transcoder.h"
#include "support/cmocka_all.h"

static void want(struct lookup *lookup, const char *text)
{
	lookup_want(lookup, text, strlen(text));
}

static const struct lookup_text *find(const struct lookup *lookup, const char *text)
{
	return lookup_find(lookup, text, strlen(text));
}

static void texts_are_bytes(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "a", "A", "a ", " a", "aaaaaaaa", "aaaaaaaaa",
		"aaaaaaaab", "\xC3\xA5", "a\xCC\x8A", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa"};
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	struct lookup lookup;
	lookup_init(&lookup);
	assert_null(find(&lookup, "a"));
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < count; i++)
			want(&lookup, texts[i]);
	assert_int_equal(lookup.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(find(&lookup, texts[i])->wanted);
		lookup_give(&lookup, texts[i], (int32_t)i + 7);
	}
	lookup_settle(&lookup);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(find(&lookup, texts[i])->text, texts[i]);
		assert_int_equal(find(&lookup, texts[i])->id, i + 7);
		assert_false(find(&lookup, texts[i])->wanted);
	}
	lookup_give(&lookup, "never asked for", 1);
	assert_null(find(&lookup, "never asked for"));
	lookup_release(&lookup);
}

static void it_grows_and_forgets(void **state)
{
	(void)state;
	char text[40];
	struct lookup lookup;
	lookup_init(&lookup);
	for (int i = 0; i <= LOOKUP_KEPT_TEXTS; i++) {
		snprintf(text, sizeof(text), "town %d", i);
		want(&lookup, text);
		lookup_give(&lookup, text, i);
		if (i == LOOKUP_KEPT_TEXTS - 1) {
			lookup_settle(&lookup);
			lookup_begin(&lookup); /* not too many yet */
			assert_int_equal(lookup.count, LOOKUP_KEPT_TEXTS);
		}
	}
	for (int i = 0; i <= LOOKUP_KEPT_TEXTS; i += 997) {
		snprintf(text, sizeof(text), "town %d", i);
		assert_int_equal(find(&lookup, text)->id, i);
	}
	lookup_settle(&lookup);
	lookup_begin(&lookup);
	assert_int_equal(lookup.count, 0);
	assert_null(find(&lookup, "town 1"));
	want(&lookup, "left over"); /* a group that failed before its keys came */
	lookup_begin(&lookup);
	assert_int_equal(lookup.count, 0);
	lookup_release(&lookup);
}

static void what_cannot_have_a_key_has_a_reason(void **state)
{
	(void)state;
	struct lookup lookup;
	char *longest = malloc(LOOKUP_MAX_TEXT + 1);
	lookup_init(&lookup);
	memset(longest, 'x', LOOKUP_MAX_TEXT + 1);
	lookup_want(&lookup, longest, LOOKUP_MAX_TEXT + 1);
	assert_int_equal(lookup.count, 0);
	const struct lookup_text *found = lookup_find(&lookup, longest, LOOKUP_MAX_TEXT + 1);
	assert_string_equal(found->native, "22001");
	lookup_want(&lookup, longest, LOOKUP_MAX_TEXT);
	assert_true(lookup_find(&lookup, longest, LOOKUP_MAX_TEXT)->wanted);
	lookup_want(&lookup, "a\0b", 3);
	want(&lookup, "\xFF");
	assert_string_equal(lookup_find(&lookup, "a\0b", 3)->native, "22021");
	assert_string_equal(find(&lookup, "\xFF")->reason, "not UTF-8 without NUL");
	lookup_give(&lookup, lookup.items[0].text, 1);
	lookup_settle(&lookup);
	lookup_begin(&lookup); /* what was refused is tried again */
	assert_int_equal(lookup.count, 0);
	free(longest);
	lookup_release(&lookup);
}

/* ---- in a transcoder ---- */

static const char schema_text[] =
	"{\"type\":\"record\",\"name\":\"r\",\"fields\":["
	"{\"name\":\"id\",\"type\":\"long\"},"
	"{\"name\":\"town\",\"type\":[\"null\",\"string\"]},"
	"{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"k\",\"symbols\":[\"X\",\"Y\"]}},"
	"{\"name\":\"later\",\"type\":\"string\",\"default\":\"none\"}]}";

static struct schema *parse(bool without_later)
{
	char text[600];
	struct err err;
	struct schema *schema = NULL;
	snprintf(text, sizeof(text), "%s", schema_text);
	if (without_later) {
		char *cut = strstr(text, ",{\"name\":\"later\"");
		memcpy(cut, "]}", sizeof("]}"));
	}
	assert_ok(schema_parse(text, strlen(text), "t", &schema, &err));
	return schema;
}

struct fixture {
	struct schema *writer;
	struct schema *reader;
	struct transcoder *transcoder;
	struct lookup town;
	struct lookup other;
	struct lookup *by_field[4];
	struct buf message;
	struct chunk chunk;
	struct copy_rows rows;
};

static void add_row(struct encoder *encoder, const char *town, const char *kind, struct buf *block)
{
	struct err err;
	int field;
	const struct cell cells[] = {{"7", 1, CELL_TEXT, false},
		{town ? town : "", town ? (uint32_t)strlen(town) : 0, town ? CELL_TEXT : CELL_NULL,
			false},
		{kind, 1, CELL_TEXT, false}};
	assert_ok(encoder_row(encoder, cells, block, &field, &err));
}

static void make_chunk(struct fixture *f)
{
	struct chunk_writer writer;
	struct encoder *encoder;
	struct err err;
	const struct chunk_info info = {.dataset = "d",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.name = "n",
		.file_id = 77,
		.first = 1,
		.width = 1,
		.records = 3,
		.rows = 3};
	chunk_writer_init(&writer);
	assert_ok(encoder_new(f->writer, NULL, &encoder, &err));
	add_row(encoder, "Leeds", "Y", &writer.block);
	add_row(encoder, NULL, "X", &writer.block);
	add_row(encoder, "York", "Y", &writer.block);
	for (int i = 0; i < 3; i++)
		chunk_add_row(&writer);
	chunk_finish(&writer, &info, f->writer->text, f->writer->text_len, &f->message);
	chunk_writer_release(&writer);
	encoder_free(encoder);
	assert_ok(chunk_open(f->message.data, f->message.len, &f->chunk, &err));
}

static void begin(struct fixture *f)
{
	struct err err;
	*f = (struct fixture){.writer = parse(true), .reader = parse(false)};
	lookup_init(&f->town);
	lookup_init(&f->other);
	buf_init(&f->message, 1 << 16);
	copy_rows_init(&f->rows);
	assert_ok(schema_look_up(f->reader, 1, "town_id", &err));
	assert_ok(schema_look_up(f->reader, 2, "kind_id", &err));
	assert_ok(schema_look_up(f->reader, 3, "later_id", &err));
	f->by_field[1] = &f->town;
	f->by_field[2] = &f->other;
	f->by_field[3] = &f->other;
	assert_ok(transcoder_new(f->writer, f->reader, &f->transcoder, &err));
	make_chunk(f);
}

static void end(struct fixture *f)
{
	transcoder_free(f->transcoder);
	copy_rows_release(&f->rows);
	buf_release(&f->message);
	lookup_release(&f->town);
	lookup_release(&f->other);
	schema_free(f->writer);
	schema_free(f->reader);
}

/* The key in a tuple's column, from 0; -1: null. */
static int64_t key_at(const struct copy_rows *rows, size_t row, size_t column)
{
	const unsigned char *at = rows->bytes.data + rows->starts[row] + 2;
	for (;; column--) {
		uint32_t len;
		uint32_t key;
		memcpy(&len, at, 4);
		len = __builtin_bswap32(len);
		at += 4;
		if (column == 0 && len == UINT32_MAX)
			return -1;
		if (column == 0) {
			assert_int_equal(len, 4);
			memcpy(&key, at, 4);
			return __builtin_bswap32(key);
		}
		at += len == UINT32_MAX ? 0 : len;
	}
}

static void keys_stand_in_place_of_texts(void **state)
{
	(void)state;
	struct fixture f;
	struct buf json;
	struct err err;
	begin(&f);
	buf_init(&json, 4096);
	transcoder_set_lookups(f.transcoder, f.by_field);
	transcoder_want(f.transcoder, &f.chunk);
	assert_int_equal(f.town.count, 2);
	assert_int_equal(f.other.count, 3); /* X, Y and the default */
	lookup_give(&f.town, "Leeds", 11);
	lookup_give(&f.town, "York", 12);
	lookup_give(&f.other, "X", 1);
	lookup_give(&f.other, "Y", 2);
	lookup_give(&f.other, "none", INT32_MAX);
	assert_ok(transcoder_chunk(f.transcoder, &f.chunk, &f.rows, &err));
	assert_int_equal(f.rows.unkeyed_count, 0);
	static const int64_t keys[3][3] = {
		{11, 2, INT32_MAX}, {-1, 1, INT32_MAX}, {12, 2, INT32_MAX}};
	for (size_t row = 0; row < 3; row++)
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(key_at(&f.rows, row, i + 1), keys[row][i]);
	transcoder_row_json(f.transcoder, &f.chunk, &f.rows, 0, &json);
	assert_string_equal(
		buf_text(&json), "{\"id\":7,\"town\":\"Leeds\",\"kind\":\"Y\",\"later\":\"none\"}");
	buf_release(&json);
	end(&f);
}

static void rows_without_a_key_are_told(void **state)
{
	(void)state;
	struct fixture f;
	struct err err;
	begin(&f);
	assert_ok(transcoder_chunk(f.transcoder, &f.chunk, &f.rows, &err));
	assert_int_equal(f.rows.unkeyed_count, 0); /* without look-ups: for showing */
	transcoder_set_lookups(f.transcoder, f.by_field);
	transcoder_want(f.transcoder, &f.chunk);
	lookup_give(&f.other, "X", 1);
	lookup_give(&f.other, "Y", 2);
	lookup_give(&f.other, "none", 3);
	lookup_give(&f.town, "Leeds", 4);
	lookup_refuse(&f.town, 1, "23514", "no York");
	assert_ok(transcoder_chunk(f.transcoder, &f.chunk, &f.rows, &err));
	assert_int_equal(f.rows.unkeyed_count, 1);
	assert_int_equal(f.rows.unkeyed[0].index, 2);
	assert_string_equal(f.rows.unkeyed[0].field->name, "town");
	assert_string_equal(f.rows.unkeyed[0].text->reason, "no York");
	lookup_clear(&f.town);
	assert_ok(transcoder_chunk(f.transcoder, &f.chunk, &f.rows, &err));
	assert_int_equal(f.rows.unkeyed_count, 2);
	assert_null(f.rows.unkeyed[0].text);
	end(&f);
}

/* Every cut of the block: the want pass stops where the rows stop being rows. */
static void a_cut_block_is_safe(void **state)
{
	(void)state;
	struct fixture f;
	struct err err;
	begin(&f);
	transcoder_set_lookups(f.transcoder, f.by_field);
	const unsigned char *block = f.chunk.block;
	size_t len = f.chunk.block_len;
	for (size_t n = 0; n < len; n++) {
		unsigned char *exact = malloc(n + 1);
		memcpy(exact, block, n);
		f.chunk.block = exact;
		f.chunk.block_len = n;
		transcoder_want(f.transcoder, &f.chunk);
		assert_false(transcoder_chunk(f.transcoder, &f.chunk, &f.rows, &err));
		assert_int_equal(err.class, ERR_DATA);
		free(exact);
	}
	end(&f);
}

static void only_plain_text_is_looked_up(void **state)
{
	(void)state;
	struct err err;
	struct schema *schema = parse(false);
	assert_false(schema_look_up(schema, 0, "id_id", &err));
	assert_non_null(strstr(err.message, "field 'id' is bigint: only plain text is looked up"));
	assert_false(schema_look_up(schema, 1, "kind", &err));
	assert_non_null(strstr(err.message, "another column 'kind'"));
	assert_false(schema_look_up(schema, 1, "_file", &err));
	assert_ok(schema_look_up(schema, 1, "town", &err));
	assert_string_equal(schema->fields[1].column_sql, "integer");
	assert_int_equal(schema_find_column(schema, "town"), 1);
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_bytes),
		cmocka_unit_test(it_grows_and_forgets),
		cmocka_unit_test(what_cannot_have_a_key_has_a_reason),
		cmocka_unit_test(keys_stand_in_place_of_texts),
		cmocka_unit_test(rows_without_a_key_are_told),
		cmocka_unit_test(a_cut_block_is_safe),
		cmocka_unit_test(only_plain_text_is_looked_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
