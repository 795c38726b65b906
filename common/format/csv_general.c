/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records whose delimiter has several bytes, or that know an escape character: split byte by byte.
 * With quoting, the escape character means something in quoted cells only; without, everywhere. It
 * goes before a quote, itself, the delimiter or a line end and makes them plain; before anything
 * else it is plain itself.
 *
 * Bytes behind the window's end are zero, so that a delimiter, which has no zero and no line end,
 * is never found half: a record's end is only believed when everything before it was there.
 */
#include <string.h>

#include "format/csv_cells.h"

enum { STOPS_OUTSIDE = 1, STOPS_INSIDE = 2 };

void csv_general_init(struct csv_splitter *splitter, const struct csv_dialect *dialect)
{
	uint8_t *stops = splitter->stops;
	unsigned char escape = (unsigned char)dialect->escape;
	splitter->split = csv_split_general;
	splitter->escape = escape;
	stops[0] = STOPS_OUTSIDE | STOPS_INSIDE; /* perhaps the window's end */
	stops['\n'] = STOPS_OUTSIDE;
	stops['\r'] = STOPS_OUTSIDE;
	stops[splitter->bytes.delimiter] |= STOPS_OUTSIDE;
	if (splitter->quoting)
		stops[splitter->bytes.quote] |= STOPS_INSIDE;
	if (escape)
		stops[escape] |= splitter->quoting ? STOPS_INSIDE : STOPS_OUTSIDE;
}

static bool is_delimiter(const struct csv_splitter *splitter, size_t at)
{
	return memcmp(splitter->window->data + at, splitter->delimiter, splitter->delimiter_len) ==
	       0;
}

/* How many bytes the escape character at `at` makes plain; 0: it is plain itself. */
static size_t escaped_length(const struct csv_splitter *splitter, size_t at)
{
	const unsigned char *next = splitter->window->data + at + 1;
	if (*next == splitter->escape || (splitter->quoting && *next == splitter->bytes.quote))
		return 1;
	if (splitter->quoting)
		return 0;
	if (is_line_end(*next))
		return next[0] == '\r' && next[1] == '\n' ? 2 : 1;
	return is_delimiter(splitter, at + 1) ? splitter->delimiter_len : 0;
}

/* The first byte from `at` on that means something there; the window's end when there is none. */
static size_t next_stop(const struct csv_splitter *splitter, size_t at, uint8_t where)
{
	const unsigned char *data = splitter->window->data;
	size_t end = splitter->window->end;
	while (at < end) {
		while (!(splitter->stops[data[at]] & where))
			at++;
		if (at >= end || data[at] != '\0')
			break;
		at++;
	}
	return at < end ? at : end;
}

/* Adds the n bytes of a cell, escape characters and doubled quotes taken out. */
static void add_plain(struct csv_splitter *splitter, struct csv_record *record,
	const unsigned char *text, size_t n, bool quoted)
{
	char *to = splitter->scratch + splitter->scratch_used;
	size_t base = (size_t)(text - splitter->window->data);
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		size_t plain = 0;
		if (text[i] == splitter->escape && splitter->escape && i + 1 < n)
			plain = escaped_length(splitter, base + i);
		else if (quoted && text[i] == splitter->bytes.quote)
			plain = 1;
		i += plain > 0;
		plain = plain ? plain : 1;
		memcpy(to + len, text + i, plain);
		len += plain;
		i += plain - 1;
	}
	splitter->scratch_used += len;
	add_cell(splitter, record, (const unsigned char *)to, len, quoted);
}

static size_t skip_blanks(const struct csv_splitter *splitter, size_t at)
{
	const struct window *window = splitter->window;
	while (splitter->trim && at < window->end && is_blank(window->data[at]) &&
		!is_delimiter(splitter, at))
		at++;
	return at;
}

/* The index of the quote that closes what begins at `at`; the window's end when there is none. */
static size_t find_close(const struct csv_splitter *splitter, size_t at, bool *ret_plain)
{
	const unsigned char *data = splitter->window->data;
	size_t end = splitter->window->end;
	bool plain = true;
	while ((at = next_stop(splitter, at, STOPS_INSIDE)) < end) {
		size_t escaped = 0;
		if (data[at] == splitter->escape && splitter->escape)
			escaped = escaped_length(splitter, at);
		else if (data[at + 1] == splitter->bytes.quote)
			escaped = 1;
		else
			break;
		plain = plain && escaped == 0;
		at += 1 + escaped;
	}
	*ret_plain = plain;
	return at < end ? at : end;
}

/* A quoted cell; *at moves from its quote to what stands behind it. */
static enum csv_split split_quoted(
	struct csv_splitter *splitter, struct csv_record *record, size_t *at)
{
	const struct window *window = splitter->window;
	size_t open = *at;
	bool plain = true;
	size_t close = find_close(splitter, open + 1, &plain);
	if (close == window->end)
		return window->ended
			       ? malformed(splitter, record, close, "the quote is never closed")
			       : CSV_MORE;
	size_t next = skip_blanks(splitter, close + 1);
	bool line_end = next < window->end && is_line_end(window->data[next]);
	size_t behind = next + splitter->delimiter_len;
	if (!line_end && behind > window->end && !window->ended)
		return CSV_MORE;
	if (!line_end && next < window->end && !is_delimiter(splitter, next))
		return malformed(splitter, record, behind, "text behind the closing quote");
	const unsigned char *text = window->data + open + 1;
	if (plain)
		add_cell(splitter, record, text, close - open - 1, true);
	else
		add_plain(splitter, record, text, close - open - 1, true);
	*at = next;
	return CSV_RECORD;
}

/* A cell without quotes; *at moves from its start to what stands behind it. */
static void split_unquoted(struct csv_splitter *splitter, struct csv_record *record, size_t *at)
{
	const struct window *window = splitter->window;
	const unsigned char *text = window->data + *at;
	size_t end = *at;
	bool plain = true;
	while ((end = next_stop(splitter, end, STOPS_OUTSIDE)) < window->end) {
		size_t escaped = 0;
		if (window->data[end] == splitter->escape && splitter->escape)
			escaped = escaped_length(splitter, end);
		else if (is_line_end(window->data[end]) || is_delimiter(splitter, end))
			break;
		plain = plain && escaped == 0;
		end += 1 + escaped;
	}
	end = end < window->end ? end : window->end;
	size_t n = end - *at;
	*at = end;
	if (splitter->trim)
		trim_blanks(&text, &n);
	if (plain)
		add_cell(splitter, record, text, n, false);
	else
		add_plain(splitter, record, text, n, false);
}

enum csv_split csv_split_general(struct csv_splitter *splitter, struct csv_record *ret_record)
{
	const struct window *window = splitter->window;
	size_t at = window->start;
	*ret_record = (struct csv_record){0};
	splitter->scratch_used = 0;
	for (;; at += splitter->delimiter_len) {
		size_t begin = skip_blanks(splitter, at);
		if (splitter->quoting && begin < window->end &&
			window->data[begin] == splitter->bytes.quote) {
			enum csv_split split = split_quoted(splitter, ret_record, &begin);
			if (split != CSV_RECORD)
				return split;
			at = begin;
		} else {
			split_unquoted(splitter, ret_record, &at);
		}
		if (at >= window->end || is_line_end(window->data[at]))
			return finish(splitter, ret_record, at);
	}
}
