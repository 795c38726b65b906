/* SPDX-License-Identifier: Apache-2.0 */
/* The table under a seed: its columns as the catalogue has them, and the statement for one row. */
#include <string.h>

#include "cli/seed.h"
#include "penstock_cli_sql.h"
#include "postgres/quote.h"
#include "schema/schema.h"

#define MAX_SQL	  (1 << 20)
#define MAX_ARENA ((size_t)16 << 20)

static bool is_in_key(const struct config_seed *seed, const char *column, size_t index)
{
	for (size_t i = 0; i < seed->key.count; i++)
		if (strcmp(seed->key.items[i], column) == 0)
			return true;
	return seed->key.count == 0 && index == 0;
}

static const struct seed_column *find_column(const struct seed_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	return NULL;
}

static bool add_column(
	const struct config_seed *seed, const char *name, struct seed_table *table, struct err *err)
{
	if (!*name || strlen(name) > 63)
		return err_config(err, "%s:1: column %zu: a name has 1 to 63 bytes", seed->file,
			table->count + 1);
	if (find_column(table, name))
		return err_config(err, "%s:1: column '%s' stands twice", seed->file, name);
	table->columns[table->count] =
		(struct seed_column){.name = arena_strdup(&table->arena, name),
			.key = is_in_key(seed, name, table->count)};
	table->count++;
	return true;
}

static bool fill_columns(const struct config_seed *seed, const struct string_list *names,
	struct seed_table *table, struct err *err)
{
	table->columns = arena_calloc(&table->arena, names->count, sizeof(*table->columns));
	for (size_t i = 0; i < names->count; i++)
		if (!add_column(seed, names->items[i], table, err))
			return false;
	for (size_t i = 0; i < seed->key.count; i++)
		if (!find_column(table, seed->key.items[i]))
			return err_config(err, "%s:1: no column '%s', which is the key", seed->file,
				seed->key.items[i]);
	return true;
}

/* ---- what is there, and what is not ---- */

/* *ret_there: whether the table is; fills in the types of the columns it has. */
static bool read_types(struct database *database, const struct config_seed *seed,
	struct seed_table *table, bool *ret_there, struct err *err)
{
	const char *const names[] = {seed->table.schema, seed->table.name};
	struct database_rows *rows = NULL;
	if (!database_query(database, sql_init_columns, names, 2, &rows, err))
		return false;
	size_t count = database_row_count(rows);
	for (size_t i = 0; i < count && database_text(rows, i, 0); i++)
		for (size_t k = 0; k < table->count; k++)
			if (strcmp(database_text(rows, i, 0), table->columns[k].name) == 0)
				table->columns[k].type =
					arena_strdup(&table->arena, database_text(rows, i, 1));
	*ret_there = count > 0;
	database_rows_free(rows);
	return true;
}

static const char *wanted_type(const struct schema *schema, const char *column)
{
	int field = schema ? schema_find_field(schema, column, strlen(column), true) : -1;
	return field >= 0 ? schema->fields[field].column_sql : "text";
}

static void append_column(
	struct seed_table *table, size_t at, const struct schema *schema, struct buf *sql)
{
	struct seed_column *column = &table->columns[at];
	column->type = arena_strdup(&table->arena, wanted_type(schema, column->name));
	quote_identifier(sql, column->name);
	buf_printf(sql, " %s", column->type);
}

static void append_create(const struct config_seed *seed, struct seed_table *table,
	const struct schema *schema, struct buf *sql)
{
	size_t keys = 0;
	buf_append_text(sql, "CREATE SCHEMA IF NOT EXISTS ");
	quote_identifier(sql, seed->table.schema);
	buf_printf(sql, ";\nCREATE TABLE %s (", table->target);
	for (size_t i = 0; i < table->count; i++) {
		append_column(table, i, schema, sql);
		buf_append_text(sql, ", ");
	}
	buf_append_text(sql, "PRIMARY KEY (");
	for (size_t i = 0; i < table->count; i++) {
		if (!table->columns[i].key)
			continue;
		buf_append_text(sql, keys++ ? ", " : "");
		quote_identifier(sql, table->columns[i].name);
	}
	buf_append_text(sql, "))");
}

static void append_missing(struct seed_table *table, const struct schema *schema, struct buf *sql)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->columns[i].type)
			continue;
		buf_printf(sql, "ALTER TABLE %s ADD COLUMN ", table->target);
		append_column(table, i, schema, sql);
		buf_append_text(sql, ";\n");
	}
}

static bool make(struct database *database, const struct config_seed *seed,
	struct seed_table *table, bool there, struct err *err)
{
	struct schema *schema = NULL;
	struct buf sql;
	if (*seed->schema && !schema_load(seed->schema, &schema, err))
		return false;
	buf_init(&sql, MAX_SQL);
	if (there)
		append_missing(table, schema, &sql);
	else
		append_create(seed, table, schema, &sql);
	schema_free(schema);
	bool ok = sql.len == 0 || database_exec(database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

/* ---- the statement for one row ---- */

static void append_matches(const struct seed_table *table, struct buf *sql)
{
	size_t keys = 0;
	for (size_t i = 0; i < table->count; i++) {
		if (!table->columns[i].key)
			continue;
		buf_append_text(sql, keys++ ? " AND t." : "t.");
		quote_identifier(sql, table->columns[i].name);
		buf_append_text(sql, " = s.");
		quote_identifier(sql, table->columns[i].name);
	}
}

/* `before` each column that is not of the key, or (keys) each column. */
static size_t append_list(
	const struct seed_table *table, bool keys, const char *before, struct buf *sql)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++) {
		if (table->columns[i].key && !keys)
			continue;
		buf_printf(sql, "%s%s", count++ ? ", " : "", before);
		quote_identifier(sql, table->columns[i].name);
	}
	return count;
}

static void append_changed(const struct seed_table *table, struct buf *sql)
{
	buf_printf(sql, "UPDATE %s t SET (", table->target);
	append_list(table, false, "", sql);
	buf_append_text(sql, ") = ROW(");
	append_list(table, false, "s.", sql);
	buf_append_text(sql, ") FROM s WHERE ");
	append_matches(table, sql);
	buf_append_text(sql, " AND ROW(");
	append_list(table, false, "t.", sql);
	buf_append_text(sql, ") IS DISTINCT FROM ROW(");
	append_list(table, false, "s.", sql);
	buf_append_text(sql, ") RETURNING 1");
}

static const char *make_upsert(struct seed_table *table)
{
	struct buf sql;
	size_t keys = 0;
	buf_init(&sql, MAX_SQL);
	buf_append_text(&sql, "WITH s AS (SELECT ");
	for (size_t i = 0; i < table->count; i++) {
		keys += table->columns[i].key;
		buf_printf(&sql, "%s$%zu::%s AS ", i ? ", " : "", i + 1, table->columns[i].type);
		quote_identifier(&sql, table->columns[i].name);
	}
	buf_append_text(&sql, "), changed AS (");
	if (keys < table->count)
		append_changed(table, &sql);
	else
		buf_append_text(&sql, "SELECT WHERE false");
	buf_printf(&sql, "), added AS (INSERT INTO %s (", table->target);
	append_list(table, true, "", &sql);
	buf_append_text(&sql, ") SELECT ");
	append_list(table, true, "s.", &sql);
	buf_printf(&sql, " FROM s WHERE NOT EXISTS (SELECT FROM %s t WHERE ", table->target);
	append_matches(table, &sql);
	buf_append_text(&sql, ") RETURNING 1) SELECT (SELECT count(*) FROM changed),"
			      " (SELECT count(*) FROM added)");
	const char *text = arena_strdup(&table->arena, buf_text(&sql));
	buf_release(&sql);
	return text;
}

static bool lock(struct database *database, struct seed_table *table, struct err *err)
{
	struct buf sql;
	buf_init(&sql, 1000);
	buf_printf(&sql, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", table->target);
	bool ok = database_exec(database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

bool seed_table_open(struct database *database, const struct config_seed *seed,
	const struct string_list *columns, struct seed_table *ret_table, bool *ret_created,
	struct err *err)
{
	struct seed_table table = {0};
	bool there = false;
	arena_init(&table.arena, MAX_ARENA);
	struct buf target;
	buf_init(&target, 1000);
	quote_qualified(&target, seed->table.schema, seed->table.name);
	table.target = arena_strdup(&table.arena, buf_text(&target));
	buf_release(&target);
	if (!fill_columns(seed, columns, &table, err) ||
		!read_types(database, seed, &table, &there, err) ||
		!make(database, seed, &table, there, err) || !lock(database, &table, err)) {
		seed_table_release(&table);
		return false;
	}
	table.upsert = make_upsert(&table);
	*ret_table = table;
	*ret_created = !there;
	return true;
}

void seed_table_release(struct seed_table *table)
{
	arena_release(&table->arena);
}

static bool read_greatest(struct database *database, struct seed_table *table, const char *column,
	struct database_rows **ret_rows, struct err *err)
{
	struct buf sql;
	buf_init(&sql, MAX_SQL);
	buf_append_text(&sql, "SELECT max(");
	quote_identifier(&sql, column);
	buf_printf(&sql, ") FROM %s", table->target);
	bool ok = database_query(database, buf_text(&sql), NULL, 0, ret_rows, err);
	buf_release(&sql);
	return ok;
}

bool seed_table_advance(struct database *database, struct seed_table *table, struct err *err)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct seed_column *column = &table->columns[i];
		struct database_rows *rows = NULL;
		if (strcmp(column->type, "integer") != 0 && strcmp(column->type, "bigint") != 0 &&
			strcmp(column->type, "smallint") != 0)
			continue;
		if (!read_greatest(database, table, column->name, &rows, err))
			return false;
		const char *const values[] = {
			table->target, column->name, database_text(rows, 0, 0)};
		bool ok = !values[2] ||
			  database_run(database, sql_init_advance_sequence, values, 3, NULL, err);
		database_rows_free(rows);
		if (!ok)
			return false;
	}
	return true;
}
