/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro object container files (specification 1.11, "Object Container Files"), block by block. A
 * block is taken whole, its sync marker compared and its data decompressed before its first record
 * is looked at; every length is checked against what is there. What breaks a block breaks the file.
 */
#include "format/avro.h"

#include <string.h>

#include "format/avro_codec.h"
#include "format/avro_record.h"
#include "record/binary.h"

/* A block before and after decompression: writers make them of tens of kilobytes. */
#define BLOCK_MAX_BYTES ((size_t)16 << 20)
#define SYNC_BYTES	16
#define MAGIC_BYTES	4

struct avro {
	struct reader reader;
	const struct avro_codec *codec;
	struct avro_records records;
	unsigned char sync[SYNC_BYTES];
	struct buf packed; /* the block in hand, as it stands in the file */
	struct buf block;  /* what it holds */
	size_t at;	   /* its next record */
	int64_t left;	   /* records behind `at` */
	int64_t start;	   /* of its data in the file */
};

struct bytes {
	const unsigned char *data;
	size_t len;
};

static bool fail(struct avro *avro, const char *why, struct err *err)
{
	return err_fail(err, ERR_DATA, "the Avro file is broken at byte %lld: %s",
		(long long)window_position(&avro->reader.window), why);
}

/* Reads on until `n` bytes are there, at most WINDOW_MAX, or the input has ended. */
static bool want(struct window *window, size_t n, struct err *err)
{
	while (window_size(window) < n && !window->ended)
		if (!window_more(window, err))
			return false;
	return true;
}

/* ---- the header ---- */

struct header {
	struct bytes schema;
	struct bytes codec;
};

static void note(struct header *header, struct bytes key, struct bytes value)
{
	static const char schema[] = "avro.schema";
	static const char codec[] = "avro.codec";
	if (key.len == sizeof(schema) - 1 && memcmp(key.data, schema, key.len) == 0)
		header->schema = value;
	else if (key.len == sizeof(codec) - 1 && memcmp(key.data, codec, key.len) == 0)
		header->codec = value;
}

/* The map of metadata; false when it does not end here. */
static bool read_metadata(
	const unsigned char **at, const unsigned char *end, struct header *ret_header)
{
	int64_t count = 0;
	int64_t size = 0;
	while (binary_read_long(at, end, &count)) {
		if (count == 0)
			return true;
		if (count == INT64_MIN || (count < 0 && !binary_read_long(at, end, &size)))
			return false;
		for (int64_t i = 0; i < (count < 0 ? -count : count); i++) {
			struct bytes key;
			struct bytes value;
			if (!binary_read_bytes(at, end, &key.data, &key.len) ||
				!binary_read_bytes(at, end, &value.data, &value.len))
				return false;
			note(ret_header, key, value);
		}
	}
	return false;
}

static bool is_container(const unsigned char *data, size_t len)
{
	return len >= MAGIC_BYTES && memcmp(data, "Obj\x01", MAGIC_BYTES) == 0;
}

static bool parse_header(struct avro *avro, struct header *ret_header, size_t *ret_len)
{
	const unsigned char *text = window_text(&avro->reader.window);
	const unsigned char *at = text + MAGIC_BYTES;
	const unsigned char *end = text + window_size(&avro->reader.window);
	if (!read_metadata(&at, end, ret_header) || end - at < SYNC_BYTES)
		return false;
	memcpy(avro->sync, at, SYNC_BYTES);
	*ret_len = (size_t)(at + SYNC_BYTES - text);
	return true;
}

bool avro_find_schema(const unsigned char *data, size_t len, const char **ret_text, size_t *ret_len)
{
	struct header header = {0};
	const unsigned char *at = data + MAGIC_BYTES;
	if (!is_container(data, len) || !read_metadata(&at, data + len, &header) ||
		!header.schema.data)
		return false;
	*ret_text = (const char *)header.schema.data;
	*ret_len = header.schema.len;
	return true;
}

static bool find_header(
	struct avro *avro, struct header *ret_header, size_t *ret_len, struct err *err)
{
	struct window *window = &avro->reader.window;
	if (!want(window, MAGIC_BYTES, err))
		return false;
	if (!is_container(window_text(window), window_size(window)))
		return err_fail(
			err, ERR_DATA, "no Avro container file: it does not begin with Obj");
	while (!parse_header(avro, ret_header, ret_len)) {
		*ret_header = (struct header){0};
		if (window->ended || window_size(window) >= RECORD_MAX_BYTES)
			return fail(avro,
				window->ended ? "the header does not end"
					      : "the header is longer than 1 MiB",
				err);
		if (!window_more(window, err))
			return false;
	}
	return true;
}

static bool choose_codec(struct avro *avro, struct bytes name, struct err *err)
{
	if (!name.data)
		name = (struct bytes){(const unsigned char *)"null", 4};
	avro->codec = avro_codec_find((const char *)name.data, name.len);
	return avro->codec || err_fail(err, ERR_DATA, "the Avro codec '%.*s' is not read, only %s",
				      name.len < 40 ? (int)name.len : 40, (const char *)name.data,
				      avro_codec_names());
}

static bool avro_open(struct reader *reader, const struct string_list *wanted, struct err *err)
{
	struct avro *avro = (struct avro *)reader;
	struct header header = {0};
	size_t len = 0;
	(void)wanted;
	buf_init(&avro->packed, BLOCK_MAX_BYTES);
	buf_init(&avro->block, BLOCK_MAX_BYTES);
	if (!find_header(avro, &header, &len, err) || !choose_codec(avro, header.codec, err))
		return false;
	if (!header.schema.data)
		return fail(avro, "the header has no avro.schema", err);
	if (!avro_records_init(&avro->records, reader, (const char *)header.schema.data,
		    header.schema.len, err))
		return false;
	window_consume(&reader->window, len);
	return true;
}

static void avro_close(struct reader *reader)
{
	struct avro *avro = (struct avro *)reader;
	avro_records_release(&avro->records);
	buf_release(&avro->packed);
	buf_release(&avro->block);
}

/* ---- blocks ---- */

static bool take_data(struct avro *avro, size_t size, struct err *err)
{
	struct window *window = &avro->reader.window;
	buf_clear(&avro->packed);
	while (avro->packed.len < size) {
		size_t n = size - avro->packed.len;
		if (!want(window, 1, err))
			return false;
		if (window_size(window) == 0)
			return fail(avro, "a block is cut", err);
		if (n > window_size(window))
			n = window_size(window);
		buf_append(&avro->packed, window_text(window), n);
		window_consume(window, n);
	}
	if (!want(window, SYNC_BYTES, err))
		return false;
	if (window_size(window) < SYNC_BYTES)
		return fail(avro, "a block is cut", err);
	if (memcmp(window_text(window), avro->sync, SYNC_BYTES) != 0)
		return fail(avro, "a block does not end in the file's sync marker", err);
	window_consume(window, SYNC_BYTES);
	return true;
}

static bool take_sizes(struct avro *avro, size_t *ret_size, struct err *err)
{
	struct window *window = &avro->reader.window;
	int64_t size = 0;
	if (!want(window, (size_t)2 * BINARY_LONG_MAX, err))
		return false;
	const unsigned char *at = window_text(window);
	const unsigned char *end = at + window_size(window);
	if (!binary_read_long(&at, end, &avro->left) || !binary_read_long(&at, end, &size))
		return fail(avro, "a block is cut", err);
	if (avro->left < 0 || size < 0)
		return fail(avro, "a block of a negative size", err);
	if ((uint64_t)size > BLOCK_MAX_BYTES)
		return fail(avro, "a block of more than 16 MiB", err);
	window_consume(window, (size_t)(at - window_text(window)));
	*ret_size = (size_t)size;
	return true;
}

/* The next block; *ret_found false at the end. */
static bool next_block(struct avro *avro, bool *ret_found, struct err *err)
{
	struct window *window = &avro->reader.window;
	size_t size = 0;
	if (!want(window, 1, err))
		return false;
	*ret_found = window_size(window) > 0;
	if (!*ret_found)
		return true;
	if (!take_sizes(avro, &size, err))
		return false;
	avro->start = window_position(window);
	avro->at = 0;
	if (!take_data(avro, size, err))
		return false;
	return avro_codec_decode(
		       avro->codec, avro->packed.data, avro->packed.len, &avro->block, err) ||
	       err_prefix(err, "the Avro block at byte %lld", (long long)avro->start);
}

static bool fail_record(struct avro *avro, const char *why, struct err *err)
{
	return err_fail(err, ERR_DATA, "the Avro file is broken in its block at byte %lld: %s",
		(long long)avro->start, why);
}

/* Moves to the next record, if there is one, past blocks that were read to their end. */
static bool find_record(struct avro *avro, bool *ret_found, struct err *err)
{
	*ret_found = true;
	while (avro->left == 0 && *ret_found) {
		if (avro->at != avro->block.len)
			return fail_record(avro, "surplus bytes behind its last record", err);
		if (!next_block(avro, ret_found, err))
			return false;
	}
	return true;
}

/* A place in the block as one in the file: in compressed ones, in proportion. */
static int64_t place(const struct avro *avro, size_t at)
{
	return avro->start +
	       (int64_t)(avro->packed.len * at / (avro->block.len ? avro->block.len : 1));
}

static bool avro_next(struct reader *reader, bool *ret_end, struct err *err)
{
	struct avro *avro = (struct avro *)reader;
	struct record *record = &reader->record;
	bool found = false;
	if (!find_record(avro, &found, err))
		return false;
	*ret_end = !found;
	if (!found)
		return true;
	const unsigned char *at = avro->block.data + avro->at;
	const unsigned char *end = avro->block.data + avro->block.len;
	if (!avro_records_read(&avro->records, reader, &at, end))
		return fail_record(avro, "a record does not fit the schema in the file", err);
	record->start = place(avro, avro->at);
	avro->at = (size_t)(at - avro->block.data);
	record->end = place(avro, avro->at);
	avro->left--;
	return true;
}

const struct format format_avro = {
	.suffixes = (const char *const[]){".avro", NULL},
	.binary = true,
	.reader_size = sizeof(struct avro),
	.open = avro_open,
	.next = avro_next,
	.close = avro_close,
};
