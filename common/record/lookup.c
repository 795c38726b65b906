/* SPDX-License-Identifier: Apache-2.0 */
#include "record/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "record/plan.h"

#define FIRST_SLOTS 1024
/* All texts of one group, whose messages fit into memory long before. */
#define MAX_BYTES   ((size_t)1 << 30)

static const char too_long[] = "a text that is looked up has 2,000 bytes at most";
static const char not_text[] = "not UTF-8 without NUL";

static const struct lookup_text long_text = {.native = "22001", .reason = too_long};

void lookup_init(struct lookup *lookup)
{
	*lookup = (struct lookup){0};
	arena_init(&lookup->arena, MAX_BYTES);
}

void lookup_release(struct lookup *lookup)
{
	arena_release(&lookup->arena);
	free(lookup->items);
	free(lookup->slots);
	*lookup = (struct lookup){0};
}

void lookup_clear(struct lookup *lookup)
{
	lookup_release(lookup);
	lookup_init(lookup);
}

void lookup_begin(struct lookup *lookup)
{
	if (lookup->refused > 0 || lookup->first_wanted < lookup->count ||
		lookup->count > LOOKUP_KEPT_TEXTS || lookup->arena.used > LOOKUP_KEPT_BYTES)
		lookup_clear(lookup);
	lookup->group++;
}

/* FNV-1a over words: short texts, and nobody to attack but the owner of the files. */
static uint32_t hash_of(const char *text, size_t len)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ len;
	uint64_t word;
	for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, text, len);
	hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
	return (uint32_t)(hash >> 32);
}

/* The slot of the text, or the free one where it belongs. */
static uint32_t *slot_of(const struct lookup *lookup, const char *text, size_t len, uint32_t hash)
{
	for (size_t at = hash;; at++) {
		uint32_t *slot = &lookup->slots[at & lookup->mask];
		if (!*slot)
			return slot;
		const struct lookup_text *item = &lookup->items[*slot - 1];
		if (item->hash == hash && item->len == len && memcmp(item->text, text, len) == 0)
			return slot;
	}
}

/* Twice as many slots as texts at least. */
static void grow(struct lookup *lookup)
{
	size_t capacity = lookup->capacity ? lookup->capacity * 2 : FIRST_SLOTS / 2;
	struct lookup_text *items = reallocarray(lookup->items, capacity, sizeof(*items));
	uint32_t *slots = calloc(capacity * 2, sizeof(*slots));
	if (!items || !slots || capacity > UINT32_MAX / 2)
		BUG("out of memory: %zu looked-up texts", capacity);
	free(lookup->slots);
	lookup->items = items;
	lookup->slots = slots;
	lookup->capacity = capacity;
	lookup->mask = capacity * 2 - 1;
	for (size_t i = 0; i < lookup->count; i++)
		*slot_of(lookup, items[i].text, items[i].len, items[i].hash) = (uint32_t)i + 1;
}

void lookup_want(struct lookup *lookup, const char *text, size_t len)
{
	if (len > LOOKUP_MAX_TEXT)
		return;
	if (lookup->count == lookup->capacity)
		grow(lookup);
	uint32_t hash = hash_of(text, len);
	uint32_t *slot = slot_of(lookup, text, len, hash);
	if (*slot) {
		lookup->items[*slot - 1].group = lookup->group;
		return;
	}
	struct lookup_text *item = &lookup->items[lookup->count++];
	*item = (struct lookup_text){.text = arena_strndup(&lookup->arena, text, len),
		.len = (uint32_t)len,
		.hash = hash,
		.group = lookup->group,
		.wanted = true};
	*slot = (uint32_t)lookup->count;
	if (!text_fits_postgres(text, len))
		lookup_refuse(lookup, lookup->count - 1, "22021", not_text);
}

void lookup_settle(struct lookup *lookup)
{
	lookup->first_wanted = lookup->count;
}

const struct lookup_text *lookup_find(const struct lookup *lookup, const char *text, size_t len)
{
	if (len > LOOKUP_MAX_TEXT)
		return &long_text;
	if (!lookup->capacity)
		return NULL;
	uint32_t slot = *slot_of(lookup, text, len, hash_of(text, len));
	return slot ? &lookup->items[slot - 1] : NULL;
}

void lookup_give(struct lookup *lookup, const char *text, int32_t id)
{
	size_t len = strlen(text);
	uint32_t slot = lookup->capacity ? *slot_of(lookup, text, len, hash_of(text, len)) : 0;
	if (!slot)
		return;
	lookup->items[slot - 1].id = id;
	lookup->items[slot - 1].wanted = false;
}

void lookup_refuse(struct lookup *lookup, size_t index, const char *native, const char *reason)
{
	struct lookup_text *item = &lookup->items[index];
	item->native = arena_strdup(&lookup->arena, native);
	item->reason = arena_strdup(&lookup->arena, reason);
	item->wanted = false;
	lookup->refused++;
}
