/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/query: one definition being taken apart, by the files growth*.c. */
#ifndef PENSTOCK_QUERY_GROWTH_PARTS_H
#define PENSTOCK_QUERY_GROWTH_PARTS_H

#include "query/growth.h"
#include "query/node.h"

#define GROWTH_MAX_SOURCES 1000

struct growth_study {
	const char *origin;
	const struct string_list *aggregates;
	struct arena *arena;
	struct json_value root;
	struct query_growth growth;
	const char *arms; /* of what is being visited, as a source's */
	size_t unions;	  /* how many UNION ALL there were */
	struct err *err;
};

struct growth_calls {
	bool aggregate;
	bool window;
};

/* growth_sources.c: fills growth.sources. */
MUST_CHECK bool growth_sources(struct growth_study *study, const struct json_value *select);
/* What a SELECT calls beside its subqueries. */
struct growth_calls growth_calls(const struct growth_study *study, const struct json_value *select);
/* What keeps any SELECT from growing by rows or groups; NULL: nothing. */
const char *growth_never(const struct growth_study *study, const struct json_value *select);
/* Fails with the reason. */
bool growth_refuse(struct growth_study *study, const char *why);

/* growth_clauses.c: the outer SELECT's clauses in the text. */
#define CLAUSE_MAX_ITEMS 1664 /* Postgres' own limit */

struct clause_item {
	size_t at; /* of its expression, without AS and name */
	size_t end;
};

struct clauses {
	struct clause_item *items; /* of the SELECT list; caller's, CLAUSE_MAX_ITEMS */
	size_t item_count;
	size_t where; /* 0: none */
	size_t where_end;
	size_t having; /* 0: none */
	size_t having_end;
};

/* False when the text is not as pg_get_viewdef prints one SELECT with a FROM. */
bool clauses_find(const char *text, struct clauses *clauses);
/* Behind a possibly qualified name that begins at `at`; `at` when there is none. */
size_t clauses_skip_name(const char *text, size_t at);

#endif
