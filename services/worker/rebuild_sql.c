/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows are compared as images (*<>): some types, json above all, have no equality. The key's
 * columns are k0, k1 ... in the table of differences: names of its own could collide with them.
 */
#include "worker/rebuild_sql.h"

#include "postgres/quote.h"
#include "worker/load.h"

#define MAX_SQL (1 << 20)

static size_t key_count(const struct dataset *dataset)
{
	return dataset->key_count ? dataset->key_count : 2;
}

/* "a"."id" */
static void append_key_column(
	struct buf *out, const struct dataset *dataset, const char *alias, size_t at)
{
	static const char *const lineage[] = {"_file", "_row"};
	buf_printf(out, "%s.", alias);
	quote_identifier(out, dataset->key_count
				      ? dataset->schema->fields[dataset->key_fields[at]].column
				      : lineage[at]);
}

/* t.key = e.key */
static void append_same_key(struct buf *out, const struct dataset *dataset)
{
	for (size_t i = 0; i < key_count(dataset); i++) {
		buf_append_text(out, i ? " AND " : "");
		append_key_column(out, dataset, "t", i);
		buf_append_text(out, " = ");
		append_key_column(out, dataset, "e", i);
	}
}

/* alias.key = d.k0 */
static void append_key_of_difference(
	struct buf *out, const struct dataset *dataset, const char *alias)
{
	for (size_t i = 0; i < key_count(dataset); i++) {
		buf_append_text(out, i ? " AND " : "");
		append_key_column(out, dataset, alias, i);
		buf_printf(out, " = d.k%zu", i);
	}
}

static void append_columns_of(struct buf *out, const struct schema *schema, const char *alias)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		buf_printf(out, "%s.", alias);
		quote_identifier(out, schema->fields[i].column);
		buf_append_text(out, ", ");
	}
	buf_printf(out, "%s._file, %s._row", alias, alias);
}

static void append_compare(struct buf *out, const struct dataset *dataset, const char *target)
{
	buf_append_text(out,
		"CREATE TEMPORARY TABLE penstock_difference ON COMMIT DROP AS SELECT CASE WHEN "
		"t.ctid IS NULL THEN 'missing' WHEN e.ctid IS NULL THEN 'surplus' ELSE "
		"'different' END AS kind, coalesce(e._file, t._file) AS file_id,"
		" coalesce(e._row, t._row) AS row_number, concat_ws(', '");
	for (size_t i = 0; i < key_count(dataset); i++) {
		buf_append_text(out, ", coalesce(");
		append_key_column(out, dataset, "e", i);
		buf_append_text(out, ", ");
		append_key_column(out, dataset, "t", i);
		buf_append_text(out, ")");
	}
	buf_append_text(out, ") AS key_text");
	for (size_t i = 0; i < key_count(dataset); i++) {
		buf_append_text(out, ", coalesce(");
		append_key_column(out, dataset, "e", i);
		buf_append_text(out, ", ");
		append_key_column(out, dataset, "t", i);
		buf_printf(out, ") AS k%zu", i);
	}
	buf_printf(out, " FROM ONLY %s t FULL JOIN pg_temp.penstock_expected e ON ", target);
	append_same_key(out, dataset);
	buf_append_text(out, " WHERE t.ctid IS NULL OR e.ctid IS NULL OR ROW(");
	append_columns_of(out, dataset->schema, "t");
	buf_append_text(out, ")::record *<> ROW(");
	append_columns_of(out, dataset->schema, "e");
	buf_append_text(out, ")::record; ANALYZE pg_temp.penstock_difference");
}

static void append_take_out(struct buf *out, const struct dataset *dataset, const char *target)
{
	buf_append_text(out, "CREATE TEMPORARY TABLE penstock_expected ON COMMIT DROP AS SELECT ");
	load_sql_columns(out, dataset->schema);
	buf_append_text(out,
		" FROM pg_temp.penstock_rebuild;"
		" CREATE TEMPORARY TABLE penstock_difference ON COMMIT DROP AS"
		" SELECT 'surplus' AS kind, _file AS file_id, _row AS row_number, concat_ws(', '");
	for (size_t i = 0; i < key_count(dataset); i++) {
		buf_append_text(out, ", ");
		append_key_column(out, dataset, "t", i);
	}
	buf_append_text(out, ") AS key_text");
	for (size_t i = 0; i < key_count(dataset); i++) {
		buf_append_text(out, ", ");
		append_key_column(out, dataset, "t", i);
		buf_printf(out, " AS k%zu", i);
	}
	buf_printf(out,
		" FROM ONLY %s t"
		" WHERE _file IN (SELECT l.file_id FROM pg_temp.penstock_left_out l);"
		" ANALYZE pg_temp.penstock_difference",
		target);
}

static void append_expect(struct buf *out, const struct dataset *dataset)
{
	buf_append_text(out,
		"CREATE TEMPORARY TABLE penstock_expected ON COMMIT DROP AS SELECT DISTINCT ON (");
	load_sql_key(out, dataset);
	buf_append_text(out, ") ");
	load_sql_columns(out, dataset->schema);
	buf_append_text(out,
		" FROM pg_temp.penstock_rebuild WHERE _file IN (SELECT penstock.counted_files(");
	quote_literal(out, dataset->config->name);
	buf_printf(out,
		", %s, ARRAY(SELECT l.file_id FROM pg_temp.penstock_left_out l))) ORDER BY ",
		dataset->config->keep == KEEP_LATEST_FILE ? "true" : "false");
	load_sql_best_first(out, dataset);
	buf_append_text(out, "; ANALYZE pg_temp.penstock_expected");
}

static void append_replace(struct buf *out, const struct dataset *dataset, const char *target)
{
	buf_printf(out, "UPDATE ONLY %s t SET (", target);
	load_sql_columns(out, dataset->schema);
	buf_append_text(out, ") = ROW(");
	append_columns_of(out, dataset->schema, "e");
	buf_append_text(out, ") FROM pg_temp.penstock_expected e, pg_temp.penstock_difference d"
			     " WHERE d.kind = 'different' AND ");
	append_key_of_difference(out, dataset, "e");
	buf_append_text(out, " AND ");
	append_key_of_difference(out, dataset, "t");
}

static void append_add(struct buf *out, const struct dataset *dataset, const char *target)
{
	buf_printf(out, "INSERT INTO %s (", target);
	load_sql_columns(out, dataset->schema);
	buf_append_text(out, ") SELECT ");
	append_columns_of(out, dataset->schema, "e");
	buf_append_text(out, " FROM pg_temp.penstock_expected e, pg_temp.penstock_difference d"
			     " WHERE d.kind = 'missing' AND ");
	append_key_of_difference(out, dataset, "e");
}

static const char *keep(struct buf *text, struct arena *arena)
{
	if (text->overflow)
		BUG("SQL of a dataset beyond %d bytes", MAX_SQL);
	const char *kept = arena_strdup(arena, buf_text(text));
	buf_clear(text);
	return kept;
}

static void make_building(const struct dataset *dataset, struct buf *text, struct arena *arena,
	struct rebuild_sql *sql)
{
	buf_append_text(text, "CREATE TEMPORARY TABLE penstock_rebuild ON COMMIT DROP AS SELECT ");
	load_sql_columns(text, dataset->schema);
	buf_append_text(text, " FROM ");
	quote_qualified(text, dataset->table.schema, dataset->table.name);
	buf_append_text(text, " WITH NO DATA");
	sql->make_stage = keep(text, arena);
	load_sql_copy(text, dataset->schema, "pg_temp.penstock_rebuild");
	sql->copy_stage = keep(text, arena);
	append_expect(text, dataset);
	sql->expect = keep(text, arena);
}

void rebuild_sql_make(
	const struct dataset *dataset, struct arena *arena, struct rebuild_sql *ret_sql)
{
	struct rebuild_sql sql;
	struct buf text;
	buf_init(&text, MAX_SQL);
	quote_qualified(&text, dataset->table.schema, dataset->table.name);
	const char *target = keep(&text, arena);
	make_building(dataset, &text, arena, &sql);
	buf_printf(&text, "LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE", target);
	sql.lock_table = keep(&text, arena);
	append_compare(&text, dataset, target);
	sql.compare = keep(&text, arena);
	append_take_out(&text, dataset, target);
	sql.take_out = keep(&text, arena);
	buf_printf(&text,
		"DELETE FROM ONLY %s t USING pg_temp.penstock_difference d WHERE "
		"d.kind = 'surplus' AND ",
		target);
	append_key_of_difference(&text, dataset, "t");
	sql.remove = keep(&text, arena);
	append_replace(&text, dataset, target);
	sql.replace = keep(&text, arena);
	append_add(&text, dataset, target);
	sql.add = keep(&text, arena);
	buf_release(&text);
	*ret_sql = sql;
}
