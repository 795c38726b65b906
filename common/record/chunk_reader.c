/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what chunk_finish made and nothing else: keys in their order, shortest varints, one block.
 * The sync marker is a hash of the header and the CRC one of the block, so a changed byte anywhere
 * shows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/text.h"
#include "record/binary.h"
#include "record/chunk_keys.h"

struct span {
	const unsigned char *data;
	size_t len;
};

struct input {
	const unsigned char *start;
	const unsigned char *at;
	const unsigned char *end;
	struct err *err;
};

static bool fail(struct input *in, const char *why)
{
	return err_fail(in->err, ERR_DATA, "not a penstock chunk: %s (byte %zu)", why,
		(size_t)(in->at - in->start));
}

static bool expect_text(struct input *in, const char *text)
{
	struct span span;
	if (!binary_read_bytes(&in->at, in->end, &span.data, &span.len) ||
		span.len != strlen(text) || memcmp(span.data, text, span.len) != 0) {
		char why[80];
		snprintf(why, sizeof(why), "expected '%s'", text);
		return fail(in, why);
	}
	return true;
}

static bool read_number(struct input *in, const struct chunk_key *key, struct chunk_info *info)
{
	struct span span;
	char text[24] = "";
	if (!binary_read_bytes(&in->at, in->end, &span.data, &span.len) ||
		span.len >= sizeof(text) || memchr(span.data, '\0', span.len))
		return fail(in, key->name);
	memcpy(text, span.data, span.len);
	return text_int64(text, (int64_t *)((char *)info + key->offset)) || fail(in, key->name);
}

static bool read_text(struct input *in, const struct chunk_key *key, struct chunk_info *info)
{
	struct span span;
	char *member = (char *)info + key->offset;
	if (!binary_read_bytes(&in->at, in->end, &span.data, &span.len) || span.len >= key->size ||
		!chunk_text_valid(span.data, span.len))
		return fail(in, key->name);
	memcpy(member, span.data, span.len);
	member[span.len] = '\0';
	return true;
}

/* The items of an Avro array as chunk_finish writes it: one block, or none. */
static bool open_array(struct input *in, struct span array, struct input *ret_items, int64_t *ret_n)
{
	struct input items = {array.data, array.data, array.data + array.len, in->err};
	int64_t count = 0;
	if (array.len == 0 || items.end[-1] != 0)
		return fail(in, "an array without its end");
	items.end--;
	if (array.len > 1 && (!binary_read_long(&items.at, items.end, &count) || count <= 0))
		return fail(in, "an array's count");
	*ret_items = items;
	*ret_n = count;
	return true;
}

static bool read_skipped(struct input *in, struct chunk *chunk)
{
	struct span array;
	struct input items;
	if (!binary_read_bytes(&in->at, in->end, &array.data, &array.len) ||
		!open_array(in, array, &items, &chunk->skipped_count))
		return fail(in, "penstock.skipped");
	int64_t behind = chunk->info.first - 1;
	for (int64_t i = 0; i < chunk->skipped_count; i++) {
		int64_t row;
		if (!binary_read_long(&items.at, items.end, &row) || row <= behind)
			return fail(in, "penstock.skipped");
		behind = row;
	}
	if (items.at != items.end)
		return fail(in, "surplus bytes in penstock.skipped");
	const char *wrong = chunk_info_wrong(&chunk->info, chunk->skipped_count);
	if (wrong)
		return fail(in, wrong);
	if (chunk->skipped_count &&
		behind >= chunk->info.first + chunk->info.records * chunk->info.width)
		return fail(in, "a skipped row lies behind the chunk");
	chunk->skipped = array.data;
	chunk->skipped_len = array.len;
	return true;
}

struct reject_spans {
	struct span column;
	struct span reason;
	struct span text;
};

static bool read_reject(struct input *items, struct reject *reject, struct reject_spans *spans)
{
	return binary_read_long(&items->at, items->end, &reject->record) &&
	       binary_read_long(&items->at, items->end, &reject->start) &&
	       binary_read_long(&items->at, items->end, &reject->end) &&
	       binary_read_bytes(&items->at, items->end, &spans->column.data, &spans->column.len) &&
	       binary_read_bytes(&items->at, items->end, &spans->reason.data, &spans->reason.len) &&
	       binary_read_bytes(&items->at, items->end, &spans->text.data, &spans->text.len);
}

static bool read_rejects(struct input *in, struct chunk *chunk)
{
	struct span array;
	struct input items;
	if (!binary_read_bytes(&in->at, in->end, &array.data, &array.len) ||
		!open_array(in, array, &items, &chunk->reject_count))
		return fail(in, "penstock.rejects");
	for (int64_t i = 0; i < chunk->reject_count; i++) {
		struct reject reject;
		struct reject_spans spans;
		if (!read_reject(&items, &reject, &spans) || spans.column.len > CHUNK_MAX_COLUMN ||
			spans.reason.len > CHUNK_MAX_REASON || spans.text.len > REJECT_MAX_TEXT ||
			!chunk_text_valid(spans.column.data, spans.column.len) ||
			!chunk_text_valid(spans.reason.data, spans.reason.len))
			return fail(in, "penstock.rejects");
	}
	if (items.at != items.end)
		return fail(in, "surplus bytes in penstock.rejects");
	chunk->rejects = array.data;
	chunk->rejects_len = array.len;
	return true;
}

static bool read_crc(struct input *in, struct chunk *chunk)
{
	struct span span;
	if (!binary_read_bytes(&in->at, in->end, &span.data, &span.len) ||
		span.len != sizeof(chunk->crc) - 1)
		return fail(in, "penstock.crc");
	memcpy(chunk->crc, span.data, span.len);
	chunk->crc[span.len] = '\0';
	return true;
}

static bool read_key(struct input *in, const struct chunk_key *key, struct chunk *chunk)
{
	if (!expect_text(in, key->name))
		return false;
	switch (key->kind) {
	case CHUNK_KEY_TEXT:
		return read_text(in, key, &chunk->info);
	case CHUNK_KEY_NUMBER:
		return read_number(in, key, &chunk->info);
	case CHUNK_KEY_OTHER:
		break;
	}
	if (strcmp(key->name, "penstock.skipped") == 0)
		return read_skipped(in, chunk);
	if (strcmp(key->name, "penstock.rejects") == 0)
		return read_rejects(in, chunk);
	return read_crc(in, chunk);
}

static bool read_metadata(struct input *in, struct chunk *chunk)
{
	int64_t count;
	int64_t end;
	struct span schema;
	if (!binary_read_long(&in->at, in->end, &count) ||
		(count != CHUNK_KEYS + 2 && count != CHUNK_KEYS + 1))
		return fail(in, "the count of metadata keys");
	if (!expect_text(in, "avro.schema"))
		return false;
	if (!binary_read_bytes(&in->at, in->end, &schema.data, &schema.len))
		return fail(in, "avro.schema");
	chunk->schema_text = (const char *)schema.data;
	chunk->schema_len = schema.len;
	if (!expect_text(in, "avro.codec") || !expect_text(in, "null"))
		return false;
	for (size_t i = 0; i < (size_t)count - 2; i++)
		if (!read_key(in, &chunk_keys[i], chunk))
			return false;
	if (!binary_read_long(&in->at, in->end, &end) || end != 0)
		return fail(in, "surplus metadata");
	const char *wrong = chunk_info_wrong(&chunk->info, chunk->skipped_count);
	if (wrong)
		return fail(in, wrong);
	if ((chunk->info.chunks != 0) != (count == CHUNK_KEYS + 2) ||
		strlen(chunk->info.sha256) != 64 || !chunk->info.dataset[0])
		return fail(in, "metadata");
	return true;
}

static bool expect_sync(struct input *in, const unsigned char *sync)
{
	if (in->end - in->at < CHUNK_SYNC_SIZE || memcmp(in->at, sync, CHUNK_SYNC_SIZE) != 0)
		return fail(in, "the sync marker does not match the header");
	in->at += CHUNK_SYNC_SIZE;
	return true;
}

static bool read_block(struct input *in, const unsigned char *sync, struct chunk *chunk)
{
	int64_t rows;
	char crc[9];
	if (!binary_read_long(&in->at, in->end, &rows) || rows != chunk->info.rows)
		return fail(in, "the block's count of rows");
	if (!binary_read_bytes(&in->at, in->end, &chunk->block, &chunk->block_len))
		return fail(in, "the block's length");
	/* Every row has a byte at least: what reads them may count on it. */
	if ((uint64_t)rows > chunk->block_len)
		return fail(in, "more rows than bytes");
	snprintf(crc, sizeof(crc), "%08" PRIx32, crc32c(0, chunk->block, chunk->block_len));
	if (strcmp(crc, chunk->crc) != 0)
		return fail(in, "the block's CRC");
	return expect_sync(in, sync);
}

bool chunk_open(const void *payload, size_t len, struct chunk *ret_chunk, struct err *err)
{
	const unsigned char *start = payload;
	struct input in = {start, start, start + len, err};
	struct chunk chunk = {0};
	unsigned char sync[CHUNK_SYNC_SIZE];
	if (len < sizeof(chunk_magic) || memcmp(start, chunk_magic, sizeof(chunk_magic)) != 0)
		return fail(&in, "no Avro container");
	in.at += sizeof(chunk_magic);
	if (!read_metadata(&in, &chunk))
		return false;
	chunk_sync(start, (size_t)(in.at - start), sync);
	if (!expect_sync(&in, sync))
		return false;
	if (chunk.info.rows > 0 ? !read_block(&in, sync, &chunk)
				: strcmp(chunk.crc, "00000000") != 0 && !fail(&in, "penstock.crc"))
		return false;
	if (in.at != in.end)
		return fail(&in, "surplus bytes");
	*ret_chunk = chunk;
	return true;
}

/* Where the cursor stands in an array that was validated; false behind its last item. */
static bool resume(
	const unsigned char *array, size_t len, struct chunk_cursor *at, struct input *ret_items)
{
	struct input items = {array, array + at->offset, array + len, NULL};
	if (at->offset == 0 && !binary_read_long(&items.at, items.end, &at->block_left))
		BUG("an array that was not validated");
	at->offset = (size_t)(items.at - array);
	*ret_items = items;
	return at->block_left > 0;
}

static void advance(struct chunk_cursor *at, const struct input *items)
{
	at->offset = (size_t)(items->at - items->start);
	at->block_left--;
}

bool chunk_next_skipped(const struct chunk *chunk, struct chunk_cursor *at, int64_t *ret_row_number)
{
	struct input items;
	if (!resume(chunk->skipped, chunk->skipped_len, at, &items) ||
		!binary_read_long(&items.at, items.end, ret_row_number))
		return false;
	advance(at, &items);
	return true;
}

static void keep(struct buf *scratch, struct span span)
{
	buf_append(scratch, span.data, span.len);
	buf_append_byte(scratch, '\0');
}

bool chunk_next_reject(const struct chunk *chunk, struct chunk_cursor *at, struct buf *scratch,
	struct reject *ret_reject)
{
	struct input items;
	struct reject reject;
	struct reject_spans spans;
	if (!resume(chunk->rejects, chunk->rejects_len, at, &items) ||
		!read_reject(&items, &reject, &spans))
		return false;
	buf_clear(scratch);
	keep(scratch, spans.column);
	keep(scratch, spans.reason);
	keep(scratch, spans.text);
	if (scratch->overflow)
		BUG("a reject does not fit %zu bytes", scratch->max);
	reject.column = (const char *)scratch->data;
	reject.reason = reject.column + spans.column.len + 1;
	reject.text = reject.reason + spans.reason.len + 1;
	reject.text_len = spans.text.len;
	advance(at, &items);
	*ret_reject = reject;
	return true;
}
