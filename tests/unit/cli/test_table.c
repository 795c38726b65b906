/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "support/capture.h"
#include "support/cmocka_all.h"

static const struct table_column columns[] = {
	{"file", "file_name", TABLE_TEXT},
	{"rows", "rows", TABLE_INT},
	{"seconds", "seconds", TABLE_REAL},
};

static const char *printed(bool json, bool with_rows)
{
	static struct capture capture;
	struct table *table = table_new(columns, 3);
	if (with_rows) {
		table_text(table, "\xC3\xA9t\xC3\xA9\n.csv");
		table_int(table, 1234);
		table_text(table, "0.5");
		table_text(table, NULL);
		table_int(table, -1);
		table_null(table);
	}
	capture_begin(&capture, stdout);
	table_print(table, json);
	capture_end(&capture);
	table_free(table);
	return capture.text;
}

static void columns_are_aligned(void **state)
{
	(void)state;
	const char *text = printed(false, true);
	const char *second = strchr(text, '\n') + 1;
	assert_int_equal(strncmp(text, "file ", 5), 0);
	assert_non_null(strstr(second, "1234"));
	assert_non_null(strstr(second, "0.5\n"));
	/* A line break inside a cell never breaks the table: title and two rows. */
	int lines = 0;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 3);
	assert_null(strstr(text, " \n"));
	/* "été" counts three columns wide, so the numbers of both rows end in the same column. */
	const char *third = strchr(second, '\n') + 1;
	assert_int_equal(strstr(second, "1234") + 4 - second - 2, strstr(third, "-1") + 2 - third);
}

static void json_keeps_types(void **state)
{
	(void)state;
	assert_string_equal(printed(true, true),
		"[{\"file_name\":\"\xC3\xA9t\xC3\xA9\\n.csv\",\"rows\":1234,\"seconds\":0.5},\n"
		" {\"file_name\":null,\"rows\":-1,\"seconds\":null}]\n");
	assert_string_equal(printed(true, false), "[]\n");
	assert_string_equal(printed(false, false), "file  rows  seconds\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(json_keeps_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
