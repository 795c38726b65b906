/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in memory -> a reader -> one text a test can compare: what every reader test does. */
#ifndef PENSTOCK_TESTS_FORMAT_RECORDS_H
#define PENSTOCK_TESTS_FORMAT_RECORDS_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "format/reader_impl.h"
#include "support/cmocka_all.h"

static inline struct input *memory_input(const void *data, size_t n)
{
	struct err err = {0};
	struct input *input = NULL;
	int fd = memfd_create("input", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(file_write_all(fd, data, n, &err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(input_open(fd, "memory", &(struct input_limits){0}, &input, &err));
	return input;
}

/*
 * "[a|b]" for a record, cells in quotes marked "'", nulls "~", missing "?"; "!column:reason@text"
 * for a bad one; each with "start-end" when `ranges`.
 */
static inline void render_record(const struct record *record, bool ranges, struct buf *out)
{
	if (ranges)
		buf_printf(out, "%lld-%lld", (long long)record->start, (long long)record->end);
	if (record->bad) {
		buf_printf(out, "!%s:%s@", record->column, record->reason);
		buf_append(out, record->text, record->text_len);
		buf_append_text(out, "\n");
		return;
	}
	for (size_t i = 0; i < record->cell_count; i++) {
		const struct cell *cell = &record->cells[i];
		static const char *const marks[] = {[CELL_MISSING] = "?",
			[CELL_NULL] = "~",
			[CELL_TEXT] = "",
			[CELL_JSON] = ""};
		buf_append_text(out, i ? "|" : "[");
		buf_append_text(out, marks[cell->kind]);
		if (cell->quoted)
			buf_append_text(out, "'");
		if (cell->kind >= CELL_TEXT)
			buf_append(out, cell->data, cell->len);
	}
	buf_append_text(out, "]\n");
}

/* All records of `data`, read in pieces of `piece` bytes; an error ends as "ERR <class> message".
 */
static inline void render(const struct reading *reading, const struct string_list *wanted,
	const void *data, size_t n, size_t piece, bool ranges, struct buf *out)
{
	struct err err = {0};
	struct reader *reader = NULL;
	const struct record *record = NULL;
	struct input *input = memory_input(data, n);
	int64_t last_end = 0;
	int64_t number = 0;
	bool ok = reader_open_pieces(reading, input, wanted, piece, &reader, &err);
	while (ok && (ok = reader_next(reader, &record, &err)) && record) {
		assert_int_equal(record->number, ++number);
		assert_true(record->start >= last_end && record->end >= record->start);
		last_end = record->end;
		render_record(record, ranges, out);
	}
	if (ok)
		assert_int_equal(reader_position(reader), n);
	else
		buf_printf(out, "ERR %s %s\n", err_class_name(err.class), err.message);
	reader_close(reader);
	input_close(input);
}

/* The same, whatever the pieces. */
static inline void assert_renders_n(const struct reading *reading, const struct string_list *wanted,
	const void *data, size_t n, bool ranges, const char *expected)
{
	struct buf out;
	buf_init(&out, (size_t)64 << 20);
	for (size_t piece = 1; piece <= n + 2; piece++) {
		buf_clear(&out);
		render(reading, wanted, data, n, piece, ranges, &out);
		if (strcmp(buf_text(&out), expected) != 0)
			fail_msg("in pieces of %zu:\n%s--- expected:\n%s", piece, buf_text(&out),
				expected);
	}
	buf_release(&out);
}

static inline struct reading csv_reading(void)
{
	return (struct reading){
		.format = FORMAT_CSV, .csv = {.delimiter = ",", .quote = '"', .header = 1}};
}

#define BYTES(text) (text), sizeof(text) - 1
/* Every column of a text with a header line, without ranges. */
#define RENDERS(reading, text, expected)                                                           \
	assert_renders_n((reading), &(struct string_list){0}, BYTES(text), false, (expected))

#endif
