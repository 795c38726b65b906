/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/stop.h"
#include "worker/heartbeat.h"
#include "worker/metrics.h"

static const int64_t statement_ms = 120000;
static const int64_t close_ms = 4000;
static const int64_t idle_poll_ms = 500;

size_t worker_group_bytes(const struct worker_options *options)
{
	return options->max_group_bytes ? (size_t)options->max_group_bytes : (size_t)4 << 20;
}

int64_t worker_group_ms(const struct worker_options *options)
{
	return options->max_group_ms ? options->max_group_ms : 200;
}

static void note_progress(struct job *job)
{
	atomic_store(&job->progress_us, clock_monotonic_us());
}

static size_t index_of(const struct job *job, const struct duty *duty)
{
	return (size_t)(duty - job->duties.items);
}

static void clear_group(struct job *job, struct group *group)
{
	job->grouped_bytes -= group->bytes;
	group_clear(group);
}

/* ---- rebalances ---- */

static bool pause_all(struct job *job, struct err *err)
{
	const struct kafka_partition *assigned = NULL;
	size_t n = kafka_consumer_assignment(job->consumer, &assigned);
	return kafka_consumer_pause(job->consumer, assigned, n, err);
}

static void on_assigned(void *context, const struct kafka_partition *partitions, size_t count)
{
	(void)partitions;
	struct job *job = context;
	struct err err;
	bool ok =
		job->sick ? pause_all(job, &err) : duties_apply(&job->duties, job->consumer, &err);
	if (!ok)
		log_err(LOG_WARN, "cannot pause partitions after a rebalance", &err);
	log_info("partitions assigned", log_str("worker", job->name), log_int("count", count));
}

static void on_revoked(
	void *context, const struct kafka_partition *partitions, size_t count, bool lost)
{
	(void)partitions;
	struct job *job = context;
	/* What was collected but not loaded belongs to the next owner: its offsets were not
	 * committed. */
	for (size_t i = 0; i < job->duties.count; i++)
		clear_group(job, &job->groups[i]);
	log_info("partitions revoked", log_str("worker", job->name), log_int("count", count),
		log_str(lost ? "lost" : NULL, "yes"));
}

/* ---- the database session ---- */

static void drop_database(struct job *job)
{
	for (size_t i = 0; i < job->duties.count; i++) {
		loader_free(job->loaders[i]);
		job->loaders[i] = NULL;
	}
	database_close(job->database);
	job->database = NULL;
}

static bool ensure_database(struct job *job, struct err *err)
{
	if (job->database && database_usable(job->database))
		return true;
	if (job->database)
		drop_database(job);
	const struct database_options options = {
		.conninfo = job->options->config->postgres,
		.application = "penstock-worker",
		.statement_ms = statement_ms,
	};
	if (!database_open(&options, &job->database, err))
		return false;
	for (size_t i = 0; i < job->duties.count; i++)
		job->loaders[i] =
			loader_new(job->database, job->duties.items[i].dataset, job->name);
	return true;
}

static bool beat(struct job *job, const char *state, struct err *err)
{
	struct buf paused;
	buf_init(&paused, 16384);
	duties_describe(&job->duties, &paused);
	const struct kafka_partition *assigned = NULL;
	size_t n = job->consumer ? kafka_consumer_assignment(job->consumer, &assigned) : 0;
	if (!state)
		state = paused.len ? "paused" : job->loaded_since_beat ? "loading" : "idle";
	const struct heartbeat heartbeat = {
		.worker = job->name,
		.state = state,
		.chunks = job->chunks,
		.rows = job->rows,
		.rejects = job->rejects,
		.partitions = assigned,
		.partition_count = n,
		.paused = buf_text(&paused),
	};
	bool ok = heartbeat_write(job->database, &heartbeat, err);
	buf_release(&paused);
	job->beat_us = clock_monotonic_us() + HEARTBEAT_MS * 1000;
	job->loaded_since_beat = false;
	return ok;
}

/* ---- loading ---- */

static bool bury(struct job *job, const struct group *group, struct err *err)
{
	const char *dataset = group->dataset->config->name;
	int64_t buried = 0;
	for (size_t i = 0; i < group->unreadable_count; i++, buried++) {
		const struct unreadable *bad = &group->unreadable[i];
		if (!dead_letter_send(job->dead, job->database, dataset, bad->message, NULL,
			    "chunk", bad->reason, err))
			return false;
	}
	for (size_t i = 0; i < group->item_count; i++) {
		const struct load_item *item = &group->items[i];
		if (item->outcome != LOAD_DEAD)
			continue;
		buried++;
		if (!dead_letter_send(job->dead, job->database, dataset, group->item_messages[i],
			    &item->chunk.info, item->stage, item->reason, err))
			return false;
	}
	if (buried)
		metric_add(job->metrics, &worker_dead_letters_total, (double)buried, dataset);
	return true;
}

/* A commit that fails costs nothing but a second look: the ledger skips what it has. */
static void commit_offsets(struct job *job, const struct group *group)
{
	struct kafka_partition next[GROUP_MAX_MESSAGES];
	size_t n = group_next_offsets(group, next);
	struct err err;
	if (!kafka_consumer_commit(job->consumer, next, n, &err))
		log_err(LOG_WARN, "offsets were not committed; the ledger has the chunks", &err);
}

static void count_load(
	struct job *job, const char *dataset, const struct load_totals *totals, int64_t started_us)
{
	job->chunks += totals->chunks;
	job->rows += totals->rows;
	job->rejects += totals->rejects;
	job->loaded_since_beat = true;
	metric_add(job->metrics, &worker_chunks_total, (double)totals->chunks, dataset);
	metric_add(job->metrics, &worker_rows_total, (double)totals->rows, dataset);
	metric_add(job->metrics, &worker_rejects_total, (double)totals->rejects, dataset);
	metric_add(job->metrics, &worker_replaced_total, (double)totals->replaced, dataset);
	metric_add(
		job->metrics, &worker_loads_total, 1, dataset, totals->merged ? "merge" : "copy");
	metric_add(job->metrics, &worker_load_seconds_total,
		(double)(clock_monotonic_us() - started_us) / 1e6, dataset);
	log_debug("chunks loaded", log_str("dataset", dataset), log_int("chunks", totals->chunks),
		log_int("rows", totals->rows), log_int("rejects", totals->rejects),
		log_str("path", totals->merged ? "merge" : "copy"),
		log_int("ms", (clock_monotonic_us() - started_us) / 1000));
}

static bool load_group(struct job *job, size_t at, struct err *err)
{
	struct group *group = &job->groups[at];
	const char *dataset = group->dataset->config->name;
	int64_t started_us = clock_monotonic_us();
	struct load_totals totals = {0};
	if (!ensure_database(job, err))
		return false;
	if (group->item_count &&
		!loader_load(job->loaders[at], group->items, group->item_count, &totals, err))
		return false;
	fault_point("worker.loaded");
	if (!bury(job, group, err))
		return false;
	fault_point("worker.buried");
	commit_offsets(job, group);
	fault_point("worker.committed");
	count_load(job, dataset, &totals, started_us);
	duty_succeed(&job->duties.items[at]);
	clear_group(job, group);
	return true;
}

/* The dataset waits or stops: its messages are read again when its time comes. */
static bool set_aside(struct job *job, size_t at, const struct err *why, struct err *err)
{
	struct duty *duty = &job->duties.items[at];
	struct group *group = &job->groups[at];
	duty_fail(duty, why);
	metric_set(job->metrics, &worker_paused, 1, duty->dataset->config->name);
	struct kafka_partition first[GROUP_MAX_MESSAGES];
	size_t n = group_first_offsets(group, first);
	for (size_t i = 0; i < n; i++)
		first[i].topic = duty->dataset->topic;
	clear_group(job, group);
	return duties_apply(&job->duties, job->consumer, err) &&
	       kafka_consumer_seek(job->consumer, first, n, err);
}

/* A message of a paused partition that was already under way: read again when it is resumed. */
static bool give_back_free(struct job *job, struct kafka_message *message, struct err *err)
{
	const struct kafka_partition at = {message->topic, message->partition, message->offset};
	bool ok = kafka_consumer_seek(job->consumer, &at, 1, err);
	kafka_message_free(message);
	return ok;
}

/* The environment is sick: nothing is read, the group stays, the member stays in its consumer
 * group. */
static bool wait_out(struct job *job, const struct err *why, struct err *err)
{
	if (!job->sick) {
		job->sick = true;
		log_err(LOG_WARN, "cannot load now; the same chunks are tried again", why);
		if (!pause_all(job, err))
			return false;
	}
	metric_add(job->metrics, &worker_retries_total, 1);
	int64_t deadline =
		clock_monotonic_us() + clock_backoff_ms(job->sick_attempt++, 200, 15000) * 1000;
	while (!stop_requested() && clock_monotonic_us() < deadline) {
		note_progress(job);
		struct kafka_message *message = NULL;
		struct err poll_err;
		if (!kafka_consumer_poll(job->consumer, 100, &message, &poll_err)) {
			if (poll_err.class != ERR_RETRY) {
				*err = poll_err;
				return false;
			}
			stop_wait_ms(100);
		}
		if (message && !give_back_free(job, message, err))
			return false;
	}
	return true;
}

static bool recovered(struct job *job, struct err *err)
{
	atomic_store(&job->database_good, true);
	if (!job->sick)
		return true;
	job->sick = false;
	job->sick_attempt = 0;
	log_info("loading again", log_str("worker", job->name));
	return duties_apply(&job->duties, job->consumer, err);
}

static bool load_or_wait(struct job *job, size_t at, struct err *err)
{
	struct group *group = &job->groups[at];
	while (group->count && !stop_requested()) {
		note_progress(job);
		struct err why;
		if (load_group(job, at, &why)) {
			metric_set(job->metrics, &worker_paused, 0, group->dataset->config->name);
			return recovered(job, err);
		}
		bool connected = job->database && database_usable(job->database);
		if (why.class == ERR_PAUSE || (why.class == ERR_FATAL && connected))
			return set_aside(job, at, &why, err);
		atomic_store(&job->database_good, connected);
		if (why.class != ERR_RETRY) {
			*err = why;
			return false;
		}
		if (stop_requested())
			break;
		if (!wait_out(job, &why, err))
			return false;
	}
	return true;
}

static bool load_all(struct job *job, struct err *err)
{
	for (size_t i = 0; i < job->duties.count && !stop_requested(); i++)
		if (job->groups[i].count && !load_or_wait(job, i, err))
			return false;
	return true;
}

/* ---- the loop ---- */

/* Monotonic time at which the oldest collected message has waited long enough; 0 without any. */
static int64_t groups_due_us(const struct job *job)
{
	int64_t first = 0;
	for (size_t i = 0; i < job->duties.count; i++) {
		const struct group *group = &job->groups[i];
		if (group->count && (!first || group->first_us < first))
			first = group->first_us;
	}
	return first ? first + worker_group_ms(job->options) * 1000 : 0;
}

static bool groups_full(const struct job *job)
{
	if (job->grouped_bytes >= worker_group_bytes(job->options))
		return true;
	for (size_t i = 0; i < job->duties.count; i++)
		if (job->groups[i].count == GROUP_MAX_MESSAGES)
			return true;
	return false;
}

static bool poll_one(struct job *job, struct err *err)
{
	int64_t due = groups_due_us(job);
	int64_t wait_ms = due ? (due - clock_monotonic_us()) / 1000 : idle_poll_ms;
	struct kafka_message *message = NULL;
	struct err why;
	if (!kafka_consumer_poll(job->consumer, wait_ms > 0 ? wait_ms : 0, &message, &why)) {
		if (why.class != ERR_RETRY) {
			*err = why;
			return false;
		}
		log_err(LOG_DEBUG, "Kafka does not answer; trying again", &why);
		stop_wait_ms(idle_poll_ms);
		return true;
	}
	if (!message)
		return true;
	const struct duty *duty = duties_of_topic(&job->duties, message->topic);
	if (!duty || duty->state != DUTY_WORKING)
		return give_back_free(job, message, err);
	job->grouped_bytes += message->len;
	group_add_take(&job->groups[index_of(job, duty)], message);
	return true;
}

static bool keep_house(struct job *job, struct err *err)
{
	bool woken = false;
	duties_wake(&job->duties, &woken);
	if (woken && !duties_apply(&job->duties, job->consumer, err))
		return false;
	if (clock_monotonic_us() < job->beat_us)
		return true;
	struct err why;
	if (ensure_database(job, &why) && beat(job, NULL, &why))
		return recovered(job, err);
	atomic_store(&job->database_good, false);
	job->beat_us = clock_monotonic_us() + HEARTBEAT_MS * 1000;
	if (why.class == ERR_RETRY) {
		log_err(LOG_WARN, "the heartbeat was not written", &why);
		return true;
	}
	*err = why;
	return false;
}

static bool loop(struct job *job, struct err *err)
{
	while (!stop_requested()) {
		note_progress(job);
		if (duties_all_stopped(&job->duties))
			return err_fail(err, ERR_FATAL, "every dataset is stopped; first: %s",
				job->duties.items[0].reason);
		if (!keep_house(job, err) || !poll_one(job, err))
			return false;
		int64_t due = groups_due_us(job);
		if ((groups_full(job) || (due && clock_monotonic_us() >= due)) &&
			!load_all(job, err))
			return false;
	}
	return true;
}

static bool begin(struct job *job, struct err *err)
{
	const struct datasets *datasets = job->options->datasets;
	const char **topics = calloc(datasets->count, sizeof(*topics));
	job->groups = calloc(datasets->count, sizeof(*job->groups));
	job->loaders = calloc(datasets->count, sizeof(*job->loaders));
	if (!topics || !job->groups || !job->loaders)
		BUG("out of memory");
	duties_init(&job->duties, datasets);
	for (size_t i = 0; i < datasets->count; i++) {
		topics[i] = datasets->items[i].topic;
		group_init(&job->groups[i], &datasets->items[i]);
	}
	job->dead = dead_letters_new(&job->options->kafka, datasets->dead_topic, job->name);
	const struct kafka_rebalance rebalance = {on_assigned, on_revoked, job};
	bool ok = ensure_database(job, err) && beat(job, "starting", err) &&
		  kafka_consumer_open(&job->options->kafka, topics, datasets->count, &rebalance,
			  &job->consumer, err);
	free(topics);
	return ok;
}

static void end(struct job *job)
{
	struct err err;
	if (job->database && database_usable(job->database) && !beat(job, "stopped", &err))
		log_err(LOG_DEBUG, "the last heartbeat was not written", &err);
	if (job->consumer && !kafka_consumer_close(job->consumer, close_ms)) {
		log_warn("the Kafka client does not end in time; leaving without it");
		_Exit(stop_requested() && !job->failed ? 0 : 1);
	}
	job->consumer = NULL;
	dead_letters_free(job->dead);
	drop_database(job);
	for (size_t i = 0; i < job->duties.count; i++)
		group_release(&job->groups[i]);
	free(job->groups);
	free(job->loaders);
	duties_release(&job->duties);
}

void *job_run(void *argument)
{
	struct job *job = argument;
	note_progress(job);
	job->failed = !begin(job, &job->error) || !loop(job, &job->error);
	end(job);
	atomic_store(&job->ended, true);
	/* One job that cannot go on ends the process; whoever supervises it starts it again. */
	if (job->failed)
		stop_request();
	return NULL;
}
