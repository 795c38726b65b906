/* SPDX-License-Identifier: Apache-2.0 */
/* Matching a file's header with a schema's names. Private to the cutter. */
#ifndef PENSTOCK_CUTTER_HEADER_H
#define PENSTOCK_CUTTER_HEADER_H

#include "base/arena.h"
#include "base/err.h"
#include "format/reading.h"
#include "schema/schema.h"

/* No column, or no field. */
#define NOWHERE (-1)

struct header {
	int *field_of_column;
	int *column_of_field;
};

/*
 * A column belongs to the field with its exact name, else with that alias, else with the same name
 * or alias once case and everything but letters and digits is left aside, if only one field and one
 * column can be meant. Class DATA when two columns claim one field. Memory is the arena's.
 */
MUST_CHECK bool header_match(const struct schema *schema, const struct string_list *columns,
	struct arena *arena, struct header *ret_header, struct err *err);

#endif
