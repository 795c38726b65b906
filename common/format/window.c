/* SPDX-License-Identifier: Apache-2.0 */
#include "format/window.h"

#include <stdlib.h>
#include <string.h>

void window_init(struct window *window, struct input *input, size_t piece)
{
	*window = (struct window){.input = input, .piece = piece};
	window->capacity = WINDOW_MAX + piece + WINDOW_BLOCK;
	window->data = malloc(window->capacity + WINDOW_BLOCK);
	if (!window->data)
		BUG("out of memory: a window of %zu bytes", window->capacity);
}

bool window_recode(struct window *window, const char *encoding, struct err *err)
{
	return recode_open(encoding, window->input, &window->recode, err);
}

void window_release(struct window *window)
{
	recode_close(window->recode);
	free(window->data);
	*window = (struct window){0};
}

static void shift_to_front(struct window *window)
{
	size_t shift = window->start / WINDOW_BLOCK * WINDOW_BLOCK;
	if (shift == 0)
		return;
	memmove(window->data, window->data + shift, window->end - shift);
	window->start -= shift;
	window->end -= shift;
	window->base += (int64_t)shift;
}

static bool read_input(struct window *window, size_t n, size_t *ret_n)
{
	unsigned char *to = window->data + window->end;
	return window->recode ? recode_read(window->recode, to, n, ret_n, &window->failure)
			      : input_read(window->input, to, n, ret_n, &window->failure);
}

bool window_more(struct window *window, struct err *err)
{
	if (window->failed) {
		*err = window->failure;
		return false;
	}
	if (window->recode) /* what was consumed may be forgotten there, too */
		recode_origin(window->recode, window->base + (int64_t)window->start);
	shift_to_front(window);
	size_t got = 0;
	while (got < window->piece && !window->ended && !window->failed) {
		size_t n = 0;
		if (!read_input(window, window->piece - got, &n))
			window->failed = true;
		else if (n == 0)
			window->ended = true;
		window->end += n;
		got += n;
	}
	memset(window->data + window->end, 0, WINDOW_BLOCK);
	if (window->failed && got == 0) {
		*err = window->failure;
		return false;
	}
	return true;
}

bool window_drop_bom(struct window *window, struct err *err)
{
	while (window_size(window) < 4 && !window->ended)
		if (!window_more(window, err))
			return false;
	const unsigned char *text = window_text(window);
	size_t size = window_size(window);
	if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		window_consume(window, 3);
	else if (size >= 2 &&
		 (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
		return err_fail(err, ERR_DATA,
			"the text is UTF-16 or UTF-32, not UTF-8 (CSV: `encoding: utf-16`)");
	return true;
}
