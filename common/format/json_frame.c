/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_frame.h"

#include <stdio.h>

/* How far a value was followed. */
struct frame {
	size_t at; /* next byte to look at, from the window's start */
	size_t depth;
	bool in_string;
	bool escaped;
	bool begun;
};

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool json_peek(struct window *window, int *ret_byte, struct err *err)
{
	for (;;) {
		const unsigned char *text = window_text(window);
		size_t size = window_size(window);
		size_t n = 0;
		while (n < size && is_space(text[n]))
			n++;
		window_consume(window, n);
		if (n < size || window->ended) {
			*ret_byte = n < size ? text[n] : -1;
			return true;
		}
		if (!window_more(window, err))
			return false;
	}
}

bool json_unexpected(const struct window *window, const char *expected, struct err *err)
{
	long long position = (long long)window_position(window);
	if (window_size(window) == 0)
		return err_fail(err, ERR_DATA, "the document ends at byte %lld; expected %s",
			position, expected);
	unsigned char c = *window_text(window);
	char shown[16];
	if (c > ' ' && c < 0x7F)
		snprintf(shown, sizeof(shown), "'%c'", c);
	else
		snprintf(shown, sizeof(shown), "byte 0x%02X", c);
	return err_fail(err, ERR_DATA, "the document is broken at byte %lld: expected %s, found %s",
		position, expected, shown);
}

bool json_expect(struct window *window, char byte, struct err *err)
{
	int found = 0;
	const char expected[] = {'\'', byte, '\'', '\0'};
	if (!json_peek(window, &found, err))
		return false;
	if (found != (unsigned char)byte)
		return json_unexpected(window, expected, err);
	window_consume(window, 1);
	return true;
}

/* Inside a string: true when its closing quote was passed. */
static bool follow_string(struct frame *frame, const unsigned char *text, size_t size)
{
	while (frame->at < size) {
		unsigned char c = text[frame->at++];
		if (frame->escaped)
			frame->escaped = false;
		else if (c == '\\')
			frame->escaped = true;
		else if (c == '"')
			return true;
	}
	return false;
}

/* Follows the value through the window; true when it ends there, in front of frame->at. */
static bool follow(struct frame *frame, const struct window *window)
{
	const unsigned char *text = window_text(window);
	size_t size = window_size(window);
	while (frame->at < size) {
		if (frame->in_string) {
			if (!follow_string(frame, text, size))
				return false;
			frame->in_string = false;
			if (frame->depth == 0)
				return true;
			continue;
		}
		unsigned char c = text[frame->at];
		bool closes = c == '}' || c == ']';
		if (frame->depth == 0 && (closes || c == ',' || is_space(c)))
			return true;
		if (frame->depth == 0 && frame->begun && (c == '"' || c == '{' || c == '['))
			return true;
		frame->begun = true;
		frame->at++;
		frame->in_string = c == '"';
		if (c == '{' || c == '[')
			frame->depth++;
		else if (closes && --frame->depth == 0)
			return true;
	}
	return window->ended && frame->begun && frame->depth == 0 && !frame->in_string;
}

bool json_frame(struct window *window, size_t *ret_len, bool *ret_whole, struct err *err)
{
	struct frame frame = {0};
	while (!follow(&frame, window)) {
		if (window_size(window) >= WINDOW_MAX) {
			*ret_whole = false;
			return true;
		}
		if (window->ended && !frame.begun)
			return json_unexpected(window, "a value", err);
		if (window->ended)
			return err_fail(err, ERR_DATA,
				"the document ends at byte %lld, inside the value that begins at "
				"byte %lld",
				(long long)(window->base + (int64_t)window->end),
				(long long)window_position(window));
		if (!window_more(window, err))
			return false;
	}
	if (!frame.begun)
		return json_unexpected(window, "a value", err);
	*ret_len = frame.at;
	*ret_whole = frame.at <= RECORD_MAX_BYTES;
	return true;
}

bool json_skip(struct window *window, struct err *err)
{
	struct frame frame = {0};
	long long begin = (long long)window_position(window);
	while (!follow(&frame, window)) {
		window_consume(window, frame.at);
		frame.at = 0;
		if (window->ended && !frame.begun)
			return json_unexpected(window, "a value", err);
		if (window->ended)
			return err_fail(err, ERR_DATA,
				"the document ends inside the value that begins at byte %lld",
				begin);
		if (!window_more(window, err))
			return false;
	}
	if (!frame.begun)
		return json_unexpected(window, "a value", err);
	window_consume(window, frame.at);
	return true;
}
