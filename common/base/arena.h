/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocation with one lifetime: everything is freed, or made reusable, at once.
 * Not thread-safe. Memory is aligned for any type. Exhausted memory, or a request beyond the
 * arena's maximum, aborts: what a user's data can grow belongs in a struct buf.
 */
#ifndef PENSTOCK_BASE_ARENA_H
#define PENSTOCK_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* the block in use */
	size_t used;		  /* bytes handed out since the last clear */
	size_t max;		  /* bytes the arena may hand out */
};

void arena_init(struct arena *arena, size_t max);
void arena_release(struct arena *arena);
/* All memory from this arena becomes invalid; the largest block is kept for reuse. */
void arena_clear(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, alloc_size(2)));
/* count x size, zeroed; aborts on overflow. */
void *arena_calloc(struct arena *arena, size_t count, size_t size)
	__attribute__((malloc, alloc_size(2, 3)));
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
