/* SPDX-License-Identifier: Apache-2.0 */
/* Random files in random dialects and encodings: records and byte ranges as they were written. */
#include <stdio.h>
#include <string.h>

#include "records.h"

#define FILES 500

static void read_file(const char *folder, int n, const char *suffix, struct buf *out)
{
	struct err err = {0};
	char path[256];
	snprintf(path, sizeof(path), "%s/%d.%s", folder, n, suffix);
	buf_clear(out);
	assert_ok(file_read(path, out, &err));
}

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

/* Our reading of `text`, as the oracle writes it. */
static void read_ours(
	const struct reading *reading, const struct buf *text, size_t piece, struct buf *out)
{
	struct string_list wanted = {0};
	struct err err = {0};
	struct reader *reader = NULL;
	const struct record *record = NULL;
	struct input *input = memory_input(text->data, text->len);
	buf_clear(out);
	assert_ok(reader_open_pieces(reading, input, &wanted, piece, &reader, &err));
	for (;;) {
		assert_ok(reader_next(reader, &record, &err));
		if (!record)
			break;
		buf_printf(out, "%lld-%lld", (long long)record->start, (long long)record->end);
		if (record->bad)
			buf_append_text(out, record->reason);
		for (size_t i = 0; i < record->cell_count; i++) {
			buf_append_byte(out, 0x1F);
			buf_append(out, record->cells[i].data, record->cells[i].len);
		}
		buf_append_byte(out, 0x1E);
	}
	assert_int_equal(reader_position(reader), text->len);
	reader_close(reader);
	input_close(input);
}

static void as_written(void **state)
{
	(void)state;
	char folder[] = "/tmp/penstock-dialects-XXXXXX";
	char command[512];
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command),
		"/usr/bin/python3 %s/tests/unit/format/dialect_oracle.py %s %d 7", SOURCE_DIR,
		folder, FILES);
	assert_int_equal(system(command), 0);
	struct buf text;
	struct buf oracle;
	struct buf ours;
	buf_init(&text, 1 << 20);
	buf_init(&oracle, 1 << 20);
	buf_init(&ours, 1 << 20);
	for (int n = 0; n < FILES; n++) {
		struct reading reading;
		const char *comment = NULL;
		read_file(folder, n, "csv", &text);
		read_file(folder, n, "txt", &oracle);
		(void)buf_text(&oracle);
		const char *expected = parse_dialect((char *)oracle.data, &reading, &comment);
		for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
			read_ours(&reading, &text, piece, &ours);
			if (strcmp(buf_text(&ours), expected) != 0)
				fail_msg("file %d (%s, delimiter '%s') in pieces of %zu:\n%s\n%s",
					n, reading.csv.encoding, reading.csv.delimiter, piece,
					buf_text(&ours), expected);
		}
	}
	buf_release(&text);
	buf_release(&oracle);
	buf_release(&ours);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
