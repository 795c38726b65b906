/* SPDX-License-Identifier: Apache-2.0 */
/* One dataset in the database, as one transaction; and what --recreate has to ask before. */
#include <string.h>

#include "cli/init.h"
#include "penstock_cli_sql.h"

/* Loads hold the lock shared: whoever changes the table waits for those in hand, and they for it.
 */
static bool begin(struct database *database, const char *const *dataset, struct err *err)
{
	return database_exec(database,
		       "BEGIN; SET LOCAL lock_timeout = '" INIT_LOCK_MS
		       "'; SET LOCAL client_min_messages = warning",
		       err) &&
	       database_run(database, "SELECT pg_advisory_xact_lock(penstock.dataset_lock($1))",
		       dataset, 1, NULL, err);
}

static bool bind(struct database *database, const struct dataset *dataset,
	struct init_result *result, struct err *err)
{
	bool added = false;
	if (!init_lookup_keys(database, dataset, &added, err))
		return false;
	if (added && result->table == INIT_TABLE_UNCHANGED)
		result->table = INIT_TABLE_UPGRADED;
	return true;
}

bool init_clear_ledger(struct database *database, const char *dataset, struct err *err)
{
	const char *const name[] = {dataset};
	return database_run(database, sql_init_clear_ledger, name, 1, NULL, err);
}

/*
 * Chunks the ledger has would never be loaded into the new table; and two projects that share a
 * database and a dataset's name would take each other's files for their own.
 */
static bool check_place(struct database *database, const struct dataset *dataset, struct err *err)
{
	const char *const values[] = {
		dataset->config->name, dataset->table.schema, dataset->table.name};
	struct database_rows *rows = NULL;
	if (!database_query(database,
		    "SELECT place FROM penstock.dataset, format('%I.%I', table_schema, table_name) "
		    "AS place WHERE dataset = $1 AND (table_schema, table_name) <> ($2, $3) "
		    "AND to_regclass(place) IS NOT NULL "
		    "AND EXISTS (SELECT FROM penstock.file WHERE dataset = $1)",
		    values, 3, &rows, err))
		return false;
	bool good = database_row_count(rows) == 0 ||
		    err_config(err,
			    "its rows are in table %s, as the ledger says. If that is another "
			    "project's, call this dataset otherwise; to move it, rename that "
			    "table, or let `init --recreate` load everything again",
			    database_text(rows, 0, 0));
	database_rows_free(rows);
	return good;
}

static bool change(struct database *database, const struct dataset *dataset, bool recreate,
	bool forget, struct init_result *result, struct err *err)
{
	const char *const name[] = {dataset->config->name};
	if (!begin(database, name, err))
		return false;
	if (recreate && !init_clear_ledger(database, dataset->config->name, err))
		return false;
	if (forget && !database_run(database, "DELETE FROM penstock.schema WHERE dataset = $1",
			      name, 1, NULL, err))
		return false;
	return check_place(database, dataset, err) &&
	       init_schema(database, dataset, &result->schema_version, &result->schema_new, err) &&
	       init_table(database, dataset, recreate, &result->table, err) &&
	       bind(database, dataset, result, err) && database_exec(database, "COMMIT", err);
}

bool init_dataset(struct database *database, const struct dataset *dataset, bool recreate,
	bool forget, struct init_result *ret_result, struct err *err)
{
	struct init_result result = {0};
	if (!change(database, dataset, recreate, forget, &result, err)) {
		database_rollback(database);
		return err_prefix(err, "dataset %s", dataset->config->name);
	}
	*ret_result = result;
	return true;
}

static bool ask(struct database *database, const char *sql, const char *const *values, size_t count,
	bool *ret_answer, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(database, sql, values, count, &rows, err))
		return false;
	*ret_answer = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

bool init_has_data(
	struct database *database, const struct datasets *datasets, bool *ret_data, struct err *err)
{
	bool data = false;
	for (size_t i = 0; i < datasets->count && !data; i++) {
		const char *const name[] = {datasets->items[i].config->name};
		if (!ask(database, "SELECT EXISTS (SELECT FROM penstock.file WHERE dataset = $1)",
			    name, 1, &data, err))
			return false;
	}
	*ret_data = data;
	return true;
}

bool init_no_workers(struct database *database, struct err *err)
{
	bool alive = false;
	if (!ask(database,
		    "SELECT EXISTS (SELECT FROM penstock.worker WHERE state <> 'stopped' "
		    "AND heartbeat_at > now() - interval '30 seconds')",
		    NULL, 0, &alive, err))
		return false;
	return !alive ||
	       err_fail(err, ERR_FATAL,
		       "a worker is running (or stopped less than 30 s ago without a "
		       "word) and would load what it has in hand: stop the workers first");
}
