/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "worker/heartbeat.h"
#include "worker/job_parts.h"

static const int64_t close_ms = 4000;
static const int64_t idle_poll_ms = 500;
static const int64_t tell_again_us = 60 * 1000 * 1000;

size_t worker_group_bytes(const struct worker_options *options)
{
	return options->max_group_bytes ? (size_t)options->max_group_bytes : (size_t)4 << 20;
}

int64_t worker_group_ms(const struct worker_options *options)
{
	return options->max_group_ms ? options->max_group_ms : 20;
}

void job_note_progress(struct job *job)
{
	atomic_store(&job->progress_us, clock_monotonic_us());
}

static size_t index_of(const struct job *job, const struct duty *duty)
{
	return (size_t)(duty - job->duties.items);
}

void job_clear_group(struct job *job, struct group *group)
{
	job->grouped_bytes -= group->bytes;
	group_clear(group);
}

/* ---- rebalances ---- */

bool job_apply_pauses(struct job *job, struct err *err)
{
	if (!job->sick[0])
		return duties_apply(&job->duties, job->consumer, err);
	const struct kafka_partition *assigned = NULL;
	size_t n = kafka_consumer_assignment(job->consumer, &assigned);
	return kafka_consumer_pause(job->consumer, assigned, n, err);
}

static void on_assigned(void *context, const struct kafka_partition *partitions, size_t count)
{
	(void)partitions;
	struct job *job = context;
	struct err err;
	if (!job_apply_pauses(job, &err))
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
		job_clear_group(job, &job->groups[i]);
	log_info("partitions revoked", log_str("worker", job->name), log_int("count", count),
		log_str(lost ? "lost" : NULL, "yes"));
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

/* The client itself logs that brokers are away; of what else there is in Kafka only we know. */
static const char *own_trouble(const struct err *why)
{
	if (strcmp(why->native, "_BAD_MSG") == 0 || strcmp(why->native, "_BAD_COMPRESSION") == 0)
		return "Kafka has a damaged message; its partition waits for it";
	if (strcmp(why->native, "UNKNOWN_TOPIC_OR_PART") == 0)
		return "a topic is missing; the others go on; it is looked for again";
	return NULL;
}

/* A topic that was deleted may be made again; those of the other datasets are still there. */
bool job_polls_on(struct job *job, const struct err *why)
{
	const char *trouble = own_trouble(why);
	int64_t now_us = clock_monotonic_us();
	if (!trouble) {
		log_err(LOG_DEBUG, "Kafka does not answer; trying again", why);
	} else if (now_us >= job->tell_us) {
		job->tell_us = now_us + tell_again_us;
		log_err(LOG_WARN, trouble, why);
	}
	return trouble || why->class == ERR_RETRY;
}

static bool poll_one(struct job *job, struct err *err)
{
	int64_t due = groups_due_us(job);
	int64_t wait_ms = due ? (due - clock_monotonic_us() + 999) / 1000 : idle_poll_ms;
	struct kafka_message *message = NULL;
	struct err why;
	if (!kafka_consumer_poll(job->consumer, wait_ms > 0 ? wait_ms : 0, &message, &why)) {
		if (!job_polls_on(job, &why)) {
			*err = why;
			return false;
		}
		stop_wait_ms(idle_poll_ms);
		return true;
	}
	if (!message)
		return true;
	const struct duty *duty = duties_of_topic(&job->duties, message->topic);
	if (!duty || duty->state != DUTY_WORKING)
		return job_give_back_free(job, message, err);
	job->grouped_bytes += message->len;
	group_add_take(&job->groups[index_of(job, duty)], message);
	return true;
}

static bool keep_house(struct job *job, struct err *err)
{
	bool woken = false;
	duties_wake(&job->duties, &woken);
	if (woken) {
		job_read_schemas_again(job);
		if (!job_apply_pauses(job, err))
			return false;
	}
	if (clock_monotonic_us() < job->beat_us)
		return true;
	struct err why;
	if (job_ensure_database(job, &why) && job_beat(job, NULL, &why))
		return job_recovered(job, err);
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
		job_note_progress(job);
		if (!keep_house(job, err) || !poll_one(job, err))
			return false;
		int64_t due = groups_due_us(job);
		if ((groups_full(job) || (due && clock_monotonic_us() >= due)) &&
			!job_load_all(job, err))
			return false;
	}
	return true;
}

/* Kafka may have gone away since the worker waited for it. */
static bool join_group(struct job *job, const char *const *topics,
	const struct kafka_rebalance *rebalance, struct err *err)
{
	for (unsigned attempt = 0; !stop_requested(); attempt++) {
		job_note_progress(job);
		if (kafka_consumer_open(&job->options->kafka, topics, job->datasets.count,
			    rebalance, &job->consumer, err))
			return true;
		if (err->class != ERR_RETRY)
			return false;
		log_err(attempt ? LOG_DEBUG : LOG_WARN, "waiting for Kafka", err);
		stop_wait_ms(clock_backoff_ms(attempt, 200, 5000));
	}
	return true;
}

static bool begin(struct job *job, struct err *err)
{
	if (!datasets_load(job->options->config, &job->datasets, err))
		return false;
	const struct datasets *datasets = &job->datasets;
	const char **topics = calloc(datasets->count, sizeof(*topics));
	job->groups = calloc(datasets->count, sizeof(*job->groups));
	job->loaders = calloc(datasets->count, sizeof(struct loader *));
	if (!topics || !job->groups || !job->loaders)
		BUG("out of memory");
	duties_init(&job->duties, datasets);
	for (size_t i = 0; i < datasets->count; i++) {
		topics[i] = datasets->items[i].topic;
		group_init(&job->groups[i], &datasets->items[i]);
	}
	job->dead = dead_letters_new(
		&job->options->kafka, job->options->datasets->dead_topic, job->name);
	const struct kafka_rebalance rebalance = {on_assigned, on_revoked, job};
	bool ok = join_group(job, topics, &rebalance, err);
	free(topics);
	return ok;
}

static void end(struct job *job)
{
	struct err err;
	if (job->database && database_usable(job->database) && !job_beat(job, "stopped", &err))
		log_err(LOG_DEBUG, "the last heartbeat was not written", &err);
	if (job->consumer && !kafka_consumer_close(job->consumer, close_ms)) {
		if (job->failed)
			log_err(LOG_ERROR, "the worker cannot go on", &job->error);
		log_warn("the Kafka client does not end in time; leaving without it");
		_Exit(stop_requested() && !job->failed ? 0 : 1);
	}
	job->consumer = NULL;
	dead_letters_free(job->dead);
	job_drop_database(job);
	for (size_t i = 0; i < job->duties.count; i++)
		group_release(&job->groups[i]);
	free(job->groups);
	free(job->loaders);
	duties_release(&job->duties);
	datasets_release(&job->datasets);
}

void *job_run(void *argument)
{
	struct job *job = argument;
	job_note_progress(job);
	job->failed = !begin(job, &job->error) || !loop(job, &job->error);
	end(job);
	atomic_store(&job->ended, true);
	/* One job that cannot go on ends the process; whoever supervises it starts it again. */
	if (job->failed)
		stop_request();
	return NULL;
}
