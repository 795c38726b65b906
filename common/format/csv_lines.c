/* SPDX-License-Identifier: Apache-2.0 */
/* From one record to the next: what lies between them, before them and behind the last one. */
#include <string.h>

#include "format/csv_cells.h"
#include "format/csv_impl.h"

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

bool csv_take_line(struct csv *csv, struct err *err)
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

/* Whether the line at the window's start is a comment, as far as the window goes. */
static bool is_comment(const struct csv *csv, const unsigned char *line, size_t n)
{
	const struct string_list *comment = &csv_dialect_of(csv)->comment;
	for (size_t i = 0; i < comment->count; i++) {
		size_t len = strlen(comment->items[i]);
		if (len <= n && memcmp(line, comment->items[i], len) == 0)
			return true;
	}
	return false;
}

/* Drops the comments at the window's start, whatever their length. */
static bool skip_comments(struct csv *csv, struct err *err)
{
	struct window *window = &csv->reader.window;
	if (csv_dialect_of(csv)->comment.count == 0)
		return true;
	for (;;) {
		while (window_size(window) < CSV_MAX_MARK && !window->ended)
			if (!csv_more(&csv->splitter, err))
				return false;
		if (!is_comment(csv, window_text(window), window_size(window)))
			return true;
		if (!skip_to_line_end(csv, err))
			return false;
	}
}

/* Whether at most `max` lines, blank ones and comments not counted, are left in the window. */
static bool at_most_lines(const struct csv *csv, uint32_t max)
{
	const struct window *window = &csv->reader.window;
	const unsigned char *p = window_text(window);
	const unsigned char *end = p + window_size(window);
	uint32_t lines = 0;
	while (p < end && lines <= max) {
		const unsigned char *line = p;
		while (p < end && !is_line_end(*p))
			p++;
		lines += p > line && !is_comment(csv, line, (size_t)(end - line));
		p += p < end;
	}
	return lines <= max;
}

/* Whether only the footer is left: then the input's end was seen. */
static bool find_footer(struct csv *csv, bool *ret_footer, struct err *err)
{
	struct window *window = &csv->reader.window;
	uint32_t lines = csv_dialect_of(csv)->footer;
	*ret_footer = false;
	if (lines == 0 || !csv->in_records)
		return true;
	while (window_size(window) <= FOOTER_MAX_BYTES && !window->ended)
		if (!csv_more(&csv->splitter, err))
			return false;
	*ret_footer = window_size(window) <= FOOTER_MAX_BYTES && at_most_lines(csv, lines);
	return true;
}

/* Drops what stands before a record: comments, or all that is left when that is the footer. */
static bool skip_to_record(struct csv *csv, struct err *err)
{
	struct window *window = &csv->reader.window;
	bool footer = false;
	if (!skip_comments(csv, err) || !find_footer(csv, &footer, err))
		return false;
	if (footer)
		window_consume(window, window_size(window));
	return true;
}

bool csv_next_split(struct csv *csv, enum csv_split *ret_split, struct csv_record *ret_record,
	bool *ret_end, struct err *err)
{
	struct window *window = &csv->reader.window;
	if (!skip_to_record(csv, err))
		return false;
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
			if (!skip_to_record(csv, err))
				return false;
		} else {
			break;
		}
	}
	if (*ret_split != CSV_MORE && ret_record->text_len > RECORD_MAX_BYTES)
		*ret_split = CSV_MORE;
	*ret_end = false;
	return true;
}
