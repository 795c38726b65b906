/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/fetcher.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "base/stop.h"
#include "penstock_producer_sql.h"
#include "postgres/migrate.h"
#include "producer/producer.h"

/* Others may fetch by hand meanwhile, and clocks may be set. */
static const int64_t longest_wait_ms = 60000;
static const int64_t busy_wait_ms = 2000;
static const int64_t trouble_wait_ms = 5000;
static const int64_t connect_ms = 3000;
static const int64_t statement_ms = 5000;
static const int64_t patience = 3;

static const struct metric metric_fetches = {"penstock_source_fetches_total", METRIC_COUNTER,
	"Fetches by outcome: done, unchanged, failed.", {"source", "outcome"}};
static const struct metric metric_files = {
	"penstock_source_files_total", METRIC_COUNTER, "Files fetched into the inbox.", {"source"}};
static const struct metric metric_bytes = {
	"penstock_source_bytes_total", METRIC_COUNTER, "Bytes of these files.", {"source"}};
static const struct metric metric_success = {"penstock_source_last_success_timestamp_seconds",
	METRIC_GAUGE, "When a source was last fetched whole, or had nothing new.", {"source"}};
static const struct metric metric_failures = {"penstock_source_failures", METRIC_GAUGE,
	"Failed fetches since the last one that went well.", {"source"}};

struct line {
	const struct config *config;
	const struct remote *remote;
	struct metrics *metrics;
	uint32_t told; /* checksum of the trouble last logged; 0: none */
	enum { ALERT_UNKNOWN, ALERT_CLEARED, ALERT_RAISED } alert; /* as the ledger has it */
	pthread_t thread;
};

struct fetcher {
	struct line *lines;
	size_t count;
};

/* ---- telling ---- */

static void count_fetch(const struct line *line, const char *outcome)
{
	metric_add(line->metrics, &metric_fetches, 1, line->remote->name, outcome);
}

static void tell_failure(struct line *line, const struct err *err)
{
	uint32_t told = crc32c(0, err->message, strlen(err->message)) | 1;
	count_fetch(line, "failed");
	if (line->told != told)
		log_warn("a source could not be fetched", log_str("source", line->remote->name),
			log_str("class", err_class_name(err->class)),
			log_str("error", err->message));
	line->told = told;
}

static void tell_success(struct line *line, const struct fetch_result *result)
{
	bool unchanged = result->outcome == FETCH_UNCHANGED;
	count_fetch(line, unchanged ? "unchanged" : "done");
	metric_add(line->metrics, &metric_files, (double)result->files, line->remote->name);
	metric_add(line->metrics, &metric_bytes, (double)result->bytes, line->remote->name);
	log_info(unchanged ? "nothing new" : "fetched", log_str("source", line->remote->name),
		log_int("files", result->files), log_int("bytes", result->bytes));
	line->told = 0;
}

static bool note_alert(const struct line *line, const char *text, struct err *err)
{
	const struct database_options options = {.conninfo = line->config->postgres,
		.application = "penstock producer",
		.connect_ms = connect_ms,
		.statement_ms = statement_ms};
	const char *parameters[] = {line->remote->name, text};
	struct database *database = NULL;
	bool ok = migrate_open(&options, &database, err) &&
		  database_run(database, sql_producer_failed_source, parameters, 2, NULL, err);
	database_close(database);
	return ok;
}

/* What a person has to mend is told at once, what may pass when it has not after three times.
 * While the ledger is away it is tried again after the next fetch. */
static void alert(struct line *line, const struct fetch_state *state)
{
	struct err err;
	char text[FETCH_ERROR_SIZE + 200];
	bool failed = *state->error && (state->fatal || state->failures >= patience);
	if (!line->config->postgres_configured || stop_requested() ||
		line->alert == (failed ? ALERT_RAISED : ALERT_CLEARED))
		return;
	snprintf(text, sizeof(text), "source %s could not be fetched: %s", line->remote->name,
		state->error);
	if (note_alert(line, failed ? text : NULL, &err))
		line->alert = failed ? ALERT_RAISED : ALERT_CLEARED;
}

/* The state is shared by all who fetch into this inbox. */
static void show_state(struct line *line)
{
	struct fetch_state state;
	struct err err;
	if (!fetch_read_state(line->config, line->remote, &state, &err))
		return;
	alert(line, &state);
	metric_set(line->metrics, &metric_success, (double)state.success_ms / 1000,
		line->remote->name);
	metric_set(line->metrics, &metric_failures, (double)state.failures, line->remote->name);
}

/* ---- the threads ---- */

static int64_t wait_for(const struct fetch_result *result, bool ok)
{
	int64_t ms = result->due_ms - clock_wall_us() / 1000;
	if (result->outcome == FETCH_BUSY)
		return busy_wait_ms;
	if (!ok && ms < trouble_wait_ms)
		return trouble_wait_ms;
	if (ms > longest_wait_ms)
		return longest_wait_ms;
	return ms > 0 ? ms : 0;
}

static void *run_line(void *context)
{
	struct line *line = context;
	const struct fetch_options options = {.config = line->config,
		.when_due = true,
		.whole = producer_note_fetch,
		.context = (void *)(uintptr_t)line->config};
	while (!stop_requested()) {
		struct fetch_result result;
		struct err err = {0};
		bool ok = fetch_source(&options, line->remote, &result, &err);
		if (stop_requested())
			break;
		if (!ok)
			tell_failure(line, &err);
		else if (result.outcome == FETCH_DONE || result.outcome == FETCH_UNCHANGED)
			tell_success(line, &result);
		show_state(line);
		stop_wait_ms(wait_for(&result, ok));
	}
	return NULL;
}

static bool has_schedule(const struct remote *remote)
{
	return remote->every_ms || *remote->cron_text;
}

static size_t count_scheduled(const struct config *config)
{
	size_t count = 0;
	for (size_t i = 0; i < config->source_count; i++)
		count += has_schedule(&config->sources[i]);
	return count;
}

static void begin_metrics(const struct line *line)
{
	static const char *const outcomes[] = {"done", "unchanged", "failed"};
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		metric_add(line->metrics, &metric_fetches, 0, line->remote->name, outcomes[i]);
	metric_add(line->metrics, &metric_files, 0, line->remote->name);
	metric_add(line->metrics, &metric_bytes, 0, line->remote->name);
}

bool fetcher_start(const struct config *config, struct metrics *metrics,
	struct fetcher **ret_fetcher, struct err *err)
{
	size_t count = count_scheduled(config);
	*ret_fetcher = NULL;
	if (!count)
		return true;
	if (!cron_use_zone(config->recalculate.time_zone, err))
		return false;
	struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
	struct line *lines = calloc(count, sizeof(*lines));
	if (!fetcher || !lines)
		BUG("out of memory");
	fetcher->lines = lines;
	for (size_t i = 0; i < config->source_count; i++) {
		if (!has_schedule(&config->sources[i]))
			continue;
		struct line *line = &lines[fetcher->count++];
		*line = (struct line){
			.config = config, .remote = &config->sources[i], .metrics = metrics};
		begin_metrics(line);
		if (pthread_create(&line->thread, NULL, run_line, line) != 0)
			BUG("no thread for source %s", line->remote->name);
	}
	*ret_fetcher = fetcher;
	return true;
}

void fetcher_stop(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	for (size_t i = 0; i < fetcher->count; i++)
		pthread_join(fetcher->lines[i].thread, NULL);
	free(fetcher->lines);
	free(fetcher);
}
