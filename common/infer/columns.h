/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of a CSV sample are, under one choice of signs. Private to the room. */
#ifndef PENSTOCK_INFER_COLUMNS_H
#define PENSTOCK_INFER_COLUMNS_H

#include "infer/guess.h"
#include "infer/sample.h"

#define COLUMNS_WORDS 10 /* that may mean null, beside the empty text */

struct column {
	struct guess all;   /* of every text */
	struct guess plain; /* of those that are no word for null */
	struct guess first; /* of the header's own text */
	uint32_t words;	    /* bits of those seen */
	bool blank;	    /* an empty text was seen */
	bool unquoted;	    /* one without quotes */
	bool recurs;	    /* the header's text stands below it, too */
};

struct columns {
	const struct guesser *guesser;
	struct signs signs;
	struct arena arena;
	struct string_list names; /* of the first record */
	struct column *items;
	size_t count;
	size_t typed;	/* columns that are more than texts */
	uint32_t nulls; /* words that mean null in this file */
};

void columns_init(struct columns *columns, const struct guesser *guesser, struct signs signs);
void columns_release(struct columns *columns);
/* Reads the sample with its first record as the header. */
MUST_CHECK bool columns_read(struct columns *columns, const struct reading *reading,
	const struct sample *sample, struct err *err);

/* Whether the first record is one. */
bool columns_have_header(const struct columns *columns);
/* It is none, but a record like the others. */
void columns_take_first(struct columns *columns);
struct guessed column_result(
	const struct columns *columns, size_t column, struct arena *arena, bool *ret_nullable);
const char *columns_word(size_t i);

#endif
