/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which column of the input feeds which field of the schema, decided once a file, and the cells of
 * a record as rows in field order. Private to the cutter.
 */
#ifndef PENSTOCK_CUTTER_MAPPING_H
#define PENSTOCK_CUTTER_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "format/reader.h"
#include "format/reading.h"
#include "schema/schema.h"

/* Where a field's cell comes from. */
struct source {
	const size_t *columns; /* of the record: several only where JSON knows aliases */
	size_t count;	       /* 0: no column has it */
	bool quoted_null;      /* a cell in quotes may be a null, too: the field takes no text */
};

struct mapping {
	const struct reading *reading;	   /* borrowed */
	const struct schema *schema;	   /* borrowed */
	const struct string_list *columns; /* borrowed from the reader */
	struct arena arena;
	struct source *sources; /* one a field */
	int *key_fields;	/* must not be null; `key_count` of them */
	size_t key_count;
	size_t longest_null; /* bytes of the longest text that means null */
	/* unpivot only: */
	size_t *value_columns; /* `width` of them */
	int names_field;
	int values_field;
	bool takes_text;    /* the values field: no quoted nulls */
	size_t width;	    /* rows a record gives */
	struct cell *cells; /* the row in hand: one a field */
};

/* What is wrong with one row. */
struct row_problem {
	const char *column; /* as named in the input */
	char reason[200];
};

/*
 * The columns a reader should look for, fields in order. In JSON a field has as many as it has
 * names: its own and its aliases', or its path alone. The list and its array live in `arena`.
 */
void mapping_wanted(const struct reading *reading, const struct schema *schema, struct arena *arena,
	struct string_list *ret_wanted);

/*
 * Matches columns and fields. Class DATA, every difference named, when they do not fit; FATAL when
 * the reading itself does not fit the schema. On failure, too, mapping_release is due.
 */
MUST_CHECK bool mapping_init(struct mapping *mapping, const struct reading *reading,
	const struct schema *schema, const struct string_list *columns, struct err *err);
void mapping_release(struct mapping *mapping);

enum row_kind { ROW_GOOD, ROW_SKIPPED, ROW_BAD };
/*
 * Fills mapping->cells with row `position` (0 to width - 1) of the record. ROW_SKIPPED: a null that
 * `skip_nulls` leaves out.
 */
enum row_kind mapping_row(struct mapping *mapping, const struct record *record, size_t position,
	struct row_problem *ret_problem);

/* What to call field `field` of row `position` in a reject: its column's name in the input. */
const char *mapping_column_name(const struct mapping *mapping, int field, size_t position);

#endif
