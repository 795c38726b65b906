/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro object container files (specification 1.11, "Object Container Files"), block by block, of
 * which no more than a record is held. Every length is checked against what is there. What breaks a
 * block breaks the file, where it is noticed: at the latest by its sync marker, behind its records.
 */
#include "format/avro.h"

#include <string.h>

#include "format/avro_block.h"
#include "format/avro_record.h"
#include "record/binary.h"

#define MAGIC_BYTES 4

struct avro {
	struct reader reader;
	struct avro_records records;
	struct avro_block block;
	bool in_block;
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

/* ---- the header ---- */

struct header {
	struct bytes schema;
	struct bytes codec;
	const unsigned char *sync;
	size_t len;
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

static bool parse_header(struct avro *avro, struct header *ret_header)
{
	const unsigned char *text = window_text(&avro->reader.window);
	const unsigned char *at = text + MAGIC_BYTES;
	const unsigned char *end = text + window_size(&avro->reader.window);
	if (!read_metadata(&at, end, ret_header) || end - at < AVRO_SYNC_BYTES)
		return false;
	ret_header->sync = at;
	ret_header->len = (size_t)(at + AVRO_SYNC_BYTES - text);
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

static bool find_header(struct avro *avro, struct header *ret_header, struct err *err)
{
	struct window *window = &avro->reader.window;
	while (window_size(window) < MAGIC_BYTES && !window->ended)
		if (!window_more(window, err))
			return false;
	if (!is_container(window_text(window), window_size(window)))
		return err_fail(
			err, ERR_DATA, "no Avro container file: it does not begin with Obj");
	while (!parse_header(avro, ret_header)) {
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

static bool find_codec(struct bytes name, const struct avro_codec **ret_codec, struct err *err)
{
	if (!name.data)
		name = (struct bytes){(const unsigned char *)"null", 4};
	*ret_codec = avro_codec_find((const char *)name.data, name.len);
	return *ret_codec || err_fail(err, ERR_DATA, "the Avro codec '%.*s' is not read, only %s",
				     name.len < 40 ? (int)name.len : 40, (const char *)name.data,
				     avro_codec_names());
}

static bool avro_open(struct reader *reader, const struct string_list *wanted, struct err *err)
{
	struct avro *avro = (struct avro *)reader;
	const struct avro_codec *codec = NULL;
	struct header header = {0};
	(void)wanted;
	if (!find_header(avro, &header, err) || !find_codec(header.codec, &codec, err))
		return false;
	if (!header.schema.data)
		return fail(avro, "the header has no avro.schema", err);
	if (!avro_records_init(&avro->records, reader, (const char *)header.schema.data,
		    header.schema.len, err))
		return false;
	avro_block_init(&avro->block, &reader->window, codec, header.sync);
	window_consume(&reader->window, header.len);
	return true;
}

static void avro_close(struct reader *reader)
{
	struct avro *avro = (struct avro *)reader;
	avro_records_release(&avro->records);
	avro_block_release(&avro->block);
}

/* Moves to the next record, if there is one, past blocks that were read to their end. */
static bool find_record(struct avro *avro, bool *ret_found, struct err *err)
{
	struct avro_block *block = &avro->block;
	while (!avro->in_block || block->read == block->records) {
		if (avro->in_block && !avro_block_end(block, err))
			return false;
		if (!avro_block_next(block, &avro->in_block, err))
			return false;
		if (!avro->in_block)
			break;
	}
	*ret_found = avro->in_block;
	return true;
}

/* As often as it takes to have the whole of it: one that is cut looks like one that is broken. */
static bool read_record(struct avro *avro, struct err *err)
{
	struct reader *reader = &avro->reader;
	struct avro_block *block = &avro->block;
	bool more = true;
	while (more) {
		const unsigned char *start = block->data.data + block->at;
		const unsigned char *at = start;
		reader_begin_record(reader);
		if (avro_records_read(
			    &avro->records, reader, &at, block->data.data + block->data.len)) {
			block->at += (size_t)(at - start);
			return true;
		}
		if (!avro_block_more(block, &more, err))
			return false;
	}
	if (!avro_block_is_full(block))
		return avro_block_fail(block, "a record does not fit the schema in the file", err);
	reader_begin_record(reader);
	reader->record.text_len = 0;
	reader_bad(reader, "", "longer than %d bytes", RECORD_MAX_BYTES);
	return avro_block_skip(block, avro->records.schema->root, err);
}

static bool avro_next(struct reader *reader, bool *ret_end, struct err *err)
{
	struct avro *avro = (struct avro *)reader;
	bool found = false;
	if (!find_record(avro, &found, err))
		return false;
	*ret_end = !found;
	if (!found)
		return true;
	reader->record.start = avro_block_place(&avro->block);
	if (!read_record(avro, err))
		return false;
	avro->block.read++;
	reader->record.end = avro_block_place(&avro->block);
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
