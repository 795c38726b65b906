/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/known.h"

#include <stdlib.h>
#include <string.h>

static const size_t max_count = 1000000;

/* The hash is one already: its first 60 bits. */
static uint64_t key_of(const char *sha256, int64_t repeat)
{
	char digits[16] = {0};
	memcpy(digits, sha256, 15);
	uint64_t key = strtoull(digits, NULL, 16) + (uint64_t)repeat * UINT64_C(0x9E3779B97F4A7C15);
	return key ? key : 1;
}

void known_clear(struct known *known)
{
	free(known->slots);
	*known = (struct known){0};
}

static uint64_t *slot_of(const struct known *known, uint64_t key)
{
	size_t at = (size_t)(key >> 7) & (known->capacity - 1);
	while (known->slots[at] && known->slots[at] != key)
		at = (at + 1) & (known->capacity - 1);
	return &known->slots[at];
}

static void grow(struct known *known)
{
	struct known larger = {.capacity = known->capacity ? known->capacity * 2 : 256};
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		abort();
	for (size_t i = 0; i < known->capacity; i++)
		if (known->slots[i])
			*slot_of(&larger, known->slots[i]) = known->slots[i];
	larger.count = known->count;
	free(known->slots);
	*known = larger;
}

void known_add(struct known *known, const char *sha256, int64_t repeat)
{
	if (known->count == max_count)
		return;
	if (known->count * 2 >= known->capacity)
		grow(known);
	uint64_t key = key_of(sha256, repeat);
	uint64_t *slot = slot_of(known, key);
	known->count += *slot == 0;
	*slot = key;
}

bool known_has(const struct known *known, const char *sha256, int64_t repeat)
{
	return known->capacity && *slot_of(known, key_of(sha256, repeat)) != 0;
}
