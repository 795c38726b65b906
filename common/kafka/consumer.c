/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `assigned` mirrors librdkafka's assignment and says which partitions are paused, because resuming
 * one that is not paused makes librdkafka 2.0 skip or repeat messages. While the caller's assigned
 * callback runs (`assigning`), librdkafka does not have the assignment yet: seeks become its start
 * offsets, and pauses follow it at once.
 */
#include "kafka/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "kafka/assignment.h"
#include "kafka/errors.h"
#include "kafka/handle.h"

static const int64_t slice_ms = 100;
static const int64_t open_ms = 5000;
static const int64_t seek_ms = 10000;
static const int64_t commit_ms = 30000;
static const int wake_ms = 100;
static const size_t wake_bytes = 2 << 20;    /* a quarter of queued.max.messages.kbytes */
static const int64_t commit_grace_ms = 5000; /* once a stop was requested */

struct kafka_consumer {
	struct kafka_handle handle;
	struct kafka_rebalance rebalance;
	struct assignment assigned;
	bool assigning;
	struct err failure; /* of the rebalance callback; reported by the next poll */
	bool failed;
	size_t taken; /* bytes of messages since the leader was last woken */
};

/* `code` of the whole call, or the first error of a partition in the list. */
static bool check(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *list,
	const char *what, struct err *err)
{
	const rd_kafka_topic_partition_t *bad = kafka_list_error(list);
	if (bad && (!code || code == bad->err))
		return kafka_fail(err, bad->err, "%s %s/%d at offset %lld", what, bad->topic,
			bad->partition, (long long)bad->offset);
	if (code)
		return kafka_fail(err, code, "%s", what);
	return true;
}

static bool pause_list(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, struct err *err)
{
	if (list->cnt == 0)
		return true;
	return check(rd_kafka_pause_partitions(rk, list), list, "pausing", err);
}

/* Gives librdkafka the assignment with the caller's start offsets and pauses. */
static bool apply_assignment(struct kafka_consumer *consumer, struct err *err)
{
	rd_kafka_t *rk = consumer->handle.rk;
	const struct assignment *assigned = &consumer->assigned;
	rd_kafka_topic_partition_list_t *all =
		rd_kafka_topic_partition_list_new((int)assigned->count);
	rd_kafka_topic_partition_list_t *paused =
		rd_kafka_topic_partition_list_new((int)assigned->count);
	for (size_t i = 0; i < assigned->count; i++) {
		const struct kafka_partition *p = &assigned->partitions[i];
		rd_kafka_topic_partition_list_add(all, p->topic, p->partition)->offset =
			p->offset == KAFKA_NO_OFFSET ? RD_KAFKA_OFFSET_INVALID : p->offset;
		if (assigned->paused[i])
			rd_kafka_topic_partition_list_add(paused, p->topic, p->partition);
	}
	bool ok = check(rd_kafka_assign(rk, all), all, "taking an assignment", err) &&
		  pause_list(rk, paused, err);
	rd_kafka_topic_partition_list_destroy(all);
	rd_kafka_topic_partition_list_destroy(paused);
	return ok;
}

static void take_assignment(
	struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
	assignment_set(&consumer->assigned, list);
	if (consumer->rebalance.assigned) {
		consumer->assigning = true;
		consumer->rebalance.assigned(consumer->rebalance.context,
			consumer->assigned.partitions, consumer->assigned.count);
		consumer->assigning = false;
	}
	if (!apply_assignment(consumer, &consumer->failure))
		consumer->failed = true;
}

/* librdkafka keeps a pause beyond the assignment, and would not read when the partition is back. */
static bool end_pauses(struct kafka_consumer *consumer, struct err *err)
{
	struct assignment *assigned = &consumer->assigned;
	return kafka_consumer_resume(consumer, assigned->partitions, assigned->count, err);
}

static void give_up_assignment(struct kafka_consumer *consumer)
{
	rd_kafka_t *rk = consumer->handle.rk;
	const struct assignment *assigned = &consumer->assigned;
	if (consumer->rebalance.revoked && assigned->count)
		consumer->rebalance.revoked(consumer->rebalance.context, assigned->partitions,
			assigned->count, rd_kafka_assignment_lost(rk));
	if (!end_pauses(consumer, &consumer->failure))
		consumer->failed = true;
	assignment_clear(&consumer->assigned);
	rd_kafka_resp_err_t code = rd_kafka_assign(rk, NULL);
	if (code) {
		kafka_fail(&consumer->failure, code, "giving up an assignment");
		consumer->failed = true;
	}
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
	rd_kafka_topic_partition_list_t *list, void *opaque)
{
	(void)rk;
	struct kafka_handle *handle = opaque;
	struct kafka_consumer *consumer = handle->owner;
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		take_assignment(consumer, list);
	else
		give_up_assignment(consumer);
}

static void set_callbacks(rd_kafka_conf_t *conf)
{
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
}

static bool subscribe(struct kafka_consumer *consumer, const char *const *topics,
	size_t topic_count, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topic_count);
	for (size_t i = 0; i < topic_count; i++)
		rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
	bool ok = check(rd_kafka_subscribe(consumer->handle.rk, list), list, "subscribing", err);
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

bool kafka_consumer_open(const struct kafka_settings *settings, const char *const *topics,
	size_t topic_count, const struct kafka_rebalance *rebalance,
	struct kafka_consumer **ret_consumer, struct err *err)
{
	struct kafka_consumer *consumer = calloc(1, sizeof(*consumer));
	if (!consumer)
		BUG("out of memory");
	if (rebalance)
		consumer->rebalance = *rebalance;
	const struct kafka_handle_options options = {
		.type = RD_KAFKA_CONSUMER, .callbacks = set_callbacks, .owner = consumer};
	if (!kafka_handle_open(&consumer->handle, settings, &options, err)) {
		free(consumer);
		return false;
	}
	rd_kafka_poll_set_consumer(consumer->handle.rk);
	if (!kafka_handle_ping(&consumer->handle, open_ms, err) ||
		!subscribe(consumer, topics, topic_count, err)) {
		if (kafka_handle_close(&consumer->handle, open_ms))
			free(consumer);
		return false;
	}
	*ret_consumer = consumer;
	return true;
}

bool kafka_consumer_close(struct kafka_consumer *consumer, int64_t deadline_ms)
{
	if (!consumer)
		return true;
	rd_kafka_t *rk = consumer->handle.rk;
	int64_t deadline = clock_monotonic_us() + deadline_ms * 1000;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
	/* An error here means that the consumer is closed already, or fatal: nothing to leave. */
	bool leaving = !error;
	if (error)
		rd_kafka_error_destroy(error);
	while (leaving && !rd_kafka_consumer_closed(rk) && clock_monotonic_us() < deadline) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, (int)slice_ms);
		if (!event)
			continue;
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
			give_up_assignment(consumer);
		rd_kafka_event_destroy(event);
	}
	bool closed = !leaving || rd_kafka_consumer_closed(rk);
	rd_kafka_queue_destroy(queue);
	int64_t left_ms = (deadline - clock_monotonic_us()) / 1000;
	if (!closed || !kafka_handle_close(&consumer->handle, left_ms > 0 ? left_ms : 0))
		return false;
	assignment_clear(&consumer->assigned);
	free(consumer);
	return true;
}

/* Reading goes on at the message that could not be read. */
static bool fail_message(
	struct kafka_consumer *consumer, const rd_kafka_message_t *raw, struct err *err)
{
	const char *why = rd_kafka_message_errstr(raw);
	if (!raw->rkt)
		return kafka_fail(err, raw->err, "consuming: %s", why ? why : "");
	const char *topic = rd_kafka_topic_name(raw->rkt);
	bool unreadable = raw->err == RD_KAFKA_RESP_ERR__BAD_MSG ||
			  raw->err == RD_KAFKA_RESP_ERR__BAD_COMPRESSION;
	if (unreadable && raw->offset >= 0) {
		const struct kafka_partition back = {topic, raw->partition, raw->offset};
		if (!kafka_consumer_seek(consumer, &back, 1, err))
			return false;
	}
	return kafka_fail(err, raw->err, "consuming %s/%d at offset %lld: %s", topic,
		raw->partition, (long long)raw->offset, why ? why : "");
}

static struct kafka_message *message_new(rd_kafka_message_t *raw)
{
	struct kafka_message *message = malloc(sizeof(*message));
	if (!message)
		BUG("out of memory");
	*message = (struct kafka_message){
		.topic = rd_kafka_topic_name(raw->rkt),
		.partition = raw->partition,
		.offset = raw->offset,
		.timestamp_ms = rd_kafka_message_timestamp(raw, NULL),
		.key = raw->key,
		.key_len = raw->key_len,
		.payload = raw->payload,
		.len = raw->len,
		.handle = raw,
	};
	return message;
}

/* What the callbacks that ran inside of the poll have left to say. */
static bool report_trouble(struct kafka_consumer *consumer, struct err *err)
{
	if (consumer->failed) {
		consumer->failed = false;
		if (err)
			*err = consumer->failure;
		return false;
	}
	struct kafka_handle *handle = &consumer->handle;
	rd_kafka_resp_err_t code = handle->trouble;
	bool told =
		code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || kafka_error_class(code) == ERR_FATAL;
	handle->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
	return !told || kafka_handle_fail(handle, code, "consuming", err);
}

/*
 * Once its queue was full, librdkafka before 2.2 looks at it again only when something else wakes
 * the thread of the partition's leader, or after a second: the queue would run dry long before. A
 * question to that leader wakes it; its answer does not matter.
 */
static void keep_fetching(struct kafka_consumer *consumer, const rd_kafka_message_t *raw)
{
	int64_t low;
	int64_t high;
	consumer->taken += raw->len;
	if (consumer->taken < wake_bytes)
		return;
	consumer->taken = 0;
	rd_kafka_query_watermark_offsets(consumer->handle.rk, rd_kafka_topic_name(raw->rkt),
		raw->partition, &low, &high, wake_ms);
}

bool kafka_consumer_poll(struct kafka_consumer *consumer, int64_t ms,
	struct kafka_message **ret_message, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	for (;;) {
		/* Rounded up: the last part of a millisecond is waited for, too. */
		int64_t left = (deadline - clock_monotonic_us() + 999) / 1000;
		int64_t wait_ms = left < 0 ? 0 : left < slice_ms ? left : slice_ms;
		rd_kafka_message_t *raw = rd_kafka_consumer_poll(consumer->handle.rk, (int)wait_ms);
		if (raw && !raw->err) {
			keep_fetching(consumer, raw);
			*ret_message = message_new(raw);
			return true;
		}
		if (raw) {
			fail_message(consumer, raw, err);
			rd_kafka_message_destroy(raw);
			return false;
		}
		if (!report_trouble(consumer, err))
			return false;
		if (left <= 0 || stop_requested()) {
			*ret_message = NULL;
			return true;
		}
	}
}

void kafka_message_free(struct kafka_message *message)
{
	if (!message)
		return;
	rd_kafka_message_destroy(message->handle);
	free(message);
}

const void *kafka_message_header(
	const struct kafka_message *message, const char *name, size_t *ret_len)
{
	rd_kafka_headers_t *headers = NULL;
	const void *value = NULL;
	size_t len = 0;
	if (rd_kafka_message_headers(message->handle, &headers) ||
		rd_kafka_header_get_last(headers, name, &value, &len))
		return NULL;
	*ret_len = len;
	return value;
}

size_t kafka_consumer_assignment(
	struct kafka_consumer *consumer, const struct kafka_partition **ret_partitions)
{
	*ret_partitions = consumer->assigned.partitions;
	return consumer->assigned.count;
}

bool kafka_consumer_pause(struct kafka_consumer *consumer, const struct kafka_partition *partitions,
	size_t count, struct err *err)
{
	rd_kafka_topic_partition_list_t *list =
		assignment_change(&consumer->assigned, partitions, count, true);
	bool ok = consumer->assigning || pause_list(consumer->handle.rk, list, err);
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

bool kafka_consumer_resume(struct kafka_consumer *consumer,
	const struct kafka_partition *partitions, size_t count, struct err *err)
{
	rd_kafka_topic_partition_list_t *list =
		assignment_change(&consumer->assigned, partitions, count, false);
	bool ok =
		consumer->assigning || list->cnt == 0 ||
		check(rd_kafka_resume_partitions(consumer->handle.rk, list), list, "resuming", err);
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

bool kafka_consumer_seek(struct kafka_consumer *consumer, const struct kafka_partition *partitions,
	size_t count, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;
		if (!assignment_find(&consumer->assigned, &partitions[i], &at))
			continue;
		if (consumer->assigning)
			consumer->assigned.partitions[at].offset = partitions[i].offset;
		else
			rd_kafka_topic_partition_list_add(
				list, partitions[i].topic, partitions[i].partition)
				->offset = partitions[i].offset;
	}
	bool ok = true;
	if (list->cnt) {
		rd_kafka_error_t *error =
			rd_kafka_seek_partitions(consumer->handle.rk, list, (int)seek_ms);
		rd_kafka_resp_err_t code =
			error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
		if (error)
			rd_kafka_error_destroy(error);
		ok = check(code, list, "seeking", err);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

/* The broker's answer to a commit; NULL when none came in time. */
static rd_kafka_event_t *wait_commit(rd_kafka_queue_t *queue)
{
	int64_t start = clock_monotonic_us();
	for (;;) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, (int)slice_ms);
		int64_t limit_ms = stop_requested() ? commit_grace_ms : commit_ms;
		if (event || clock_monotonic_us() - start > limit_ms * 1000)
			return event;
	}
}

bool kafka_consumer_commit(struct kafka_consumer *consumer,
	const struct kafka_partition *partitions, size_t count, struct err *err)
{
	if (count == 0)
		return true;
	rd_kafka_t *rk = consumer->handle.rk;
	rd_kafka_topic_partition_list_t *list = kafka_list_new(partitions, count);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_resp_err_t code = rd_kafka_commit_queue(rk, list, queue, NULL, NULL);
	rd_kafka_event_t *event = code ? NULL : wait_commit(queue);
	bool ok = false;
	if (event)
		ok = check(rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event),
			"committing", err);
	else
		kafka_fail(err, code ? code : RD_KAFKA_RESP_ERR__TIMED_OUT, "committing");
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
	return ok;
}
