/* SPDX-License-Identifier: Apache-2.0 */
/* SQL made from a dataset, for rebuild.c alone. */
#ifndef PENSTOCK_WORKER_REBUILD_SQL_H
#define PENSTOCK_WORKER_REBUILD_SQL_H

#include "base/arena.h"
#include "dataset/dataset.h"

struct rebuild_sql {
	const char *make_stage; /* a table of the target's columns, without its constraints */
	const char *copy_stage;
	const char *lock_table;
	const char *expect;   /* the winner of each key, of the files that count */
	const char *compare;  /* what differs, by key */
	const char *take_out; /* instead of both: all rows of what is left out */
	const char *remove;
	const char *replace;
	const char *add;
};

/* Texts are the arena's. */
void rebuild_sql_make(
	const struct dataset *dataset, struct arena *arena, struct rebuild_sql *ret_sql);

#endif
