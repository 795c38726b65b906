/* SPDX-License-Identifier: Apache-2.0 */
#include "record/chunk_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/sha256.h"

const unsigned char chunk_magic[CHUNK_MAGIC_SIZE] = {'O', 'b', 'j', 1};

#define TEXT(key, member)                                                                          \
	{                                                                                          \
		"penstock." key, offsetof(struct chunk_info, member),                              \
			sizeof(((struct chunk_info *)0)->member), CHUNK_KEY_TEXT, false            \
	}
#define NUMBER(member)                                                                             \
	{                                                                                          \
		"penstock." #member, offsetof(struct chunk_info, member), 0, CHUNK_KEY_NUMBER,     \
			false                                                                      \
	}

const struct chunk_key chunk_keys[CHUNK_KEYS] = {
	TEXT("dataset", dataset),
	TEXT("file", sha256),
	{"penstock.id", offsetof(struct chunk_info, file_id), 0, CHUNK_KEY_NUMBER, false},
	TEXT("name", name),
	NUMBER(chunk),
	NUMBER(start),
	NUMBER(end),
	NUMBER(first),
	NUMBER(width),
	NUMBER(records),
	NUMBER(rows),
	{"penstock.skipped", 0, 0, CHUNK_KEY_OTHER, false},
	{"penstock.rejects", 0, 0, CHUNK_KEY_OTHER, false},
	{"penstock.crc", 0, 0, CHUNK_KEY_OTHER, false},
	{"penstock.chunks", offsetof(struct chunk_info, chunks), 0, CHUNK_KEY_NUMBER, true},
};

const char *chunk_info_wrong(const struct chunk_info *info, int64_t skipped_count)
{
	int64_t positions;
	int64_t last;
	if (info->file_id <= 0)
		return "the file id is not positive";
	if (info->chunk < 0 || (info->chunks != 0 && info->chunks != info->chunk + 1))
		return "chunk number and count of chunks disagree";
	if (info->start < 0 || info->end < info->start)
		return "the byte range is none";
	if (info->width < 1 || info->first < 1 || (info->first - 1) % info->width != 0)
		return "width and first row number disagree";
	if (info->records < 0 || info->rows < 0 ||
		__builtin_mul_overflow(info->records, info->width, &positions) ||
		__builtin_add_overflow(info->first, positions, &last))
		return "the counts are out of range";
	if (skipped_count > positions || positions - skipped_count != info->rows)
		return "records, rows and skipped rows disagree";
	return NULL;
}

bool chunk_text_valid(const void *text, size_t n)
{
	return !memchr(text, '\0', n) && utf8_valid(text, n, NULL);
}

void chunk_sync(const unsigned char *header, size_t len, unsigned char ret_sync[CHUNK_SYNC_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	sha256_of(header, len, digest);
	memcpy(ret_sync, digest, CHUNK_SYNC_SIZE);
}

size_t chunk_headers(const struct chunk_info *info, struct chunk_header ret_headers[CHUNK_HEADERS])
{
	size_t count = 0;
	for (size_t i = 0; i < CHUNK_KEYS; i++) {
		const struct chunk_key *key = &chunk_keys[i];
		if (key->kind == CHUNK_KEY_OTHER || (key->last_only && info->chunks == 0))
			continue;
		struct chunk_header *header = &ret_headers[count++];
		const char *member = (const char *)info + key->offset;
		header->name = key->name;
		if (key->kind == CHUNK_KEY_TEXT)
			memcpy(header->value, member, strlen(member) + 1);
		else
			snprintf(header->value, sizeof(header->value), "%" PRId64,
				*(const int64_t *)member);
	}
	return count;
}

void chunk_set_name(struct chunk_info *info, const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t left = strlen(name);
	size_t n = 0;
	while (left > 0) {
		size_t length = utf8_length(p, left);
		size_t take = length ? length : 1;
		if (n + take > CHUNK_MAX_NAME)
			break;
		memcpy(info->name + n, length ? (const char *)p : "?", take);
		n += take;
		p += take;
		left -= take;
	}
	info->name[n] = '\0';
}
