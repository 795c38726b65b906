/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an incremental model's result depends on what it reads: its query as Postgres understands it,
 * views put in as subqueries, and which datasets' tables may grow in it.
 */
#ifndef PENSTOCK_SCHEDULER_GROWTH_H
#define PENSTOCK_SCHEDULER_GROWTH_H

#include "query/growth.h"
#include "scheduler/batch.h"

struct growth_place {
	const struct config_dataset *growing; /* NULL: no rows may be added there */
};

struct growth {
	struct query_growth query;
	struct growth_place *places;	    /* as query.sources */
	struct string_list fixed;	    /* datasets in which nothing may be new */
	const struct config_dataset *keyed; /* its key is the model's; NULL: no dataset's is */
	const char **keyed_columns;	    /* of its table, in the unique_key's order */
	const char *basis; /* digest of all else the result depends on: what it was then */
};

/*
 * Refuses, with the reason, what can never be calculated in parts. Memory from batch->arena. Leaves
 * the search path at the model's schema.
 */
MUST_CHECK bool growth_read(
	struct batch *batch, const struct model *model, struct growth *ret_growth, struct err *err);

/* growth_key.c: finds the dataset of which each row gives the row of the result that has its key,
 * and no other. The view pg_temp.penstock_growth stands. */
MUST_CHECK bool growth_find_keyed(
	struct batch *batch, const struct model *model, struct growth *growth, struct err *err);

#endif
