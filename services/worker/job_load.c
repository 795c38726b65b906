/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job does with a group: load, bury what is dead, commit the offsets. And when that fails:
 * set the dataset aside, or wait until the environment is well again with the group in hand.
 */
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "worker/job_parts.h"
#include "worker/metrics.h"

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
	if (!job_ensure_database(job, err))
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
	if (duty_succeed(&job->duties.items[at]))
		job->beat_us = 0; /* told at once, as what set it aside was */
	job_clear_group(job, group);
	return true;
}

/* The dataset waits or stops: its messages are read again when its time comes. */
static bool set_aside(struct job *job, size_t at, const struct err *why, struct err *err)
{
	struct duty *duty = &job->duties.items[at];
	struct group *group = &job->groups[at];
	duty_fail(duty, why);
	job->beat_us = 0;
	struct kafka_partition first[GROUP_MAX_MESSAGES];
	size_t n = group_first_offsets(group, first);
	for (size_t i = 0; i < n; i++)
		first[i].topic = duty->dataset->topic;
	job_clear_group(job, group);
	/* Whatever the database has against this dataset, it answers. */
	return job_recovered(job, err) && job_apply_pauses(job, err) &&
	       kafka_consumer_seek(job->consumer, first, n, err);
}

bool job_give_back_free(struct job *job, struct kafka_message *message, struct err *err)
{
	const struct kafka_partition at = {message->topic, message->partition, message->offset};
	bool ok = kafka_consumer_seek(job->consumer, &at, 1, err);
	kafka_message_free(message);
	return ok;
}

/* Others are not to take for dead who only waits, if the database tells them so. */
static void beat_while_waiting(struct job *job)
{
	struct err err;
	if (clock_monotonic_us() < job->beat_us || !job->database ||
		!database_usable(job->database))
		return;
	if (!job_beat(job, NULL, &err))
		log_err(LOG_DEBUG, "the heartbeat was not written", &err);
}

/* The environment is sick: nothing is read, the group stays, the member stays in its consumer
 * group. */
static bool wait_out(struct job *job, const struct err *why, struct err *err)
{
	char reason[sizeof(job->sick)];
	text_copy(reason, sizeof(reason), why->message);
	if (strcmp(job->sick, reason) != 0)
		log_err(LOG_WARN, "cannot load now; the same chunks are tried again", why);
	memcpy(job->sick, reason, sizeof(reason));
	if (!job_apply_pauses(job, err))
		return false;
	metric_add(job->metrics, &worker_retries_total, 1);
	int64_t deadline =
		clock_monotonic_us() + clock_backoff_ms(job->sick_attempt++, 200, 15000) * 1000;
	while (!stop_requested() && clock_monotonic_us() < deadline) {
		job_note_progress(job);
		struct kafka_message *message = NULL;
		struct err poll_err;
		if (!kafka_consumer_poll(job->consumer, 100, &message, &poll_err)) {
			if (!job_polls_on(job, &poll_err)) {
				*err = poll_err;
				return false;
			}
			stop_wait_ms(100);
		}
		if (message && !job_give_back_free(job, message, err))
			return false;
		beat_while_waiting(job);
	}
	return true;
}

bool job_recovered(struct job *job, struct err *err)
{
	atomic_store(&job->database_good, true);
	if (!job->sick[0])
		return true;
	job->sick[0] = '\0';
	job->sick_attempt = 0;
	log_info("loading again", log_str("worker", job->name));
	return job_apply_pauses(job, err);
}

static bool load_or_wait(struct job *job, size_t at, struct err *err)
{
	struct group *group = &job->groups[at];
	while (group->count && !stop_requested()) {
		job_note_progress(job);
		struct err why;
		if (load_group(job, at, &why))
			return job_recovered(job, err);
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

bool job_load_all(struct job *job, struct err *err)
{
	for (size_t i = 0; i < job->duties.count && !stop_requested(); i++)
		if (job->groups[i].count && !load_or_wait(job, i, err))
			return false;
	return true;
}
