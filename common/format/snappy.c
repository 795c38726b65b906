/* SPDX-License-Identifier: Apache-2.0 */
#include "format/snappy.h"

#define VARINT_MAX 5 /* bytes of the longest length */

enum tag { TAG_LITERAL, TAG_COPY_1, TAG_COPY_2, TAG_COPY_4 };

struct stream {
	const unsigned char *at;
	const unsigned char *end;
};

static bool read_length(struct stream *in, uint64_t *ret_length)
{
	uint64_t length = 0;
	for (unsigned i = 0; i < VARINT_MAX && in->at < in->end; i++) {
		unsigned char byte = *in->at++;
		length |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			*ret_length = length;
			return true;
		}
	}
	return false;
}

/* A little-endian number of `n` bytes, at most four. */
static bool read_number(struct stream *in, unsigned n, size_t *ret_value)
{
	if ((size_t)(in->end - in->at) < n)
		return false;
	*ret_value = 0;
	for (unsigned i = 0; i < n; i++)
		*ret_value |= (size_t)*in->at++ << (8 * i);
	return true;
}

static bool add_literal(struct stream *in, unsigned tag, struct buf *out, size_t room)
{
	size_t length = tag >> 2;
	if (length >= 60 && !read_number(in, (unsigned)length - 59, &length))
		return false;
	length++;
	if (length > room || length > (size_t)(in->end - in->at))
		return false;
	buf_append(out, in->at, length);
	in->at += length;
	return true;
}

/* Bytes from `offset` back; they may be among those that are being added. */
static bool add_copy(struct stream *in, unsigned tag, struct buf *out, size_t room)
{
	static const unsigned offset_bytes[] = {
		[TAG_LITERAL] = 0, [TAG_COPY_1] = 1, [TAG_COPY_2] = 2, [TAG_COPY_4] = 4};
	unsigned kind = tag & 3;
	size_t length = kind == TAG_COPY_1 ? 4 + (tag >> 2 & 7) : 1 + (tag >> 2);
	size_t offset = 0;
	if (!read_number(in, offset_bytes[kind], &offset))
		return false;
	if (kind == TAG_COPY_1)
		offset |= (size_t)(tag >> 5) << 8;
	if (offset == 0 || offset > out->len || length > room)
		return false;
	for (size_t i = 0; i < length; i++, out->len++)
		out->data[out->len] = out->data[out->len - offset];
	return true;
}

bool snappy_decompress(const unsigned char *data, size_t len, struct buf *out)
{
	struct stream in = {data, data + len};
	uint64_t length = 0;
	buf_clear(out);
	/* All room at once: nothing moves while bytes are copied from behind. */
	if (!read_length(&in, &length) || (length && !buf_reserve(out, length)))
		return false;
	while (in.at < in.end) {
		unsigned tag = *in.at++;
		size_t room = length - out->len;
		if ((tag & 3) == TAG_LITERAL ? !add_literal(&in, tag, out, room)
					     : !add_copy(&in, tag, out, room))
			return false;
	}
	return out->len == length;
}
