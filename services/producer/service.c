/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watching producer: recover what a crash left, then scan, publish, repair, wait. Whatever is
 * away (Kafka, the archive) is told once, and once more when it is back; a file with a problem of
 * its own is told once and never holds up the others.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "http/health.h"
#include "producer/fetched.h"
#include "producer/fetcher.h"
#include "producer/inbox.h"
#include "producer/metrics.h"
#include "producer/publisher.h"
#include "producer/quarantine.h"
#include "producer/recover.h"
#include "producer/repair.h"
#include "producer/stale.h"
#include "producer/watch.h"

static const int64_t default_settle_ms = 500;
static const int64_t default_rescan_ms = 5000;
static const int64_t default_repair_ms = 60000;
static const int64_t coalesce_ms = 20;
static const int64_t backoff_ms = 500;
static const int64_t backoff_cap_ms = 30000;

/* Something that is tried again until it works: told on every change of state, not every try. */
struct trouble {
	const char *what;
	unsigned attempts;
	int64_t until_us; /* not tried before */
	uint32_t told;
};

struct service {
	const struct producer_options *options;
	struct publish_options publish;
	struct publisher *publisher;
	struct repair *repair; /* NULL: Postgres is not configured */
	struct metrics *metrics;
	struct health *health;	 /* NULL: nothing is served */
	struct fetcher *fetcher; /* NULL: no source has a schedule */
	struct fetched fetched;
	atomic_bool away; /* read by the server's thread */
	struct inbox inbox;
	struct stale stale;
	int watch;
	struct recovery recovery;
	int64_t recover_at_us;
	bool inbox_full;
	int64_t settle_us;
	int64_t rescan_us;
	int64_t repair_us;
	int64_t repair_at_us;
	struct trouble publishing;
	struct trouble scanning;
	struct trouble repairing;
};

/* ---- troubles ---- */

static uint32_t checksum(const char *message)
{
	return crc32c(0, message, strlen(message)) | 1;
}

static void trouble_begin(struct trouble *trouble, const struct err *err)
{
	uint32_t told = checksum(err->message);
	if (trouble->told != told)
		log_err(LOG_WARN, trouble->what, err);
	trouble->told = told;
	trouble->until_us = clock_monotonic_us() +
			    clock_backoff_ms(trouble->attempts, backoff_ms, backoff_cap_ms) * 1000;
	trouble->attempts += trouble->attempts < 30;
}

static void trouble_end(struct trouble *trouble)
{
	if (trouble->told)
		log_info("back to normal", log_str("after", trouble->what));
	trouble->told = 0;
	trouble->attempts = 0;
	trouble->until_us = 0;
}

/* ---- one file ---- */

struct outcome {
	struct service *service;
	int64_t refused_id; /* 0: nothing was quarantined */
	char reason[1500];
};

static void tell_published(struct service *service, const struct publication_result *result)
{
	metrics_count(service->metrics, result);
	if (result->quarantined || result->retracted)
		log_warn(result->retracted ? "retracted before" : "quarantined",
			log_str("file", result->name), log_str("dataset", result->dataset),
			log_int("file_id", result->file_id), log_str("reason", result->reason));
	else
		log_info(result->already ? "already published" : "published",
			log_str("file", result->name), log_str("dataset", result->dataset),
			log_int("file_id", result->file_id), log_int("chunks", result->chunks),
			log_int("rows", result->rows), log_int("rejects", result->rejects));
}

static void published(void *context, const struct publication_result *result)
{
	struct outcome *outcome = context;
	tell_published(outcome->service, result);
	fetched_add(&outcome->service->fetched, result);
	if (!(result->quarantined || result->retracted) || outcome->refused_id)
		return;
	outcome->refused_id = result->file_id;
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", result->reason);
}

static void tell_once(struct inbox_file *file, const struct err *err)
{
	uint32_t told = checksum(err->message);
	if (file->told != told)
		log_warn("left in the inbox", log_str("file", file->path),
			log_str("reason", err->message));
	file->told = told;
}

/* Says why, and does not look at the file again until it changes. */
static void leave_alone(struct inbox_file *file, const struct err *err)
{
	tell_once(file, err);
	file->retry_us = INBOX_NEVER;
}

/* Says why, and tries again later: what is wrong may be mended without touching the file. */
static void leave_for_now(struct inbox_file *file, const struct err *err)
{
	tell_once(file, err);
	file->retry_us = clock_monotonic_us() +
			 clock_backoff_ms(file->attempts, backoff_ms, backoff_cap_ms) * 1000;
	file->attempts += file->attempts < 30;
}

static void settle_again(struct inbox_file *file)
{
	file->since_us = clock_monotonic_us();
}

static void take_out(struct service *service, struct inbox_file *file, const struct claim *claim,
	const struct outcome *outcome)
{
	struct err err = {0};
	bool gone = false;
	bool ok = outcome->refused_id ? quarantine_move(service->inbox.folder, claim,
						outcome->refused_id, outcome->reason, &gone, &err)
				      : claim_remove(claim, &gone, &err);
	if (!ok)
		leave_alone(file, &err);
	else if (gone)
		fault_point("producer.removed");
	else
		settle_again(file);
}

/* False, with the error, when it is no business of this file's: Kafka or the archive is away. */
static bool publish_claimed(
	struct service *service, struct inbox_file *file, struct claim *claim, struct err *err)
{
	struct outcome outcome = {.service = service};
	fetched_begin(&service->fetched, file->path);
	if (publish_claim(service->publisher, claim, published, &outcome, err)) {
		if (fetched_note(&service->fetched, file->path, err))
			take_out(service, file, claim, &outcome);
		else
			leave_for_now(file, err);
		return true;
	}
	struct err changed;
	if (!claim_check(claim, &changed)) {
		settle_again(file);
		return true;
	}
	if (err->class == ERR_RETRY)
		return false;
	if (err->class == ERR_DATA)
		leave_alone(file, err);
	else
		leave_for_now(file, err);
	return true;
}

static bool publish_ready(struct service *service, struct inbox_file *file, struct err *err)
{
	struct claim claim;
	if (!claim_open(file->path, false, &claim, err)) {
		if (err->class == ERR_RETRY)
			return false;
		if (strcmp(err->native, "ENOENT") != 0)
			leave_alone(file, err);
		return true;
	}
	bool ok = true;
	if (!identity_equal(&claim.identity, &file->identity) || claim_is_written(&claim))
		settle_again(file);
	else
		ok = publish_claimed(service, file, &claim, err);
	claim_close(&claim);
	return ok;
}

/* ---- the steps of the loop ---- */

static void recovery_failed(void *context, const char *dataset, const struct err *err)
{
	(void)context;
	log_error("a publication that a crash interrupted cannot be sent again",
		log_str("dataset", dataset), log_str("error", err->message));
}

static void recovered_one(void *context, const struct publication_result *result)
{
	tell_published(context, result);
}

static bool publish_files(struct service *service, int64_t *ret_next_us, struct err *err)
{
	struct inbox_file **ready = NULL;
	if (clock_monotonic_us() >= service->recover_at_us) {
		if (!recover(service->publisher, &service->recovery, recovered_one, recovery_failed,
			    service, err))
			return false;
		service->recover_at_us = clock_monotonic_us() + service->repair_us;
	}
	size_t count = inbox_ready(
		&service->inbox, clock_monotonic_us(), service->settle_us, &ready, ret_next_us);
	for (size_t i = 0; i < count && !stop_requested(); i++)
		if (!publish_ready(service, ready[i], err))
			return false;
	/* What is new, and what must settle again, has a time by now. */
	if (count)
		*ret_next_us = clock_monotonic_us();
	return true;
}

static void scan_step(struct service *service)
{
	struct err err = {0};
	if (inbox_scan(&service->inbox, clock_monotonic_us(), &err))
		trouble_end(&service->scanning);
	else
		trouble_begin(&service->scanning, &err);
	const struct inbox_snapshot *now = &service->inbox.snapshots[service->inbox.current];
	metric_set(service->metrics, &metric_inbox_files, (double)now->count);
	if (service->inbox.full && !service->inbox_full)
		log_warn("more files in the inbox than one scan takes: the rest follow",
			log_int("taken", now->count));
	service->inbox_full = service->inbox.full;
	stale_note(&service->stale, now);
}

static int64_t publish_step(struct service *service)
{
	struct err err = {0};
	int64_t next_us = INBOX_NEVER;
	if (clock_monotonic_us() < service->publishing.until_us)
		return service->publishing.until_us;
	bool ok = publish_files(service, &next_us, &err);
	if (ok) {
		trouble_end(&service->publishing);
	} else if (!stop_requested()) {
		trouble_begin(&service->publishing, &err);
		next_us = service->publishing.until_us;
	}
	atomic_store(&service->away, !ok);
	metric_set(service->metrics, &metric_kafka_up, ok ? 1 : 0);
	return next_us;
}

static void repaired_one(void *context, const struct publication_result *result)
{
	struct service *service = context;
	metric_add(service->metrics, &metric_repaired, 1, result->dataset);
	log_warn("sent again: the broker lost it before it was loaded",
		log_str("file", result->name), log_str("dataset", result->dataset),
		log_int("file_id", result->file_id), log_int("chunks", result->chunks));
}

static void repair_step(struct service *service)
{
	struct err err = {0};
	if (!service->repair || clock_monotonic_us() < service->repair_at_us)
		return;
	if (repair_pass(service->repair, repaired_one, service, &err))
		trouble_end(&service->repairing);
	else if (!stop_requested())
		trouble_begin(&service->repairing, &err);
	service->repair_at_us = clock_monotonic_us() + service->repair_us;
}

/* Until something happens in the inbox, a file has settled, or the clock says so. */
static void wait_step(struct service *service, int64_t next_us)
{
	int64_t now_us = clock_monotonic_us();
	int64_t until_us = now_us + service->rescan_us;
	if (next_us < until_us)
		until_us = next_us;
	if (service->repair && service->repair_at_us < until_us)
		until_us = service->repair_at_us;
	if (service->recover_at_us > now_us && service->recover_at_us < until_us)
		until_us = service->recover_at_us;
	int64_t ms = until_us > now_us ? (until_us - now_us + 999) / 1000 : 0;
	bool hinted = ms > coalesce_ms;
	stop_wait_fd(service->watch, ms);
	/* Events come in flocks; one scan sees them all. */
	if (hinted)
		stop_wait_ms(coalesce_ms);
	watch_drain(service->watch);
}

static void loop(struct service *service)
{
	while (!stop_requested()) {
		scan_step(service);
		int64_t next_us = publish_step(service);
		repair_step(service);
		wait_step(service, next_us);
	}
}

/* ---- starting and ending ---- */

static void folder_seen(void *context, const char *path)
{
	const struct service *service = context;
	watch_folder(service->watch, path);
}

static int64_t micros(int64_t ms, int64_t default_ms)
{
	return (ms ? ms : default_ms) * 1000;
}

/* On the server's thread. */
static bool is_ready(void *context, struct buf *why)
{
	struct service *service = context;
	bool away = atomic_load(&service->away);
	if (away)
		buf_append_text(why, "Kafka or the archive is away; the log says more");
	return !away;
}

static bool serve(struct service *service, struct err *err)
{
	const struct health_options options = {.listen = service->options->listen,
		.metrics = service->metrics,
		.ready = is_ready,
		.context = service};
	return health_open(&options, &service->health, err);
}

static bool start(struct service *service, struct err *err)
{
	const struct producer_options *options = service->options;
	service->publish = (struct publish_options){
		.config = options->config,
		.datasets = options->datasets,
		.kafka = options->kafka,
		.window = options->window,
	};
	service->settle_us = micros(options->settle_ms, default_settle_ms);
	service->rescan_us = micros(options->rescan_ms, default_rescan_ms);
	service->repair_us = micros(options->repair_ms, default_repair_ms);
	service->publishing.what = "publishing waits";
	service->scanning.what = "the inbox cannot be read";
	service->repairing.what = "repair waits";
	service->watch = -1;
	service->metrics = metrics_new();
	inbox_init(&service->inbox, options->config->inbox);
	fetched_init(&service->fetched, options->config);
	stale_init(&service->stale, options->config);
	if (!file_make_folder(options->config->inbox, err) ||
		!publisher_open(&service->publish, &service->publisher, err))
		return false;
	if (options->config->postgres_configured)
		service->repair = repair_new(service->publisher);
	metrics_begin(service->metrics, options->datasets);
	service->inbox.folder_seen = folder_seen;
	service->inbox.context = service;
	service->watch = watch_open();
	/* A lease that a writer breaks while it is held (claim_is_written) raises it. */
	signal(SIGIO, SIG_IGN);
	return serve(service, err) &&
	       (options->no_fetch ||
		       fetcher_start(options->config, service->metrics, &service->fetcher, err));
}

static void end(struct service *service)
{
	fetcher_stop(service->fetcher);
	fetched_release(&service->fetched);
	health_close(service->health);
	watch_close(service->watch);
	inbox_release(&service->inbox);
	metrics_free(service->metrics);
	recovery_release(&service->recovery);
	repair_free(service->repair);
	publisher_close(service->publisher);
}

bool producer_run(const struct producer_options *options, struct err *err)
{
	struct service service = {.options = options};
	if (!start(&service, err)) {
		end(&service);
		return false;
	}
	log_info("watching the inbox", log_str("folder", options->config->inbox),
		log_int("datasets", options->datasets->count));
	loop(&service);
	end(&service);
	log_info("stopped");
	return true;
}
