/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wide tables: a column for each year or month, so that every period changes their shape. Their
 * cells become rows. Private to the room.
 */
#ifndef PENSTOCK_INFER_WIDE_H
#define PENSTOCK_INFER_WIDE_H

#include "infer/columns.h"
#include "infer/draft.h"

struct wide {
	bool *which; /* of the columns */
	size_t count;
	const char *unit; /* of time; static */
};

/* Whether the columns' names and values make it one. */
bool wide_find(struct draft *draft, const struct columns *columns, struct wide *ret_wide);
/* Adds a field for the names and one for the values, behind those of the other columns; false:
 * there are too many. */
bool wide_add_fields(struct draft *draft, const struct columns *columns, const struct wide *wide);

#endif
