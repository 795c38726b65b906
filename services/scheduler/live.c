/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of a model's <name>_live. Which way it is answered is decided inside the view, by the
 * snapshot of the query that reads it: the table and the rows loaded since, or the full query. The
 * way not taken is not executed (a one-time filter).
 */
#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"
#include "scheduler/since.h"

#define ADDED "(SELECT s.added FROM penstock_since s)"

static const struct model *base_of(const struct batch *batch, const struct model *live)
{
	return &batch->project->models[live->parents[0]];
}

static bool refuse(const struct model *base, const char *why, struct err *err)
{
	return err_config(err, "%s:%d: speed: %s", base->path, base->speed_line, why);
}

/* Of a function that is not immutable: where the query calls it, if it does by name. */
static int line_of_call(const struct model *base, const char *signature)
{
	size_t n = strcspn(signature, "(");
	const char *text = base->query.text;
	int line = 1;
	for (; *text; text++) {
		if (strncasecmp(text, signature, n) == 0)
			return line;
		line += *text == '\n';
	}
	return base->speed_line;
}

static bool check_functions(struct batch *batch, const struct model *base, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, sql_scheduler_mutable, NULL, 0, &rows, err))
		return false;
	bool ok = true;
	if (database_row_count(rows)) {
		const char *name = database_text(rows, 0, 0);
		ok = err_config(err, "%s:%d: speed: %s %s", base->path, line_of_call(base, name),
			name, database_text(rows, 0, 1));
	}
	database_rows_free(rows);
	return ok;
}

/* Read again as Postgres understood it: a GROUP BY item may have meant another column. */
static bool check_groups(
	struct batch *batch, const struct model *base, const struct shape *shape, struct err *err)
{
	struct query_aggregate printed;
	const struct query_aggregate *query = &base->speed->query;
	struct err why;
	bool same = query_aggregate_printed(
			    shape->definition, base->path, &batch->arena, &printed, &why) &&
		    printed.column_count == query->column_count;
	for (size_t i = 0; same && i < query->column_count; i++)
		same = printed.columns[i].kind == query->columns[i].kind;
	return same || refuse(base,
			       "GROUP BY means other columns than the query shows: a table's "
			       "column has the name of one of them",
			       err);
}

static bool check_sums(const struct model *base, const struct shape *shape, struct err *err)
{
	for (size_t i = 0; i < shape->count; i++) {
		const char *type = shape->columns[i].type;
		enum query_column_kind kind = base->speed->query.columns[i].kind;
		if ((kind == QUERY_SUM || kind == QUERY_COUNT) &&
			(strcmp(type, "double precision") == 0 || strcmp(type, "real") == 0))
			return err_config(err,
				"%s:%d: speed: column %s is %s, whose sum depends on the order of "
				"the rows: "
				"cast what goes into it to numeric",
				base->path, base->speed_line, shape->columns[i].name, type);
	}
	return true;
}

/* The columns of the model's query now, once it is known to be one that can be put together. */
static bool probe(
	struct batch *batch, const struct model *base, struct shape *ret_shape, struct err *err)
{
	struct buf sql;
	struct shape shape;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "CREATE TEMP VIEW penstock_speed AS\n");
	buf_append_text(&sql, base->query.text);
	bool ok = database_exec(batch->database, buf_text(&sql), err) &&
		  shape_read(batch->database, "pg_temp", "penstock_speed", &batch->arena, &shape,
			  err) &&
		  check_groups(batch, base, &shape, err) && check_sums(base, &shape, err) &&
		  check_functions(batch, base, err) &&
		  database_exec(batch->database, "DROP VIEW pg_temp.penstock_speed", err);
	buf_release(&sql);
	if (ok)
		*ret_shape = shape;
	return ok;
}

static void merged_columns(const struct model *base, const struct shape *shape, struct buf *sql)
{
	for (size_t i = 0; i < shape->count; i++) {
		static const char *const merge[] = {[QUERY_GROUP] = "(",
			[QUERY_SUM] = "sum(",
			[QUERY_COUNT] = "sum(",
			[QUERY_MIN] = "min(",
			[QUERY_MAX] = "max("};
		buf_append_text(sql, i ? ", " : "");
		buf_append_text(sql, merge[base->speed->query.columns[i].kind]);
		buf_append_text(sql, "q.");
		quote_identifier(sql, shape->columns[i].name);
		buf_printf(sql, ")::%s AS ", shape->columns[i].type);
		quote_identifier(sql, shape->columns[i].name);
	}
}

static bool groups(const struct model *base, const struct shape *shape, struct buf *sql)
{
	bool any = false;
	for (size_t i = 0; i < shape->count; i++) {
		if (base->speed->query.columns[i].kind != QUERY_GROUP)
			continue;
		buf_append_text(sql, any ? ", q." : "\nGROUP BY q.");
		quote_identifier(sql, shape->columns[i].name);
		any = true;
	}
	return any;
}

/* "SELECT q.a, q.b FROM (<text>) AS q (a, b)" */
static void select_all(const struct shape *shape, const struct buf *text, struct buf *sql)
{
	buf_append_text(sql, "SELECT ");
	shape_list_columns(shape, "q.", sql);
	buf_append_text(sql, "\nFROM (\n");
	buf_append(sql, text->data, text->len);
	buf_append_text(sql, "\n) AS q (");
	shape_list_columns(shape, "", sql);
	buf_append_text(sql, ")");
}

static void added_way(const struct model *base, const struct shape *shape, struct buf *sql)
{
	struct buf part;
	struct buf rows;
	buf_init(&part, BATCH_SQL_MAX);
	buf_init(&rows, BATCH_SQL_MAX);
	buf_append_text(sql, "SELECT ");
	merged_columns(base, shape, sql);
	buf_append_text(sql, "\nFROM (\n");
	buf_append_text(&part, "SELECT ");
	shape_list_columns(shape, "t.", &part);
	buf_append_text(&part, " FROM ");
	quote_qualified(&part, base->schema, base->table);
	buf_append_text(&part, " t");
	select_all(shape, &part, sql);
	buf_append_text(sql, " WHERE " ADDED "\nUNION ALL\n");
	buf_clear(&part);
	since_rows_sql(base, base->speed->growing, &rows);
	query_replace_first(&base->query, &base->speed->query, buf_text(&rows), &part);
	select_all(shape, &part, sql);
	buf_append_text(sql, " WHERE " ADDED "\n) q");
	if (!groups(base, shape, sql))
		buf_append_text(sql, "\nHAVING " ADDED);
	buf_release(&rows);
	buf_release(&part);
}

bool live_write(struct batch *batch, const struct model *live, struct err *err)
{
	const struct model *base = base_of(batch, live);
	struct shape shape;
	struct buf sql;
	struct buf full;
	if (!probe(batch, base, &shape, err))
		return false;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_init(&full, BATCH_SQL_MAX);
	buf_append_text(&sql, "WITH penstock_since AS MATERIALIZED (SELECT ");
	since_reason_sql(base, base->speed->growing, &base->speed->fixed, false, &sql);
	buf_append_text(&sql, " IS NULL AS added)\n");
	added_way(base, &shape, &sql);
	buf_append_text(&sql, "\nUNION ALL\n");
	buf_append_text(&full, base->query.text);
	select_all(&shape, &full, &sql);
	buf_append_text(&sql, " WHERE NOT " ADDED);
	bool ok = !sql.overflow || refuse(base, "its SQL is too long", err);
	if (ok)
		batch->project->models[live - batch->project->models].query.text =
			arena_strdup(&batch->arena, buf_text(&sql));
	buf_release(&full);
	buf_release(&sql);
	return ok;
}

bool live_drop(struct batch *batch, const struct model *model, struct err *err)
{
	const char *parameters[] = {model->name};
	int64_t was_live = 0;
	if (!database_run(batch->database,
		    "UPDATE penstock.model SET live = false WHERE model = $1 AND live", parameters,
		    1, &was_live, err))
		return false;
	if (!was_live)
		return true;
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "DROP VIEW IF EXISTS ");
	quote_qualified(
		&sql, model->schema, arena_printf(&batch->arena, "%s" LIVE_SUFFIX, model->table));
	bool ok = database_exec(batch->database, buf_text(&sql), err);
	buf_release(&sql);
	return ok || err_prefix(err, "its line -- speed is gone, so has its view to be");
}
