/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process around the jobs: waits for the servers at start, starts a thread a job, watches that
 * each makes progress, serves health and metrics, and collects the first failure.
 */
#include "worker/worker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "http/health.h"
#include "kafka/admin.h"
#include "postgres/migrate.h"
#include "worker/job.h"

/* A step of a job (one load, one poll) ends by its own limits long before this. */
static const int64_t watchdog_us = 300 * 1000000LL;
static const int64_t start_wait_ms = 60000;
static const int64_t ask_ms = 5000;

struct worker {
	const struct worker_options *options;
	struct metrics *metrics;
	struct job *jobs;
	pthread_t *threads;
	size_t count;
	size_t started;
};

/* ---- start ---- */

static bool check_topics(const struct worker_options *options, struct err *err)
{
	struct kafka_admin *admin = NULL;
	if (!kafka_admin_open(&options->kafka, &admin, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < options->datasets->count; i++) {
		const char *topic = options->datasets->items[i].topic;
		int32_t partitions = 0;
		ok = kafka_admin_partitions(admin, topic, ask_ms, &partitions, err);
		if (ok && partitions == 0)
			ok = err_fail(err, ERR_FATAL,
				"there is no topic %s: run `penstock init` first", topic);
	}
	kafka_admin_close(admin);
	return ok;
}

static bool check_database(const struct worker_options *options, struct err *err)
{
	const struct database_options database_options = {
		.conninfo = options->config->postgres, .application = "penstock-worker"};
	struct database *database = NULL;
	if (!database_open(&database_options, &database, err))
		return false;
	bool ok = migrate_check(database, err);
	database_close(database);
	return ok;
}

/* Servers that are still starting are waited for, with one line that says for what. */
static bool wait_for_servers(const struct worker_options *options, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + start_wait_ms * 1000;
	bool told = false;
	for (unsigned attempt = 0; !stop_requested(); attempt++) {
		if (check_topics(options, err) && check_database(options, err))
			return true;
		if (err->class != ERR_RETRY)
			return false;
		if (clock_monotonic_us() > deadline)
			return err_prefix(err, "gave up after %" PRId64 " s", start_wait_ms / 1000);
		if (!told && !stop_requested())
			log_err(LOG_WARN, "waiting for Kafka and Postgres", err);
		told = true;
		stop_wait_ms(clock_backoff_ms(attempt, 200, 2000));
	}
	return true;
}

/* ---- health ---- */

static bool ready(void *context, struct buf *why)
{
	const struct worker *worker = context;
	for (size_t i = 0; i < worker->count; i++)
		if (!atomic_load(&worker->jobs[i].database_good)) {
			buf_printf(why, "job %zu cannot use Postgres", i);
			return false;
		}
	return true;
}

/* ---- jobs ---- */

static void name_job(struct job *job, size_t number)
{
	char host[64];
	if (gethostname(host, sizeof(host)) != 0)
		snprintf(host, sizeof(host), "unknown");
	host[sizeof(host) - 1] = '\0';
	snprintf(job->name, sizeof(job->name), "%s:%ld:%zu", host, (long)getpid(), number);
}

static bool start_jobs(struct worker *worker, struct err *err)
{
	for (size_t i = 0; i < worker->count; i++) {
		struct job *job = &worker->jobs[i];
		job->options = worker->options;
		job->metrics = worker->metrics;
		atomic_store(&job->progress_us, clock_monotonic_us());
		name_job(job, i);
		if (pthread_create(&worker->threads[i], NULL, job_run, job) != 0)
			return err_fail_errno(err, ERR_FATAL, "starting a thread");
		worker->started++;
	}
	return true;
}

static void watch(const struct worker *worker)
{
	while (!stop_wait_ms(1000)) {
		for (size_t i = 0; i < worker->count; i++) {
			const struct job *job = &worker->jobs[i];
			int64_t still = clock_monotonic_us() - atomic_load(&job->progress_us);
			if (atomic_load(&job->ended) || still < watchdog_us)
				continue;
			/* Threads cannot be ended safely; the ledger makes ending the process safe.
			 */
			log_error("a job is stuck; ending the process",
				log_str("worker", job->name), log_int("seconds", still / 1000000));
			_exit(1);
		}
	}
}

static bool join_jobs(struct worker *worker, struct err *err)
{
	bool ok = true;
	for (size_t i = 0; i < worker->started; i++) {
		pthread_join(worker->threads[i], NULL);
		if (ok && worker->jobs[i].failed) {
			*err = worker->jobs[i].error;
			ok = false;
		}
	}
	return ok;
}

bool worker_run(const struct worker_options *options, struct err *err)
{
	if (!wait_for_servers(options, err))
		return false;
	if (stop_requested())
		return true;
	struct worker worker = {
		.options = options,
		.metrics = metrics_new(),
		.count = options->jobs > 0 ? (size_t)options->jobs : 1,
	};
	worker.jobs = calloc(worker.count, sizeof(*worker.jobs));
	worker.threads = calloc(worker.count, sizeof(*worker.threads));
	if (!worker.jobs || !worker.threads)
		BUG("out of memory");
	const struct health_options health_options = {
		.listen = options->listen,
		.metrics = worker.metrics,
		.ready = ready,
		.context = &worker,
	};
	struct health *health = NULL;
	bool ok = health_open(&health_options, &health, err);
	if (ok) {
		log_info("worker started", log_int("jobs", worker.count),
			log_int("datasets", options->datasets->count));
		ok = start_jobs(&worker, err);
		if (ok)
			watch(&worker);
		else
			stop_request();
		struct err job_err;
		if (!join_jobs(&worker, &job_err) && ok) {
			*err = job_err;
			ok = false;
		}
		log_info("worker ended");
	}
	health_close(health);
	metrics_free(worker.metrics);
	free(worker.jobs);
	free(worker.threads);
	return ok;
}
