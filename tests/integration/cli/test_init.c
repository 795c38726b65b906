/* SPDX-License-Identifier: Apache-2.0 */
/* What `penstock init` does to a database, a dataset at a time. The catalogue is the oracle. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/init.h"
#include "postgres/migrate.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"

#define RECORD(fields)                                                                             \
	"{\"type\": \"record\", \"name\": \"order\", \"doc\": \"It's an order\", \"fields\": ["    \
	"{\"name\": \"id\", \"type\": \"long\", \"doc\": \"its number\"}" fields "]}"
#define FIRST RECORD(", {\"name\": \"note\", \"type\": [\"null\", \"string\"], \"default\": null}")
#define SECOND                                                                                     \
	RECORD(", {\"name\": \"note\", \"type\": [\"null\", \"string\"], \"default\": null},"      \
	       " {\"name\": \"amount\", \"type\": \"int\", \"default\": 7}")
#define UNSAFE                                                                                     \
	RECORD(", {\"name\": \"note\", \"type\": [\"null\", \"string\"], \"default\": null},"      \
	       " {\"name\": \"amount\", \"type\": \"int\"}")

static char folder[] = "/tmp/penstock-init-XXXXXX";
static struct config config;
static struct datasets datasets;

static void write_file(const char *name, const char *text)
{
	struct err err;
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_replace(path, text, strlen(text), &err));
}

/* The one dataset `orders` with this schema, in table raw.orders. */
static const struct dataset *dataset_with(const char *schema)
{
	struct err err;
	const struct config_source source = {.folder = folder};
	datasets_release(&datasets);
	config_release(&config);
	write_file("order.avsc", schema);
	write_file("penstock.yml", "datasets: {orders: {schema: order.avsc, files: 'o*.csv', "
				   "table: raw.orders, key: [id]}}\n");
	assert_ok(config_load(&source, &config, &err));
	assert_ok(datasets_load(&config, &datasets, &err));
	return &datasets.items[0];
}

static struct database *fresh(const char *name)
{
	struct err err;
	int applied = 0;
	struct database *database = postgres_connect(name);
	assert_ok(migrate_ledger(database, &applied, &err));
	return database;
}

static struct init_result initialise(
	struct database *database, const struct dataset *dataset, bool recreate, bool forget)
{
	struct err err;
	struct init_result result;
	assert_ok(init_dataset(database, dataset, recreate, forget, &result, &err));
	return result;
}

static void add_file(struct database *database)
{
	sql_exec(database,
		"INSERT INTO raw.orders (id, _file, _row) VALUES (1, 1, 1);"
		"INSERT INTO penstock.file (dataset, file_id, sha256, name, chunks)"
		" VALUES ('orders', 1, 'x', 'f', 1), ('others', 1, 'x', 'f', 1);"
		"INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end,"
		" first_row, records, rows, rejects, partition, \"offset\", worker, crc)"
		" VALUES ('orders', 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 'w', '0')");
}

static void a_table_is_made_once_and_grows(void **state)
{
	(void)state;
	struct database *database = fresh("grows");
	struct init_result r = initialise(database, dataset_with(FIRST), false, false);
	assert_int_equal(r.table, INIT_TABLE_CREATED);
	assert_int_equal(r.schema_version, 1);
	assert_true(r.schema_new);
	char *text = sql_text(database, "SELECT obj_description('raw.orders'::regclass)");
	assert_string_equal(text, "It's an order");
	free(text);
	sql_exec(database, "INSERT INTO raw.orders VALUES (1, 'n', 1, 1);"
			   "CREATE VIEW public.seen AS SELECT id FROM raw.orders");

	r = initialise(database, dataset_with(FIRST), false, false);
	assert_int_equal(r.table, INIT_TABLE_UNCHANGED);
	assert_int_equal(r.schema_version, 1);
	assert_false(r.schema_new);

	r = initialise(database, dataset_with(SECOND), false, false);
	assert_int_equal(r.table, INIT_TABLE_UPGRADED);
	assert_int_equal(r.schema_version, 2);
	assert_true(r.schema_new);
	assert_int_equal(sql_int(database, "SELECT amount FROM raw.orders"), 7);
	r = initialise(database, dataset_with(SECOND), false, false);
	assert_int_equal(r.table, INIT_TABLE_UNCHANGED);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.schema"), 2);
	database_close(database);
}

static void an_unsafe_schema_changes_nothing(void **state)
{
	(void)state;
	struct err err;
	struct init_result r;
	struct database *database = fresh("unsafe");
	initialise(database, dataset_with(FIRST), false, false);
	assert_err(init_dataset(database, dataset_with(UNSAFE), false, false, &r, &err), ERR_FATAL,
		"dataset orders");
	assert_non_null(strstr(err.message, "version 1"));
	assert_non_null(strstr(err.message, "amount"));
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.schema"), 1);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM pg_attribute WHERE attnum > 0"
					   " AND attrelid = 'raw.orders'::regclass"),
		4);
	database_close(database);
}

static void tables_that_cannot_work_are_refused(void **state)
{
	static const struct {
		const char *before;
		const char *part;
	} cases[] = {
		{"CREATE VIEW raw.orders AS SELECT 1 AS id", "is no table"},
		{"CREATE TABLE raw.orders (id bigint NOT NULL, note text, _file bigint NOT NULL,"
		 " _row bigint NOT NULL)",
			"no primary key"},
		{"CREATE TABLE raw.orders (id bigint, note text, _file bigint NOT NULL,"
		 " _row bigint NOT NULL, PRIMARY KEY (_file, _row))",
			"is not the dataset's key"},
		{"CREATE TABLE raw.orders (id bigint PRIMARY KEY, note text UNIQUE,"
		 " _file bigint NOT NULL, _row bigint NOT NULL)",
			"ALTER TABLE ... DROP CONSTRAINT orders_note_key"},
		{"CREATE TABLE raw.orders (id bigint PRIMARY KEY, note text,"
		 " _file bigint NOT NULL, _row bigint NOT NULL);"
		 "CREATE UNIQUE INDEX surplus ON raw.orders (note)",
			"DROP INDEX raw.surplus"},
		{"CREATE TABLE raw.orders (id bigint PRIMARY KEY, note text,"
		 " _file bigint NOT NULL, _row bigint NOT NULL, EXCLUDE (note WITH =))",
			"DROP CONSTRAINT orders_note_excl"},
		{"CREATE TABLE raw.orders (id bigint PRIMARY KEY, note integer,"
		 " _file bigint NOT NULL, _row bigint NOT NULL)",
			"column \"note\" is integer, the schema says text"},
	};
	(void)state;
	struct err err;
	struct init_result r;
	struct database *database = fresh("refused");
	const struct dataset *dataset = dataset_with(FIRST);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sql_exec(database,
			"SET client_min_messages = warning; DROP SCHEMA IF EXISTS raw CASCADE;"
			"CREATE SCHEMA raw");
		sql_exec(database, "%s", cases[i].before);
		assert_err(init_dataset(database, dataset, false, false, &r, &err), ERR_FATAL,
			cases[i].part);
		assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.schema"), 0);
	}
	/* A table of one's own that fits is taken, with its surplus columns and plain indexes. */
	sql_exec(database, "DROP SCHEMA raw CASCADE; CREATE SCHEMA raw;"
			   "CREATE TABLE raw.orders (mine text, id bigint PRIMARY KEY, note text,"
			   " _file bigint NOT NULL, _row bigint NOT NULL);"
			   "CREATE INDEX ON raw.orders (note)");
	r = initialise(database, dataset, false, false);
	assert_int_equal(r.table, INIT_TABLE_UNCHANGED);
	database_close(database);
}

static void recreation_empties_table_and_ledger(void **state)
{
	(void)state;
	struct err err;
	bool data = false;
	struct database *database = fresh("recreated");
	initialise(database, dataset_with(FIRST), false, false);
	assert_ok(init_has_data(database, &datasets, &data, &err));
	assert_false(data);
	sql_exec(database, "CREATE VIEW public.seen AS SELECT id FROM raw.orders");
	add_file(database);
	assert_ok(init_has_data(database, &datasets, &data, &err));
	assert_true(data);

	/* The same columns: the table is emptied, what hangs on it stays, and so do the versions.
	 */
	struct init_result r = initialise(database, dataset_with(FIRST), true, false);
	assert_int_equal(r.table, INIT_TABLE_EMPTIED);
	assert_int_equal(r.schema_version, 1);
	assert_false(r.schema_new);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM public.seen"), 0);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.chunk"), 0);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.file"), 1);

	/* Others: remade, but not over a view's head. */
	sql_exec(database, "DELETE FROM penstock.file");
	add_file(database);
	sql_exec(database, "ALTER TABLE raw.orders ADD COLUMN surplus text");
	assert_err(init_dataset(database, dataset_with(FIRST), true, false, &r, &err), ERR_FATAL,
		"drop what depends on it");
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.chunk"), 1);
	sql_exec(database, "DROP VIEW public.seen");
	initialise(database, dataset_with(FIRST), true, false);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM pg_attribute WHERE attnum > 0"
					   " AND attrelid = 'raw.orders'::regclass"),
		4);

	/* What cannot read the archive needs --forget, which drops the versions too. */
	assert_err(init_dataset(database, dataset_with(UNSAFE), true, false, &r, &err), ERR_FATAL,
		"--forget");
	r = initialise(database, dataset_with(UNSAFE), true, true);
	assert_int_equal(r.schema_version, 1);
	assert_true(r.schema_new);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM penstock.schema"), 1);
	database_close(database);
}

static void a_living_worker_is_noticed(void **state)
{
	(void)state;
	struct err err;
	struct database *database = fresh("living");
	sql_exec(database, "INSERT INTO penstock.worker (worker, state, heartbeat_at) VALUES"
			   " ('a', 'stopped', now()), ('b', 'idle', now() - interval '1 hour')");
	assert_ok(init_no_workers(database, &err));
	sql_exec(database, "INSERT INTO penstock.worker (worker, state) VALUES ('c', 'idle')");
	assert_err(init_no_workers(database, &err), ERR_FATAL, "stop the workers");
	database_close(database);
}

static int teardown(void **state)
{
	char command[300];
	(void)state;
	datasets_release(&datasets);
	config_release(&config);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_made_once_and_grows),
		cmocka_unit_test(an_unsafe_schema_changes_nothing),
		cmocka_unit_test(tables_that_cannot_work_are_refused),
		cmocka_unit_test(recreation_empties_table_and_ledger),
		cmocka_unit_test(a_living_worker_is_noticed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
