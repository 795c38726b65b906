/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro's binary encoding (specification 1.11, "Binary Encoding") of what everything is made of:
 * longs as zigzag varints, and bytes with their length. For `format`, no other folder.
 */
#ifndef PENSTOCK_RECORD_BINARY_H
#define PENSTOCK_RECORD_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define BINARY_LONG_MAX 10 /* bytes of the longest varint */

/* Writes at `p`, which has room for BINARY_LONG_MAX bytes; returns the byte behind. */
static inline unsigned char *binary_put_long(unsigned char *p, int64_t value)
{
	uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
	while (bits >= 0x80) {
		*p++ = (unsigned char)(bits | 0x80);
		bits >>= 7;
	}
	*p++ = (unsigned char)bits;
	return p;
}

static inline void binary_append_long(struct buf *out, int64_t value)
{
	unsigned char *p = buf_reserve(out, BINARY_LONG_MAX);
	if (p)
		out->len = (size_t)(binary_put_long(p, value) - out->data);
}

static inline void binary_append_bytes(struct buf *out, const void *data, size_t n)
{
	unsigned char *p = buf_reserve(out, n + BINARY_LONG_MAX);
	if (!p)
		return;
	p = binary_put_long(p, (int64_t)n);
	if (n)
		memcpy(p, data, n);
	out->len = (size_t)(p + n - out->data);
}

/* Reads a long of several bytes; false when it is cut, too long or longer than it needs to be. */
bool binary_read_long_slow(const unsigned char **at, const unsigned char *end, int64_t *ret_value);

static inline bool binary_read_long(
	const unsigned char **at, const unsigned char *end, int64_t *ret_value)
{
	const unsigned char *p = *at;
	if (p < end && *p < 0x80) {
		*ret_value = (int64_t)(*p >> 1) ^ -(int64_t)(*p & 1);
		*at = p + 1;
		return true;
	}
	/* Three bytes hold every date and most lengths and counts. */
	if (end - p >= 3 && p[2] < 0x80 && p[2] > 0 && p[1] >= 0x80) {
		uint32_t bits = (p[0] & 0x7Fu) | (p[1] & 0x7Fu) << 7 | (uint32_t)p[2] << 14;
		*ret_value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
		*at = p + 3;
		return true;
	}
	return binary_read_long_slow(at, end, ret_value);
}

/* Bytes with their length, borrowed. */
static inline bool binary_read_bytes(const unsigned char **at, const unsigned char *end,
	const unsigned char **ret_data, size_t *ret_len)
{
	const unsigned char *p = *at;
	int64_t len;
	if (!binary_read_long(&p, end, &len) || len < 0 || len > end - p)
		return false;
	*ret_data = p;
	*ret_len = (size_t)len;
	*at = p + len;
	return true;
}

#endif
