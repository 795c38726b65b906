/* SPDX-License-Identifier: Apache-2.0 */
/* Results for people and programs: the same rows as an aligned table or as a JSON array. */
#ifndef PENSTOCK_CLI_TABLE_H
#define PENSTOCK_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum table_kind { TABLE_TEXT, TABLE_INT, TABLE_REAL };

struct table_column {
	const char *title; /* "seconds to drain" in the table */
	const char *key;   /* "seconds_to_drain" in JSON */
	enum table_kind kind;
};

struct table;

/* Columns are borrowed (static). */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);
/* Cells of the next row, left to right; a new row begins when one is full. */
/* Copied; NULL: empty, null in JSON. In columns of numbers: as JSON writes them. */
void table_text(struct table *table, const char *text);
void table_int(struct table *table, int64_t value);
void table_null(struct table *table);
/* To stdout. Titles are bold on a terminal unless NO_COLOR is set. */
void table_print(const struct table *table, bool json);

#endif
