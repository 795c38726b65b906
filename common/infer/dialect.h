/* SPDX-License-Identifier: Apache-2.0 */
/* The dialect of a CSV sample. Private to the room. */
#ifndef PENSTOCK_INFER_DIALECT_H
#define PENSTOCK_INFER_DIALECT_H

#include "infer/columns.h"
#include "infer/draft.h"

/* Delimiter, quote, escape, comments, lines to pass over, into the draft's reading. */
void dialect_find_split(struct draft *draft, const struct sample *sample);
/* How many lines the header has, which is one so far. */
void headers_find(struct draft *draft, const struct sample *sample, const struct guesser *guesser);
/* The signs of numbers under which most columns have a type, into `reading`; and those columns,
 * read from at most `limit` records (0: all), to be released. */
MUST_CHECK bool dialect_find_signs(struct reading *reading, const struct sample *sample,
	const struct guesser *guesser, int64_t limit, struct columns *ret_columns, struct err *err);

#endif
