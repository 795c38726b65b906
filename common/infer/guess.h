/* SPDX-License-Identifier: Apache-2.0 */
/* What all texts of a column can be: each one seen rules out what it is not. Private to the room.
 */
#ifndef PENSTOCK_INFER_GUESS_H
#define PENSTOCK_INFER_GUESS_H

#include "base/arena.h"
#include "record/pattern.h"

/* The signs of a file's numbers. */
struct signs {
	char decimal;
	const char *thousands; /* "": none */
};

/* The patterns dates are looked for in, compiled. */
struct guesser {
	struct arena arena;
	struct pattern *patterns;
};

void guesser_init(struct guesser *guesser);
void guesser_release(struct guesser *guesser);

struct guess {
	uint32_t may;	   /* kinds of guess.c */
	uint64_t patterns; /* bits of guesser's */
	int64_t count;	   /* texts seen */
	int int_digits;	   /* of the longest number */
	int scale;
	bool exponent;
	bool zone; /* of a timestamp */
	size_t longest;
};

void guess_init(struct guess *guess);
void guess_text(struct guess *guess, const struct guesser *guesser, const struct signs *signs,
	const char *text, size_t len);

/* As if `guess` had seen all that `other` saw. */
void guess_merge(struct guess *guess, const struct guess *other);

/* Whether no other type than a string takes all texts. */
bool guess_is_text(const struct guess *guess);

struct guessed {
	const char *type;    /* Avro, as JSON text */
	const char *pattern; /* NULL: the type's own form */
	const char *doubt;   /* another pattern that fits as well; NULL: none */
	bool text;	     /* nothing but a string */
	bool exact;	     /* two values are the same only if their texts are */
	bool moment;	     /* a date or a time */
};
/* `quoted`: of a JSON string, which is no number. Memory is the arena's. */
struct guessed guess_result(const struct guess *guess, bool quoted, struct arena *arena);

#endif
