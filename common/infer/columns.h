/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of a CSV sample are, under one choice of signs. Private to the room. */
#ifndef PENSTOCK_INFER_COLUMNS_H
#define PENSTOCK_INFER_COLUMNS_H

#include "infer/guess.h"
#include "infer/sample.h"

#define COLUMNS_WORDS 12 /* that may mean null, beside the empty text */

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
	int64_t limit; /* records to look at; 0: all */
	int64_t seen;
	struct string_list names; /* of the header */
	struct column *items;
	size_t count;
	size_t typed;	/* columns that are more than texts */
	uint32_t nulls; /* words that mean null in this file */
};

void columns_init(
	struct columns *columns, const struct guesser *guesser, struct signs signs, int64_t limit);
void columns_release(struct columns *columns);
/* Reads the sample's records, which have a header. */
MUST_CHECK bool columns_read(struct columns *columns, const struct reading *reading,
	const struct sample *sample, struct err *err);

/* Whether the first record is one. */
bool columns_have_header(const struct columns *columns);
/* It is none, but a record like the others. */
void columns_take_first(struct columns *columns);
/* The column has neither a name nor a value. */
bool columns_is_void(const struct columns *columns, size_t column);
/* All others, of which there are some, have a name each. */
bool columns_are_distinct(const struct columns *columns);
struct guessed column_result(
	const struct columns *columns, size_t column, struct arena *arena, bool *ret_nullable);
bool column_is_text(const struct columns *columns, size_t column);
/* Whether a text could be one of the column's values, which have a type. */
bool column_takes(const struct columns *columns, size_t column, const struct guess *text);
/* What all values of `which` columns together are. */
struct guessed columns_together(
	const struct columns *columns, const bool *which, struct arena *arena);
const char *columns_word(size_t i);

#endif
