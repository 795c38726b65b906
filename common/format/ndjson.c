/* SPDX-License-Identifier: Apache-2.0 */
/* Newline-delimited JSON: one object a line; lines of white space alone are no records. */
#include <string.h>

#include "format/json_fields.h"
#include "format/reader_impl.h"

struct ndjson {
	struct reader reader;
	struct json_fields fields;
};

static bool ndjson_open(struct reader *reader, const struct string_list *wanted, struct err *err)
{
	(void)err;
	reader_copy_columns(reader, wanted);
	json_fields_init(&((struct ndjson *)reader)->fields, reader);
	return true;
}

static void ndjson_close(struct reader *reader)
{
	json_fields_release(&((struct ndjson *)reader)->fields);
}

/*
 * The length of the line at the window's start, without its line feed, reading on as far as a
 * record may reach; *ret_whole false when it is longer than that.
 */
static bool find_line(struct window *window, size_t *ret_len, bool *ret_whole, struct err *err)
{
	size_t seen = 0;
	for (;;) {
		const unsigned char *text = window_text(window);
		size_t size = window_size(window);
		const unsigned char *lf = memchr(text + seen, '\n', size - seen);
		if (lf || window->ended || size >= WINDOW_MAX) {
			*ret_len = lf ? (size_t)(lf - text) : size;
			*ret_whole = *ret_len <= RECORD_MAX_BYTES;
			return true;
		}
		seen = size;
		if (!window_more(window, err))
			return false;
	}
}

static void consume_line_feed(struct window *window)
{
	if (window_size(window) > 0)
		window_consume(window, 1);
}

static bool skip_line(struct window *window, struct err *err)
{
	for (;;) {
		const unsigned char *text = window_text(window);
		const unsigned char *lf = memchr(text, '\n', window_size(window));
		window_consume(window, lf ? (size_t)(lf - text) : window_size(window));
		if (lf || window->ended)
			break;
		if (!window_more(window, err))
			return false;
	}
	consume_line_feed(window);
	return true;
}

static bool is_blank(const unsigned char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
			return false;
	return true;
}

/* A line too long to be looked at. */
static bool refuse_line(struct ndjson *ndjson, struct err *err)
{
	struct reader *reader = &ndjson->reader;
	reader_keep_text(reader);
	if (!skip_line(&reader->window, err))
		return false;
	reader->record.end = window_position(&reader->window);
	return reader_bad(reader, "", "longer than %d bytes", RECORD_MAX_BYTES);
}

static bool ndjson_next(struct reader *reader, bool *ret_end, struct err *err)
{
	struct ndjson *ndjson = (struct ndjson *)reader;
	struct window *window = &reader->window;
	struct record *record = &reader->record;
	size_t len = 0;
	bool whole = true;
	bool blank = true;
	while (blank) {
		if (!find_line(window, &len, &whole, err))
			return false;
		if (len == 0 && window_size(window) == 0) {
			*ret_end = true;
			return true;
		}
		blank = whole && is_blank(window_text(window), len);
		if (blank) {
			window_consume(window, len);
			consume_line_feed(window);
		}
	}
	*ret_end = false;
	record->start = window_position(window);
	if (!whole)
		return refuse_line(ndjson, err);
	record->text = (const char *)window_text(window);
	record->text_len = len;
	window_consume(window, len);
	consume_line_feed(window);
	record->end = window_position(window);
	json_fields_read(&ndjson->fields, reader, record->text, len);
	return true;
}

const struct format format_ndjson = {
	.suffixes = (const char *const[]){".ndjson", ".jsonl", NULL},
	.reader_size = sizeof(struct ndjson),
	.open = ndjson_open,
	.next = ndjson_next,
	.close = ndjson_close,
};
