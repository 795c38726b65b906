/* SPDX-License-Identifier: Apache-2.0 */
/* What a run did, in the ledger: with its results when it published, after the rollback otherwise.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/stop.h"
#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"

static const char *const model_states[] = {[MODEL_SKIPPED] = "skipped",
	[MODEL_PUBLISHED] = "published",
	[MODEL_UNCHANGED] = "unchanged",
	[MODEL_FAILED] = "failed"};

struct number {
	char text[24];
};

static const char *print(struct number *number, int64_t value)
{
	snprintf(number->text, sizeof(number->text), "%" PRId64, value);
	return number->text;
}

bool history_doing(struct batch *batch, const char *what, struct err *err)
{
	char sql[128];
	snprintf(sql, sizeof(sql), "SET application_name = 'penstock run %" PRId64 ": %s'",
		batch->run_id, what);
	return database_exec(batch->database, sql, err);
}

/* The names of the run's models, as an array. */
static void list_models(const struct project *project, struct buf *out)
{
	array_begin(out);
	for (size_t i = 0; i < project->model_count; i++)
		if (project->models[i].selected)
			array_add(out, project->models[i].name);
	array_end(out);
}

static bool insert_run(struct batch *batch, bool running, struct err *err)
{
	char host[128] = "";
	char holder[192];
	struct buf models;
	struct database_rows *rows = NULL;
	struct number generation;
	struct number attempt;
	gethostname(host, sizeof(host) - 1);
	snprintf(holder, sizeof(holder), "%s:%ld", host, (long)getpid());
	buf_init(&models, BATCH_SQL_MAX);
	list_models(batch->project, &models);
	const char *parameters[] = {batch->trigger,
		batch->fenced ? print(&generation, batch->generation) : NULL, buf_text(&models),
		holder, running ? "running" : "queued", print(&attempt, batch->attempt)};
	bool ok =
		database_query(batch->database, sql_scheduler_run_begin, parameters, 6, &rows, err);
	if (ok)
		batch->run_id = database_int(rows, 0, 0);
	database_rows_free(rows);
	buf_release(&models);
	return ok;
}

static bool bury(struct batch *batch, struct err *err)
{
	struct number id;
	const char *parameters[] = {print(&id, batch->run_id)};
	return database_run(batch->database, sql_scheduler_run_bury, parameters, 1, NULL, err);
}

bool history_begin(struct batch *batch, bool running, struct err *err)
{
	/* A row without its session's name would be taken for a dead run's. Burying the dead comes
	 * after: a transaction goes on seeing the sessions it saw first. */
	return check_history_begin(batch, err) && database_exec(batch->database, "BEGIN", err) &&
	       insert_run(batch, running, err) &&
	       history_doing(batch, running ? "preparing" : "waiting", err) &&
	       database_exec(batch->database, "COMMIT", err) && (!running || bury(batch, err));
}

bool history_start(struct batch *batch, struct err *err)
{
	struct number id;
	int64_t affected = 0;
	const char *parameters[] = {print(&id, batch->run_id)};
	if (!bury(batch, err) || !history_doing(batch, "preparing", err) ||
		!database_run(batch->database,
			"UPDATE penstock.run SET state = 'running', started_at = clock_timestamp() "
			"WHERE run_id = $1::bigint AND state = 'queued' AND cancelled_by IS NULL",
			parameters, 1, &affected, err))
		return false;
	return affected || err_fail(err, ERR_FATAL, "cancelled before its turn");
}

static bool write_models(struct batch *batch, struct err *err)
{
	const struct project *project = batch->project;
	for (size_t i = 0; i < project->model_count; i++) {
		const struct model_result *result = &batch->models[i];
		struct number numbers[5];
		if (!project->models[i].selected)
			continue;
		const char *parameters[] = {print(&numbers[0], batch->run_id),
			project->models[i].name, materialized_name(project->models[i].materialized),
			model_states[result->state], print(&numbers[1], result->inserted),
			print(&numbers[2], result->updated), print(&numbers[3], result->deleted),
			print(&numbers[4], result->milliseconds),
			result->error ? result->error : "", result->note ? result->note : ""};
		if (!database_run(batch->database,
			    "INSERT INTO penstock.model_run (run_id, model, materialized, state, "
			    "inserted, updated, deleted, milliseconds, error, note) VALUES "
			    "($1::bigint, $2, $3, $4, $5::bigint, $6::bigint, $7::bigint, "
			    "$8::bigint, $9, $10)",
			    parameters, 10, NULL, err))
			return false;
	}
	return true;
}

bool history_publish(struct batch *batch, struct err *err)
{
	struct number id;
	int64_t affected = 0;
	const char *parameters[] = {print(&id, batch->run_id)};
	/* A request to cancel that came after this transaction's snapshot makes it fail (40001). */
	if (!database_run(batch->database,
		    "UPDATE penstock.run SET state = 'published', "
		    "finished_at = clock_timestamp(), snapshot = pg_current_snapshot(), "
		    "system_identifier = (SELECT system_identifier FROM pg_control_system()) "
		    "WHERE run_id = $1::bigint AND state = 'running' AND cancelled_by IS NULL",
		    parameters, 1, &affected, err))
		return false;
	if (!affected)
		return err_fail(err, ERR_FATAL, "cancelled before it was published");
	return write_models(batch, err) && check_history_write(batch, err);
}

static bool write_end(struct batch *batch, const char *why, struct err *err)
{
	struct number id;
	int64_t affected = 0;
	const char *parameters[] = {
		print(&id, batch->run_id), why, stop_requested() ? "true" : "false"};
	if (!database_exec(batch->database, "BEGIN", err))
		return false;
	bool ok =
		database_run(batch->database, sql_scheduler_run_end, parameters, 3, &affected, err);
	if (ok && affected)
		ok = write_models(batch, err) && check_history_write(batch, err);
	ok = ok && database_exec(batch->database, "COMMIT", err);
	if (!ok)
		database_rollback(batch->database);
	return ok;
}

/* What the row says is what happened: a commit's answer may be lost, a person may have been faster.
 */
static bool read_end(struct batch *batch, struct err *err)
{
	struct number id;
	struct database_rows *rows = NULL;
	const char *parameters[] = {print(&id, batch->run_id)};
	if (!database_query(batch->database,
		    "SELECT state, error, replaced_by IS NOT NULL FROM penstock.run "
		    "WHERE run_id = $1::bigint",
		    parameters, 1, &rows, err))
		return false;
	const char *state = database_row_count(rows) ? database_text(rows, 0, 0) : "";
	if (strcmp(state, "published") == 0) {
		batch->end = BATCH_PUBLISHED;
	} else if (strcmp(state, "cancelled") == 0) {
		batch->end = database_bool(rows, 0, 2) ? BATCH_REPLACED : BATCH_CANCELLED;
		batch->end_reason = arena_strdup(&batch->arena, database_text(rows, 0, 1));
	}
	database_rows_free(rows);
	return true;
}

bool history_end(struct batch *batch, const char *why, struct err *err)
{
	/* An interrupt on its way to the run's last statement may hit this one. */
	bool ok = false;
	for (int i = 0; i < 3 && !ok; i++) {
		ok = history_doing(batch, "ending", err) && write_end(batch, why, err) &&
		     read_end(batch, err);
		if (!ok && strcmp(err->native, "57014") != 0)
			break;
	}
	return ok;
}

void history_withdraw(struct batch *batch)
{
	struct number id;
	struct err err;
	const char *parameters[] = {print(&id, batch->run_id)};
	database_rollback(batch->database);
	/* Where that fails the next run finds it dead and says so. */
	bool gone = database_run(batch->database,
		"DELETE FROM penstock.run WHERE run_id = $1::bigint", parameters, 1, NULL, &err);
	(void)gone;
}

bool history_checked(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *parameters[] = {batch->failures ? "failed" : "published"};
	if (!check_history_begin(batch, err) || !database_exec(batch->database, "BEGIN", err) ||
		!database_query(batch->database,
			"INSERT INTO penstock.run (trigger, state, generation, finished_at) "
			"VALUES ('check', $1, 0, clock_timestamp()) RETURNING run_id",
			parameters, 1, &rows, err))
		return false;
	batch->run_id = database_int(rows, 0, 0);
	database_rows_free(rows);
	return check_history_write(batch, err) && database_exec(batch->database, "COMMIT", err);
}
