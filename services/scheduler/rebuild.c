/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --rebuild: the one case in which readers wait. What reads the relation is noted in a temporary
 * table, dropped, and made again in order: models from their files, others' views from their
 * definitions, then owners, comments, indexes, constraints, triggers and grants.
 */
#include "base/log.h"
#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"

/* Runs each statement that a query returns in its first column. */
static bool run_each(struct batch *batch, const char *query, const char *const *parameters,
	size_t count, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, query, parameters, count, &rows, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < database_row_count(rows); i++)
		ok = database_exec(batch->database, database_text(rows, i, 0), err) ||
		     err_prefix(err, "%s", database_text(rows, i, 0));
	database_rows_free(rows);
	return ok;
}

static bool collect(struct batch *batch, struct err *err)
{
	struct buf name;
	struct buf models;
	const struct project *project = batch->project;
	buf_init(&name, 1024);
	buf_init(&models, BATCH_SQL_MAX);
	quote_qualified(&name, batch->rebuild->schema, batch->rebuild->table);
	array_begin(&models);
	for (size_t i = 0; i < project->model_count; i++)
		if (project->models[i].selected)
			array_add(&models, project->models[i].name);
	array_end(&models);
	const char *parameters[] = {buf_text(&name), buf_text(&models)};
	bool ok = database_run(batch->database, sql_scheduler_rebuild_collect, parameters, 2, NULL,
			  err) &&
		  database_run(batch->database, sql_scheduler_rebuild_restore, NULL, 0, NULL, err);
	buf_release(&models);
	buf_release(&name);
	return ok;
}

static bool refuse_policies(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database,
		    "SELECT format('%I.%I', schema, name) FROM pg_temp.penstock_rebuild "
		    "WHERE has_policies OR kind NOT IN ('r', 'v', 'm') LIMIT 1",
		    NULL, 0, &rows, err))
		return false;
	bool ok = true;
	if (database_row_count(rows))
		ok = err_fail(err, ERR_FATAL,
			"%s has row level security or is of a kind that cannot be put back: drop "
			"it "
			"by hand",
			database_text(rows, 0, 0));
	database_rows_free(rows);
	return ok;
}

bool rebuild_begin(struct batch *batch, struct err *err)
{
	/* With nothing but the catalog in the path, every printed name is qualified. */
	return database_exec(batch->database, "SET LOCAL search_path = pg_catalog, pg_temp", err) &&
	       collect(batch, err) && refuse_policies(batch, err) &&
	       run_each(batch,
		       "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, "
		       "k.conname) FROM pg_constraint k JOIN pg_temp.penstock_rebuild r "
		       "ON r.oid = k.confrelid WHERE k.contype = 'f' AND k.conrelid <> k.confrelid",
		       NULL, 0, err) &&
	       run_each(batch, "SELECT drop_sql FROM pg_temp.penstock_rebuild ORDER BY depth DESC",
		       NULL, 0, err);
}

/* Marks it as made again and puts back what hung on it. */
static bool finish(struct batch *batch, const char *oid, struct err *err)
{
	const char *parameters[] = {oid};
	return database_run(batch->database,
		       "UPDATE pg_temp.penstock_rebuild SET restored = true WHERE oid = $1::oid",
		       parameters, 1, NULL, err) &&
	       run_each(batch,
		       "SELECT s.statement FROM pg_temp.penstock_restore s "
		       "JOIN pg_temp.penstock_rebuild r ON r.oid = s.oid "
		       "WHERE s.oid = $1::oid AND (s.column_name IS NULL OR EXISTS ("
		       "  SELECT FROM pg_attribute a WHERE NOT a.attisdropped"
		       "  AND a.attrelid = to_regclass(format('%I.%I', r.schema, r.name))"
		       "  AND a.attname = s.column_name)) ORDER BY s.place, s.statement",
		       parameters, 1, err);
}

/* Views of others, as soon as all they read is there again; *ret_more when one was made. */
static bool restore_next(struct batch *batch, bool *ret_more, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database,
		    "SELECT r.create_sql, r.oid::text FROM pg_temp.penstock_rebuild r "
		    "WHERE NOT r.restored AND NOT r.is_model AND NOT EXISTS ("
		    "  SELECT FROM pg_temp.penstock_rebuild p "
		    "  WHERE p.oid = ANY (r.parents) AND NOT p.restored) ORDER BY r.depth LIMIT 1",
		    NULL, 0, &rows, err))
		return false;
	bool more = database_row_count(rows) > 0;
	bool ok = !more || ((database_exec(batch->database, database_text(rows, 0, 0), err) ||
				    err_prefix(err, "%s", database_text(rows, 0, 0))) &&
				   finish(batch, database_text(rows, 0, 1), err));
	database_rows_free(rows);
	*ret_more = more;
	return ok;
}

bool rebuild_restore(struct batch *batch, const struct model *model, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *parameters[] = {model->schema, model->table};
	if (!database_query(batch->database,
		    "SELECT oid::text FROM pg_temp.penstock_rebuild "
		    "WHERE schema = $1 AND name = $2 AND is_model AND NOT restored",
		    parameters, 2, &rows, err))
		return false;
	bool ok = true;
	bool more = database_row_count(rows) > 0;
	if (more)
		ok = finish(batch, database_text(rows, 0, 0), err);
	database_rows_free(rows);
	while (ok && more)
		ok = restore_next(batch, &more, err);
	return ok || err_prefix(err, "putting back what hangs on %s", model->name);
}
