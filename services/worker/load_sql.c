/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL made from a dataset. Whether an incoming row beats the stored one depends on nothing but the
 * two rows: ON CONFLICT DO UPDATE locks the stored row's latest version before it compares, so the
 * winner is the same in whatever order versions arrive.
 */
#include <string.h>

#include "postgres/quote.h"
#include "worker/load.h"

#define MAX_SQL (1 << 20)

void load_sql_columns(struct buf *out, const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		quote_identifier(out, schema->fields[i].column);
		buf_append_text(out, ", ");
	}
	buf_append_text(out, "_file, _row");
}

void load_sql_key(struct buf *out, const struct dataset *dataset)
{
	for (size_t i = 0; i < dataset->key_count; i++) {
		buf_append_text(out, i ? ", " : "");
		quote_identifier(out, dataset->schema->fields[dataset->key_fields[i]].column);
	}
	if (dataset->key_count == 0)
		buf_append_text(out, "_file, _row");
}

static const char *greatest_column(const struct dataset *dataset)
{
	return dataset->schema->fields[dataset->greatest_field].column;
}

void load_sql_best_first(struct buf *out, const struct dataset *dataset)
{
	load_sql_key(out, dataset);
	if (dataset->config->on_conflict == CONFLICT_FIRST) {
		buf_append_text(out, ", _file, _row");
		return;
	}
	if (dataset->config->on_conflict == CONFLICT_GREATEST) {
		buf_append_text(out, ", ");
		quote_identifier(out, greatest_column(dataset));
		buf_append_text(out, " DESC NULLS LAST");
	}
	buf_append_text(out, ", _file DESC, _row DESC");
}

/* The incoming row beats the stored one; null is smallest. */
static void append_beats(struct buf *out, const struct dataset *dataset)
{
	static const char later[] = "(excluded._file, excluded._row) > (t._file, t._row)";
	if (dataset->config->on_conflict == CONFLICT_FIRST) {
		buf_append_text(out, "(excluded._file, excluded._row) < (t._file, t._row)");
	} else if (dataset->config->on_conflict == CONFLICT_LAST) {
		buf_append_text(out, later);
	} else {
		struct buf name;
		buf_init(&name, 1000);
		quote_identifier(&name, greatest_column(dataset));
		const char *c = buf_text(&name);
		buf_printf(out,
			"CASE WHEN excluded.%s IS NULL OR t.%s IS NULL"
			" THEN excluded.%s IS NOT NULL OR (t.%s IS NULL AND %s)"
			" ELSE excluded.%s > t.%s OR (excluded.%s = t.%s AND %s) END",
			c, c, c, c, later, c, c, c, c, later);
		buf_release(&name);
	}
}

static void append_assignments(struct buf *out, const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		quote_identifier(out, schema->fields[i].column);
		buf_append_text(out, " = excluded.");
		quote_identifier(out, schema->fields[i].column);
		buf_append_text(out, ", ");
	}
	buf_append_text(out, "_file = excluded._file, _row = excluded._row");
}

/*
 * Answers how many rows of each chunk were fresh: new keys, without another version in the table or
 * in the batch. $1..$3: file ids, chunk numbers, first row numbers of the batch's chunks.
 */
static void append_merge(struct buf *out, const struct dataset *dataset, const char *target)
{
	buf_printf(out, "WITH best AS (SELECT DISTINCT ON (");
	load_sql_key(out, dataset);
	buf_append_text(out, ") * FROM pg_temp.penstock_stage ORDER BY ");
	load_sql_best_first(out, dataset);
	buf_printf(out, "), merged AS (INSERT INTO %s AS t (", target);
	load_sql_columns(out, dataset->schema);
	buf_append_text(out, ") SELECT ");
	load_sql_columns(out, dataset->schema);
	buf_append_text(out, " FROM best ON CONFLICT (");
	load_sql_key(out, dataset);
	buf_append_text(out, ") DO UPDATE SET ");
	append_assignments(out, dataset->schema);
	buf_append_text(out, " WHERE ");
	append_beats(out, dataset);
	buf_append_text(out,
		" RETURNING t._file, t._row, t.xmax = 0 AS fresh), chunks AS ("
		"SELECT file_id, array_agg(chunk ORDER BY first) AS chunks,"
		" array_agg(first ORDER BY first) AS firsts"
		" FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) u (file_id, chunk, first)"
		" GROUP BY file_id) "
		"SELECT c.file_id, c.chunks[width_bucket(m._row, c.firsts)], count(*)"
		" FROM merged m JOIN chunks c ON c.file_id = m._file WHERE m.fresh GROUP BY 1, 2");
}

/*
 * Without the same key in the table, or with a version there that the staged one beats: a trigger
 * may well change the column that decides for the greatest, so that is not looked at.
 */
static void append_swallowed(struct buf *out, const struct dataset *dataset, const char *target)
{
	buf_printf(out,
		"SELECT count(*) FROM pg_temp.penstock_stage excluded WHERE NOT EXISTS (SELECT FROM"
		" %s t WHERE ",
		target);
	for (size_t i = 0; i < dataset->key_count; i++) {
		const char *column = dataset->schema->fields[dataset->key_fields[i]].column;
		buf_append_text(out, i ? " AND t." : "t.");
		quote_identifier(out, column);
		buf_append_text(out, " = excluded.");
		quote_identifier(out, column);
	}
	if (dataset->key_count == 0)
		buf_append_text(out, "t._file = excluded._file AND t._row = excluded._row");
	if (dataset->config->on_conflict != CONFLICT_GREATEST) {
		buf_append_text(out, " AND NOT ");
		append_beats(out, dataset);
	}
	buf_append_text(out, ")");
}

void load_sql_copy(struct buf *out, const struct schema *schema, const char *target)
{
	buf_printf(out, "COPY %s (", target);
	load_sql_columns(out, schema);
	buf_append_text(out, ") FROM STDIN (FORMAT binary)");
}

/* So that nobody empties or remakes them between lookups_check and the commit. */
static void append_lookup_locks(struct buf *out, const struct dataset *dataset)
{
	for (size_t i = 0; i < dataset->lookup_count; i++) {
		const struct config_table *table = &dataset->lookups[i].config->table;
		buf_append_text(out, i ? ", ONLY " : "; LOCK TABLE ONLY ");
		quote_qualified(out, table->schema, table->name);
	}
	buf_append_text(out, dataset->lookup_count ? " IN ACCESS SHARE MODE" : "");
}

static const char *keep(struct buf *text, struct arena *arena)
{
	if (text->overflow)
		BUG("SQL of a dataset beyond %d bytes", MAX_SQL);
	const char *kept = arena_strdup(arena, buf_text(text));
	buf_clear(text);
	return kept;
}

void load_sql_make(const struct dataset *dataset, struct arena *arena, struct load_sql *ret_sql)
{
	struct load_sql sql;
	struct buf text;
	buf_init(&text, MAX_SQL);
	quote_qualified(&text, dataset->table.schema, dataset->table.name);
	sql.target = keep(&text, arena);

	buf_append_text(&text,
		"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout TO '10s';"
		"SET LOCAL client_min_messages TO warning;"
		"SELECT pg_advisory_xact_lock_shared(penstock.dataset_lock(");
	quote_literal(&text, dataset->config->name);
	buf_printf(&text, ")); LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE", sql.target);
	append_lookup_locks(&text, dataset);
	sql.begin = keep(&text, arena);

	load_sql_copy(&text, dataset->schema, sql.target);
	sql.copy_target = keep(&text, arena);
	load_sql_copy(&text, dataset->schema, "pg_temp.penstock_stage");
	sql.copy_stage = keep(&text, arena);
	buf_printf(&text,
		"SET LOCAL work_mem TO '32MB'; CREATE TEMPORARY TABLE penstock_stage (LIKE %s "
		"INCLUDING CONSTRAINTS"
		" INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY) ON COMMIT DROP",
		sql.target);
	sql.make_stage = keep(&text, arena);
	append_merge(&text, dataset, sql.target);
	sql.merge = keep(&text, arena);
	append_swallowed(&text, dataset, sql.target);
	sql.swallowed = keep(&text, arena);
	buf_release(&text);
	*ret_sql = sql;
}
