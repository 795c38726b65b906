/* SPDX-License-Identifier: Apache-2.0 */
/* Inside common/query: one query being taken apart, by the files aggregate*.c. */
#ifndef PENSTOCK_QUERY_AGGREGATE_PARTS_H
#define PENSTOCK_QUERY_AGGREGATE_PARTS_H

#include "query/aggregate.h"
#include "query/node.h"

struct target {
	const char *name; /* NULL: nothing names it */
	struct json_value value;
	bool grouped;
};

struct study {
	const char *sql;
	const char *origin;
	bool printed;
	struct arena *arena;
	struct json_value select;
	struct target *targets;
	struct query_aggregate result;
	size_t first_seen; /* how often the first table is named */
	struct err *err;
};

/* Fails with the reason and the line of the node. */
bool study_refuse(struct study *study, const struct json_value *node, const char *why);
/* The last of the names in a list of String nodes; how many there are. */
size_t study_last_name(struct study *study, const struct json_value *list, const char **ret_name);

/* aggregate_from.c: finds the first table and what may not stand beside it. */
MUST_CHECK bool study_from(struct study *study);

#endif
