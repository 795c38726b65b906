/* SPDX-License-Identifier: Apache-2.0 */
#include "format/avro_codec.h"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "format/snappy.h"

/* Apache's Python package leaves three bytes of zlib's behind the stream. */
#define DEFLATE_SURPLUS 3

struct avro_codec {
	const char *name;
	bool (*read)(struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n,
		struct err *err);
	int (*filter)(struct archive *archive); /* libarchive's, and its number */
	int filter_code;
};

struct avro_decoder {
	const struct avro_codec *codec;
	struct avro_packed packed;
	const unsigned char *data; /* of the block, in hand */
	size_t len;
	bool begun;
	bool ended;
	z_stream stream; /* deflate's */
	bool has_stream;
	struct archive *archive; /* of the codecs libarchive has; NULL: none yet */
	struct err failure;	 /* the input's, behind libarchive's back; no class: none */
	struct buf block;	 /* snappy's, in the file */
	struct buf held;	 /* and decompressed */
	size_t at;		 /* what was handed out of it */
};

static bool fail(const struct avro_decoder *decoder, struct err *err)
{
	return err_fail(err, ERR_DATA, "its %s data is cut or corrupt", decoder->codec->name);
}

/* The next bytes of the block in hand, unless there are some; none at its end. */
static bool take_packed(struct avro_decoder *decoder, struct err *err)
{
	return decoder->len > 0 ||
	       decoder->packed.next(decoder->packed.context, &decoder->data, &decoder->len, err);
}

static void use_packed(struct avro_decoder *decoder, size_t n)
{
	decoder->data = n ? decoder->data + n : decoder->data;
	decoder->len -= n;
}

static bool read_null(
	struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	if (!take_packed(decoder, err))
		return false;
	size_t taken = n < decoder->len ? n : decoder->len;
	if (taken)
		memcpy(to, decoder->data, taken);
	use_packed(decoder, taken);
	*ret_n = taken;
	return true;
}

/* ---- deflate: one raw stream, no header, no checksum ---- */

static void begin_stream(struct avro_decoder *decoder)
{
	if (decoder->has_stream && inflateReset(&decoder->stream) == Z_OK)
		return;
	if (inflateInit2(&decoder->stream, -MAX_WBITS) != Z_OK)
		BUG("out of memory: inflate");
	decoder->has_stream = true;
}

/* Behind the stream's end. */
static bool pass_surplus(struct avro_decoder *decoder, struct err *err)
{
	size_t surplus = 0;
	for (;;) {
		if (!take_packed(decoder, err))
			return false;
		surplus += decoder->len;
		if (surplus > DEFLATE_SURPLUS)
			return fail(decoder, err);
		if (decoder->len == 0)
			return true;
		use_packed(decoder, decoder->len);
	}
}

static bool read_deflate(
	struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	z_stream *stream = &decoder->stream;
	int code = Z_OK;
	if (!decoder->begun)
		begin_stream(decoder);
	decoder->begun = true;
	stream->next_out = to;
	stream->avail_out = n < UINT_MAX ? (uInt)n : UINT_MAX;
	while (stream->next_out == to && code != Z_STREAM_END) {
		if (!take_packed(decoder, err))
			return false;
		stream->next_in = (unsigned char *)(uintptr_t)decoder->data;
		stream->avail_in = decoder->len < UINT_MAX ? (uInt)decoder->len : UINT_MAX;
		uInt before = stream->avail_in;
		code = inflate(stream, Z_NO_FLUSH);
		use_packed(decoder, before - stream->avail_in);
		/* Without progress there is nothing left to make any with. */
		if (code != Z_OK && code != Z_STREAM_END && (code != Z_BUF_ERROR || before == 0))
			return fail(decoder, err);
	}
	decoder->ended = code == Z_STREAM_END;
	*ret_n = (size_t)(stream->next_out - to);
	return !decoder->ended || pass_surplus(decoder, err);
}

/* ---- snappy ---- */

/* The CRC-32 of what the block holds stands behind it, big-endian. */
static bool decompress_held(struct avro_decoder *decoder)
{
	const struct buf *block = &decoder->block;
	if (block->len < 4 || !snappy_decompress(block->data, block->len - 4, &decoder->held))
		return false;
	const unsigned char *p = block->data + block->len - 4;
	uint32_t crc = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return crc32(crc32(0, NULL, 0), decoder->held.data, (uInt)decoder->held.len) == crc;
}

static bool hold_block(struct avro_decoder *decoder, struct err *err)
{
	buf_clear(&decoder->block);
	decoder->at = 0;
	for (size_t n = 1; n > 0 && !decoder->block.overflow;) {
		if (!take_packed(decoder, err))
			return false;
		n = decoder->len;
		buf_append(&decoder->block, decoder->data, n);
		use_packed(decoder, n);
	}
	bool good = !decoder->block.overflow && decompress_held(decoder);
	if (decoder->block.overflow || decoder->held.overflow)
		return err_fail(err, ERR_DATA,
			"it is longer than %zu MiB, which codec snappy may be",
			AVRO_SNAPPY_MAX_BYTES >> 20);
	return good || fail(decoder, err);
}

static bool read_snappy(
	struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	if (!decoder->begun && !hold_block(decoder, err))
		return false;
	decoder->begun = true;
	size_t left = decoder->held.len - decoder->at;
	size_t taken = n < left ? n : left;
	if (taken)
		memcpy(to, decoder->held.data + decoder->at, taken);
	decoder->at += taken;
	*ret_n = taken;
	return true;
}

/* ---- what libarchive has ---- */

static la_ssize_t give_packed(struct archive *archive, void *context, const void **ret_data)
{
	struct avro_decoder *decoder = context;
	(void)archive;
	if (!take_packed(decoder, &decoder->failure))
		return -1;
	size_t n = decoder->len;
	*ret_data = decoder->data;
	use_packed(decoder, n);
	return (la_ssize_t)n;
}

/* libarchive passes on what it does not recognise: the filter must have been used. */
static bool open_filter(struct avro_decoder *decoder)
{
	struct archive_entry *entry = NULL;
	archive_read_free(decoder->archive);
	decoder->archive = archive_read_new();
	if (!decoder->archive)
		BUG("out of memory: an archive");
	decoder->begun = true;
	return decoder->codec->filter(decoder->archive) >= ARCHIVE_WARN &&
	       archive_read_support_format_raw(decoder->archive) == ARCHIVE_OK &&
	       archive_read_open(decoder->archive, decoder, NULL, give_packed, NULL) ==
		       ARCHIVE_OK &&
	       archive_read_next_header(decoder->archive, &entry) == ARCHIVE_OK &&
	       archive_filter_code(decoder->archive, 0) == decoder->codec->filter_code;
}

static bool read_filtered(
	struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	decoder->failure = (struct err){0};
	la_ssize_t got = decoder->begun || open_filter(decoder)
				 ? archive_read_data(decoder->archive, to, n)
				 : -1;
	if (decoder->failure.class) {
		*err = decoder->failure;
		return false;
	}
	if (got < 0)
		return fail(decoder, err);
	*ret_n = (size_t)got;
	return true;
}

static const struct avro_codec codecs[] = {
	{"null", read_null, NULL, 0},
	{"deflate", read_deflate, NULL, 0},
	{"snappy", read_snappy, NULL, 0},
	{"zstandard", read_filtered, archive_read_support_filter_zstd, ARCHIVE_FILTER_ZSTD},
	{"bzip2", read_filtered, archive_read_support_filter_bzip2, ARCHIVE_FILTER_BZIP2},
	{"xz", read_filtered, archive_read_support_filter_xz, ARCHIVE_FILTER_XZ},
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

bool avro_codec_is_null(const struct avro_codec *codec)
{
	return codec->read == read_null;
}

struct avro_decoder *avro_decoder_new(const struct avro_codec *codec, struct avro_packed packed)
{
	struct avro_decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		BUG("out of memory: a decoder");
	decoder->codec = codec;
	decoder->packed = packed;
	buf_init(&decoder->block, AVRO_SNAPPY_MAX_BYTES);
	buf_init(&decoder->held, AVRO_SNAPPY_MAX_BYTES);
	return decoder;
}

void avro_decoder_free(struct avro_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->has_stream)
		inflateEnd(&decoder->stream);
	archive_read_free(decoder->archive);
	buf_release(&decoder->block);
	buf_release(&decoder->held);
	free(decoder);
}

void avro_decoder_begin(struct avro_decoder *decoder)
{
	decoder->begun = false;
	decoder->ended = false;
	decoder->len = 0;
}

bool avro_decoder_read(
	struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n, struct err *err)
{
	*ret_n = 0;
	return decoder->ended || decoder->codec->read(decoder, to, n, ret_n, err);
}
