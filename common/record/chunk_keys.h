/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata keys of a chunk in the order they are written. Not for other folders. */
#ifndef PENSTOCK_RECORD_CHUNK_KEYS_H
#define PENSTOCK_RECORD_CHUNK_KEYS_H

#include "record/chunk.h"

#define CHUNK_SYNC_SIZE	 16
#define CHUNK_MAGIC_SIZE 4
extern const unsigned char chunk_magic[CHUNK_MAGIC_SIZE];

#define CHUNK_MAX_COLUMN 256
#define CHUNK_MAX_REASON 1500

enum chunk_key_kind { CHUNK_KEY_TEXT, CHUNK_KEY_NUMBER, CHUNK_KEY_OTHER };

struct chunk_key {
	const char *name;
	size_t offset; /* in struct chunk_info */
	size_t size;   /* of the text member, with its NUL */
	enum chunk_key_kind kind;
	bool last_only;
};

/* All but the schema and the codec, which stand before them. */
#define CHUNK_KEYS 15
extern const struct chunk_key chunk_keys[CHUNK_KEYS];

/*
 * What the info's numbers must satisfy among themselves and with the count of skipped rows; NULL,
 * or what is wrong.
 */
const char *chunk_info_wrong(const struct chunk_info *info, int64_t skipped_count);
/* Whether the n bytes are UTF-8 without NUL. */
bool chunk_text_valid(const void *text, size_t n);
/* The 16 bytes that close header and block: SHA-256 over the header before them. */
void chunk_sync(const unsigned char *header, size_t len, unsigned char ret_sync[CHUNK_SYNC_SIZE]);

#endif
