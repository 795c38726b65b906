/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base rows of a table, from a CSV file, by key: rows that are there and differ are changed,
 * missing ones added, others left alone. The table, or columns it lacks, are made when needed.
 */
#ifndef PENSTOCK_CLI_SEED_H
#define PENSTOCK_CLI_SEED_H

#include "config/config.h"
#include "format/reader.h"
#include "postgres/database.h"

struct seed_result {
	bool created; /* the table */
	int64_t rows; /* of the file */
	int64_t added;
	int64_t changed;
};

/* In the open transaction. Errors name file and line; class FATAL, exit code 2, or Postgres' own.
 */
MUST_CHECK bool seed_load(struct database *database, const struct config_seed *seed,
	struct seed_result *ret_result, struct err *err);

/* ---- between seed.c and seed_table.c ---- */

struct seed_column {
	const char *name; /* of the file's header */
	const char *type; /* as Postgres calls it */
	bool key;
};

struct seed_table {
	struct arena arena;
	const char *target; /* "schema"."table" */
	struct seed_column *columns;
	size_t count;
	const char *upsert; /* $1.. the columns' texts -> rows changed, rows added */
};

/* Makes the table fit the file's columns, locks it and prepares table->upsert. */
MUST_CHECK bool seed_table_open(struct database *database, const struct config_seed *seed,
	const struct string_list *columns, struct seed_table *ret_table, bool *ret_created,
	struct err *err);
void seed_table_release(struct seed_table *table);
/* Sequences go on behind the values the seed brought. */
MUST_CHECK bool seed_table_advance(
	struct database *database, struct seed_table *table, struct err *err);

#endif
