/* SPDX-License-Identifier: Apache-2.0 */
/* Random files in random dialects and encodings: records and byte ranges as they were written. */
#include "oracle.h"

#define FILES 500

/* The dialect in the first line, which is taken apart in place; returns what follows. */
static const char *parse_dialect(char *line, struct reading *reading, const char **comments)
{
	char *members[8];
	char *next = strchr(line, '\n');
	assert_non_null(next);
	*next++ = '\0';
	for (size_t i = 0; i < 8; i++) {
		members[i] = line;
		line += strcspn(line, "\x1F");
		*line++ = '\0';
	}
	comments[0] = members[6];
	*reading = (struct reading){.format = FORMAT_CSV,
		.csv = {.delimiter = members[0],
			.quote = members[1][0],
			.escape = members[2][0],
			.header = (uint32_t)(members[3][0] - '0'),
			.skip = (uint32_t)(members[4][0] - '0'),
			.footer = (uint32_t)(members[5][0] - '0'),
			.comment = {comments, *members[6] ? 1 : 0},
			.encoding = members[7]}};
	return next;
}

static void compare(struct oracle *oracle, int n)
{
	struct reading reading;
	const char *comment = NULL;
	oracle_file(oracle, n, "csv", &oracle->text);
	oracle_file(oracle, n, "txt", &oracle->expected);
	(void)buf_text(&oracle->expected);
	const char *expected = parse_dialect((char *)oracle->expected.data, &reading, &comment);
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		buf_clear(&oracle->ours);
		oracle_read(&reading, &(struct string_list){0}, &oracle->text, piece, true,
			&oracle->ours);
		if (strcmp(buf_text(&oracle->ours), expected) != 0)
			fail_msg("file %d (%s, delimiter '%s') in pieces of %zu:\n%s\n%s", n,
				reading.csv.encoding, reading.csv.delimiter, piece,
				buf_text(&oracle->ours), expected);
	}
}

static void as_written(void **state)
{
	(void)state;
	struct oracle oracle;
	oracle_init(&oracle);
	oracle_run("dialect_oracle.py", oracle.folder, FILES, 7);
	for (int n = 0; n < FILES; n++)
		compare(&oracle, n);
	oracle_release(&oracle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
