/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries whose result over all rows can be had from the result over the old rows and the result
 * over the new ones: groups with sums, counts, least and greatest values of what one table's rows
 * give, each row for itself.
 */
#ifndef PENSTOCK_QUERY_AGGREGATE_H
#define PENSTOCK_QUERY_AGGREGATE_H

#include "base/buf.h"
#include "query/query.h"

enum query_column_kind { QUERY_GROUP, QUERY_SUM, QUERY_COUNT, QUERY_MIN, QUERY_MAX };

struct query_column {
	const char *name;
	enum query_column_kind kind;
};

struct query_aggregate {
	struct query_column *columns; /* of its result, in order */
	size_t column_count;
	const char
		*schema; /* the first table in FROM, whose rows may grow; "" when not qualified */
	const char *name;
	int line;
	size_t at; /* where its name stands in the query's text, in bytes */
	size_t length;
	bool aliased;
};

/*
 * Takes the query apart. One that cannot be put together again from old and new rows is a
 * configuration error with origin:line and the reason. Memory from `arena`.
 */
MUST_CHECK bool query_aggregate(const struct query *query, const char *origin, struct arena *arena,
	struct query_aggregate *ret_aggregate, struct err *err);

/*
 * The same for the definition of a view as Postgres prints it, in which no GROUP BY item is a
 * number or an alias: those have to be read twice, a column of a table may have the alias's name.
 */
MUST_CHECK bool query_aggregate_printed(const char *definition, const char *origin,
	struct arena *arena, struct query_aggregate *ret_aggregate, struct err *err);

/* The query's text with `table`, a query in parentheses, in the first table's place. */
void query_replace_first(const struct query *query, const struct query_aggregate *aggregate,
	const char *table, struct buf *out);

/* "group", "sum", "count", "min", "max" */
const char *query_column_kind_name(enum query_column_kind kind);

#endif
