/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/peek.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/errors.h"

/* Partitions being read without a group, and whose first message has come. */
struct reading {
	const struct kafka_partition *partitions;
	rd_kafka_topic_t **topics; /* of each; NULL when reading could not be started */
	bool *done;
	size_t count;
	size_t left;
};

static bool start_reading(
	rd_kafka_t *rk, struct reading *reading, rd_kafka_queue_t *queue, struct err *err)
{
	for (size_t i = 0; i < reading->count; i++) {
		const struct kafka_partition *p = &reading->partitions[i];
		rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, p->topic, NULL);
		if (!rkt || rd_kafka_consume_start_queue(rkt, p->partition, p->offset, queue)) {
			rd_kafka_resp_err_t code = rd_kafka_last_error();
			if (rkt)
				rd_kafka_topic_destroy(rkt);
			return kafka_fail(err, code, "reading %s/%d", p->topic, p->partition);
		}
		reading->topics[i] = rkt;
	}
	return true;
}

static void stop_reading(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++) {
		if (!reading->topics[i])
			continue;
		rd_kafka_consume_stop(reading->topics[i], reading->partitions[i].partition);
		rd_kafka_topic_destroy(reading->topics[i]);
	}
}

/* Notes the time of a partition's first message; what follows of it is thrown away. */
static void take_time(
	struct reading *reading, const rd_kafka_message_t *message, int64_t *ret_timestamps_ms)
{
	const char *topic = rd_kafka_topic_name(message->rkt);
	for (size_t i = 0; i < reading->count; i++) {
		const struct kafka_partition *p = &reading->partitions[i];
		if (reading->done[i] || p->partition != message->partition ||
			strcmp(p->topic, topic) != 0)
			continue;
		reading->done[i] = true;
		reading->left--;
		ret_timestamps_ms[i] = rd_kafka_message_timestamp(message, NULL);
	}
}

static void read_times(
	struct reading *reading, rd_kafka_queue_t *queue, int64_t ms, int64_t *ret_timestamps_ms)
{
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	while (reading->left) {
		int64_t wait_ms = (deadline - clock_monotonic_us()) / 1000;
		rd_kafka_message_t *message =
			wait_ms > 0 ? rd_kafka_consume_queue(queue, (int)wait_ms) : NULL;
		if (!message)
			break;
		if (!message->err && message->rkt)
			take_time(reading, message, ret_timestamps_ms);
		rd_kafka_message_destroy(message);
	}
}

bool peek_times(rd_kafka_t *rk, const struct kafka_partition *partitions, size_t count, int64_t ms,
	int64_t *ret_timestamps_ms, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		ret_timestamps_ms[i] = -1;
	struct reading reading = {.partitions = partitions,
		.topics = calloc(count + 1, sizeof(rd_kafka_topic_t *)),
		.done = calloc(count + 1, sizeof(bool)),
		.count = count,
		.left = count};
	if (!reading.topics || !reading.done)
		BUG("out of memory: %zu partitions", count);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	bool ok = start_reading(rk, &reading, queue, err);
	if (ok)
		read_times(&reading, queue, ms, ret_timestamps_ms);
	stop_reading(&reading);
	rd_kafka_queue_destroy(queue);
	free(reading.topics);
	free(reading.done);
	return ok;
}
