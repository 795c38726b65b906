/* SPDX-License-Identifier: Apache-2.0 */
#include "format/avro_codec.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <zlib.h>

#include "format/snappy.h"

#define PIECE_BYTES ((size_t)64 << 10)

struct avro_codec {
	const char *name;
	/* False: broken, or out->overflow is set. */
	bool (*decode)(const struct avro_codec *codec, const unsigned char *data, size_t len,
		struct buf *out);
	int (*filter)(struct archive *archive); /* libarchive's, and its number */
	int filter_code;
};

static bool decode_null(
	const struct avro_codec *codec, const unsigned char *data, size_t len, struct buf *out)
{
	(void)codec;
	buf_append(out, data, len);
	return !out->overflow;
}

/* Raw deflate: one stream, no header, no checksum; Apache's Python package leaves three bytes of
 * zlib's there. */
static bool decode_deflate(
	const struct avro_codec *codec, const unsigned char *data, size_t len, struct buf *out)
{
	z_stream stream = {.next_in = (unsigned char *)(uintptr_t)data, .avail_in = (uInt)len};
	(void)codec;
	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		BUG("out of memory: inflate");
	int code = Z_OK;
	while (code == Z_OK) {
		size_t room = out->max - out->len < PIECE_BYTES ? out->max - out->len : PIECE_BYTES;
		/* One byte more than there may be tells a full buffer from too much. */
		unsigned char surplus;
		unsigned char *to = room ? buf_reserve(out, room) : &surplus;
		stream.next_out = to;
		stream.avail_out = room ? (uInt)room : 1;
		code = inflate(&stream, Z_NO_FLUSH);
		if (room)
			out->len += room - stream.avail_out;
		else if (stream.avail_out == 0)
			out->overflow = true;
		if (out->overflow)
			break;
	}
	bool whole = code == Z_STREAM_END && stream.avail_in <= 3 && !out->overflow;
	inflateEnd(&stream);
	return whole;
}

/* The CRC-32 of what the block holds stands behind it, big-endian. */
static bool decode_snappy(
	const struct avro_codec *codec, const unsigned char *data, size_t len, struct buf *out)
{
	(void)codec;
	if (len < 4 || !snappy_decompress(data, len - 4, out))
		return false;
	const unsigned char *p = data + len - 4;
	uint32_t crc = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return crc32(crc32(0, NULL, 0), out->data, (uInt)out->len) == crc;
}

static bool read_all(struct archive *archive, struct buf *out)
{
	for (;;) {
		unsigned char piece[4096];
		la_ssize_t n = archive_read_data(archive, piece, sizeof(piece));
		if (n <= 0)
			return n == 0;
		buf_append(out, piece, (size_t)n);
		if (out->overflow)
			return false;
	}
}

/* libarchive passes on what it does not recognise: the filter must have been used. */
static bool decode_filtered(
	const struct avro_codec *codec, const unsigned char *data, size_t len, struct buf *out)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry = NULL;
	if (!archive)
		BUG("out of memory: an archive");
	bool ok = codec->filter(archive) >= ARCHIVE_WARN &&
		  archive_read_support_format_raw(archive) == ARCHIVE_OK &&
		  archive_read_open_memory(archive, data, len) == ARCHIVE_OK &&
		  archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
		  archive_filter_code(archive, 0) == codec->filter_code && read_all(archive, out);
	archive_read_free(archive);
	return ok;
}

static const struct avro_codec codecs[] = {
	{"null", decode_null, NULL, 0},
	{"deflate", decode_deflate, NULL, 0},
	{"snappy", decode_snappy, NULL, 0},
	{"zstandard", decode_filtered, archive_read_support_filter_zstd, ARCHIVE_FILTER_ZSTD},
	{"bzip2", decode_filtered, archive_read_support_filter_bzip2, ARCHIVE_FILTER_BZIP2},
	{"xz", decode_filtered, archive_read_support_filter_xz, ARCHIVE_FILTER_XZ},
};

const struct avro_codec *avro_codec_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strlen(codecs[i].name) == len && memcmp(codecs[i].name, name, len) == 0)
			return &codecs[i];
	return NULL;
}

const char *avro_codec_names(void)
{
	return "null, deflate, snappy, zstandard, bzip2, xz";
}

bool avro_codec_decode(const struct avro_codec *codec, const unsigned char *data, size_t len,
	struct buf *out, struct err *err)
{
	buf_clear(out);
	if (codec->decode(codec, data, len, out))
		return true;
	if (out->overflow)
		return err_fail(err, ERR_DATA, "it holds more than %zu MiB", out->max >> 20);
	return err_fail(err, ERR_DATA, "its %s data is cut or corrupt", codec->name);
}
