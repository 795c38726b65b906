/* SPDX-License-Identifier: Apache-2.0 */
/* The service's jobs: which are due, and a thread for each that runs. */
#include "scheduler/job.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "cron/cron.h"
#include "penstock_scheduler_sql.h"

static const int64_t never = INT64_MAX;
static const int64_t retry_seconds = 5;

struct job_slot {
	const struct config *config;
	const struct config_job *job;
	struct cron cron;
	int64_t next;	    /* by the clock, seconds since 1970 */
	int64_t after_run;  /* a batch run it has yet to follow; 0: none */
	int64_t not_before; /* seconds since 1970: what was away may be back */
	bool started;	    /* the thread is to be joined */
	atomic_bool ended;  /* set by the thread, last */
	pthread_t thread;
	const char *trigger; /* of what runs */
	int64_t run_id;
	bool again; /* what ran could not: it was running elsewhere, or Postgres was away */
};

struct jobs {
	struct job_slot *slots;
	size_t count;
};

struct jobs *jobs_new(const struct config *config)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	if (jobs)
		jobs->slots = calloc(config->job_count + 1, sizeof(*jobs->slots));
	if (!jobs || !jobs->slots)
		BUG("out of memory");
	jobs->count = config->job_count;
	for (size_t i = 0; i < jobs->count; i++) {
		jobs->slots[i].config = config;
		jobs->slots[i].job = &config->jobs[i];
		jobs->slots[i].next = never;
	}
	return jobs;
}

bool jobs_lead(struct jobs *jobs, struct database *database, int64_t since, struct err *err)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct job_slot *slot = &jobs->slots[i];
		struct database_rows *rows = NULL;
		const char *parameters[] = {slot->job->name};
		if (!*slot->job->cron)
			continue;
		if (!cron_parse(slot->job->cron, &slot->cron, err) ||
			!database_query(
				database, sql_scheduler_job_last, parameters, 1, &rows, err))
			return false;
		int64_t last = database_int(rows, 0, 0);
		database_rows_free(rows);
		slot->next = cron_next(&slot->cron, last ? last : since);
	}
	return true;
}

static void *run_one(void *context)
{
	struct job_slot *slot = context;
	struct job_result result = {0};
	struct err err;
	const struct job_order order = {.config = slot->config,
		.job = slot->job,
		.trigger = slot->trigger,
		.run_id = slot->run_id};
	bool ran = job_execute(&order, &result, &err);
	slot->again = !ran && err.class == ERR_RETRY;
	if (!ran)
		log_err(slot->again ? LOG_INFO : LOG_ERROR, "a job did not run", &err);
	else if (result.state == JOB_SUCCEEDED)
		log_info("job succeeded", log_str("job", slot->job->name),
			log_int("number", result.number), log_int("ms", result.milliseconds));
	else
		log_error("job failed", log_str("job", slot->job->name),
			log_int("number", result.number),
			log_str("state", job_state_name(result.state)),
			log_str("error", result.error));
	atomic_store(&slot->ended, true);
	return NULL;
}

static void start(struct job_slot *slot, const char *trigger, int64_t run_id)
{
	slot->trigger = trigger;
	slot->run_id = run_id;
	atomic_store(&slot->ended, false);
	slot->started = pthread_create(&slot->thread, NULL, run_one, slot) == 0;
	if (!slot->started)
		log_error("no thread for a job", log_str("job", slot->job->name));
}

/* What could not run is due again, later. */
static void tidy(struct job_slot *slot, int64_t now)
{
	pthread_join(slot->thread, NULL);
	slot->started = false;
	if (!slot->again)
		return;
	slot->not_before = now + retry_seconds;
	if (slot->run_id && !slot->after_run)
		slot->after_run = slot->run_id;
	else if (!slot->run_id && slot->next > slot->not_before)
		slot->next = slot->not_before;
}

void jobs_step(struct jobs *jobs, int64_t now)
{
	for (size_t i = 0; i < jobs->count && !stop_requested(); i++) {
		struct job_slot *slot = &jobs->slots[i];
		if (slot->started && atomic_load(&slot->ended))
			tidy(slot, now);
		if (slot->started || now < slot->not_before)
			continue;
		if (slot->after_run) {
			int64_t run_id = slot->after_run;
			slot->after_run = 0;
			start(slot, "run", run_id);
		} else if (now >= slot->next) {
			slot->next = cron_next(&slot->cron, now);
			start(slot, "cron", 0);
		}
	}
}

/* A job that still runs follows the newest run once it has ended. */
void jobs_after_run(struct jobs *jobs, int64_t run_id)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->slots[i].job->after == JOB_AFTER_RUN)
			jobs->slots[i].after_run = run_id;
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->slots[i].started)
			pthread_join(jobs->slots[i].thread, NULL);
	free(jobs->slots);
	free(jobs);
}
