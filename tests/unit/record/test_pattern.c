/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of dates and times against Python's datetime.strptime, and where ours are stricter. */
#include "record/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/temporal.h"
#include "support/cmocka_all.h"

#define VECTORS 20000

static struct arena arena;

static struct pattern compiled(const char *text)
{
	struct err err;
	struct pattern pattern;
	assert_ok(pattern_compile(&arena, text, &pattern, &err));
	return pattern;
}

/* Microseconds since 1970 as the oracle prints them; "-" when there is no such time. */
static const char *read_as(const char *pattern_text, const char *text, char *result, size_t size)
{
	struct pattern pattern = compiled(pattern_text);
	struct moment moment;
	const char *why = NULL;
	if (pattern_read(&pattern, text, strlen(text), 6, &moment, &why) != PATTERN_OK)
		return "-";
	int64_t us = moment.days * TEMPORAL_DAY_US + moment.us - moment.zone * INT64_C(60000000);
	snprintf(result, size, "%lld", (long long)us);
	return result;
}

static void same_as_python(void **state)
{
	(void)state;
	char command[512];
	char line[512];
	int count = 0;
	snprintf(command, sizeof(command),
		"/usr/bin/python3 %s/tests/unit/record/pattern_oracle.py %d 7", SOURCE_DIR,
		VECTORS);
	FILE *vectors = popen(command, "r");
	assert_non_null(vectors);
	while (fgets(line, sizeof(line), vectors)) {
		char result[32];
		char *text = strchr(line, '\t');
		char *expected = text ? strchr(text + 1, '\t') : NULL;
		assert_non_null(expected);
		*text++ = '\0';
		*expected++ = '\0';
		expected[strcspn(expected, "\n")] = '\0';
		const char *got = read_as(line, text, result, sizeof(result));
		if (strcmp(got, expected) != 0)
			fail_msg("'%s' by '%s': %s, not %s", text, line, got, expected);
		arena_clear(&arena);
		count++;
	}
	assert_int_equal(pclose(vectors), 0);
	assert_true(count > VECTORS / 2);
}

static const struct {
	const char *pattern;
	const char *text;
	enum pattern_status status;
	const char *why;
} cases[] = {
	{"%d/%m/%Y", "1/2/2024", PATTERN_OK, NULL},
	{"%d/%m/%Y", " 1/2/2024", PATTERN_MISMATCH, NULL},
	{"%d/%m/%Y", "1/2/2024 ", PATTERN_MISMATCH, NULL},
	{"%d/%m/%Y", "1/2/24", PATTERN_MISMATCH, NULL},
	{"%d/%m/%Y", "1/2/02024", PATTERN_MISMATCH, NULL},
	{"%d/%m/%Y", "+1/2/2024", PATTERN_MISMATCH, NULL},
	{"%d/%m/%Y", "", PATTERN_MISMATCH, NULL},
	{"%d/%m/%Y", "31/02/2024", PATTERN_IMPOSSIBLE, "month has no such day"},
	{"%d/%m/%Y", "00/02/2024", PATTERN_IMPOSSIBLE, "month has no such day"},
	{"%d/%m/%Y", "29/02/2100", PATTERN_IMPOSSIBLE, "month has no such day"},
	{"%d/%m/%Y", "12/13/2024", PATTERN_IMPOSSIBLE, "months go from 1 to 12"},
	{"%d/%m/%Y", "01/01/0000", PATTERN_IMPOSSIBLE, "years"},
	{"%Y%m%d", "2024123", PATTERN_MISMATCH, NULL},
	{"%Y%m%d", "202411", PATTERN_MISMATCH, NULL},
	{"%Y-%j", "2023-366", PATTERN_IMPOSSIBLE, "year has no such day"},
	{"%Y-%j", "2024-366", PATTERN_OK, NULL},
	{"%Y-%j", "2024-0", PATTERN_IMPOSSIBLE, "year has no such day"},
	{"%H:%M", "24:00", PATTERN_IMPOSSIBLE, "next day"},
	{"%H:%M", "23:60", PATTERN_IMPOSSIBLE, "minutes"},
	{"%H:%M:%S", "23:59:60", PATTERN_IMPOSSIBLE, "leap seconds"},
	{"%I:%M %p", "0:30 AM", PATTERN_IMPOSSIBLE, "from 1 to 12"},
	{"%I:%M %p", "13:30 PM", PATTERN_IMPOSSIBLE, "from 1 to 12"},
	{"%I:%M%p", "12:30pm", PATTERN_OK, NULL},
	{"%H:%M:%S.%f", "1:02:03.1234560", PATTERN_OK, NULL},
	{"%H:%M:%S.%f", "1:02:03.1234561", PATTERN_IMPOSSIBLE, "more digits of a second"},
	{"%H:%M:%S.%f", "1:02:03.", PATTERN_MISMATCH, NULL},
	{"%Y-%m-%d %H%z", "2024-01-02 03Z", PATTERN_OK, NULL},
	{"%Y-%m-%d %H%z", "2024-01-02 03+01", PATTERN_OK, NULL},
	{"%Y-%m-%d %H%z", "2024-01-02 03+1", PATTERN_MISMATCH, NULL},
	{"%Y-%m-%d %H%z", "2024-01-02 03+16:00", PATTERN_MISMATCH, NULL},
	{"%Y-%m-%d %H%z", "2024-01-02 03+01:6", PATTERN_MISMATCH, NULL},
	{"%Y-%m-%d %H%z", "2024-01-02 03", PATTERN_MISMATCH, NULL},
	{"%d %b %Y", "2 march 2024", PATTERN_MISMATCH, NULL},
	{"%d %B %Y", "2 MARCH 2024", PATTERN_OK, NULL},
};

static void strict_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern pattern = compiled(cases[i].pattern);
		struct moment moment;
		const char *why = NULL;
		enum pattern_status status = pattern_read(
			&pattern, cases[i].text, strlen(cases[i].text), 6, &moment, &why);
		if (status != cases[i].status)
			fail_msg("'%s' by '%s': %d", cases[i].text, cases[i].pattern, status);
		if (status == PATTERN_IMPOSSIBLE && !strstr(why, cases[i].why))
			fail_msg("'%s': '%s' lacks '%s'", cases[i].text, why, cases[i].why);
	}
}

/* A text that ends anywhere does not fit, and no byte behind it is looked at. */
static void texts_cut_anywhere_do_not_fit(void **state)
{
	(void)state;
	struct pattern pattern = compiled("%d %B %Y %I:%M:%S.%f %p%z");
	static const char whole[] = "12 September 2024 11:12:13.123456 PM+05:45";
	for (size_t n = 0; n <= strlen(whole); n++) {
		struct moment moment;
		const char *why = NULL;
		char *text = malloc(n + 1);
		memcpy(text, whole, n);
		bool fits = pattern_read(&pattern, text, n, 6, &moment, &why) == PATTERN_OK;
		free(text);
		assert_int_equal(fits, n == strlen(whole) || n == strlen(whole) - 3);
	}
}

static void patterns_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	static const char *const bad[][2] = {{"", "neither a date nor a time"},
		{"x", "neither a date nor a time"}, {"%", "after % stands"},
		{"%Q", "after % stands"}, {"%d/%m", "needs year, month and day"},
		{"%Y", "needs year, month and day"}, {"%Y-%y-%m-%d", "same thing twice"},
		{"%Y-%m-%d-%j", "same thing twice"}, {"%I:%M", "need each other"},
		{"%H:%M %p", "need each other"}, {"%M:%S", "a time needs an hour"},
		{"%H %S", "seconds need minutes"}, {"%H:%M.%f", "a fraction needs seconds"},
		{"%H:%M%z", "a zone needs a date"}, {"%H:%M:%S.%f%d%m%Y", "cannot follow %f"}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err;
		struct pattern pattern;
		assert_err(
			pattern_compile(&arena, bad[i][0], &pattern, &err), ERR_FATAL, bad[i][1]);
	}
	char longest[PATTERN_MAX_BYTES + 2];
	struct err err;
	struct pattern pattern;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_err(pattern_compile(&arena, longest, &pattern, &err), ERR_FATAL, "longer than");
}

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_python),
		cmocka_unit_test(strict_with_a_reason),
		cmocka_unit_test(texts_cut_anywhere_do_not_fit),
		cmocka_unit_test(patterns_that_make_no_sense_are_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
