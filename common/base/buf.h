/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer that is born with a maximum. Appends beyond it are dropped and make
 * `overflow` true until the next clear, so a writer may append many times and ask once at the end.
 * Out of memory aborts.
 */
#ifndef PENSTOCK_BASE_BUF_H
#define PENSTOCK_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	unsigned char *data;
	size_t len;
	size_t capacity;
	size_t max;
	bool overflow;
};

void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf);
/* Empty again, memory kept, overflow forgotten. */
void buf_clear(struct buf *buf);
/* Gives memory beyond `keep` bytes back to the system; the content must fit. */
void buf_trim(struct buf *buf, size_t keep);

/* Makes room for n more bytes: false, and overflow set, when that passes the maximum. */
bool buf_grow(struct buf *buf, size_t n);

/* Room for n bytes at the end, not yet counted in len; NULL (and overflow) beyond the maximum. */
static inline unsigned char *buf_reserve(struct buf *buf, size_t n)
{
	if (buf->capacity - buf->len < n && !buf_grow(buf, n))
		return NULL;
	return buf->data + buf->len;
}

static inline void buf_append(struct buf *buf, const void *data, size_t n)
{
	unsigned char *to = n ? buf_reserve(buf, n) : NULL;
	if (to) {
		memcpy(to, data, n);
		buf->len += n;
	}
}

static inline void buf_append_byte(struct buf *buf, unsigned char byte)
{
	buf_append(buf, &byte, 1);
}

void buf_append_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The content as a C string (a NUL is kept behind it, not counted). Valid until the next change. */
const char *buf_text(struct buf *buf);

#endif
