/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sliding view of an input: readers look at the bytes from `start` on, take what is a record and
 * ask for more. Offsets counted from window_text() stay valid when more is read; pointers do not.
 * Memory is bounded: a reader gives up on a record beyond RECORD_MAX_BYTES before it asks again.
 */
#ifndef PENSTOCK_FORMAT_WINDOW_H
#define PENSTOCK_FORMAT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "format/input.h"
#include "format/reader.h"
#include "format/recode.h"

/* The window moves in steps of this many bytes, so that what was computed per block stays true. */
#define WINDOW_BLOCK 64
#define WINDOW_PIECE (256 << 10)
/* The longest record and what shows that it ends there (CR LF). */
#define WINDOW_MAX   (RECORD_MAX_BYTES + 2)

struct window {
	struct input *input;   /* borrowed */
	struct recode *recode; /* between the input and the window; NULL: nothing */
	unsigned char *data;   /* a zeroed block stands behind `end` */
	size_t capacity;
	size_t piece; /* bytes asked of the input at once */
	size_t start; /* first byte not consumed */
	size_t end;
	int64_t base; /* position of data[0] in the text that is read */
	bool ended;   /* nothing comes behind `end` */
	bool failed;  /* `failure` comes behind `end` */
	struct err failure;
};

/* `piece` is WINDOW_PIECE; tests take small ones to cut records anywhere. */
void window_init(struct window *window, struct input *input, size_t piece);
void window_release(struct window *window);
/* From here on the input is text in this encoding, which iconv knows. Call first. */
MUST_CHECK bool window_recode(struct window *window, const char *encoding, struct err *err);

static inline const unsigned char *window_text(const struct window *window)
{
	return window->data + window->start;
}

static inline size_t window_size(const struct window *window)
{
	return window->end - window->start;
}

/* Where the first byte not consumed stands in the input; before a character, never going back. */
static inline int64_t window_position(const struct window *window)
{
	int64_t position = window->base + (int64_t)window->start;
	return window->recode ? recode_origin(window->recode, position) : position;
}

static inline void window_consume(struct window *window, size_t n)
{
	window->start += n;
}

/*
 * Reads another piece, or sets `ended`. At most WINDOW_MAX bytes may be unconsumed. A
 * failing input's error comes when the bytes before it were consumed, and again at every later
 * call.
 */
MUST_CHECK bool window_more(struct window *window, struct err *err);

/* Drops a UTF-8 byte order mark; class DATA when the text is UTF-16 or UTF-32. Before reading. */
MUST_CHECK bool window_drop_bom(struct window *window, struct err *err);

#endif
