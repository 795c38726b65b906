/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of a query's result change when rows are added to tables it reads, told by key. A row
 * of the result that comes of one row of each table only appears; a group changes where the added
 * rows have its key, so that the groups with these keys, made again from all rows, are exact.
 */
#ifndef PENSTOCK_QUERY_GROWTH_H
#define PENSTOCK_QUERY_GROWTH_H

#include "base/buf.h"
#include "format/reading.h"
#include "query/query.h"

/* A place where the query reads a relation. */
struct query_source {
	const char *schema; /* "" when not qualified */
	const char *name;
	size_t at; /* in the text, in bytes */
	size_t length;
	bool aliased;
	const char *fixed; /* why rows may not be added there; NULL: they may */
	const char *arms;  /* of each UNION ALL around it: "/1l/2r" */
};

struct query_growth {
	const char *text;
	struct query_source *sources;
	size_t source_count;
	bool grouped;	  /* rows of the result come of groups; false: each of one row */
	const char **key; /* the key columns as expressions inside the query, in the key's order */
	size_t key_count;
	/* Places in the text: of WHERE and HAVING (0: none), and where both have ended. */
	size_t where;
	size_t having;
	size_t where_end;
	size_t having_end;
};

/*
 * Takes apart the definition of a view as Postgres prints it with nothing but the catalog in the
 * search path (every name qualified, every GROUP BY item in full). `aggregates` are the names of
 * all aggregate functions. A query whose key does not tell which rows change is a configuration
 * error with the reason. Memory from `arena`.
 */
MUST_CHECK bool query_growth_read(const char *definition, const char *origin,
	const struct string_list *key, const struct string_list *aggregates, struct arena *arena,
	struct query_growth *ret_growth, struct err *err);

/* The text with `query` (in parentheses) in the place of one source. */
void query_growth_replace(
	const struct query_growth *growth, size_t source, const char *query, struct buf *out);
/*
 * The same for the rows of the result that `query` gives: without HAVING, which a group's added
 * rows alone need not meet, and with nothing in the other arms of UNION ALL, as far as rows may be
 * added there; what such an arm still gives is no harm to who looks for keys.
 */
void query_growth_added(
	const struct query_growth *growth, size_t source, const char *query, struct buf *out);
/* The text for the keys alone that `keys`, a query, returns. */
void query_growth_restrict(const struct query_growth *growth, const char *keys, struct buf *out);

#endif
