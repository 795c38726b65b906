/* SPDX-License-Identifier: Apache-2.0 */
/* A dataset's table: made, upgraded by what is new in the schema, or emptied. */
#include <stdlib.h>
#include <string.h>

#include "cli/init.h"
#include "penstock_cli_sql.h"
#include "postgres/quote.h"

/* What the catalogue says; the names are borrowed from the rows. */
struct found {
	struct database_rows *rows;
	struct ddl_column *columns;
	size_t count;
	const char *kind; /* pg_class.relkind; NULL: there is no such relation */
};

static bool find_table(struct database *database, const struct ddl_table *table,
	struct found *ret_found, struct err *err)
{
	const char *const names[] = {table->schema, table->name};
	struct found found = {0};
	if (!database_query(database, sql_init_columns, names, 2, &found.rows, err))
		return false;
	size_t n = database_row_count(found.rows);
	found.columns = calloc(n + 1, sizeof(*found.columns));
	if (!found.columns)
		BUG("out of memory: %zu columns", n);
	if (n)
		found.kind = database_text(found.rows, 0, 5);
	for (size_t i = 0; i < n && database_text(found.rows, i, 0); i++)
		found.columns[found.count++] = (struct ddl_column){
			.name = database_text(found.rows, i, 0),
			.type = database_text(found.rows, i, 1),
			.oid = (uint32_t)database_int(found.rows, i, 2),
			.not_null = database_bool(found.rows, i, 3),
			.has_default = database_bool(found.rows, i, 4),
		};
	*ret_found = found;
	return true;
}

static void release_found(struct found *found)
{
	free(found->columns);
	database_rows_free(found->rows);
}

static void append_keys(const struct ddl_table *table, struct buf *out)
{
	array_begin(out);
	for (size_t i = 0; i < table->key.count; i++)
		array_add(out, table->key.items[i]);
	if (!table->key.count) {
		array_add(out, "_file");
		array_add(out, "_row");
	}
	array_end(out);
}

/* A second unique index would refuse rows the key rule has let in; the loader cannot tell which. */
static bool judge_indexes(
	const struct ddl_table *table, const struct database_rows *rows, struct err *err)
{
	bool has_key = false;
	for (size_t i = 0; i < database_row_count(rows); i++) {
		const char *name = database_text(rows, i, 0);
		bool primary = database_bool(rows, i, 1);
		bool constraint = database_bool(rows, i, 2);
		if (primary && database_bool(rows, i, 4)) {
			has_key = true;
			continue;
		}
		if (primary)
			return err_config(err,
				"table %s.%s: its primary key %s is not the dataset's key; change "
				"the "
				"key in the configuration, or remake the table with init "
				"--recreate",
				table->schema, table->name, name);
		return err_config(err,
			"table %s.%s: %s makes rows refuse each other beside the primary key, so "
			"loading could not go on; drop it: %s %s%s",
			table->schema, table->name, name,
			constraint ? "ALTER TABLE ... DROP CONSTRAINT" : "DROP INDEX",
			constraint ? database_text(rows, i, 3) : name,
			constraint ? "" : ", or make it not unique");
	}
	return has_key || err_config(err,
				  "table %s.%s has no primary key; add the dataset's key as its "
				  "primary key, or remake the table with init --recreate",
				  table->schema, table->name);
}

static bool check_indexes(struct database *database, const struct ddl_table *table, struct err *err)
{
	struct buf keys;
	struct database_rows *rows = NULL;
	buf_init(&keys, 1 << 20);
	append_keys(table, &keys);
	const char *const values[] = {table->schema, table->name, buf_text(&keys)};
	bool ok = database_query(database, sql_init_unique_indexes, values, 3, &rows, err);
	if (ok) {
		ok = judge_indexes(table, rows, err);
		database_rows_free(rows);
	}
	buf_release(&keys);
	return ok;
}

/* Whether the table is what CREATE TABLE would make, so that emptying it is enough. */
static bool is_as_made(struct database *database, const struct dataset *dataset,
	const struct found *found, struct buf *sql)
{
	size_t before = sql->len;
	bool fits = found->count == dataset->schema->field_count + 2 &&
		    ddl_upgrade(dataset->schema, &dataset->table, found->columns, found->count, sql,
			    NULL) &&
		    sql->len == before && check_indexes(database, &dataset->table, NULL) &&
		    init_lookup_keys_fit(database, dataset);
	sql->len = before;
	return fits;
}

static void append_statement(struct buf *sql, const char *verb, const struct ddl_table *table)
{
	buf_append_text(sql, verb);
	quote_qualified(sql, table->schema, table->name);
	buf_append_text(sql, ";\n");
}

/* Appends what has to be done to the table that is there. */
static bool plan_existing(struct database *database, const struct dataset *dataset,
	const struct found *found, bool recreate, struct buf *sql, enum init_table *ret_what,
	struct err *err)
{
	const struct ddl_table *table = &dataset->table;
	if (strcmp(found->kind, "r") != 0 && strcmp(found->kind, "p") != 0)
		return err_config(err,
			"%s.%s is there, but is no table; name another table for dataset %s",
			table->schema, table->name, dataset->config->name);
	if (recreate) {
		/* Views, grants and foreign keys on a table that only has to be emptied stay. */
		*ret_what = INIT_TABLE_EMPTIED;
		if (is_as_made(database, dataset, found, sql)) {
			append_statement(sql, "TRUNCATE ", table);
			return true;
		}
		append_statement(sql, "DROP TABLE ", table);
		ddl_create_table(dataset->schema, table, sql);
		return true;
	}
	if (!check_indexes(database, table, err) ||
		!ddl_upgrade(dataset->schema, table, found->columns, found->count, sql, err))
		return false;
	ddl_relax(dataset->schema, table, found->columns, found->count, sql);
	*ret_what = sql->len ? INIT_TABLE_UPGRADED : INIT_TABLE_UNCHANGED;
	return true;
}

/* Never CASCADE: what would go with it is not ours. */
static bool run_plan(
	struct database *database, const struct ddl_table *table, const char *sql, struct err *err)
{
	struct err why;
	if (database_exec(database, sql, &why))
		return true;
	if (strcmp(why.native, "2BP01") == 0)
		return err_fail(err, ERR_FATAL,
			"table %s.%s has other columns than the schema and has to be remade; drop "
			"what depends on it first (\\d+ %s.%s in psql shows views and foreign "
			"keys): %s",
			table->schema, table->name, table->schema, table->name, why.message);
	if (err)
		*err = why;
	return false;
}

bool init_table(struct database *database, const struct dataset *dataset, bool recreate,
	enum init_table *ret_what, struct err *err)
{
	struct found found;
	struct buf sql;
	enum init_table what = INIT_TABLE_CREATED;
	bool ok = true;
	if (!find_table(database, &dataset->table, &found, err))
		return false;
	buf_init(&sql, (size_t)16 << 20);
	if (found.kind)
		ok = plan_existing(database, dataset, &found, recreate, &sql, &what, err);
	else
		ddl_create_table(dataset->schema, &dataset->table, &sql);
	if (ok) {
		ddl_comments(dataset->schema, &dataset->table, &sql);
		ok = run_plan(database, &dataset->table, buf_text(&sql), err);
	}
	if (ok)
		*ret_what = what;
	buf_release(&sql);
	release_found(&found);
	return ok;
}
