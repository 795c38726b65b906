/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

static const size_t first_block = 4096;

void arena_init(struct arena *arena, size_t max)
{
	*arena = (struct arena){.max = max};
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_release(struct arena *arena)
{
	free_blocks(arena->head);
	arena_init(arena, arena->max);
}

void arena_clear(struct arena *arena)
{
	/* Blocks only grow, so the head is the largest. */
	if (arena->head) {
		free_blocks(arena->head->next);
		arena->head->next = NULL;
		arena->head->used = 0;
	}
	arena->used = 0;
}

static void add_block(struct arena *arena, size_t need)
{
	size_t size = arena->head ? arena->head->size * 2 : first_block;
	if (size > (size_t)1 << 20)
		size = (size_t)1 << 20;
	if (arena->head && size < arena->head->size)
		size = arena->head->size;
	if (size < need)
		size = need;
	struct arena_block *block = malloc(sizeof(*block) + size);
	if (!block)
		BUG("out of memory: arena block of %zu bytes", size);
	block->next = arena->head;
	block->size = size;
	block->used = 0;
	arena->head = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	if (size > SIZE_MAX - align)
		BUG("arena request of %zu bytes", size);
	size = (size + align - 1) & ~(align - 1);
	if (size > arena->max - arena->used)
		BUG("arena holds %zu bytes, asked for %zu more, maximum is %zu", arena->used, size,
			arena->max);
	if (!arena->head || arena->head->size - arena->head->used < size)
		add_block(arena, size);
	void *p = arena->head->data + arena->head->used;
	arena->head->used += size;
	arena->used += size;
	return p;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t total = 0;
	if (__builtin_mul_overflow(count, size, &total))
		BUG("arena request of %zu x %zu bytes", count, size);
	return memset(arena_alloc(arena, total), 0, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("cannot format '%s'", fmt);
	char *text = arena_alloc(arena, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}
