/* SPDX-License-Identifier: Apache-2.0 */
/* A job's session with Postgres: opened when needed, the loaders on it, the heartbeat through it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/heartbeat.h"
#include "worker/job_parts.h"
#include "worker/metrics.h"

static const int64_t statement_ms = 120000;

static void drop_loaders(struct job *job)
{
	for (size_t i = 0; i < job->duties.count; i++) {
		loader_free(job->loaders[i]);
		job->loaders[i] = NULL;
	}
}

static void note_progress(void *job)
{
	job_note_progress(job);
}

static void make_loaders(struct job *job)
{
	for (size_t i = 0; i < job->duties.count; i++) {
		job->loaders[i] =
			loader_new(job->database, job->duties.items[i].dataset, job->name);
		loader_on_progress(job->loaders[i], note_progress, job);
	}
}

void job_drop_database(struct job *job)
{
	drop_loaders(job);
	database_close(job->database);
	job->database = NULL;
}

bool job_ensure_database(struct job *job, struct err *err)
{
	if (job->database && database_usable(job->database))
		return true;
	if (job->database)
		job_drop_database(job);
	const struct database_options options = {
		.conninfo = job->options->config->postgres,
		.application = "penstock-worker",
		.statement_ms = statement_ms,
	};
	if (!database_open(&options, &job->database, err))
		return false;
	make_loaders(job);
	return true;
}

/* The metric is all jobs' own. */
static void count_paused(struct job *job)
{
	for (size_t i = 0; i < job->duties.count; i++) {
		struct duty *duty = &job->duties.items[i];
		metric_add(job->metrics, &worker_paused, duty->halted - duty->counted,
			duty->dataset->config->name);
		duty->counted = duty->halted;
	}
}

bool job_beat(struct job *job, const char *state, struct err *err)
{
	struct buf paused;
	struct buf stopped;
	buf_init(&paused, DUTIES_MAX_TEXT);
	buf_init(&stopped, DUTIES_MAX_TEXT);
	const struct kafka_partition *assigned = NULL;
	size_t n = job->consumer ? kafka_consumer_assignment(job->consumer, &assigned) : 0;
	duties_judge(&job->duties, assigned, n);
	bool halted = duties_describe(&job->duties, false, &paused);
	halted = duties_describe(&job->duties, true, &stopped) || halted;
	count_paused(job);
	if (!state)
		state = halted ? "paused" : job->loaded_since_beat ? "loading" : "idle";
	const struct heartbeat heartbeat = {
		.worker = job->name,
		.state = state,
		.chunks = job->chunks,
		.rows = job->rows,
		.rejects = job->rejects,
		.partitions = assigned,
		.partition_count = n,
		.paused = buf_text(&paused),
		.stopped = buf_text(&stopped),
	};
	bool ok = heartbeat_write(job->database, &heartbeat, err);
	buf_release(&paused);
	buf_release(&stopped);
	job->beat_us = clock_monotonic_us() + HEARTBEAT_MS * 1000;
	job->loaded_since_beat = false;
	return ok;
}

static bool same_schemas(const struct datasets *one, const struct datasets *other)
{
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->items[i].schema->fingerprint,
			    other->items[i].schema->fingerprint) != 0)
			return false;
	return true;
}

/* A dataset may wait because its writers have a newer schema: by now this machine may have it too.
 */
void job_read_schemas_again(struct job *job)
{
	struct datasets fresh;
	struct err err;
	if (!datasets_load(job->options->config, &fresh, &err)) {
		log_err(LOG_WARN, "the schemas cannot be read again; the old ones stay", &err);
		return;
	}
	if (same_schemas(&job->datasets, &fresh)) {
		datasets_release(&fresh);
		return;
	}
	drop_loaders(job);
	for (size_t i = 0; i < fresh.count; i++) {
		job->duties.items[i].dataset = &fresh.items[i];
		job->groups[i].dataset = &fresh.items[i];
	}
	datasets_release(&job->datasets);
	job->datasets = fresh;
	if (job->database)
		make_loaders(job);
	log_info("the schemas have changed and are read again", log_str("worker", job->name));
}
