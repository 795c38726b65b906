/* SPDX-License-Identifier: Apache-2.0 */
/* The columns' names: out of the header, out of several rows of it, or out of the configuration. */
#include <string.h>

#include "base/buf.h"
#include "format/csv_impl.h"

/* One row of the header, not consumed. */
static bool peek_header(struct csv *csv, struct csv_record *ret_record, struct err *err)
{
	enum csv_split split = CSV_MORE;
	bool end = false;
	if (!csv_next_split(csv, &split, ret_record, &end, err))
		return false;
	if (end)
		return err_fail(err, ERR_DATA, "no header: %s",
			csv->reader.window.base + (int64_t)csv->reader.window.end
				? "only blank or skipped lines"
				: "the file is empty");
	if (split == CSV_MORE)
		return err_fail(err, ERR_DATA,
			"header: longer than %d bytes, or a quote that is never closed",
			RECORD_MAX_BYTES);
	if (split == CSV_MALFORMED)
		return err_fail(err, ERR_DATA, "header: column %zu: %s", ret_record->column + 1,
			ret_record->reason);
	return true;
}

/* A row's cells as texts of the reader's arena. */
static bool copy_row(struct csv *csv, const struct csv_record *split, struct string_list *ret_row,
	struct err *err)
{
	struct arena *arena = &csv->reader.arena;
	size_t count = split->cells;
	if (count > CSV_MAX_COLUMNS)
		return err_fail(err, ERR_DATA, "header: %zu columns; at most %d are read", count,
			CSV_MAX_COLUMNS);
	unsigned byte = 0;
	size_t wrong = csv_decode_cells(csv, count, &byte);
	if (wrong < count)
		return err_fail(err, ERR_DATA, "header: column %zu: byte 0x%02X is not %s",
			wrong + 1, byte, encoding_name(csv_dialect_of(csv)));
	struct string_list row = {arena_calloc(arena, count, sizeof(char *)), count};
	for (size_t i = 0; i < count; i++) {
		const struct cell *cell = &csv->splitter.cells[i];
		if (memchr(cell->data, '\0', cell->len))
			return err_fail(err, ERR_DATA, "header: column %zu: a NUL byte", i + 1);
		row.items[i] = arena_strndup(arena, cell->data, cell->len);
	}
	*ret_row = row;
	return true;
}

/* The header's last row, which names the columns; the others are dropped. */
static bool read_last_row(struct csv *csv, struct err *err)
{
	struct csv_record split;
	for (uint32_t line = 1; line < csv_dialect_of(csv)->header; line++) {
		if (!peek_header(csv, &split, err))
			return false;
		window_consume(&csv->reader.window, split.length);
	}
	if (!peek_header(csv, &split, err) || !copy_row(csv, &split, &csv->reader.columns, err))
		return false;
	window_consume(&csv->reader.window, split.length);
	return true;
}

static bool read_rows(struct csv *csv, struct string_list *rows, struct err *err)
{
	struct csv_record split;
	size_t bytes = 0;
	for (uint32_t line = 0; line < csv_dialect_of(csv)->header; line++) {
		if (!peek_header(csv, &split, err))
			return false;
		bytes += split.text_len;
		if (bytes > RECORD_MAX_BYTES)
			return err_fail(err, ERR_DATA, "header: longer than %d bytes in all",
				RECORD_MAX_BYTES);
		if (!copy_row(csv, &split, &rows[line], err))
			return false;
		window_consume(&csv->reader.window, split.length);
	}
	return true;
}

/* Cells of upper rows that stand over no column must be empty. */
static bool check_width(const struct string_list *rows, uint32_t count, struct err *err)
{
	size_t width = rows[count - 1].count;
	for (uint32_t r = 0; r + 1 < count; r++)
		for (size_t c = width; c < rows[r].count; c++)
			if (*rows[r].items[c])
				return err_fail(err, ERR_DATA,
					"header: line %u has %zu columns, line %u has %zu", r + 1,
					c + 1, count, width);
	return true;
}

/*
 * One column's name: its texts in all rows, from the top. An empty cell of an upper row repeats
 * what stands to its left, as if they were one wide cell.
 */
static void join_column(const struct string_list *rows, uint32_t count, const char *separator,
	size_t column, const char **above, struct buf *name)
{
	buf_clear(name);
	for (uint32_t r = 0; r < count; r++) {
		const char *text = column < rows[r].count ? rows[r].items[column] : "";
		if (r + 1 < count) {
			above[r] = *text ? text : above[r];
			text = above[r];
		}
		if (*text && name->len > 0)
			buf_append_text(name, separator);
		buf_append_text(name, text);
	}
}

static bool join_rows(
	struct csv *csv, const struct string_list *rows, uint32_t count, struct err *err)
{
	struct reader *reader = &csv->reader;
	const char *separator = csv_dialect_of(csv)->header_join;
	const char **above = arena_calloc(&reader->arena, count, sizeof(*above));
	size_t width = rows[count - 1].count;
	size_t bytes = 0;
	struct buf name;
	for (uint32_t r = 0; r < count; r++)
		above[r] = "";
	reader->columns =
		(struct string_list){arena_calloc(&reader->arena, width, sizeof(char *)), width};
	buf_init(&name, (size_t)2 * RECORD_MAX_BYTES);
	for (size_t c = 0; c < width && bytes <= RECORD_MAX_BYTES; c++) {
		join_column(rows, count, separator, c, above, &name);
		bytes += name.len;
		reader->columns.items[c] = arena_strndup(&reader->arena, buf_text(&name), name.len);
	}
	buf_release(&name);
	return bytes <= RECORD_MAX_BYTES ||
	       err_fail(err, ERR_DATA, "header: the joined names are longer than %d bytes",
		       RECORD_MAX_BYTES);
}

static bool read_joined(struct csv *csv, struct err *err)
{
	uint32_t count = csv_dialect_of(csv)->header;
	struct string_list *rows = arena_calloc(&csv->reader.arena, count, sizeof(*rows));
	return read_rows(csv, rows, err) && check_width(rows, count, err) &&
	       join_rows(csv, rows, count, err);
}

bool csv_read_columns(struct csv *csv, const struct string_list *wanted, struct err *err)
{
	const struct csv_dialect *dialect = csv_dialect_of(csv);
	for (uint32_t line = 0; line < dialect->skip; line++)
		if (!csv_take_line(csv, err))
			return false;
	if (dialect->header == 0) {
		reader_copy_columns(
			&csv->reader, dialect->columns.count ? &dialect->columns : wanted);
		return true;
	}
	bool joined = dialect->header_join && *dialect->header_join;
	return joined ? read_joined(csv, err) : read_last_row(csv, err);
}
