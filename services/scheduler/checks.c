/* SPDX-License-Identifier: Apache-2.0 */
/* Checks as queries that count what should not be there. Nulls are not_null's business alone. */
#include "base/clock.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"

/* The rows a check is about: the relation, or those of it that meet `where`. */
static void source_sql(const struct check *check, struct buf *sql)
{
	if (check->where)
		buf_append_text(sql, "(SELECT * FROM ");
	quote_qualified(sql, check->model->schema, check->model->table);
	if (check->where) {
		buf_append_text(sql, " WHERE (\n");
		buf_append_text(sql, check->where);
		buf_append_text(sql, "\n))");
	}
	buf_append_text(sql, " c");
}

static void unique_sql(const struct batch *batch, const struct check *check, struct buf *sql)
{
	(void)batch;
	buf_append_text(sql, "SELECT count(*) FROM (SELECT FROM ");
	source_sql(check, sql);
	buf_append_text(sql, " WHERE c.");
	quote_identifier(sql, check->column);
	buf_append_text(sql, " IS NOT NULL GROUP BY c.");
	quote_identifier(sql, check->column);
	buf_append_text(sql, " HAVING count(*) > 1) d");
}

static void not_null_sql(const struct batch *batch, const struct check *check, struct buf *sql)
{
	(void)batch;
	buf_append_text(sql, "SELECT count(*) FROM ");
	source_sql(check, sql);
	buf_append_text(sql, " WHERE c.");
	quote_identifier(sql, check->column);
	buf_append_text(sql, " IS NULL");
}

static void values_sql(const struct batch *batch, const struct check *check, struct buf *sql)
{
	(void)batch;
	buf_append_text(sql, "SELECT count(*) FROM ");
	source_sql(check, sql);
	buf_append_text(sql, " WHERE c.");
	quote_identifier(sql, check->column);
	buf_append_text(sql, "::text NOT IN (");
	for (size_t i = 0; i < check->values.count; i++) {
		buf_append_text(sql, i ? ", " : "");
		quote_literal(sql, check->values.items[i]);
	}
	buf_append_text(sql, ")");
}

/* A bare name means a model of the own schema or public, or else the one model of that name. */
static const struct model *find_target(const struct batch *batch, const struct check *check)
{
	const struct project *project = batch->project;
	if (!check->model)
		BUG("%s: a relationship without a model", check->origin);
	const struct model *found =
		project_resolve(project, check->model->schema, check->to_schema, check->to_table);
	for (size_t i = 0; i < project->model_count && !found && !*check->to_schema; i++)
		if (strcmp(project->models[i].table, check->to_table) == 0)
			found = &project->models[i];
	return found;
}

static void relationships_sql(const struct batch *batch, const struct check *check, struct buf *sql)
{
	const struct model *target = find_target(batch, check);
	buf_append_text(sql, "SELECT count(*) FROM ");
	source_sql(check, sql);
	buf_append_text(sql, " WHERE c.");
	quote_identifier(sql, check->column);
	buf_append_text(sql, " IS NOT NULL AND NOT EXISTS (SELECT FROM ");
	if (target)
		quote_qualified(sql, target->schema, target->table);
	else if (*check->to_schema)
		quote_qualified(sql, check->to_schema, check->to_table);
	else
		quote_identifier(sql, check->to_table);
	buf_append_text(sql, " p WHERE p.");
	quote_identifier(sql, check->to_field);
	buf_append_text(sql, " = c.");
	quote_identifier(sql, check->column);
	buf_append_text(sql, ")");
}

static void rows_sql(const struct batch *batch, const struct check *check, struct buf *sql)
{
	(void)batch;
	buf_append_text(sql, "SELECT count(*) FROM (\n");
	buf_append_text(sql, check->query.text);
	buf_append_text(sql, "\n) q");
}

static const struct {
	void (*sql)(const struct batch *batch, const struct check *check, struct buf *sql);
	const char *what; /* of the number before it */
} kinds[] = {
	[CHECK_UNIQUE] = {unique_sql, "values occur more than once"},
	[CHECK_NOT_NULL] = {not_null_sql, "nulls"},
	[CHECK_ACCEPTED_VALUES] = {values_sql, "rows with other values"},
	[CHECK_RELATIONSHIPS] = {relationships_sql, "rows without a partner"},
	[CHECK_SQL] = {rows_sql, "rows that should not be there"},
};

/* Whether this run may have changed what the check is about. */
static bool concerns(const struct batch *batch, const struct check *check)
{
	const struct project *project = batch->project;
	bool all = true;
	for (size_t i = 0; i < project->model_count; i++)
		all = all && project->models[i].selected;
	if (all || (check->model && check->model->selected))
		return true;
	if (check->kind == CHECK_RELATIONSHIPS) {
		const struct model *target = find_target(batch, check);
		return target && target->selected;
	}
	for (size_t i = 0; i < check->query.relation_count; i++) {
		const struct query_relation *relation = &check->query.relations[i];
		const struct model *model =
			project_resolve(project, "public", relation->schema, relation->name);
		if (model && model->selected)
			return true;
	}
	return false;
}

static bool count_failures(
	struct batch *batch, const struct check *check, int64_t *ret_count, struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	buf_init(&sql, BATCH_SQL_MAX);
	kinds[check->kind].sql(batch, check, &sql);
	bool ok = batch_enter_schema(batch, check->model ? check->model->schema : "public", err) &&
		  database_query(batch->database, buf_text(&sql), NULL, 0, &rows, err);
	if (ok)
		*ret_count = database_int(rows, 0, 0);
	database_rows_free(rows);
	buf_release(&sql);
	return ok;
}

/* A check whose SQL fails is a failed check; a sick server is the run's trouble. */
static bool run_check(struct batch *batch, const struct check *check, struct check_result *result,
	struct err *err)
{
	struct err why;
	int64_t started = clock_monotonic_us();
	result->ran = true;
	result->message = "";
	if (!database_exec(batch->database, "SAVEPOINT penstock_check", err))
		return false;
	if (count_failures(batch, check, &result->failures, &why)) {
		result->state = !result->failures ? CHECK_PASS
				: check->warn	  ? CHECK_WARN
						  : CHECK_FAIL;
		if (result->failures)
			result->message = arena_printf(&batch->arena, "%lld %s%s%s",
				(long long)result->failures, kinds[check->kind].what,
				*check->description ? ": " : "", check->description);
	} else if (why.class == ERR_RETRY || !database_usable(batch->database)) {
		*err = why;
		return false;
	} else {
		result->state = CHECK_ERROR;
		result->message = arena_strdup(&batch->arena, why.message);
	}
	batch->warnings += result->state == CHECK_WARN;
	batch->failures += result->state == CHECK_FAIL || result->state == CHECK_ERROR;
	result->milliseconds = (clock_monotonic_us() - started) / 1000;
	return database_exec(batch->database,
		"ROLLBACK TO SAVEPOINT penstock_check; RELEASE SAVEPOINT penstock_check", err);
}

bool checks_run(struct batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->project->check_count; i++)
		if (concerns(batch, &batch->project->checks[i]) &&
			!run_check(batch, &batch->project->checks[i], &batch->checks[i], err))
			return false;
	return true;
}
