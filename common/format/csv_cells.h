/* SPDX-License-Identifier: Apache-2.0 */
/* What both ways of splitting a record share: bytes, cells, how a record ends. Private. */
#ifndef PENSTOCK_FORMAT_CSV_CELLS_H
#define PENSTOCK_FORMAT_CSV_CELLS_H

#include "format/csv_split.h"

static inline bool is_blank(unsigned char byte)
{
	return byte == ' ' || byte == '\t';
}

static inline bool is_line_end(unsigned char byte)
{
	return byte == '\n' || byte == '\r';
}

/* The length of the line end at `index`; 0 when its second byte may still come. */
static inline size_t line_end_length(const struct window *window, size_t index)
{
	if (window->data[index] == '\n')
		return 1;
	if (index + 1 < window->end)
		return window->data[index + 1] == '\n' ? 2 : 1;
	return window->ended ? 1 : 0;
}

static inline void add_cell(struct csv_splitter *splitter, struct csv_record *record,
	const unsigned char *text, size_t n, bool quoted)
{
	if (record->cells < CSV_MAX_COLUMNS)
		splitter->cells[record->cells] = (struct cell){.data = (const char *)text,
			.len = (uint32_t)n,
			.kind = CELL_TEXT,
			.quoted = quoted};
	record->cells++;
}

static inline void trim_blanks(const unsigned char **text, size_t *n)
{
	while (*n > 0 && is_blank(**text)) {
		++*text;
		--*n;
	}
	while (*n > 0 && is_blank((*text)[*n - 1]))
		--*n;
}

static inline enum csv_split malformed(const struct csv_splitter *splitter,
	struct csv_record *record, size_t at, const char *reason)
{
	record->text_len = at - splitter->window->start;
	record->reason = reason;
	record->column = record->cells;
	return CSV_MALFORMED;
}

static inline enum csv_split finish(
	const struct csv_splitter *splitter, struct csv_record *record, size_t at)
{
	const struct window *window = splitter->window;
	size_t line_end = at < window->end ? line_end_length(window, at) : 0;
	if (line_end == 0 && !window->ended)
		return CSV_MORE;
	record->text_len = at - window->start;
	record->length = record->text_len + line_end;
	return CSV_RECORD;
}

#endif
