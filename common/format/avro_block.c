/* SPDX-License-Identifier: Apache-2.0 */
#include "format/avro_block.h"

#include <string.h>

#include "record/binary.h"

#define PIECE_BYTES ((size_t)64 << 10)

/* Reads on until `n` bytes are there, or the input has ended. */
static bool want(struct window *window, size_t n, struct err *err)
{
	while (window_size(window) < n && !window->ended)
		if (!window_more(window, err))
			return false;
	return true;
}

static bool fail_file(const struct avro_block *block, const char *why, struct err *err)
{
	return err_fail(err, ERR_DATA, "the Avro file is broken at byte %lld: %s",
		(long long)window_position(block->window), why);
}

bool avro_block_fail(const struct avro_block *block, const char *why, struct err *err)
{
	return err_fail(err, ERR_DATA, "the Avro file is broken in its block at byte %lld: %s",
		(long long)block->start, why);
}

static bool fail_block(const struct avro_block *block, struct err *err)
{
	return err_prefix(err, "the Avro block at byte %lld", (long long)block->start);
}

/* For the decoder. */
static bool next_packed(
	void *context, const unsigned char **ret_data, size_t *ret_n, struct err *err)
{
	struct avro_block *block = context;
	struct window *window = block->window;
	*ret_n = 0;
	if (block->left == 0)
		return true;
	if (!want(window, 1, err))
		return false;
	if (window_size(window) == 0)
		return err_fail(err, ERR_DATA, "the file ends inside of it");
	size_t n = window_size(window);
	if ((uint64_t)block->left < n)
		n = (size_t)block->left;
	*ret_data = window_text(window);
	*ret_n = n;
	window_consume(window, n);
	block->left -= (int64_t)n;
	return true;
}

void avro_block_init(struct avro_block *block, struct window *window,
	const struct avro_codec *codec, const unsigned char *sync)
{
	*block = (struct avro_block){.window = window, .plain = avro_codec_is_null(codec)};
	memcpy(block->sync, sync, sizeof(block->sync));
	block->decoder = avro_decoder_new(codec, (struct avro_packed){next_packed, block});
	buf_init(&block->data, RECORD_MAX_BYTES);
	buf_reserve(&block->data, PIECE_BYTES);
}

void avro_block_release(struct avro_block *block)
{
	avro_decoder_free(block->decoder);
	buf_release(&block->data);
}

bool avro_block_next(struct avro_block *block, bool *ret_found, struct err *err)
{
	struct window *window = block->window;
	if (!want(window, (size_t)2 * BINARY_LONG_MAX, err))
		return false;
	*ret_found = window_size(window) > 0;
	if (!*ret_found)
		return true;
	const unsigned char *at = window_text(window);
	const unsigned char *end = at + window_size(window);
	if (!binary_read_long(&at, end, &block->records) ||
		!binary_read_long(&at, end, &block->size))
		return fail_file(block, "a block is cut", err);
	if (block->records < 0 || block->size < 0)
		return fail_file(block, "a block of a negative size", err);
	window_consume(window, (size_t)(at - window_text(window)));
	block->start = window_position(window);
	block->left = block->size;
	block->read = 0;
	block->at = 0;
	block->passed = 0;
	buf_clear(&block->data);
	avro_decoder_begin(block->decoder);
	return true;
}

/* Drops what lies in front of `at`. */
static void move_up(struct avro_block *block)
{
	struct buf *data = &block->data;
	data->len -= block->at;
	memmove(data->data, data->data + block->at, data->len);
	block->passed += (int64_t)block->at;
	block->at = 0;
}

bool avro_block_is_full(const struct avro_block *block)
{
	return block->data.len - block->at == block->data.max;
}

bool avro_block_more(struct avro_block *block, bool *ret_more, struct err *err)
{
	struct buf *data = &block->data;
	move_up(block);
	/* As much again: a long record is looked at a few times, not once a piece. */
	size_t before = data->len;
	size_t room = data->max - before;
	size_t wanted = before > PIECE_BYTES ? before : PIECE_BYTES;
	wanted = wanted < room ? wanted : room;
	unsigned char *to = buf_reserve(data, wanted);
	for (size_t n = 1; n > 0 && wanted > 0; wanted -= n, to += n, data->len += n)
		if (!avro_decoder_read(block->decoder, to, wanted, &n, err))
			return fail_block(block, err);
	*ret_more = data->len > before;
	return true;
}

bool avro_block_end(struct avro_block *block, struct err *err)
{
	struct window *window = block->window;
	const unsigned char *ignored = NULL;
	bool more = block->at < block->data.len;
	if (!more && !avro_block_more(block, &more, err))
		return false;
	if (more)
		return avro_block_fail(block, "surplus bytes behind its last record", err);
	for (size_t n = 1; n > 0;)
		if (!next_packed(block, &ignored, &n, err))
			return fail_block(block, err);
	if (!want(window, AVRO_SYNC_BYTES, err))
		return false;
	if (window_size(window) < AVRO_SYNC_BYTES)
		return fail_file(block, "a block is cut", err);
	if (memcmp(window_text(window), block->sync, AVRO_SYNC_BYTES) != 0)
		return fail_file(block, "a block does not end in the file's sync marker", err);
	window_consume(window, AVRO_SYNC_BYTES);
	return true;
}

int64_t avro_block_place(const struct avro_block *block)
{
	if (block->plain)
		return block->start + block->passed + (int64_t)block->at;
	__int128 share = (__int128)block->size * block->read / block->records;
	return block->start + (int64_t)share;
}
