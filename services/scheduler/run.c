/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run, whole or not at all. A session that falls silent, or whose client is gone, is ended by
 * the server, so that a frozen or dead process holds up nobody.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "postgres/migrate.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"
#include "scheduler/since.h"

#define SESSION                                                                                    \
	"SET idle_in_transaction_session_timeout = '60s'; SET idle_session_timeout = '60s'; "      \
	"SET client_connection_check_interval = '10s'"
/* A run told to stop is rolled back in any case: nothing is worth waiting for. */
#define STOP_GRACE_MS 200

struct model_result *batch_result(struct batch *batch, const struct model *model)
{
	return &batch->models[model - batch->project->models];
}

bool batch_blame(const struct model *model, struct err *err)
{
	if (err->from == ERR_FROM_CONFIG)
		return false;
	if (err->sql_line < 2 || model->is_live)
		return err_prefix(err, "%s", model->path);
	err->from = ERR_FROM_CONFIG;
	return err_prefix(err, "%s:%d", model->path, err->sql_line - 1);
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
	const struct database_options options = {.conninfo = config->postgres,
		.application = "penstock run",
		.stop_grace_ms = STOP_GRACE_MS};
	return database_open(&options, &batch->database, err) &&
	       migrate_check(batch->database, err) && database_exec(batch->database, SESSION, err);
}

/* The run's time begins with its turn. The server keeps the limit too, should this process freeze.
 */
static bool begin_clock(struct batch *batch, struct err *err)
{
	char sql[64];
	if (!batch->timeout_ms)
		return true;
	batch->deadline_us = clock_monotonic_us() + batch->timeout_ms * 1000;
	database_deadline(batch->database, batch->deadline_us);
	snprintf(sql, sizeof(sql), "SET statement_timeout = %" PRId64, batch->timeout_ms);
	return database_exec(batch->database, sql, err);
}

/* At a time limit whatever failed did so because of it; trying again would not help. */
static bool explain_limit(
	const char *what, const char *limit, int64_t limit_ms, int64_t limit_us, struct err *err)
{
	char duration[32];
	if (err->class != ERR_RETRY || !limit_us || clock_monotonic_us() < limit_us)
		return false;
	text_format_duration(duration, limit_ms);
	err_fail(err, ERR_FATAL, "%s took longer than %s allows (%s)", what, limit, duration);
	return true;
}

static int64_t nearer(int64_t one_us, int64_t other_us)
{
	return other_us && (!one_us || other_us < one_us) ? other_us : one_us;
}

static bool publish_view(struct batch *batch, const struct model *model, struct err *err)
{
	return batch_result(batch, model)->prepared ||
	       ((!model->is_live || live_write(batch, model, err)) &&
		       apply_view(batch, model, err) && apply_comments(batch, model, err));
}

static bool build_model(struct batch *batch, const struct model *model, struct err *err)
{
	static bool (*const publish[])(struct batch *, const struct model *, struct err *) = {
		[MODEL_VIEW] = publish_view,
		[MODEL_TABLE] = publish_table,
		[MODEL_MATVIEW] = publish_matview,
		[MODEL_INCREMENTAL] = publish_incremental};
	struct model_result *result = batch_result(batch, model);
	int64_t started = clock_monotonic_us();
	int64_t limit_us = model->timeout_ms ? started + model->timeout_ms * 1000 : 0;
	database_deadline(batch->database, nearer(batch->deadline_us, limit_us));
	bool ok = batch_enter_schema(batch, model->schema, err) &&
		  publish[model->materialized](batch, model, err) &&
		  since_publish(batch, model, err) &&
		  (!batch->rebuild || rebuild_restore(batch, model, err));
	result->milliseconds = (clock_monotonic_us() - started) / 1000;
	database_deadline(batch->database, batch->deadline_us);
	if (!ok) {
		explain_limit("the model", "its timeout", model->timeout_ms, limit_us, err);
		result->state = MODEL_FAILED;
		result->error = arena_strdup(&batch->arena, err->message);
		return batch_blame(model, err);
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
		batch->end = BATCH_DEPOSED;
		ok = err_fail(err, ERR_RETRY, "another scheduler has taken over");
	}
	database_rows_free(rows);
	return ok;
}

static bool build_models(struct batch *batch, struct err *err)
{
	const struct project *project = batch->project;
	size_t place = 0;
	for (size_t i = 0; i < project->model_count; i++) {
		char doing[32];
		if (!project->models[i].selected)
			continue;
		snprintf(doing, sizeof(doing), "model %zu", ++place);
		if (!history_doing(batch, doing, err) ||
			!build_model(batch, &project->models[i], err))
			return false;
	}
	return true;
}

/* The first statement of the transaction: what it sees is what the models will see. */
static bool wait_for_sources(struct batch *batch, struct err *err)
{
	if (!batch->wait_for_sources || sources_loaded(batch->database, err))
		return true;
	if (err->class == ERR_RETRY && !*err->native)
		batch->end = BATCH_WAITING;
	return false;
}

static bool run_in_transaction(struct batch *batch, struct err *err)
{
	if (!database_exec(batch->database,
		    "BEGIN ISOLATION LEVEL REPEATABLE READ; SET CONSTRAINTS ALL DEFERRED", err) ||
		!wait_for_sources(batch, err) || (batch->rebuild && !rebuild_begin(batch, err)) ||
		!build_models(batch, err) || !history_doing(batch, "checks", err) ||
		!checks_run(batch, err))
		return false;
	if (batch->failures) {
		database_rollback(batch->database);
		return true;
	}
	if (!history_doing(batch, "committing", err) || !still_leader(batch, err) ||
		!history_publish(batch, err))
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

/* Writes the run's end down, on a new connection when the old one is lost. */
static void note_end(struct batch *batch, const struct config *config, const char *why)
{
	struct err err;
	database_deadline(batch->database, 0);
	database_rollback(batch->database);
	if (!database_usable(batch->database)) {
		database_close(batch->database);
		batch->database = NULL;
	}
	if ((!batch->database && !connect(batch, config, &err)) || !history_end(batch, why, &err))
		log_err(LOG_WARN, "the run's end could not be written to penstock.run", &err);
}

static bool run(struct batch *batch, const struct config *config, struct err *err)
{
	if (connect(batch, config, err) && turn_take(batch, err) && begin_clock(batch, err) &&
		since_adopt(batch, err) && batch_prepare(batch, err) &&
		run_in_transaction(batch, err))
		return true;
	if (explain_limit("the run", "schedule.recalculate.timeout", batch->timeout_ms,
		    batch->deadline_us, err))
		return false;
	/* Who interrupts a statement by hand does not want to see it again. */
	if (strcmp(err->native, "57014") == 0)
		err->class = ERR_FATAL;
	return false;
}

static bool attempt(struct batch *batch, const struct config *config, struct err *err)
{
	bool ok = run(batch, config, err);
	count_totals(batch);
	if (!batch->run_id || (ok && !batch->failures))
		return ok;
	if (batch->end == BATCH_WAITING) {
		history_withdraw(batch);
		return false;
	}
	char checks[64];
	text_format_counted(checks, batch->failures, "failed check");
	struct run_summary totals = batch->totals;
	forget_results(batch);
	note_end(batch, config,
		stop_requested() ? "penstock was told to stop"
		: ok		 ? checks
				 : err->message);
	if (batch->end == BATCH_PUBLISHED) {
		batch->totals = totals;
		return true;
	}
	if (batch->end == BATCH_CANCELLED || batch->end == BATCH_REPLACED)
		return err_fail(err, ERR_FATAL, "run %" PRId64 " has ended: %s", batch->run_id,
			batch->end_reason);
	return ok;
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
