/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSV reader. A record that cannot be split is one reject that ends with its first line, so an
 * unterminated quote costs one line, not the rest of the file; a line without end costs no memory.
 */
#include <string.h>

#include "base/text.h"
#include "format/csv_split.h"
#include "format/encoding.h"
#include "format/reader_impl.h"

struct csv {
	struct reader reader;
	struct csv_splitter splitter;
	bool blank_lines; /* a blank line is a record */
};

static const struct csv_dialect *dialect_of(const struct csv *csv)
{
	return &csv->reader.reading->csv;
}

/*
 * Splits the next record that is not a blank line; *ret_end when there is none. CSV_MORE stands for
 * a record that is too long.
 */
static bool next_split(struct csv *csv, enum csv_split *ret_split, struct csv_record *ret_record,
	bool *ret_end, struct err *err)
{
	struct window *window = &csv->reader.window;
	for (;;) {
		size_t size = window_size(window);
		if (size == 0 && window->ended) {
			*ret_end = true;
			return true;
		}
		*ret_split = size ? csv_split(&csv->splitter, ret_record) : CSV_MORE;
		if (*ret_split == CSV_MORE && size <= RECORD_MAX_BYTES + 1) {
			if (!csv_more(&csv->splitter, err))
				return false;
		} else if (*ret_split == CSV_RECORD && ret_record->text_len == 0 &&
			   !csv->blank_lines) {
			window_consume(window, ret_record->length);
		} else {
			break;
		}
	}
	if (*ret_split != CSV_MORE && ret_record->text_len > RECORD_MAX_BYTES)
		*ret_split = CSV_MORE;
	*ret_end = false;
	return true;
}

/* Drops bytes up to the end of a line that is longer than the window. */
static bool skip_to_line_end(struct csv *csv, struct err *err)
{
	struct window *window = &csv->reader.window;
	size_t text_len = 0;
	size_t length = 0;
	while (!csv_line(&csv->splitter, &text_len, &length)) {
		size_t size = window_size(window);
		bool half_line_end = size && window_text(window)[size - 1] == '\r';
		window_consume(window, half_line_end ? size - 1 : size);
		if (!csv_more(&csv->splitter, err))
			return false;
	}
	window_consume(window, length);
	return true;
}

/* Consumes the line at the window's start, whatever it holds; its text and range go to record. */
static bool take_line(struct csv *csv, struct err *err)
{
	struct window *window = &csv->reader.window;
	struct record *record = &csv->reader.record;
	size_t text_len = 0;
	size_t length = 0;
	bool there = csv_line(&csv->splitter, &text_len, &length);
	while (!there && window_size(window) < WINDOW_MAX) {
		if (!csv_more(&csv->splitter, err))
			return false;
		there = csv_line(&csv->splitter, &text_len, &length);
	}
	record->start = window_position(window);
	if (there && text_len <= RECORD_MAX_BYTES) {
		record->text = (const char *)window_text(window);
		record->text_len = text_len;
		window_consume(window, length);
	} else {
		reader_keep_text(&csv->reader);
		if (!skip_to_line_end(csv, err))
			return false;
	}
	record->end = window_position(window);
	return true;
}

static const char *column_name(const struct csv *csv, size_t column)
{
	const struct string_list *columns = &csv->reader.columns;
	return column < columns->count ? columns->items[column] : "";
}

/* Makes a cell's text UTF-8; false, with the offset of the byte that has no meaning. */
static bool to_utf8(struct csv *csv, struct cell *cell, size_t *ret_at)
{
	struct csv_splitter *splitter = &csv->splitter;
	enum encoding encoding = dialect_of(csv)->encoding;
	if (encoding == ENCODING_UTF8)
		return utf8_valid(cell->data, cell->len, ret_at);
	char *to = splitter->scratch + splitter->scratch_used;
	size_t n = 0;
	if (!encoding_convert(encoding, cell->data, cell->len, to, &n, ret_at))
		return false;
	splitter->scratch_used += n;
	cell->data = to;
	cell->len = (uint32_t)n;
	return true;
}

/* The index of the first cell that is not in the dialect's encoding; `count` when all are. */
static size_t decode_cells(struct csv *csv, size_t count, unsigned *ret_byte)
{
	struct cell *cells = csv->splitter.cells;
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;
		if (!to_utf8(csv, &cells[i], &at)) {
			*ret_byte = (unsigned char)cells[i].data[at];
			return i;
		}
	}
	return count;
}

static const char *encoding_name(const struct csv *csv)
{
	static const char *const names[] = {[ENCODING_UTF8] = "UTF-8",
		[ENCODING_LATIN1] = "latin1",
		[ENCODING_WINDOWS_1252] = "windows-1252"};
	return names[dialect_of(csv)->encoding];
}

/* Whether all cells from `from` on are empty and not quoted, as in "1,2,,". */
static bool are_empty(const struct cell *cells, size_t from, size_t to)
{
	while (from < to && cells[from].len == 0 && !cells[from].quoted)
		from++;
	return from >= to;
}

/* Judges the number of cells; pads when the dialect says so. */
static bool fit_columns(struct csv *csv, size_t found)
{
	size_t count = csv->reader.columns.count;
	struct cell *cells = csv->splitter.cells;
	if (found == count)
		return true;
	if (dialect_of(csv)->ragged != RAGGED_PAD || found > CSV_MAX_COLUMNS ||
		!are_empty(cells, count, found)) {
		reader_bad(&csv->reader, "", "%zu cells, expected %zu", found, count);
		return false;
	}
	for (size_t i = found; i < count; i++)
		cells[i] = (struct cell){.data = "", .kind = CELL_NULL};
	return true;
}

/* A record that was split: bytes, number of cells and encoding are judged. */
static bool take_record(struct csv *csv, const struct csv_record *split)
{
	struct window *window = &csv->reader.window;
	struct record *record = &csv->reader.record;
	bool maybe_high = csv_maybe_high(&csv->splitter, split->text_len);
	record->start = window_position(window);
	record->text = (const char *)window_text(window);
	record->text_len = split->text_len;
	window_consume(window, split->length);
	record->end = window_position(window);
	if (!fit_columns(csv, split->cells))
		return true;
	size_t count = csv->reader.columns.count;
	unsigned byte = 0;
	size_t wrong = maybe_high ? decode_cells(csv, count, &byte) : count;
	if (wrong < count)
		return reader_bad(&csv->reader, column_name(csv, wrong), "byte 0x%02X is not %s",
			byte, encoding_name(csv));
	record->cells = csv->splitter.cells;
	record->cell_count = count;
	return true;
}

static bool csv_next(struct reader *reader, bool *ret_end, struct err *err)
{
	struct csv *csv = (struct csv *)reader;
	enum csv_split split = CSV_MORE;
	struct csv_record record;
	if (!next_split(csv, &split, &record, ret_end, err))
		return false;
	if (*ret_end)
		return true;
	if (split == CSV_RECORD)
		return take_record(csv, &record);
	if (!take_line(csv, err))
		return false;
	if (split == CSV_MORE)
		return reader_bad(reader, "",
			"longer than %d bytes, or a quote that is never closed", RECORD_MAX_BYTES);
	return reader_bad(reader, column_name(csv, record.column), "%s", record.reason);
}

/* One record of the header, not consumed. */
static bool peek_header(struct csv *csv, struct csv_record *ret_record, struct err *err)
{
	enum csv_split split = CSV_MORE;
	bool end = false;
	if (!next_split(csv, &split, ret_record, &end, err))
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

static bool name_columns(struct csv *csv, const struct csv_record *split, struct err *err)
{
	struct reader *reader = &csv->reader;
	size_t count = split->cells;
	if (count > CSV_MAX_COLUMNS)
		return err_fail(err, ERR_DATA, "header: %zu columns; at most %d are read", count,
			CSV_MAX_COLUMNS);
	unsigned byte = 0;
	size_t wrong = decode_cells(csv, count, &byte);
	if (wrong < count)
		return err_fail(err, ERR_DATA, "header: column %zu: byte 0x%02X is not %s",
			wrong + 1, byte, encoding_name(csv));
	reader->columns.items = arena_calloc(&reader->arena, count, sizeof(char *));
	reader->columns.count = count;
	for (size_t i = 0; i < count; i++) {
		const struct cell *cell = &csv->splitter.cells[i];
		if (memchr(cell->data, '\0', cell->len))
			return err_fail(err, ERR_DATA, "header: column %zu: a NUL byte", i + 1);
		reader->columns.items[i] = arena_strndup(&reader->arena, cell->data, cell->len);
	}
	return true;
}

static bool read_header(struct csv *csv, struct err *err)
{
	struct csv_record split;
	for (uint32_t line = 1; line < dialect_of(csv)->header; line++) {
		if (!peek_header(csv, &split, err))
			return false;
		window_consume(&csv->reader.window, split.length);
	}
	if (!peek_header(csv, &split, err) || !name_columns(csv, &split, err))
		return false;
	window_consume(&csv->reader.window, split.length);
	return true;
}

static bool csv_open(struct reader *reader, const struct string_list *wanted, struct err *err)
{
	struct csv *csv = (struct csv *)reader;
	csv_splitter_init(&csv->splitter, &reader->window, dialect_of(csv));
	for (uint32_t line = 0; line < dialect_of(csv)->skip; line++)
		if (!take_line(csv, err))
			return false;
	if (dialect_of(csv)->header == 0)
		reader_copy_columns(reader, wanted);
	else if (!read_header(csv, err))
		return false;
	csv->blank_lines = reader->columns.count == 1;
	return true;
}

static void csv_close(struct reader *reader)
{
	csv_splitter_release(&((struct csv *)reader)->splitter);
}

const struct format format_csv = {
	.suffixes = (const char *const[]){".csv", ".tsv", NULL},
	.reader_size = sizeof(struct csv),
	.open = csv_open,
	.next = csv_next,
	.close = csv_close,
};
