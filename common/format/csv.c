/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSV reader. A record that cannot be split is one reject that ends with its first line, so an
 * unterminated quote costs one line, not the rest of the file; a line without end costs no memory.
 */
#include <string.h>

#include "base/text.h"
#include "format/csv_impl.h"

static const char *column_name(const struct csv *csv, size_t column)
{
	const struct string_list *columns = &csv->reader.columns;
	return column < columns->count ? columns->items[column] : "";
}

/* Makes a cell's text UTF-8; false, with the byte that has no meaning. */
static bool to_utf8(struct csv *csv, struct cell *cell, unsigned *ret_byte)
{
	struct csv_splitter *splitter = &csv->splitter;
	bool converts = csv->encoding == ENCODING_LATIN1 || csv->encoding == ENCODING_WINDOWS_1252;
	char *to = splitter->scratch + splitter->scratch_used;
	size_t n = 0;
	size_t at = 0;
	bool ok = converts ? encoding_convert(csv->encoding, cell->data, cell->len, to, &n, &at)
			   : utf8_valid(cell->data, cell->len, &at);
	if (!ok) {
		*ret_byte = (unsigned char)cell->data[at];
		if (csv->encoding == ENCODING_ICONV)
			recode_bad(cell->data + at, cell->len - at, ret_byte);
		return false;
	}
	if (converts) {
		splitter->scratch_used += n;
		cell->data = to;
		cell->len = (uint32_t)n;
	}
	return true;
}

size_t csv_decode_cells(struct csv *csv, size_t count, unsigned *ret_byte)
{
	struct cell *cells = csv->splitter.cells;
	for (size_t i = 0; i < count; i++)
		if (!to_utf8(csv, &cells[i], ret_byte))
			return i;
	return count;
}

/* Whether all cells from `from` on are empty and not quoted, as in "1,2,,". */
static bool are_empty(const struct cell *cells, size_t from, size_t to)
{
	while (from < to && cells[from].len == 0 && !cells[from].quoted)
		from++;
	return from >= to;
}

/* The cells from the last column on become one, with the delimiters that stood between them. */
static void fold(struct csv *csv, size_t last, size_t found)
{
	struct csv_splitter *splitter = &csv->splitter;
	struct cell *cells = splitter->cells;
	char *to = splitter->scratch + splitter->scratch_used;
	size_t n = 0;
	for (size_t i = last; i < found; i++) {
		if (i > last) {
			memcpy(to + n, splitter->delimiter, splitter->delimiter_len);
			n += splitter->delimiter_len;
		}
		if (cells[i].len > 0)
			memcpy(to + n, cells[i].data, cells[i].len);
		n += cells[i].len;
	}
	splitter->scratch_used += n;
	cells[last].data = to;
	cells[last].len = (uint32_t)n;
	cells[last].quoted = false;
}

/* Judges the number of cells; pads or folds when the dialect says so. */
static bool fit_columns(struct csv *csv, size_t found)
{
	size_t count = csv->reader.columns.count;
	enum ragged_rule ragged = csv_dialect_of(csv)->ragged;
	struct cell *cells = csv->splitter.cells;
	if (found == count)
		return true;
	if (ragged == RAGGED_FOLD && found > count && count > 0 && found <= CSV_MAX_COLUMNS) {
		fold(csv, count - 1, found);
		return true;
	}
	if (ragged != RAGGED_PAD || found > CSV_MAX_COLUMNS || !are_empty(cells, count, found)) {
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
	size_t wrong = maybe_high ? csv_decode_cells(csv, count, &byte) : count;
	if (wrong < count)
		return reader_bad(&csv->reader, column_name(csv, wrong), "byte 0x%02X is not %s",
			byte, encoding_name(csv_dialect_of(csv)));
	record->cells = csv->splitter.cells;
	record->cell_count = count;
	return true;
}

static bool csv_next(struct reader *reader, bool *ret_end, struct err *err)
{
	struct csv *csv = (struct csv *)reader;
	enum csv_split split = CSV_MORE;
	struct csv_record record;
	if (!csv_next_split(csv, &split, &record, ret_end, err))
		return false;
	if (*ret_end)
		return true;
	if (split == CSV_RECORD)
		return take_record(csv, &record);
	if (!csv_take_line(csv, err))
		return false;
	if (split == CSV_MORE)
		return reader_bad(reader, "",
			"longer than %d bytes, or a quote that is never closed", RECORD_MAX_BYTES);
	return reader_bad(reader, column_name(csv, record.column), "%s", record.reason);
}

static bool csv_open(struct reader *reader, const struct string_list *wanted, struct err *err)
{
	struct csv *csv = (struct csv *)reader;
	csv->encoding = encoding_of(csv_dialect_of(csv));
	csv_splitter_init(&csv->splitter, &reader->window, csv_dialect_of(csv));
	if (!csv_read_columns(csv, wanted, err))
		return false;
	csv->blank_lines = reader->columns.count == 1;
	csv->in_records = true;
	return true;
}

static const char *csv_encoding(const struct reading *reading)
{
	return encoding_of(&reading->csv) == ENCODING_ICONV ? reading->csv.encoding : NULL;
}

static void csv_close(struct reader *reader)
{
	csv_splitter_release(&((struct csv *)reader)->splitter);
}

const struct format format_csv = {
	.suffixes = (const char *const[]){".csv", ".tsv", NULL},
	.encoding = csv_encoding,
	.reader_size = sizeof(struct csv),
	.open = csv_open,
	.next = csv_next,
	.close = csv_close,
};
