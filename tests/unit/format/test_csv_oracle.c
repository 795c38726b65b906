/* SPDX-License-Identifier: Apache-2.0 */
/* Random well-formed files: our records against those of Python's csv module. */
#include <stdio.h>
#include <string.h>

#include "records.h"

#define FILES 300

static void read_file(const char *folder, int n, const char *suffix, struct buf *out)
{
	struct err err = {0};
	char path[256];
	snprintf(path, sizeof(path), "%s/%d.%s", folder, n, suffix);
	buf_clear(out);
	assert_ok(file_read(path, out, &err));
}

/* Our reading of `text`, as the oracle writes it. */
static void read_ours(const struct buf *text, const char *delimiter, size_t piece, struct buf *out)
{
	struct reading reading = {
		.format = FORMAT_CSV, .csv = {.delimiter = delimiter, .quote = '"', .header = 1}};
	struct string_list wanted = {0};
	struct err err = {0};
	struct reader *reader = NULL;
	const struct record *record = NULL;
	struct input *input = memory_input(text->data, text->len);
	buf_clear(out);
	buf_printf(out, "%s\n", delimiter);
	assert_ok(reader_open_pieces(&reading, input, &wanted, piece, &reader, &err));
	for (;;) {
		assert_ok(reader_next(reader, &record, &err));
		if (!record)
			break;
		if (record->bad)
			fail_msg("%s", record->reason);
		for (size_t i = 0; i < record->cell_count; i++) {
			buf_append_byte(out, 0x1F);
			buf_append(out, record->cells[i].data, record->cells[i].len);
		}
		buf_append_byte(out, 0x1E);
	}
	reader_close(reader);
	input_close(input);
}

static void same_as_python(void **state)
{
	(void)state;
	char folder[] = "/tmp/penstock-csv-XXXXXX";
	char command[512];
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command),
		"/usr/bin/python3 %s/tests/unit/format/csv_oracle.py %s %d 7", SOURCE_DIR, folder,
		FILES);
	assert_int_equal(system(command), 0);
	struct buf text;
	struct buf expected;
	struct buf ours;
	buf_init(&text, 1 << 20);
	buf_init(&expected, 1 << 20);
	buf_init(&ours, 1 << 20);
	for (int n = 0; n < FILES; n++) {
		read_file(folder, n, "csv", &text);
		read_file(folder, n, "txt", &expected);
		for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
			const char delimiter[2] = {(char)expected.data[0]};
			read_ours(&text, delimiter, piece, &ours);
			if (strcmp(buf_text(&ours), buf_text(&expected)) != 0)
				fail_msg("file %d in pieces of %zu", n, piece);
		}
	}
	buf_release(&text);
	buf_release(&expected);
	buf_release(&ours);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_python)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
