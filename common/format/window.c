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

void window_release(struct window *window)
{
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

bool window_more(struct window *window, struct err *err)
{
	if (window->failed) {
		*err = window->failure;
		return false;
	}
	shift_to_front(window);
	size_t got = 0;
	while (got < window->piece && !window->ended && !window->failed) {
		size_t n = 0;
		if (!input_read(window->input, window->data + window->end, window->piece - got, &n,
			    &window->failure))
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
			"the text is UTF-16 or UTF-32; expected UTF-8 (convert it with iconv)");
	return true;
}
