/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command jobs: one at a time each, however many schedulers and people ask, held by a session lock
 * in Postgres; each run on record in penstock.job_run.
 */
#ifndef PENSTOCK_SCHEDULER_JOB_H
#define PENSTOCK_SCHEDULER_JOB_H

#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "postgres/database.h"

enum job_state { JOB_SUCCEEDED, JOB_FAILED, JOB_TIMED_OUT, JOB_STOPPED };

struct job_result {
	int64_t number; /* in penstock.job_run */
	enum job_state state;
	int exit_code; /* -1: it did not exit by itself */
	int64_t milliseconds;
	char error[1500]; /* "" */
};

/* "succeeded", "failed", "timed_out", "stopped" */
const char *job_state_name(enum job_state state);

struct job_order {
	const struct config *config;
	const struct config_job *job;
	const char *trigger; /* "cron", "run", "hand" */
	int64_t run_id;	     /* the batch run it follows; 0: none */
	/* What it writes, as it comes; may be NULL. */
	void (*output)(void *context, const char *text, size_t n);
	void *context;
};

/*
 * Runs the job to its end and records it. True with *ret_result whatever became of the command;
 * false when it did not run: RETRY while it runs elsewhere or Postgres is away, FATAL when it
 * cannot be started (which is on record too).
 */
MUST_CHECK bool job_execute(
	const struct job_order *order, struct job_result *ret_result, struct err *err);

/* The jobs of a service: each running one has a thread. */
struct jobs;
struct jobs *jobs_new(const struct config *config);
/* Ends what runs, and waits for it. */
void jobs_free(struct jobs *jobs);
/*
 * This scheduler leads from now on: what fell due by the clock since a job's last start is made up
 * for once; a job never started counts from `since`.
 */
MUST_CHECK bool jobs_lead(
	struct jobs *jobs, struct database *database, int64_t since, struct err *err);
/* Starts what is due by the clock, seconds since 1970, and tidies up after what ended. */
void jobs_step(struct jobs *jobs, int64_t now);
/* Starts the jobs that follow a published batch run. */
void jobs_after_run(struct jobs *jobs, int64_t run_id);

#endif
