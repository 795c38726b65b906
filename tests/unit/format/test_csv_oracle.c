/* SPDX-License-Identifier: Apache-2.0 */
/* Random well-formed files: our records against those of Python's csv module. */
#include "oracle.h"

#define FILES 300

static void compare(struct oracle *oracle, int n)
{
	struct reading reading = csv_reading();
	oracle_file(oracle, n, "csv", &oracle->text);
	oracle_file(oracle, n, "txt", &oracle->expected);
	const char delimiter[2] = {(char)oracle->expected.data[0]};
	reading.csv.delimiter = delimiter;
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		buf_clear(&oracle->ours);
		buf_printf(&oracle->ours, "%s\n", delimiter);
		oracle_read(&reading, &(struct string_list){0}, &oracle->text, piece, false,
			&oracle->ours);
		if (strcmp(buf_text(&oracle->ours), buf_text(&oracle->expected)) != 0)
			fail_msg("file %d in pieces of %zu", n, piece);
	}
}

static void same_as_python(void **state)
{
	(void)state;
	struct oracle oracle;
	oracle_init(&oracle);
	oracle_run("csv_oracle.py", oracle.folder, FILES, 7);
	for (int n = 0; n < FILES; n++)
		compare(&oracle, n);
	oracle_release(&oracle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_python)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
