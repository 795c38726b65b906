/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run, whole or not at all. Runs take turns by a session lock; a session that falls silent is
 * ended by the server, so that a frozen process holds up nobody.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "postgres/migrate.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"
#include "scheduler/since.h"

#define SESSION	 "SET idle_in_transaction_session_timeout = '60s'; SET idle_session_timeout = '60s'"
#define RUN_LOCK "SELECT pg_advisory_lock(hashtextextended('penstock.run', 0))"

struct model_result *batch_result(struct batch *batch, const struct model *model)
{
	return &batch->models[model - batch->project->models];
}

bool batch_enter_schema(struct batch *batch, const char *schema, struct err *err)
{
	struct buf sql;
	buf_init(&sql, 1024);
	buf_append_text(&sql, "SET LOCAL search_path = ");
	quote_identifier(&sql, schema);
	buf_append_text(&sql, ", public, pg_temp");
	bool ok = database_exec(batch->database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

bool batch_make_schema(struct batch *batch, const char *schema, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *parameters[] = {schema};
	if (!database_query(batch->database,
		    "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", parameters, 1,
		    &rows, err))
		return false;
	bool exists = database_bool(rows, 0, 0);
	database_rows_free(rows);
	if (exists)
		return true;
	struct buf sql;
	buf_init(&sql, 1024);
	buf_append_text(&sql, "CREATE SCHEMA ");
	quote_identifier(&sql, schema);
	bool ok = database_exec(batch->database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

static bool connect(struct batch *batch, const struct config *config, struct err *err)
{
	const struct database_options options = {
		.conninfo = config->postgres, .application = "penstock run"};
	return database_open(&options, &batch->database, err) &&
	       migrate_check(batch->database, err) && database_exec(batch->database, SESSION, err);
}

static bool take_turn(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, RUN_LOCK, NULL, 0, &rows, err))
		return false;
	database_rows_free(rows);
	return true;
}

static bool publish_view(struct batch *batch, const struct model *model, struct err *err)
{
	return batch_result(batch, model)->prepared ||
	       (apply_view(batch, model, err) && apply_comments(batch, model, err));
}

static bool build_model(struct batch *batch, const struct model *model, struct err *err)
{
	static bool (*const publish[])(struct batch *, const struct model *, struct err *) = {
		[MODEL_VIEW] = publish_view,
		[MODEL_TABLE] = publish_table,
		[MODEL_MATVIEW] = publish_matview};
	struct model_result *result = batch_result(batch, model);
	int64_t started = clock_monotonic_us();
	bool ok = batch_enter_schema(batch, model->schema, err) &&
		  publish[model->materialized](batch, model, err) &&
		  (!batch->rebuild || rebuild_restore(batch, model, err));
	result->milliseconds = (clock_monotonic_us() - started) / 1000;
	if (!ok) {
		result->state = MODEL_FAILED;
		result->error = arena_strdup(&batch->arena, err->message);
		return err_prefix(err, "%s", model->path);
	}
	bool changed = result->inserted || result->updated || result->deleted ||
		       model->materialized == MODEL_MATVIEW || result->state == MODEL_PUBLISHED;
	result->state = changed ? MODEL_PUBLISHED : MODEL_UNCHANGED;
	fault_point("scheduler.model");
	return true;
}

/* Locks the leader's row: whoever is elected from now on waits for this run's end. */
static bool still_leader(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!batch->fenced)
		return true;
	bool ok = database_query(batch->database,
		"SELECT generation FROM penstock.leader WHERE name = 'scheduler' FOR SHARE", NULL,
		0, &rows, err);
	if (ok ? !database_row_count(rows) || database_int(rows, 0, 0) != batch->generation
	       : strcmp(err->native, "40001") == 0) {
		batch->deposed = true;
		ok = err_fail(err, ERR_RETRY, "another scheduler has taken over");
	}
	database_rows_free(rows);
	return ok;
}

static bool run_in_transaction(struct batch *batch, struct err *err)
{
	struct project *project = batch->project;
	if (!database_exec(batch->database,
		    "BEGIN ISOLATION LEVEL REPEATABLE READ; SET CONSTRAINTS ALL DEFERRED", err) ||
		(batch->rebuild && !rebuild_begin(batch, err)))
		return false;
	for (size_t i = 0; i < project->model_count; i++)
		if (project->models[i].selected && !build_model(batch, &project->models[i], err))
			return false;
	if (!checks_run(batch, err))
		return false;
	if (batch->failures) {
		database_rollback(batch->database);
		return true;
	}
	if (!still_leader(batch, err) || !history_publish(batch, err))
		return false;
	fault_point("scheduler.commit");
	return database_exec(batch->database, "COMMIT", err);
}

static void count_totals(struct batch *batch)
{
	struct run_summary *totals = &batch->totals;
	for (size_t i = 0; i < batch->project->model_count; i++) {
		const struct model_result *result = &batch->models[i];
		totals->models += batch->project->models[i].selected;
		totals->inserted += result->inserted;
		totals->updated += result->updated;
		totals->deleted += result->deleted;
	}
	for (size_t i = 0; i < batch->project->check_count; i++)
		totals->checks += batch->checks[i].ran;
	totals->run_id = batch->run_id;
	totals->failures = batch->failures;
	totals->warnings = batch->warnings;
}

/* Models that went well are rolled back with the others. */
static void forget_results(struct batch *batch)
{
	for (size_t i = 0; i < batch->project->model_count; i++) {
		struct model_result *result = &batch->models[i];
		if (result->state != MODEL_FAILED)
			result->state = MODEL_SKIPPED;
		result->inserted = result->updated = result->deleted = 0;
	}
	batch->totals.inserted = batch->totals.updated = batch->totals.deleted = 0;
}

/*
 * Writes the failure down, on a new connection when the old one is lost. True when the run had been
 * published after all: its commit arrived, only the answer did not.
 */
static bool note_failure(struct batch *batch, const struct config *config, const char *why)
{
	struct err err;
	bool published = false;
	database_rollback(batch->database);
	if (!database_usable(batch->database)) {
		database_close(batch->database);
		batch->database = NULL;
	}
	if ((!batch->database && !connect(batch, config, &err)) ||
		!history_fail(batch, why, &published, &err))
		log_err(LOG_WARN, "the run's failure could not be written to penstock.run", &err);
	return published;
}

static bool attempt(struct batch *batch, const struct config *config, struct err *err)
{
	if (!connect(batch, config, err) || !take_turn(batch, err) || !history_begin(batch, err))
		return false;
	bool ok = since_adopt(batch, err) && batch_prepare(batch, err) &&
		  run_in_transaction(batch, err);
	count_totals(batch);
	if (ok && !batch->failures)
		return true;
	char checks[64];
	snprintf(checks, sizeof(checks), "%lld failed checks", (long long)batch->failures);
	struct run_summary totals = batch->totals;
	forget_results(batch);
	if (!note_failure(batch, config, ok ? checks : err->message))
		return ok;
	batch->totals = totals;
	return true;
}

bool batch_run(struct batch *batch, const struct config *config, struct err *err)
{
	size_t models = batch->project->model_count;
	size_t checks = batch->project->check_count;
	batch->models = arena_calloc(&batch->arena, models + 1, sizeof(*batch->models));
	batch->checks = arena_calloc(&batch->arena, checks + 1, sizeof(*batch->checks));
	batch->failures = batch->warnings = 0;
	batch->totals = (struct run_summary){0};
	int64_t started = clock_monotonic_us();
	bool ok = attempt(batch, config, err);
	batch->totals.milliseconds = (clock_monotonic_us() - started) / 1000;
	database_close(batch->database);
	batch->database = NULL;
	return ok;
}

void batch_release(struct batch *batch)
{
	arena_release(&batch->arena);
}
