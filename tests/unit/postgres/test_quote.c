/* SPDX-License-Identifier: Apache-2.0 */
/* That Postgres reads all this back as meant is tested in tests/integration/postgres. */
#include "postgres/quote.h"
#include "support/cmocka_all.h"

static void names_are_always_quoted(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	quote_identifier(&out, "a\"b");
	buf_append_byte(&out, ' ');
	quote_qualified(&out, "raw", "Orders 2\\");
	assert_string_equal(buf_text(&out), "\"a\"\"b\" \"raw\".\"Orders 2\\\"");
	buf_release(&out);
}

static void literals_survive_quotes_and_backslashes(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	quote_literal(&out, "it's");
	quote_literal(&out, "");
	quote_literal(&out, "a\\'b");
	assert_string_equal(buf_text(&out), "'it''s'''E'a\\\\''b'");
	buf_release(&out);
}

static void arrays_hold_any_text_and_nulls(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	array_begin(&out);
	array_add(&out, "{");
	array_add(&out, NULL);
	array_add_n(&out, "a\"b\\c,d", 7);
	array_add(&out, "");
	array_add(&out, "NULL");
	array_add_int(&out, INT64_MIN);
	array_end(&out);
	assert_string_equal(buf_text(&out),
		"{\"{\",NULL,\"a\\\"b\\\\c,d\",\"\",\"NULL\",-9223372036854775808}");
	buf_clear(&out);
	array_begin(&out);
	array_end(&out);
	assert_string_equal(buf_text(&out), "{}");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_always_quoted),
		cmocka_unit_test(literals_survive_quotes_and_backslashes),
		cmocka_unit_test(arrays_hold_any_text_and_nulls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
