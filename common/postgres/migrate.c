/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's migrations: numbered files of sql/ledger, embedded, each applied once. */
#include "postgres/migrate.h"

#include <stdio.h>

#include "penstock_postgres_sql.h"

static const struct {
	int version;
	const char *name;
	const char *sql;
} migrations[] = {
	{1, "load", sql_ledger_001_load},
	{2, "lookups", sql_ledger_002_lookups},
	{3, "runs", sql_ledger_003_runs},
	{4, "since", sql_ledger_004_since},
	{5, "checks", sql_ledger_005_checks},
	{6, "sources", sql_ledger_006_sources},
	{7, "alerts", sql_ledger_007_alerts},
};

#define MIGRATIONS ((int)(sizeof(migrations) / sizeof(migrations[0])))

/* Serializes every `init`; the number is arbitrary but fixed. */
static const char begin_sql[] =
	"BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(7305804402566362220);"
	"SET LOCAL search_path TO pg_catalog;"
	"SET LOCAL client_min_messages TO warning;"
	"CREATE SCHEMA IF NOT EXISTS penstock;"
	"CREATE TABLE IF NOT EXISTS penstock.migration ("
	" version integer PRIMARY KEY, name text NOT NULL,"
	" applied_at timestamptz NOT NULL DEFAULT now(), program text NOT NULL)";

static bool read_number(
	struct database *database, const char *sql, int64_t *ret_number, struct err *err)
{
	struct database_rows *rows;
	if (!database_query(database, sql, NULL, 0, &rows, err))
		return false;
	*ret_number = database_int(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

static bool fail_newer(int64_t version, struct err *err)
{
	return err_fail(err, ERR_FATAL,
		"the database's ledger has version %lld, this penstock (%s) knows %d: "
		"use the newer penstock",
		(long long)version, PENSTOCK_VERSION, MIGRATIONS);
}

static bool apply(struct database *database, int at, struct err *err)
{
	char version[16];
	snprintf(version, sizeof(version), "%d", migrations[at].version);
	const char *const values[] = {version, migrations[at].name, PENSTOCK_VERSION};
	if (!database_exec(database, migrations[at].sql, err))
		return err_prefix(err, "migration %s of the ledger", migrations[at].name);
	return database_run(database,
		"INSERT INTO penstock.migration (version, name, program)"
		" VALUES ($1::integer, $2, $3)",
		values, 3, NULL, err);
}

/* One transaction: the next migration, if one is due. */
static bool step(struct database *database, bool *ret_applied, struct err *err)
{
	int64_t version = 0;
	if (!database_exec(database, begin_sql, err) ||
		!read_number(database, "SELECT coalesce(max(version), 0) FROM penstock.migration",
			&version, err))
		return false;
	if (version > MIGRATIONS)
		return fail_newer(version, err);
	bool due = version < MIGRATIONS;
	if ((due && !apply(database, (int)version, err)) || !database_exec(database, "COMMIT", err))
		return false;
	*ret_applied = due;
	return true;
}

bool migrate_ledger(struct database *database, int *ret_applied, struct err *err)
{
	int applied = 0;
	bool more = true;
	while (more) {
		if (!step(database, &more, err)) {
			database_rollback(database);
			return false;
		}
		applied += more;
	}
	*ret_applied = applied;
	return true;
}

bool migrate_check(struct database *database, struct err *err)
{
	int64_t exists = 0;
	int64_t version = 0;
	if (!read_number(database,
		    "SELECT (pg_catalog.to_regclass('penstock.migration') IS NOT NULL)::integer",
		    &exists, err))
		return false;
	if (exists &&
		!read_number(database, "SELECT coalesce(max(version), 0) FROM penstock.migration",
			&version, err))
		return false;
	if (version > MIGRATIONS)
		return fail_newer(version, err);
	if (version < MIGRATIONS)
		return err_fail(err, ERR_FATAL, "%s in the database (%s): run `penstock init`",
			exists ? "the ledger is older than this penstock" : "there is no ledger",
			database_name(database));
	return true;
}

bool migrate_open(
	const struct database_options *options, struct database **ret_database, struct err *err)
{
	struct database *database = NULL;
	if (!database_open(options, &database, err))
		return false;
	if (!migrate_check(database, err)) {
		database_close(database);
		return false;
	}
	*ret_database = database;
	return true;
}
