/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways to publish a table share: the temporary table of fresh rows, and applying it. */
#ifndef PENSTOCK_SCHEDULER_PUBLISH_H
#define PENSTOCK_SCHEDULER_PUBLISH_H

#include "scheduler/batch.h"

#define PUBLISH_FRESH	"pg_temp.penstock_fresh"
#define PUBLISH_TOUCHED "pg_temp.penstock_touched"

/* Runs the statement and empties the buffer, which must not have overflowed. */
MUST_CHECK bool publish_run(
	struct batch *batch, struct buf *sql, int64_t *ret_affected, struct err *err);
/* Fills the temporary table `name` (PUBLISH_*) with what the query returns. */
MUST_CHECK bool publish_fill(
	struct batch *batch, const char *name, const char *query, struct err *err);
/* "n.a = t.a AND n.b = t.b", for the key's columns. */
void publish_same_key(const struct model *model, const char *one, struct buf *sql);
/*
 * Deletes, updates and inserts by the key until the table holds the fresh rows. `within` (NULL: all
 * of it) is a relation of keys: no others are touched.
 */
MUST_CHECK bool publish_by_key(struct batch *batch, const struct model *model,
	const struct shape *shape, const char *within, struct err *err);
/* Inserts the fresh rows, none of whose keys the table has. */
MUST_CHECK bool publish_append(
	struct batch *batch, const struct model *model, const struct shape *shape, struct err *err);

#endif
