/* SPDX-License-Identifier: Apache-2.0 */
/* What a relation looks like in the database: kind, columns, definition, comments. */
#ifndef PENSTOCK_SCHEDULER_SHAPE_H
#define PENSTOCK_SCHEDULER_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "postgres/database.h"

#define SHAPE_VIEW    'v'
#define SHAPE_TABLE   'r'
#define SHAPE_MATVIEW 'm'

struct shape_column {
	const char *name;
	const char *type;      /* "numeric(10,2)" */
	const char *collation; /* quoted; NULL: the type's own */
	const char *comment;   /* NULL when there is none */
};

struct shape {
	char kind; /* pg_class.relkind; '\0': there is no such relation */
	bool populated;
	const char *definition; /* of a view, as Postgres prints it; NULL for a table */
	const char *comment;	/* NULL when there is none */
	struct shape_column *columns;
	size_t count;
};

/* Memory from `arena`. */
MUST_CHECK bool shape_read(struct database *database, const char *schema, const char *name,
	struct arena *arena, struct shape *ret_shape, struct err *err);
/* "a table", "a view", ... */
const char *shape_kind_name(char kind);
/* How many columns both begin with alike (name, type and collation). */
size_t shape_common(const struct shape *one, const struct shape *other);
/* "name type" of a column, or "nothing" beyond the end. */
void shape_print_column(const struct shape *shape, size_t at, struct buf *out);
/* "a", "b", ... each after `prefix` ("t."). */
void shape_list_columns(const struct shape *shape, const char *prefix, struct buf *out);

#endif
