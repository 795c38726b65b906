/* SPDX-License-Identifier: Apache-2.0 */
/* The migrations and the ledger's functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/migrate.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"

static struct database *fresh(const char *name)
{
	struct err err;
	int applied = 0;
	struct database *database = postgres_connect(name);
	assert_ok(migrate_ledger(database, &applied, &err));
	return database;
}

static void migrations_apply_once(void **state)
{
	(void)state;
	struct err err;
	int applied = 0;
	struct database *database = postgres_connect("migrations");
	assert_err(migrate_check(database, &err), ERR_FATAL, "penstock init");
	assert_ok(migrate_ledger(database, &applied, &err));
	assert_true(applied > 0);
	sql_exec(database,
		"DO $$ BEGIN ASSERT (SELECT count(*) = max(version) AND min(version) = 1 FROM "
		"penstock.migration); END $$");
	assert_ok(migrate_check(database, &err));
	assert_ok(migrate_ledger(database, &applied, &err));
	assert_int_equal(applied, 0);
	sql_exec(database, "INSERT INTO penstock.migration VALUES (1000, 'x', now(), '9')");
	assert_err(migrate_check(database, &err), ERR_FATAL, "newer");
	assert_err(migrate_ledger(database, &applied, &err), ERR_FATAL, "newer");
	database_close(database);
}

/* The ledger as the first migration alone left it, made from its file. */
static struct database *first_state(const char *name)
{
	char sql[32768];
	FILE *file = fopen(SOURCE_DIR "/sql/ledger/001_load.sql", "r");
	assert_non_null(file);
	size_t size = fread(sql, 1, sizeof(sql), file);
	assert_true(feof(file));
	fclose(file);
	struct database *database = postgres_connect(name);
	sql_exec(database,
		"BEGIN; SET LOCAL search_path TO pg_catalog; CREATE SCHEMA penstock;"
		"CREATE TABLE penstock.migration (version integer PRIMARY KEY, name text NOT NULL,"
		" applied_at timestamptz NOT NULL DEFAULT now(), program text NOT NULL);"
		"INSERT INTO penstock.migration VALUES (1, 'load', now(), '0'); %.*s; COMMIT",
		(int)size, sql);
	return database;
}

static void an_older_ledger_is_brought_up(void **state)
{
	(void)state;
	struct err err;
	int applied = 0;
	struct database *database = first_state("older");
	sql_exec(database, "INSERT INTO penstock.dataset VALUES ('d', 'raw', 't', 'all')");
	assert_err(migrate_check(database, &err), ERR_FATAL, "the ledger is older");
	assert_ok(migrate_ledger(database, &applied, &err));
	assert_int_equal(
		applied, sql_int(database, "SELECT max(version) - 1 FROM penstock.migration"));
	assert_true(applied > 0);
	assert_ok(migrate_check(database, &err));
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.dataset"), 1);
	database_close(database);
}

/* Someone else's table is in the way of the third migration: the two before it stay. */
static void a_migration_is_applied_whole_or_not_at_all(void **state)
{
	(void)state;
	struct err err;
	int applied = 0;
	struct database *database = first_state("half");
	sql_exec(database, "CREATE TABLE penstock.run (a int)");
	assert_err(migrate_ledger(database, &applied, &err), ERR_FATAL,
		"migration runs of the ledger");
	assert_int_equal(sql_int(database, "SELECT max(version) FROM penstock.migration"), 2);
	assert_int_equal(
		sql_int(database, "SELECT (to_regclass('penstock.leader') IS NULL)::integer"), 1);
	sql_exec(database, "DROP TABLE penstock.run");
	assert_ok(migrate_ledger(database, &applied, &err));
	assert_ok(migrate_check(database, &err));
	database_close(database);
}

static void add_chunks(struct database *database, int file, int chunks, int loaded)
{
	sql_exec(database,
		"INSERT INTO penstock.file (dataset, file_id, sha256, name, chunks)"
		" VALUES ('d', %d, 'x', 'f', %d);"
		"INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end,"
		" first_row, records, rows, rejects, partition, \"offset\", worker, crc)"
		" SELECT 'd', %d, i, i * 10, i * 10 + 10, i + 1, 1, 1, 0, 0, i, 'w', '0'"
		" FROM generate_series(0, %d) i",
		file, chunks, file, loaded - 1);
}

static void files_complete_once_and_are_told(void **state)
{
	(void)state;
	struct err err;
	bool notified = false;
	struct database *database = fresh("completes");
	sql_exec(database, "LISTEN penstock_loaded");
	add_chunks(database, 1, 3, 2);
	add_chunks(database, 2, 2, 2);
	assert_int_equal(sql_int(database, "SELECT penstock.complete_files('d', '{1,2,3}')"), 1);
	assert_ok(database_wait_notify(database, 5000, &notified, &err));
	assert_true(notified);
	assert_int_equal(sql_int(database, "SELECT penstock.complete_files('d', '{1,2}')"), 0);
	assert_int_equal(sql_int(database, "SELECT penstock.sweep_complete()"), 0);
	sql_exec(database, "UPDATE penstock.file SET chunks = 2 WHERE file_id = 1");
	assert_int_equal(sql_int(database, "SELECT penstock.sweep_complete()"), 1);
	assert_int_equal(sql_int(database, "SELECT size FROM penstock.file WHERE file_id = 2"), 20);
	assert_int_equal(
		sql_int(database, "SELECT files_complete FROM penstock.dataset_status"), 2);
	database_close(database);
}

static void a_newer_complete_file_supersedes_older_ones(void **state)
{
	(void)state;
	struct database *database = fresh("supersedes");
	sql_exec(database,
		"CREATE TABLE public.\"T t\" (a int, _file bigint, _row bigint);"
		"INSERT INTO penstock.dataset VALUES ('d', 'public', 'T t', 'latest_file');"
		"INSERT INTO public.\"T t\" SELECT i, i, 1 FROM generate_series(1, 4) i");
	add_chunks(database, 1, 1, 1);
	add_chunks(database, 2, 3, 1);
	add_chunks(database, 3, 1, 1);
	add_chunks(database, 4, 3, 1);
	assert_int_equal(sql_int(database, "SELECT penstock.complete_files('d', '{3}')"), 1);
	char *text = sql_text(database,
		"SELECT string_agg(state || coalesce(removed_txid::text ~ '\\d+', false)::int, ' '"
		" ORDER BY file_id) FROM penstock.file");
	assert_string_equal(text, "superseded1 superseded1 complete0 loading0");
	free(text);
	text = sql_text(database, "SELECT string_agg(a::text, ' ' ORDER BY a) FROM \"T t\"");
	assert_string_equal(text, "3 4");
	free(text);
	database_close(database);
}

/* `silent` holds the dataset's lock in an idle transaction, as a frozen worker does. */
static void silent_workers_are_ended(void **state)
{
	(void)state;
	struct err err;
	struct database *database = fresh("silent");
	struct database *silent = fresh("silent");
	struct database *other = fresh("silent");
	sql_exec(silent, "BEGIN; SELECT pg_advisory_xact_lock_shared(penstock.dataset_lock('d'))");
	sql_exec(other, "BEGIN; SELECT pg_advisory_xact_lock_shared(penstock.dataset_lock('e'))");
	assert_int_equal(sql_int(database, "SELECT penstock.end_silent_workers('d', '60 s')"), 0);
	assert_int_equal(sql_int(database, "SELECT penstock.end_silent_workers('d', '0 s')"), 1);
	assert_err(database_exec(silent, "SELECT 1", &err), ERR_RETRY, "");
	assert_int_equal(sql_int(other, "SELECT 1"), 1);
	database_close(database);
	database_close(silent);
	database_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(migrations_apply_once),
		cmocka_unit_test(an_older_ledger_is_brought_up),
		cmocka_unit_test(a_migration_is_applied_whole_or_not_at_all),
		cmocka_unit_test(files_complete_once_and_are_told),
		cmocka_unit_test(silent_workers_are_ended),
		cmocka_unit_test(a_newer_complete_file_supersedes_older_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
