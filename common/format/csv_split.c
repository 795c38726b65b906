/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 4180 as the world writes it: LF, CRLF and CR end a line; a quote opens a quoted cell only at
 * the cell's start and is a plain byte elsewhere in an unquoted one.
 */
#include "format/csv_split.h"

#include <stdlib.h>
#include <string.h>

#include "format/csv_cells.h"
#include "format/encoding.h"
#include "format/reader.h"

/* Unquoting and folding never lengthen a record, converting does. */
#define SCRATCH_BYTES ((size_t)(2 + ENCODING_MAX_EXPANSION) * (RECORD_MAX_BYTES + 1))

/* Walks the marks of a window from one index on. */
struct cursor {
	const uint64_t *marks;
	uint64_t bits; /* of the block in hand, those behind the cursor */
	size_t base;   /* where that block begins */
	size_t end;    /* of the window */
};

static void *allocate(size_t count, size_t size)
{
	void *memory = reallocarray(NULL, count, size);
	if (!memory)
		BUG("out of memory: %zu x %zu bytes", count, size);
	return memory;
}

/* Marks what came since the last call; the block it begins in was seen only in part. */
static void mark(struct csv_splitter *splitter)
{
	const struct window *window = splitter->window;
	size_t from = splitter->scanned / WINDOW_BLOCK;
	size_t to = (window->end + WINDOW_BLOCK - 1) / WINDOW_BLOCK;
	if (to > from)
		splitter->scan(window->data + from * WINDOW_BLOCK, to - from, splitter->bytes,
			splitter->marks + from, splitter->high + from);
	splitter->scanned = window->end;
}

void csv_splitter_init(
	struct csv_splitter *splitter, struct window *window, const struct csv_dialect *dialect)
{
	size_t blocks = window->capacity / WINDOW_BLOCK + 1;
	*splitter = (struct csv_splitter){
		.window = window,
		.scan = csv_scan_best(),
		.split = csv_split_marks,
		.delimiter = dialect->delimiter,
		.delimiter_len = strlen(dialect->delimiter),
		.quoting = dialect->quote != '\0',
		.trim = dialect->trim,
		.marks = allocate(blocks, sizeof(*splitter->marks)),
		.high = allocate(blocks, sizeof(*splitter->high)),
		.cells = allocate(CSV_MAX_COLUMNS, sizeof(*splitter->cells)),
		.scratch = allocate(SCRATCH_BYTES, 1),
	};
	splitter->bytes.delimiter = (unsigned char)dialect->delimiter[0];
	splitter->bytes.quote =
		(unsigned char)(dialect->quote ? dialect->quote : dialect->delimiter[0]);
	if (dialect->escape || dialect->delimiter[1])
		csv_general_init(splitter, dialect);
	mark(splitter);
}

void csv_splitter_release(struct csv_splitter *splitter)
{
	free(splitter->marks);
	free(splitter->high);
	free(splitter->cells);
	free(splitter->scratch);
	*splitter = (struct csv_splitter){0};
}

bool csv_more(struct csv_splitter *splitter, struct err *err)
{
	struct window *window = splitter->window;
	int64_t base = window->base;
	if (!window_more(window, err))
		return false;
	size_t shift = (size_t)(window->base - base);
	if (shift > 0) {
		size_t blocks = (splitter->scanned + WINDOW_BLOCK - 1) / WINDOW_BLOCK;
		size_t gone = shift / WINDOW_BLOCK;
		memmove(splitter->marks, splitter->marks + gone,
			(blocks - gone) * sizeof(*splitter->marks));
		memmove(splitter->high, splitter->high + gone, blocks - gone);
		splitter->scanned -= shift;
	}
	mark(splitter);
	return true;
}

static struct cursor cursor_at(const struct csv_splitter *splitter, size_t index)
{
	struct cursor cursor = {.marks = splitter->marks,
		.base = index / WINDOW_BLOCK * WINDOW_BLOCK,
		.end = splitter->window->end};
	if (index < cursor.end)
		cursor.bits =
			cursor.marks[index / WINDOW_BLOCK] & (UINT64_MAX << (index % WINDOW_BLOCK));
	return cursor;
}

/* The index of the next marked byte; the window's end when there is none. */
static inline size_t next_mark(struct cursor *cursor)
{
	while (!cursor->bits) {
		if (cursor->base + WINDOW_BLOCK >= cursor->end)
			return cursor->end;
		cursor->base += WINDOW_BLOCK;
		cursor->bits = cursor->marks[cursor->base / WINDOW_BLOCK];
	}
	size_t index = cursor->base + (size_t)__builtin_ctzll(cursor->bits);
	cursor->bits &= cursor->bits - 1;
	return index;
}

/* The n bytes between a cell's quotes, doubled quotes made single. */
static const unsigned char *unquote(
	struct csv_splitter *splitter, const unsigned char *text, size_t n, size_t *ret_n)
{
	char *to = splitter->scratch + splitter->scratch_used;
	size_t len = 0;
	const unsigned char *end = text + n;
	while (text < end) {
		const unsigned char *quote =
			memchr(text, splitter->bytes.quote, (size_t)(end - text));
		size_t run = quote ? (size_t)(quote - text) + 1 : (size_t)(end - text);
		memcpy(to + len, text, run);
		len += run;
		text += quote ? run + 1 : run;
	}
	splitter->scratch_used += len;
	*ret_n = len;
	return (const unsigned char *)to;
}

/*
 * A quoted cell whose opening quote stands at `open` and was taken from the cursor. *ret_at is the
 * index of the delimiter or line end behind it, also taken, or the window's end.
 */
static enum csv_split split_quoted(struct csv_splitter *splitter, struct cursor *cursor,
	struct csv_record *record, size_t open, size_t *ret_at)
{
	const struct window *window = splitter->window;
	const unsigned char *data = window->data;
	size_t end = window->end;
	bool doubled = false;
	size_t close = 0;
	for (;;) {
		close = next_mark(cursor);
		if (close == end)
			return window->ended ? malformed(splitter, record, end,
						       "the quote is never closed")
					     : CSV_MORE;
		if (data[close] != splitter->bytes.quote)
			continue;
		if (close + 1 == end && !window->ended)
			return CSV_MORE;
		if (close + 1 == end || data[close + 1] != splitter->bytes.quote)
			break;
		next_mark(cursor);
		doubled = true;
	}
	size_t at = close + 1;
	while (splitter->trim && at < end && is_blank(data[at]) &&
		data[at] != splitter->bytes.delimiter)
		at++;
	if (at == end && !window->ended)
		return CSV_MORE;
	if (at < end && (next_mark(cursor) != at || data[at] == splitter->bytes.quote))
		return malformed(splitter, record, at, "text behind the closing quote");
	size_t n = close - open - 1;
	const unsigned char *text = data + open + 1;
	if (doubled)
		text = unquote(splitter, text, n, &n);
	add_cell(splitter, record, text, n, true);
	*ret_at = at;
	return CSV_RECORD;
}

/* The index of the cell's opening quote; false when the cell at `begin` is not quoted. */
static inline bool opens_quoted(const struct csv_splitter *splitter, size_t begin, size_t *ret_open)
{
	const struct window *window = splitter->window;
	size_t at = begin;
	if (!splitter->quoting)
		return false;
	while (splitter->trim && at < window->end && is_blank(window->data[at]) &&
		window->data[at] != splitter->bytes.delimiter)
		at++;
	*ret_open = at;
	return at < window->end && window->data[at] == splitter->bytes.quote;
}

/* The mark that ends an unquoted cell: quotes inside are plain bytes. */
static inline size_t end_of_unquoted(const struct csv_splitter *splitter, struct cursor *cursor)
{
	const struct window *window = splitter->window;
	size_t at = next_mark(cursor);
	while (at < window->end && splitter->quoting && window->data[at] == splitter->bytes.quote)
		at = next_mark(cursor);
	return at;
}

/*
 * Cells from *at on as long as they are not quoted: the greater part of most files. True when the
 * record ends, at *at; false when a quoted cell begins there, or one that is not kept. A zero byte
 * stands at the window's end, so that it needs no comparison of its own.
 */
static bool split_plain(const struct csv_splitter *splitter, struct cursor *cursor,
	struct csv_record *record, size_t *at)
{
	const unsigned char *const data = splitter->window->data;
	const struct cell *const limit = splitter->cells + CSV_MAX_COLUMNS;
	const unsigned char delimiter = splitter->bytes.delimiter;
	const int quote = splitter->quoting ? splitter->bytes.quote : -1;
	struct cell *cell = splitter->cells + record->cells;
	struct cursor walk = *cursor;
	size_t begin = *at;
	bool ends = false;
	while (!ends && cell < limit && data[begin] != quote) {
		size_t mark = next_mark(&walk);
		while (data[mark] != delimiter && data[mark] == quote)
			mark = next_mark(&walk);
		cell->data = (const char *)data + begin;
		cell->len = (uint32_t)(mark - begin);
		cell->kind = CELL_TEXT;
		cell->quoted = false;
		cell++;
		ends = data[mark] != delimiter;
		begin = ends ? mark : mark + 1;
	}
	*cursor = walk;
	*at = begin;
	record->cells = (size_t)(cell - splitter->cells);
	return ends;
}

/* One cell of any kind; *at moves from its start to the mark behind it. */
static enum csv_split split_cell(
	struct csv_splitter *splitter, struct cursor *cursor, struct csv_record *record, size_t *at)
{
	size_t begin = *at;
	size_t open = 0;
	if (opens_quoted(splitter, begin, &open)) {
		next_mark(cursor);
		return split_quoted(splitter, cursor, record, open, at);
	}
	*at = end_of_unquoted(splitter, cursor);
	const unsigned char *text = splitter->window->data + begin;
	size_t n = *at - begin;
	trim_blanks(&text, &n);
	add_cell(splitter, record, text, n, false);
	return CSV_RECORD;
}

enum csv_split csv_split_marks(struct csv_splitter *splitter, struct csv_record *ret_record)
{
	const struct window *window = splitter->window;
	struct cursor cursor = cursor_at(splitter, window->start);
	size_t at = window->start;
	*ret_record = (struct csv_record){0};
	splitter->scratch_used = 0;
	for (;; at++) {
		if (!splitter->trim && ret_record->cells < CSV_MAX_COLUMNS &&
			split_plain(splitter, &cursor, ret_record, &at))
			break;
		enum csv_split split = split_cell(splitter, &cursor, ret_record, &at);
		if (split != CSV_RECORD)
			return split;
		if (at == window->end || is_line_end(window->data[at]))
			break;
	}
	return finish(splitter, ret_record, at);
}

bool csv_line(const struct csv_splitter *splitter, size_t *ret_text_len, size_t *ret_length)
{
	const struct window *window = splitter->window;
	struct cursor cursor = cursor_at(splitter, window->start);
	size_t at = next_mark(&cursor);
	while (at < window->end && !is_line_end(window->data[at]))
		at = next_mark(&cursor);
	size_t line_end = at < window->end ? line_end_length(window, at) : 0;
	if (line_end == 0 && !window->ended)
		return false;
	*ret_text_len = at - window->start;
	*ret_length = *ret_text_len + line_end;
	return true;
}

bool csv_maybe_high(const struct csv_splitter *splitter, size_t n)
{
	size_t from = splitter->window->start / WINDOW_BLOCK;
	size_t to = (splitter->window->start + n + WINDOW_BLOCK - 1) / WINDOW_BLOCK;
	unsigned high = 0;
	for (size_t block = from; block < to; block++)
		high |= splitter->high[block];
	return high != 0;
}
