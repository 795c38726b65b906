/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
}

static void resize(struct buf *buf, size_t capacity)
{
	unsigned char *data = realloc(buf->data, capacity);
	if (!data)
		BUG("out of memory: buffer of %zu bytes", capacity);
	buf->data = data;
	buf->capacity = capacity;
}

void buf_trim(struct buf *buf, size_t keep)
{
	if (keep < buf->len)
		BUG("trim of a buffer to %zu of its %zu bytes", keep, buf->len);
	if (keep == 0) {
		free(buf->data);
		buf->data = NULL;
		buf->capacity = 0;
	} else if (buf->capacity > keep) {
		resize(buf, keep);
	}
}

bool buf_grow(struct buf *buf, size_t n)
{
	if (n > buf->max - buf->len) {
		buf->overflow = true;
		return false;
	}
	size_t need = buf->len + n;
	if (need <= buf->capacity)
		return true;
	size_t capacity = buf->capacity ? buf->capacity : 256;
	while (capacity < need)
		capacity += capacity / 2 + 1;
	if (capacity > buf->max)
		capacity = buf->max;
	resize(buf, capacity);
	return true;
}

void buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("cannot format '%s'", fmt);
	/* vsnprintf writes a NUL behind the text: reserve it, do not count it. */
	char *to = (char *)buf_reserve(buf, (size_t)n + 1);
	if (!to)
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

const char *buf_text(struct buf *buf)
{
	/* The terminator may stand one byte beyond the maximum: it is not content. */
	if (buf->capacity == buf->len)
		resize(buf, buf->len + 1);
	buf->data[buf->len] = '\0';
	return (const char *)buf->data;
}
