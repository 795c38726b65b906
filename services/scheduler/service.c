/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service: stand for election; as the leader listen, sweep, look, and run what is due. A
 * notification only hurries what looking into the ledger would find, so none can be missed.
 */

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "http/health.h"
#include "penstock_scheduler_sql.h"
#include "postgres/migrate.h"
#include "report/report.h"
#include "scheduler/job.h"
#include "scheduler/leader.h"
#include "scheduler/once.h"
#include "scheduler/service_metrics.h"
#include "scheduler/timetable.h"

#define TICK_MS		1000
#define SWEEP_MS	10000
#define LOOK_MS		30000
#define MAX_DEBOUNCES	10 /* files that keep coming put a run off this many times at most */
#define RETRY_BASE_MS	1000
#define RETRY_CAP_MS	60000
#define MS		((int64_t)1000)
#define NEVER		INT64_MAX
#define LISTEN		"LISTEN penstock_loaded"
#define SWEEP		"SELECT penstock.sweep_complete()"
#define HOLD_SOURCES	"SELECT pg_try_advisory_lock(penstock.sources_lock())"
#define RELEASE_SOURCES "SELECT pg_advisory_unlock(penstock.sources_lock())"

struct service {
	const struct config *config;
	struct leader *leader;
	struct metrics *metrics;
	struct database *database; /* of the leading scheduler: listens, sweeps, looks */
	struct timetable timetable;
	struct jobs *jobs;
	int64_t generation;
	int64_t since;	  /* when this session began to lead, in seconds since 1970 */
	int64_t tried;	  /* the last attempt, likewise */
	int64_t first_us; /* first load since the last run; NEVER: none */
	int64_t last_us;  /* the latest one */
	int64_t sweep_us; /* next times, monotonic */
	int64_t look_us;
	int64_t retry_us; /* nothing runs before it */
	unsigned retries;
	bool after_failure; /* looking would find again what a run has just failed on */
	bool deposed;
	bool waiting;  /* for sources; it was logged */
	bool holding;  /* penstock.sources_lock: nothing further comes in meanwhile */
	bool put_off;  /* a load waits for another run's end; said once */
	bool replaced; /* by another run, whose place the next one does not take */
};

static int64_t wall_seconds(void)
{
	return clock_wall_us() / 1000000;
}

static void note_load(struct service *service)
{
	int64_t now = clock_monotonic_us();
	if (service->first_us == NEVER)
		service->first_us = now;
	service->last_us = now;
}

static bool load_due(const struct service *service, int64_t now_us)
{
	int64_t debounce = service->config->recalculate.debounce_ms * MS;
	return service->first_us != NEVER &&
	       (now_us >= service->last_us + debounce ||
		       now_us >= service->first_us + MAX_DEBOUNCES * debounce);
}

/* The files as they are now; a mistake in them is logged and changes nothing. */
static bool read_timetable(struct service *service, struct err *err)
{
	struct project project;
	struct timetable timetable;
	struct err why;
	if (!project_load(service->config, &project, &why)) {
		log_err(LOG_ERROR, "the models' files have a mistake", &why);
		return true;
	}
	bool ok = timetable_make(service->config, &project, service->database, service->since,
		service->tried, &timetable, err);
	project_release(&project);
	if (ok) {
		timetable_release(&service->timetable);
		service->timetable = timetable;
	}
	return ok;
}

static bool look(struct service *service, struct err *err)
{
	struct database_rows *rows = NULL;
	service->look_us = clock_monotonic_us() + LOOK_MS * MS;
	if (!read_timetable(service, err))
		return false;
	if (!service->config->recalculate.after_load || service->after_failure)
		return true;
	if (!database_query(service->database, sql_scheduler_news, NULL, 0, &rows, err))
		return false;
	if (database_bool(rows, 0, 0) && service->first_us == NEVER)
		note_load(service);
	database_rows_free(rows);
	return true;
}

static bool sweep(struct service *service, struct err *err)
{
	struct database_rows *rows = NULL;
	service->sweep_us = clock_monotonic_us() + SWEEP_MS * MS;
	if (!database_query(service->database, SWEEP, NULL, 0, &rows, err))
		return false;
	if (database_int(rows, 0, 0))
		log_info("marked files complete that a crashed worker left",
			log_int("files", database_int(rows, 0, 0)));
	database_rows_free(rows);
	return true;
}

static void write_reports(struct service *service)
{
	size_t written = 0;
	struct err err;
	if (!report_once(service->config, NULL, 0, &written, &err))
		log_err(LOG_ERROR, "a report was not written", &err);
	else if (written)
		log_info("reports are written", log_int("reports", written));
}

/* RETRY: the same again later. Anything else waits for new data, the clock or a person. */
static void note_outcome(
	struct service *service, bool ok, const struct run_summary *summary, const struct err *err)
{
	if (!ok && err->class == ERR_RETRY) {
		log_err(LOG_WARN, "the run will be tried again", err);
		service->retry_us =
			clock_monotonic_us() +
			MS * clock_backoff_ms(service->retries++, RETRY_BASE_MS, RETRY_CAP_MS);
		return;
	}
	service->retries = 0;
	service->first_us = NEVER;
	service->tried = wall_seconds();
	service->after_failure = !ok ? !service->replaced : summary->failures > 0;
	if (!ok) {
		log_err(LOG_ERROR, "the run failed, old results are kept", err);
		return;
	}
	log_info(summary->failures ? "checks failed, nothing was published" : "published",
		log_int("run", summary->run_id), log_int("models", summary->models),
		log_int("inserted", summary->inserted), log_int("updated", summary->updated),
		log_int("deleted", summary->deleted), log_int("checks", summary->checks),
		log_int("failures", summary->failures), log_int("warnings", summary->warnings),
		log_int("ms", summary->milliseconds));
	if (!summary->failures) {
		write_reports(service);
		jobs_after_run(service->jobs, summary->run_id);
	}
}

/* Another run is under way and none may overlap: what was loaded is looked for again after a
 * while, a time of the clock is passed over. */
static bool put_off(struct service *service, bool loaded, const struct err *why, struct err *err)
{
	if (!loaded || !service->put_off)
		log_err(LOG_INFO, loaded ? "the run has to wait" : "the run is left out", why);
	service->put_off = loaded;
	service->retry_us = clock_monotonic_us() + RETRY_BASE_MS * MS;
	service->tried = wall_seconds();
	return read_timetable(service, err);
}

static bool lock_sources(struct service *service, const char *sql, bool *ret_done, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(service->database, sql, NULL, 0, &rows, err))
		return false;
	*ret_done = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

/* What was due stays due, and is looked at again soon. */
static bool wait_for_sources(struct service *service, const struct err *why, struct err *err)
{
	if (!service->waiting)
		log_info("the run waits", log_str("for", why->message));
	service->waiting = true;
	service->retry_us = clock_monotonic_us() + RETRY_BASE_MS * MS;
	return service->holding || lock_sources(service, HOLD_SOURCES, &service->holding, err);
}

static bool stop_waiting(struct service *service, struct err *err)
{
	bool released = false;
	service->waiting = false;
	if (!service->holding)
		return true;
	service->holding = false;
	return lock_sources(service, RELEASE_SOURCES, &released, err);
}

/* Whether a run may begin as far as sources are concerned; it looks again in its own transaction.
 */
static bool may_begin(struct service *service, bool *ret_may, struct err *err)
{
	struct err why = {0};
	*ret_may = !service->config->recalculate.wait_for_sources ||
		   sources_loaded(service->database, &why);
	if (*ret_may)
		return true;
	if (why.class == ERR_RETRY && !*why.native)
		return wait_for_sources(service, &why, err);
	*err = why;
	return false;
}

static bool run_due(struct service *service, bool loaded, struct err *err)
{
	struct project project;
	struct run_summary summary = {0};
	struct err why;
	enum batch_end end = BATCH_ENDED;
	int64_t now = wall_seconds();
	bool ok = project_load(service->config, &project, &why);
	if (ok) {
		timetable_select(&service->timetable, now, loaded, &project);
		const struct once once = {.config = service->config,
			.project = &project,
			.trigger = loaded ? "load" : "cron",
			.overlap = service->replaced ? OVERLAP_QUEUE
						     : service->config->recalculate.overlap,
			.wait_for_sources = service->config->recalculate.wait_for_sources,
			.fenced = true,
			.generation = service->generation};
		ok = once_run(&once, &summary, &end, &why);
		project_release(&project);
	}
	service->deposed = end == BATCH_DEPOSED;
	service->replaced = end == BATCH_REPLACED;
	if (service->deposed || stop_requested())
		return true;
	if (end == BATCH_WAITING)
		return wait_for_sources(service, &why, err);
	if (!stop_waiting(service, err))
		return false;
	if (end == BATCH_BUSY)
		return put_off(service, loaded, &why, err);
	service->put_off = false;
	bool cancelled = end == BATCH_CANCELLED || end == BATCH_REPLACED;
	service_metrics_run(service->metrics,
		cancelled		  ? "cancelled"
		: ok && !summary.failures ? "published"
					  : "failed",
		&summary);
	note_outcome(service, ok, &summary, &why);
	return read_timetable(service, err);
}

static bool step(struct service *service, struct err *err)
{
	bool notified = false;
	if (!database_wait_notify(service->database, TICK_MS, &notified, err))
		return false;
	int64_t now_us = clock_monotonic_us();
	if (notified && service->config->recalculate.after_load) {
		service->after_failure = false;
		note_load(service);
	}
	if ((now_us >= service->sweep_us && !sweep(service, err)) ||
		(now_us >= service->look_us && !look(service, err)))
		return false;
	jobs_step(service->jobs, wall_seconds());
	bool loaded = load_due(service, now_us);
	if (!loaded && !timetable_due(&service->timetable, wall_seconds()))
		return stop_waiting(service, err);
	if (now_us < service->retry_us)
		return true;
	bool may = false;
	return may_begin(service, &may, err) && (!may || run_due(service, loaded, err));
}

/* From election to the loss of leadership, the connection or a stop. */
static bool lead(struct service *service, struct err *err)
{
	const struct database_options options = {
		.conninfo = service->config->postgres, .application = "penstock scheduler"};
	int64_t generation = service->generation;
	bool ok = database_open(&options, &service->database, err) &&
		  migrate_check(service->database, err) &&
		  database_exec(service->database, LISTEN, err);
	service->first_us = NEVER;
	service->sweep_us = service->look_us = service->retry_us = 0;
	service->since = wall_seconds();
	service->after_failure = service->deposed = false;
	service->waiting = service->holding = false;
	ok = ok && jobs_lead(service->jobs, service->database, service->since, err);
	while (ok && !stop_requested() && !service->deposed &&
		leader_holds(service->leader, &generation) && generation == service->generation)
		ok = step(service, err);
	database_close(service->database);
	service->database = NULL;
	timetable_release(&service->timetable);
	return ok || stop_requested();
}

static bool serve(struct service *service, struct err *err)
{
	for (unsigned failures = 0; !stop_requested();) {
		bool leads = leader_holds(service->leader, &service->generation);
		service_metrics_leads(service->metrics, leads);
		if (!leads) {
			stop_wait_ms(TICK_MS / 4);
			continue;
		}
		if (lead(service, err)) {
			failures = 0;
			/* A thread that has not noticed yet must not make this spin. */
			stop_wait_ms(TICK_MS);
			continue;
		}
		if (err->class != ERR_RETRY)
			return false;
		log_err(LOG_WARN, "Postgres is away", err);
		stop_wait_ms(clock_backoff_ms(failures++, RETRY_BASE_MS, RETRY_CAP_MS));
	}
	return true;
}

/* Mistakes a person must mend end the service now; a server still starting does not. */
static bool check_start(const struct config *config, struct err *err)
{
	struct project project;
	if (!cron_use_zone(config->recalculate.time_zone, err) ||
		!project_load(config, &project, err))
		return false;
	project_release(&project);
	for (unsigned i = 0; !stop_requested(); i++) {
		const struct database_options options = {
			.conninfo = config->postgres, .application = "penstock scheduler"};
		struct database *database = NULL;
		bool ok = database_open(&options, &database, err) && migrate_check(database, err);
		database_close(database);
		if (ok || err->class != ERR_RETRY)
			return ok;
		log_err(LOG_WARN, "waiting for Postgres", err);
		stop_wait_ms(clock_backoff_ms(i, RETRY_BASE_MS, 10000));
	}
	return true;
}

bool scheduler_run(const struct scheduler_options *options, struct err *err)
{
	struct service service = {.config = options->config};
	struct health *health = NULL;
	if (!check_start(options->config, err))
		return false;
	if (stop_requested())
		return true;
	service.metrics = metrics_new();
	service.jobs = jobs_new(options->config);
	const struct health_options listen = {
		.listen = options->listen, .metrics = service.metrics};
	bool ok = health_open(&listen, &health, err) &&
		  leader_start(options->config->postgres, &service.leader, err) &&
		  serve(&service, err);
	jobs_free(service.jobs);
	leader_stop(service.leader);
	health_close(health);
	metrics_free(service.metrics);
	return ok;
}
