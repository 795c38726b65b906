/* SPDX-License-Identifier: Apache-2.0 */
/* What a run did, in the ledger: with its results when it published, after the rollback otherwise.
 */
#include <inttypes.h>

#include "scheduler/batch.h"
#include "scheduler/since.h"

static const char *const model_states[] = {[MODEL_SKIPPED] = "skipped",
	[MODEL_PUBLISHED] = "published",
	[MODEL_UNCHANGED] = "unchanged",
	[MODEL_FAILED] = "failed"};
static const char *const check_states[] = {[CHECK_PASS] = "pass",
	[CHECK_WARN] = "warn",
	[CHECK_FAIL] = "fail",
	[CHECK_ERROR] = "error"};

struct number {
	char text[24];
};

static const char *print(struct number *number, int64_t value)
{
	snprintf(number->text, sizeof(number->text), "%" PRId64, value);
	return number->text;
}

bool history_begin(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	struct number generation;
	/* Under the runs' lock nobody else is running. */
	if (!database_exec(batch->database,
		    "UPDATE penstock.run SET state = 'failed', finished_at = clock_timestamp(), "
		    "error = 'the process ended before the run did' WHERE state = 'running'",
		    err))
		return false;
	const char *parameters[] = {
		batch->trigger, batch->fenced ? print(&generation, batch->generation) : NULL};
	if (!database_query(batch->database,
		    "INSERT INTO penstock.run (trigger, state, generation) VALUES ($1, 'running', "
		    "coalesce($2::bigint, (SELECT generation FROM penstock.leader "
		    "WHERE name = 'scheduler'), 0)) RETURNING run_id",
		    parameters, 2, &rows, err))
		return false;
	batch->run_id = database_int(rows, 0, 0);
	database_rows_free(rows);
	return true;
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
			result->error ? result->error : ""};
		if (!database_run(batch->database,
			    "INSERT INTO penstock.model_run (run_id, model, materialized, state, "
			    "inserted, updated, deleted, milliseconds, error) VALUES "
			    "($1::bigint, $2, $3, $4, $5::bigint, $6::bigint, $7::bigint, "
			    "$8::bigint, $9)",
			    parameters, 9, NULL, err))
			return false;
	}
	return true;
}

static bool write_checks(struct batch *batch, struct err *err)
{
	const struct project *project = batch->project;
	for (size_t i = 0; i < project->check_count; i++) {
		const struct check *check = &project->checks[i];
		const struct check_result *result = &batch->checks[i];
		struct number numbers[3];
		if (!result->ran)
			continue;
		const char *parameters[] = {print(&numbers[0], batch->run_id), check->name,
			check_kind_name(check->kind), check->on, check->column,
			check->warn ? "warn" : "error", check_states[result->state],
			print(&numbers[1], result->failures), result->message,
			print(&numbers[2], result->milliseconds)};
		if (!database_run(batch->database,
			    "INSERT INTO penstock.check_result (run_id, name, kind, model, "
			    "column_name, severity, state, failures, message, milliseconds) VALUES "
			    "($1::bigint, $2, $3, $4, $5, $6, $7, $8::bigint, $9, $10::bigint)",
			    parameters, 10, NULL, err))
			return false;
	}
	return true;
}

bool history_publish(struct batch *batch, struct err *err)
{
	struct number id;
	const char *parameters[] = {print(&id, batch->run_id)};
	return database_run(batch->database,
		       "UPDATE penstock.run SET state = 'published', "
		       "finished_at = clock_timestamp(), snapshot = pg_current_snapshot(), "
		       "system_identifier = (SELECT system_identifier FROM pg_control_system()) "
		       "WHERE run_id = $1::bigint",
		       parameters, 1, NULL, err) &&
	       since_publish(batch, err) && write_models(batch, err) && write_checks(batch, err);
}

bool history_fail(struct batch *batch, const char *why, bool *ret_published, struct err *err)
{
	struct number id;
	int64_t affected = 0;
	const char *parameters[] = {print(&id, batch->run_id), why};
	if (!database_exec(batch->database, "BEGIN", err))
		return false;
	/* Waits for a commit still under way on a lost connection; then the state tells. */
	bool ok = database_run(batch->database,
		"UPDATE penstock.run SET state = 'failed', finished_at = clock_timestamp(), "
		"error = $2 WHERE run_id = $1::bigint AND state = 'running'",
		parameters, 2, &affected, err);
	if (ok && affected)
		ok = write_models(batch, err) && write_checks(batch, err);
	ok = ok && database_exec(batch->database, "COMMIT", err);
	if (!ok)
		database_rollback(batch->database);
	else
		*ret_published = affected == 0;
	return ok;
}

bool history_checked(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *parameters[] = {batch->failures ? "failed" : "published"};
	if (!database_exec(batch->database, "BEGIN", err) ||
		!database_query(batch->database,
			"INSERT INTO penstock.run (trigger, state, generation, finished_at) "
			"VALUES ('check', $1, 0, clock_timestamp()) RETURNING run_id",
			parameters, 1, &rows, err))
		return false;
	batch->run_id = database_int(rows, 0, 0);
	database_rows_free(rows);
	return write_checks(batch, err) && database_exec(batch->database, "COMMIT", err);
}
