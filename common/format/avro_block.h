/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of an Avro container file, whose data passes through a window of one record: a block
 * may be of any length. Private.
 */
#ifndef PENSTOCK_FORMAT_AVRO_BLOCK_H
#define PENSTOCK_FORMAT_AVRO_BLOCK_H

#include "base/buf.h"
#include "format/avro_codec.h"
#include "format/window.h"
#include "schema/schema.h"

#define AVRO_SYNC_BYTES 16

struct avro_block {
	struct window *window; /* borrowed */
	unsigned char sync[AVRO_SYNC_BYTES];
	bool plain; /* codec null */
	struct avro_decoder *decoder;
	int64_t start;	 /* of its data in the file */
	int64_t size;	 /* there */
	int64_t left;	 /* of `size`, not taken from the file */
	int64_t records; /* it says it has */
	int64_t read;	 /* of them */
	struct buf data; /* a part of what it holds, */
	size_t at;	 /* its next record, */
	int64_t passed;	 /* and what lies in front of it */
};

/* `codec` is static; `sync` is copied. */
void avro_block_init(struct avro_block *block, struct window *window,
	const struct avro_codec *codec, const unsigned char *sync);
void avro_block_release(struct avro_block *block);

/* The next block begins; *ret_found false at the end of the file. */
MUST_CHECK bool avro_block_next(struct avro_block *block, bool *ret_found, struct err *err);
/*
 * Brings more of the block behind `at`; what lies before is gone, and pointers with it. *ret_more
 * false: there is no more, or no room for it, which avro_block_is_full tells.
 */
MUST_CHECK bool avro_block_more(struct avro_block *block, bool *ret_more, struct err *err);
bool avro_block_is_full(const struct avro_block *block);
/* Moves `at` behind a value of any length. */
MUST_CHECK bool avro_block_skip(struct avro_block *block, const struct type *type, struct err *err);
/* Behind the last record: nothing but the sync marker must follow. */
MUST_CHECK bool avro_block_end(struct avro_block *block, struct err *err);

/* Where in the file the next record begins: in compressed blocks, each has its share of the bytes.
 */
int64_t avro_block_place(const struct avro_block *block);
/* Class DATA: the record at `at` is broken. */
bool avro_block_fail(const struct avro_block *block, const char *why, struct err *err);

#endif
