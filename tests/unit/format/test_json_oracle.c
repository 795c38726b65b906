/* SPDX-License-Identifier: Apache-2.0 */
/* Random documents: our cells against what Python's json module reads. */
#include <stdio.h>
#include <string.h>

#include "records.h"

#define DOCUMENTS 300
#define COLUMNS	  7

static void run_oracle(const char *verb, const char *folder)
{
	char command[512];
	snprintf(command, sizeof(command),
		"/usr/bin/python3 %s/tests/unit/format/json_oracle.py %s %s %d 11", SOURCE_DIR,
		verb, folder, DOCUMENTS);
	assert_int_equal(system(command), 0);
}

static void read_ours(const struct buf *text, const char *path, size_t piece, struct buf *out)
{
	const char *names[] = {"a", "b", "c", "n.x0", "n.l.1", "n.o.y\\.z", "n.o"};
	struct string_list wanted = {names, COLUMNS};
	struct field_reading fields[] = {
		{.path = names[3]}, {.path = names[4]}, {.path = names[5]}, {.path = names[6]}};
	struct reading reading = {.format = FORMAT_JSON,
		.json = {.records = path},
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
		.unknown = UNKNOWN_IGNORE};
	struct err err = {0};
	struct reader *reader = NULL;
	const struct record *record = NULL;
	struct input *input = memory_input(text->data, text->len);
	buf_clear(out);
	assert_ok(reader_open_pieces(&reading, input, &wanted, piece, &reader, &err));
	for (;;) {
		assert_ok(reader_next(reader, &record, &err));
		if (!record)
			break;
		if (record->bad)
			fail_msg("%s: %s", record->column, record->reason);
		for (size_t i = 0; i < COLUMNS; i++) {
			const struct cell *cell = &record->cells[i];
			buf_append_byte(out, 0x1F);
			buf_append(out, cell->data, cell->kind == CELL_MISSING ? 0 : cell->len);
		}
		buf_append_byte(out, 0x1E);
	}
	reader_close(reader);
	input_close(input);
}

static void check_document(const char *folder, int n, struct buf *text, struct buf *ours)
{
	struct err err = {0};
	char path[256];
	struct buf again;
	buf_init(&again, 1 << 20);
	snprintf(path, sizeof(path), "%s/%d.json", folder, n);
	buf_clear(text);
	assert_ok(file_read(path, text, &err));
	read_ours(text, n % 2 ? "data.items" : "", 1, ours);
	for (size_t piece = 2; piece < 5000; piece = piece * 3 + 1) {
		read_ours(text, n % 2 ? "data.items" : "", piece, &again);
		assert_string_equal(buf_text(&again), buf_text(ours));
	}
	snprintf(path, sizeof(path), "%s/%d.out", folder, n);
	assert_ok(file_replace(path, ours->data, ours->len, &err));
	buf_release(&again);
}

static void same_as_python(void **state)
{
	(void)state;
	char folder[] = "/tmp/penstock-json-XXXXXX";
	char command[64];
	struct buf text;
	struct buf ours;
	assert_non_null(mkdtemp(folder));
	run_oracle("write", folder);
	buf_init(&text, 1 << 20);
	buf_init(&ours, 1 << 20);
	for (int n = 0; n < DOCUMENTS; n++)
		check_document(folder, n, &text, &ours);
	run_oracle("check", folder);
	buf_release(&text);
	buf_release(&ours);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_python)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
