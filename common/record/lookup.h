/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and the keys they have in a table: what a transcoder needs to write keys in place of texts.
 * Filled in two steps: the texts of a group are noted as wanted, then somebody who knows the table
 * gives each its key, or the reason why it has none. Texts are compared as bytes. One thread.
 */
#ifndef PENSTOCK_RECORD_LOOKUP_H
#define PENSTOCK_RECORD_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* What surely fits into an index of Postgres, whose rows have 2,704 bytes at most. */
#define LOOKUP_MAX_TEXT	  2000
/* Beyond either, lookup_begin starts anew; a group's own texts come on top. */
#define LOOKUP_KEPT_TEXTS 100000
#define LOOKUP_KEPT_BYTES (8u << 20)

struct lookup_text {
	const char *text; /* ends in NUL */
	uint32_t len;
	uint32_t hash;
	uint32_t group; /* the last that wanted it */
	int32_t id;	/* when neither wanted nor refused */
	bool wanted;
	const char *native; /* SQLSTATE; NULL: not refused */
	const char *reason;
};

struct lookup {
	struct arena arena; /* of the texts */
	struct lookup_text *items;
	size_t count;
	size_t capacity;
	size_t first_wanted; /* items before it are settled */
	size_t refused;
	uint32_t group;	 /* counts lookup_begin */
	uint32_t *slots; /* index into items + 1; 0: free */
	size_t mask;
};

void lookup_init(struct lookup *lookup);
void lookup_release(struct lookup *lookup);
/* Forgets everything. */
void lookup_clear(struct lookup *lookup);
/* Before a group's texts: forgets what was refused, and everything when it is too much. */
void lookup_begin(struct lookup *lookup);
/* Notes the text as wanted unless it is known. */
void lookup_want(struct lookup *lookup, const char *text, size_t len);
/* The wanted texts from here on are settled. */
void lookup_settle(struct lookup *lookup);
/* NULL: never wanted. What is too long has its reason without being wanted. */
const struct lookup_text *lookup_find(const struct lookup *lookup, const char *text, size_t len);
/* The key of a text; nothing happens when it is not known. */
void lookup_give(struct lookup *lookup, const char *text, int32_t id);
/* Item `index` has no key; native and reason are copied. */
void lookup_refuse(struct lookup *lookup, size_t index, const char *native, const char *reason);

#endif
