/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/text.h"
#include "record/binary.h"
#include "record/chunk_keys.h"

/* What one record may add to a chunk that was full already; the cutter refuses to send it. */
static const size_t max_part = 2 * CHUNK_MAX_BYTES;
/* Magic, keys, every number at its longest, the name and dataset at theirs, two sync markers. */
static const size_t max_metadata = 2048;

void chunk_writer_init(struct chunk_writer *writer)
{
	*writer = (struct chunk_writer){0};
	buf_init(&writer->block, max_part);
	buf_init(&writer->skipped, max_part);
	buf_init(&writer->rejects, max_part);
}

void chunk_writer_release(struct chunk_writer *writer)
{
	buf_release(&writer->block);
	buf_release(&writer->skipped);
	buf_release(&writer->rejects);
}

void chunk_writer_clear(struct chunk_writer *writer)
{
	buf_clear(&writer->block);
	buf_clear(&writer->skipped);
	buf_clear(&writer->rejects);
	writer->skipped_count = 0;
	writer->reject_count = 0;
	writer->rows = 0;
	writer->last_skipped = 0;
}

void chunk_add_skipped(struct chunk_writer *writer, int64_t row_number)
{
	if (row_number <= writer->last_skipped)
		BUG("skipped row %" PRId64 " behind %" PRId64, row_number, writer->last_skipped);
	binary_append_long(&writer->skipped, row_number);
	writer->last_skipped = row_number;
	writer->skipped_count++;
}

/* Text for people: what is no UTF-8 becomes '?'. */
static void append_clean(struct buf *out, const char *text, size_t max)
{
	char clean[CHUNK_MAX_REASON];
	size_t left = strlen(text);
	size_t n = 0;
	while (left > 0) {
		size_t length = utf8_length((const unsigned char *)text, left);
		size_t take = length ? length : 1;
		if (n + take > max)
			break;
		memcpy(clean + n, length ? text : "?", take);
		n += take;
		text += take;
		left -= take;
	}
	binary_append_bytes(out, clean, n);
}

void chunk_add_reject(struct chunk_writer *writer, const struct reject *reject)
{
	struct buf *out = &writer->rejects;
	size_t text_len = reject->text_len < REJECT_MAX_TEXT ? reject->text_len : REJECT_MAX_TEXT;
	binary_append_long(out, reject->record);
	binary_append_long(out, reject->start);
	binary_append_long(out, reject->end);
	append_clean(out, reject->column, CHUNK_MAX_COLUMN);
	append_clean(out, reject->reason, CHUNK_MAX_REASON);
	binary_append_bytes(out, reject->text, text_len);
	writer->reject_count++;
}

size_t chunk_writer_size(const struct chunk_writer *writer, size_t schema_len)
{
	return writer->block.len + writer->skipped.len + writer->rejects.len + schema_len +
	       max_metadata;
}

static void append_key(struct buf *out, const char *name)
{
	binary_append_bytes(out, name, strlen(name));
}

/* An Avro array in one block. */
static void append_array(struct buf *out, int64_t count, const struct buf *items)
{
	unsigned char counted[BINARY_LONG_MAX];
	size_t n = count ? (size_t)(binary_put_long(counted, count) - counted) : 0;
	binary_append_long(out, (int64_t)(n + items->len + 1));
	buf_append(out, counted, n);
	buf_append(out, items->data, items->len);
	binary_append_long(out, 0);
}

static void append_text(struct buf *out, const char *text)
{
	if (!chunk_text_valid(text, strlen(text)))
		BUG("a chunk's text is no UTF-8");
	append_key(out, text);
}

static void append_number(struct buf *out, int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, number);
	append_key(out, text);
}

static void append_value(const struct chunk_writer *writer, const struct chunk_info *info,
	const struct chunk_key *key, struct buf *out)
{
	const char *member = (const char *)info + key->offset;
	append_key(out, key->name);
	if (key->kind == CHUNK_KEY_TEXT) {
		append_text(out, member);
	} else if (key->kind == CHUNK_KEY_NUMBER) {
		append_number(out, *(const int64_t *)member);
	} else if (strcmp(key->name, "penstock.skipped") == 0) {
		append_array(out, writer->skipped_count, &writer->skipped);
	} else if (strcmp(key->name, "penstock.rejects") == 0) {
		append_array(out, writer->reject_count, &writer->rejects);
	} else {
		char crc[9];
		snprintf(crc, sizeof(crc), "%08" PRIx32,
			crc32c(0, writer->block.data, writer->block.len));
		append_key(out, crc);
	}
}

static void append_metadata(const struct chunk_writer *writer, const struct chunk_info *info,
	const char *schema_text, size_t schema_len, struct buf *out)
{
	binary_append_long(out, 2 + CHUNK_KEYS - (info->chunks == 0));
	append_key(out, "avro.schema");
	binary_append_bytes(out, schema_text, schema_len);
	append_key(out, "avro.codec");
	append_key(out, "null");
	for (size_t i = 0; i < CHUNK_KEYS; i++)
		if (!chunk_keys[i].last_only || info->chunks != 0)
			append_value(writer, info, &chunk_keys[i], out);
	binary_append_long(out, 0);
}

static void check(const struct chunk_writer *writer, const struct chunk_info *info)
{
	const char *wrong = chunk_info_wrong(info, writer->skipped_count);
	if (!wrong && info->rows != writer->rows)
		wrong = "the rows written are not those announced";
	if (!wrong && writer->last_skipped >= info->first + info->records * info->width)
		wrong = "a skipped row lies behind the chunk";
	if (!wrong && (strlen(info->sha256) != 64 || !info->dataset[0]))
		wrong = "no file or dataset";
	if (!wrong &&
		(writer->block.overflow || writer->skipped.overflow || writer->rejects.overflow))
		wrong = "more was added than a chunk can hold";
	if (wrong)
		BUG("chunk %" PRId64 " of '%s': %s", info->chunk, info->name, wrong);
}

void chunk_finish(const struct chunk_writer *writer, const struct chunk_info *info,
	const char *schema_text, size_t schema_len, struct buf *out)
{
	unsigned char sync[CHUNK_SYNC_SIZE];
	size_t start = out->len;
	check(writer, info);
	/* Room first: the sync marker is made from bytes that must all be there. */
	if (!buf_reserve(out, chunk_writer_size(writer, schema_len)))
		return;
	buf_append(out, chunk_magic, sizeof(chunk_magic));
	append_metadata(writer, info, schema_text, schema_len, out);
	chunk_sync(out->data + start, out->len - start, sync);
	buf_append(out, sync, sizeof(sync));
	if (writer->rows > 0) {
		binary_append_long(out, writer->rows);
		binary_append_bytes(out, writer->block.data, writer->block.len);
		buf_append(out, sync, sizeof(sync));
	}
}
