/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger says, as one row of this table a part. */
#include <stdio.h>

#include "cron/cron.h"
#include "monitor/watch.h"
#include "penstock_monitor_sql.h"

static const struct listing_column dataset_columns[] = {
	{"dataset", "dataset", LISTING_TEXT},
	{"complete", "files_complete", LISTING_INT},
	{"loading", "files_loading", LISTING_INT},
	{"quarantined", "files_quarantined", LISTING_INT},
	{"rows", "rows", LISTING_INT},
	{"rejects", "rejects", LISTING_INT},
	{"dead letters", "dead_letters", LISTING_INT},
	{"last complete", "last_complete_at", LISTING_TEXT},
};

static const struct listing_column file_columns[] = {
	{"dataset", "dataset", LISTING_TEXT},
	{"file", "name", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"chunks loaded", "chunks_loaded", LISTING_INT},
	{"of", "chunks", LISTING_INT},
	{"rows", "rows", LISTING_INT},
	{"rejects", "rejects", LISTING_INT},
	{"dead letters", "dead_letters", LISTING_INT},
	{"first seen", "first_at", LISTING_TEXT},
	{"reason", "reason", LISTING_TEXT},
};

static const struct listing_column worker_columns[] = {
	{"worker", "worker", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"alive", "alive", LISTING_INT},
	{"heartbeat s ago", "heartbeat_seconds", LISTING_REAL},
	{"chunks", "chunks", LISTING_INT},
	{"rows", "rows", LISTING_INT},
	{"rejects", "rejects", LISTING_INT},
	{"partitions", "partitions", LISTING_TEXT},
	{"paused", "paused", LISTING_TEXT},
	{"stopped", "stopped", LISTING_TEXT},
};

static const struct listing_column run_columns[] = {
	{"run", "run_id", LISTING_INT},
	{"trigger", "trigger", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"started", "started_at", LISTING_TEXT},
	{"seconds", "seconds", LISTING_REAL},
	{"progress", "progress", LISTING_TEXT},
	{"error", "error", LISTING_TEXT},
};

static const struct listing_column dead_letter_columns[] = {
	{"topic", "topic", LISTING_TEXT},
	{"partition", "partition", LISTING_INT},
	{"offset", "offset", LISTING_INT},
	{"dataset", "dataset", LISTING_TEXT},
	{"stage", "stage", LISTING_TEXT},
	{"noted", "noted_at", LISTING_TEXT},
	{"reason", "reason", LISTING_TEXT},
};

static const struct listing_column job_columns[] = {
	{"job", "job", LISTING_TEXT},
	{"trigger", "trigger", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"started", "started_at", LISTING_TEXT},
	{"seconds", "seconds", LISTING_REAL},
	{"exit code", "exit_code", LISTING_INT},
	{"error", "error", LISTING_TEXT},
};

static const struct listing_column alert_columns[] = {
	{"kind", "kind", LISTING_TEXT},
	{"since", "raised_at", LISTING_TEXT},
	{"what", "text", LISTING_TEXT},
};

static const struct listing_column reject_columns[] = {
	{"file", "file", LISTING_TEXT},
	{"dataset", "dataset", LISTING_TEXT},
	{"record", "record", LISTING_INT},
	{"from byte", "byte_start", LISTING_INT},
	{"to byte", "byte_end", LISTING_INT},
	{"column", "column", LISTING_TEXT},
	{"stage", "stage", LISTING_TEXT},
	{"reason", "reason", LISTING_TEXT},
	{"original", "original", LISTING_TEXT},
};

static const struct listing_column check_columns[] = {
	{"check", "check", LISTING_TEXT},
	{"model", "model", LISTING_TEXT},
	{"severity", "severity", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"failures", "failures", LISTING_INT},
};

#define COLUMNS(columns) (columns), sizeof(columns) / sizeof((columns)[0])

static const struct listing_shape parts[STATUS_PARTS] = {
	[STATUS_DATASETS] = {"datasets", "files by dataset", sql_monitor_datasets,
		COLUMNS(dataset_columns)},
	[STATUS_FILES] = {"files", "files not loaded", sql_monitor_files, COLUMNS(file_columns)},
	[STATUS_WORKERS] = {"workers", "workers", sql_monitor_workers, COLUMNS(worker_columns)},
	[STATUS_RUNS] = {"runs", "last runs", sql_monitor_runs, COLUMNS(run_columns)},
	[STATUS_DEAD_LETTERS] = {"dead_letters", "dead letters", sql_monitor_dead_letters,
		COLUMNS(dead_letter_columns)},
	[STATUS_JOBS] = {"jobs", "last job runs", sql_monitor_jobs, COLUMNS(job_columns)},
	[STATUS_ALERTS] = {"alerts", "open alerts", sql_monitor_alerts, COLUMNS(alert_columns)},
};

static const struct listing_shape checks = {
	"checks", "checks", sql_monitor_checks, COLUMNS(check_columns)};

static const struct listing_shape rejects = {
	"rejects", "rejects", sql_monitor_rejects, COLUMNS(reject_columns)};

bool watch_status(
	struct watch *watch, struct arena *arena, struct status *ret_status, struct err *err)
{
	struct database *database = NULL;
	struct status status;
	if (!watch_ledger(watch, &database, err))
		return false;
	sources_listing(watch->options->config, arena, &status.parts[STATUS_SOURCES]);
	for (size_t i = 0; i < STATUS_PARTS; i++)
		if (parts[i].sql &&
			!listing_query(database, &parts[i], NULL, 0, arena, &status.parts[i], err))
			return false;
	if (!listing_query(database, &checks, NULL, 0, arena, &status.checks, err))
		return false;
	*ret_status = status;
	return true;
}

bool status_read(const struct monitor_options *options, struct arena *arena,
	struct status *ret_status, struct err *err)
{
	struct watch watch;
	if (!cron_use_zone(options->config->recalculate.time_zone, err))
		return false;
	watch_init(&watch, options);
	bool ok = watch_status(&watch, arena, ret_status, err);
	watch_release(&watch);
	return ok;
}

bool rejects_read(const struct monitor_options *options, const char *dataset, const char *file,
	int64_t limit, struct arena *arena, struct listing *ret_listing, struct err *err)
{
	struct watch watch;
	struct database *database = NULL;
	char limit_text[24];
	if (limit > REJECTS_MAX)
		return err_usage(err, "at most %d rejects can be listed at once", REJECTS_MAX);
	snprintf(limit_text, sizeof(limit_text), "%lld", (long long)limit);
	const char *const parameters[] = {dataset ? dataset : "", file ? file : "", limit_text};
	watch_init(&watch, options);
	bool ok = watch_ledger(&watch, &database, err) &&
		  listing_query(database, &rejects, parameters, 3, arena, ret_listing, err);
	watch_release(&watch);
	return ok;
}
