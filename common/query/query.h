/* SPDX-License-Identifier: Apache-2.0 */
/* What a SQL text refers to, read with PostgreSQL's own parser (libpg_query). */
#ifndef PENSTOCK_QUERY_QUERY_H
#define PENSTOCK_QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define QUERY_MAX_BYTES (256 * 1024)

struct query_relation {
	const char *schema; /* "" when the name is not qualified */
	const char *name;
	int line; /* where it is first named */
};

struct query {
	const char *text; /* the statement alone: no semicolon, nothing behind it */
	struct query_relation
		*relations; /* tables and views read, without names of CTEs; no repeats */
	size_t relation_count;
	bool combined; /* UNION, INTERSECT or EXCEPT of several SELECTs */
};

/*
 * Parses exactly one SELECT (WITH and VALUES too) of at most QUERY_MAX_BYTES. Anything else, two
 * statements, SELECT INTO, locking clauses, data-changing CTEs and names with a database are
 * configuration errors, with `origin`:line. Memory from `arena`.
 */
MUST_CHECK bool query_parse(const char *sql, const char *origin, struct arena *arena,
	struct query *ret_query, struct err *err);

#endif
