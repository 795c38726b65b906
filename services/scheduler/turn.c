/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs take turns by a session lock. A run that finds another waits in line, gives up or takes the
 * other's place, as the configuration says.
 */
#include <inttypes.h>

#include "base/stop.h"
#include "penstock_scheduler_sql.h"
#include "scheduler/batch.h"
#include "scheduler/cancel.h"

#define RUN_LOCK "(hashtextextended('penstock.run', 0))"
/* How long a run that takes another's place waits before it looks again whether that one heard. */
#define PATIENCE "SET lock_timeout = '300ms'"

static bool try_lock(struct batch *batch, bool *ret_mine, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(
		    batch->database, "SELECT pg_try_advisory_lock" RUN_LOCK, NULL, 0, &rows, err))
		return false;
	*ret_mine = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

static bool wait_lock(struct batch *batch, struct err *err)
{
	return database_run(
		batch->database, "SELECT pg_advisory_lock" RUN_LOCK, NULL, 0, NULL, err);
}

static bool refuse(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database,
		    "SELECT run_id, progress FROM penstock.run_status WHERE state = 'running' "
		    "ORDER BY run_id DESC LIMIT 1",
		    NULL, 0, &rows, err))
		return false;
	batch->end = BATCH_BUSY;
	/* Without a row: it has its turn and is about to say so, or has just ended. */
	if (database_row_count(rows))
		err_fail(err, ERR_RETRY,
			"run %s is under way (%s): wait for it, end it with penstock cancel %s, or "
			"set schedule.recalculate.overlap to queue or replace",
			database_text(rows, 0, 0), database_text(rows, 0, 1),
			database_text(rows, 0, 0));
	else
		err_fail(err, ERR_RETRY, "another run is under way: wait for it");
	database_rows_free(rows);
	return false;
}

/* Asks older runs to end, again and again, for a signal that comes between statements is lost. */
static bool replace_others(struct batch *batch, struct err *err)
{
	char name[32];
	snprintf(name, sizeof(name), "run %" PRId64, batch->run_id);
	const struct cancel_request request = {.by = name, .replacing = batch->run_id};
	if (!database_exec(batch->database, PATIENCE, err))
		return false;
	do {
		if (!cancel_ask(batch->database, &request, NULL, err) ||
			!cancel_signal(batch->database, 0, err))
			return false;
		if (wait_lock(batch, err))
			return database_exec(batch->database, "RESET lock_timeout", err);
	} while (strcmp(err->native, "55P03") == 0 && !stop_requested());
	return false;
}

bool turn_take(struct batch *batch, struct err *err)
{
	bool mine = false;
	if (!try_lock(batch, &mine, err))
		return false;
	if (!mine && batch->overlap == OVERLAP_FORBID)
		return refuse(batch, err);
	if (!history_begin(batch, mine, err))
		return false;
	if (mine)
		return true;
	bool ok = batch->overlap == OVERLAP_REPLACE ? replace_others(batch, err)
						    : wait_lock(batch, err);
	return ok && history_start(batch, err);
}
