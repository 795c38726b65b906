/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer handle that never joins its group: it may read single messages and ask for offsets. */
#include "kafka/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "kafka/errors.h"
#include "kafka/handle.h"
#include "kafka/peek.h"

static const int64_t close_ms = 3000;
static const int64_t metadata_wait_ms = 50;
static const int64_t first_slice_ms = 100;

struct kafka_admin {
	struct kafka_handle handle;
};

bool kafka_admin_open(
	const struct kafka_settings *settings, struct kafka_admin **ret_admin, struct err *err)
{
	/* Single messages are wanted, not whole partitions: fetch as little as possible. */
	static const struct kafka_property overrides[] = {
		{"fetch.message.max.bytes", "1024"},
		{"queued.max.messages.kbytes", "1024"},
		{"fetch.wait.max.ms", "50"},
	};
	const struct kafka_handle_options options = {.type = RD_KAFKA_CONSUMER,
		.overrides = overrides,
		.override_count = sizeof(overrides) / sizeof(overrides[0])};
	struct kafka_admin *admin = calloc(1, sizeof(*admin));
	if (!admin)
		BUG("out of memory");
	if (!kafka_handle_open(&admin->handle, settings, &options, err)) {
		free(admin);
		return false;
	}
	*ret_admin = admin;
	return true;
}

void kafka_admin_close(struct kafka_admin *admin)
{
	/* A handle that hangs keeps its memory. */
	if (admin && kafka_handle_close(&admin->handle, close_ms))
		free(admin);
}

bool kafka_admin_ping(struct kafka_admin *admin, int64_t ms, struct err *err)
{
	return kafka_handle_ping(&admin->handle, ms, err);
}

/* Asks for all topics, because asking for one by name creates it in brokers that know no better. */
bool kafka_admin_partitions(struct kafka_admin *admin, const char *topic, int64_t ms,
	int32_t *ret_count, struct err *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = rd_kafka_metadata(admin->handle.rk, 1, NULL, &metadata, (int)ms);
	if (code)
		return kafka_handle_fail(&admin->handle, code, "no Kafka broker answers", err);
	int32_t count = 0;
	for (int i = 0; i < metadata->topic_cnt && !code; i++) {
		const struct rd_kafka_metadata_topic *one = &metadata->topics[i];
		if (strcmp(one->topic, topic) != 0)
			continue;
		count = one->partition_cnt;
		code = one->err;
	}
	rd_kafka_metadata_destroy(metadata);
	if (code && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return kafka_fail(err, code, "asking for topic %s", topic);
	*ret_count = count;
	return true;
}

/* An order in hand: librdkafka answers with one event on a queue of its own. */
struct order {
	rd_kafka_queue_t *queue;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_event_t *event;
};

static struct order order_new(struct kafka_admin *admin, rd_kafka_admin_op_t op, int64_t ms)
{
	rd_kafka_t *rk = admin->handle.rk;
	struct order order = {
		.queue = rd_kafka_queue_new(rk), .options = rd_kafka_AdminOptions_new(rk, op)};
	char why[256];
	rd_kafka_AdminOptions_set_request_timeout(order.options, (int)ms, why, sizeof(why));
	rd_kafka_AdminOptions_set_operation_timeout(order.options, (int)ms, why, sizeof(why));
	return order;
}

/* Waits for the answer; fails by its error as a whole. */
static bool order_wait(struct kafka_admin *admin, struct order *order, int64_t ms, const char *what,
	struct err *err)
{
	/* The request's own time-out comes first; this one guards against none coming. */
	order->event = rd_kafka_queue_poll(order->queue, (int)ms + 1000);
	rd_kafka_resp_err_t code =
		order->event ? rd_kafka_event_error(order->event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
	return !code || kafka_handle_fail(&admin->handle, code, what, err);
}

static void order_release(struct order *order)
{
	if (order->event)
		rd_kafka_event_destroy(order->event);
	rd_kafka_AdminOptions_destroy(order->options);
	rd_kafka_queue_destroy(order->queue);
}

static bool create(struct kafka_admin *admin, rd_kafka_NewTopic_t *topic, const char *name,
	int64_t ms, bool *ret_created, struct err *err)
{
	struct order order = order_new(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, ms);
	rd_kafka_CreateTopics(admin->handle.rk, &topic, 1, order.options, order.queue);
	bool ok = order_wait(admin, &order, ms, "creating a topic", err);
	if (ok) {
		size_t count = 0;
		const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(order.event), &count);
		rd_kafka_resp_err_t code = count ? rd_kafka_topic_result_error(results[0])
						 : RD_KAFKA_RESP_ERR__BAD_MSG;
		*ret_created = !code;
		if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
			const char *why = rd_kafka_topic_result_error_string(results[0]);
			ok = kafka_fail(err, code, "creating topic %s: %s", name, why ? why : "");
		}
	}
	order_release(&order);
	return ok;
}

static bool create_configured(struct kafka_admin *admin, const struct kafka_topic_config *config,
	int64_t ms, bool *ret_created, struct err *err)
{
	char why[512];
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
		config->name, config->partitions, config->replication, why, sizeof(why));
	if (!topic)
		return err_config(err, "topic %s: %s", config->name, why);
	for (size_t i = 0; i < config->config_count; i++)
		rd_kafka_NewTopic_set_config(
			topic, config->config[i].name, config->config[i].value);
	bool ok = create(admin, topic, config->name, ms, ret_created, err);
	rd_kafka_NewTopic_destroy(topic);
	return ok;
}

bool kafka_admin_create_topic(struct kafka_admin *admin, const struct kafka_topic_config *topic,
	int64_t ms, bool *ret_created, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	int32_t partitions = 0;
	if (!kafka_admin_partitions(admin, topic->name, ms, &partitions, err))
		return false;
	bool created = false;
	if (partitions == 0 && !create_configured(admin, topic, ms, &created, err))
		return false;
	while (partitions == 0) {
		if (!kafka_admin_partitions(admin, topic->name, ms, &partitions, err))
			return false;
		if (partitions == 0 &&
			(clock_monotonic_us() > deadline || stop_wait_ms(metadata_wait_ms)))
			return err_fail(err, ERR_RETRY,
				"topic %s was created but no broker knows it yet", topic->name);
	}
	*ret_created = created;
	return true;
}

/* Copies the answers into the partitions when every one is good. */
static bool take_offsets(struct kafka_admin *admin, rd_kafka_resp_err_t code,
	const rd_kafka_topic_partition_list_t *list, const char *what,
	struct kafka_partition *partitions, struct err *err)
{
	if (code)
		return kafka_handle_fail(&admin->handle, code, what, err);
	const rd_kafka_topic_partition_t *bad = kafka_list_error(list);
	if (bad)
		return kafka_fail(err, bad->err, "%s for %s/%d", what, bad->topic, bad->partition);
	for (int i = 0; i < list->cnt; i++)
		partitions[i].offset =
			list->elems[i].offset < 0 ? KAFKA_NO_OFFSET : list->elems[i].offset;
	return true;
}

/* Asks for offsets by time: the two special times mean the first and the next offset. */
static bool ask_offsets(struct kafka_admin *admin, struct kafka_partition *partitions, size_t count,
	int64_t time, int64_t ms, struct err *err)
{
	if (count == 0)
		return true;
	rd_kafka_topic_partition_list_t *list = kafka_list_new(partitions, count);
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = time;
	rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(admin->handle.rk, list, (int)ms);
	bool ok = take_offsets(admin, code, list, "asking for offsets", partitions, err);
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

bool kafka_admin_ends(struct kafka_admin *admin, struct kafka_partition *partitions, size_t count,
	int64_t ms, struct err *err)
{
	return ask_offsets(admin, partitions, count, RD_KAFKA_OFFSET_END, ms, err);
}

bool kafka_admin_starts(struct kafka_admin *admin, struct kafka_partition *partitions, size_t count,
	int64_t ms, struct err *err)
{
	return ask_offsets(admin, partitions, count, RD_KAFKA_OFFSET_BEGINNING, ms, err);
}

bool kafka_admin_watermarks(struct kafka_admin *admin, const char *topic, int32_t partition,
	int64_t ms, int64_t *ret_low, int64_t *ret_end, struct err *err)
{
	int64_t low = 0;
	int64_t end = 0;
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
		admin->handle.rk, topic, partition, &low, &end, (int)ms);
	if (code)
		return kafka_handle_fail(&admin->handle, code, "asking for offsets", err);
	*ret_low = low;
	*ret_end = end;
	return true;
}

/*
 * Not by the admin API's ListConsumerGroupOffsets: librdkafka 2.0.2 ends the process where the
 * connection to the coordinator breaks under it. As a member of the group, which never joins, the
 * handle is told the same. Its search for the coordinator goes on with each question, so the first
 * ones are impatient.
 */
static rd_kafka_resp_err_t ask_committed(
	rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t ms)
{
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	for (int64_t slice_ms = first_slice_ms;; slice_ms *= 2) {
		int64_t left_ms = (deadline - clock_monotonic_us()) / 1000;
		int64_t wait_ms = left_ms < slice_ms ? left_ms : slice_ms;
		rd_kafka_resp_err_t code =
			rd_kafka_committed(rk, list, wait_ms > 0 ? (int)wait_ms : 0);
		if (!code || wait_ms == left_ms || kafka_error_class(code) != ERR_RETRY ||
			stop_wait_ms(metadata_wait_ms))
			return code;
	}
}

bool kafka_admin_committed(struct kafka_admin *admin, struct kafka_partition *partitions,
	size_t count, int64_t ms, struct err *err)
{
	if (count == 0)
		return true;
	rd_kafka_topic_partition_list_t *list = kafka_list_new(partitions, count);
	rd_kafka_resp_err_t code = ask_committed(admin->handle.rk, list, ms);
	bool ok = take_offsets(admin, code, list, "asking for committed offsets", partitions, err);
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

bool kafka_admin_delete_records(struct kafka_admin *admin, const struct kafka_partition *partitions,
	size_t count, int64_t ms, struct err *err)
{
	if (count == 0)
		return true;
	struct order order = order_new(admin, RD_KAFKA_ADMIN_OP_DELETERECORDS, ms);
	rd_kafka_topic_partition_list_t *list = kafka_list_new(partitions, count);
	rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_DeleteRecords(admin->handle.rk, &request, 1, order.options, order.queue);
	bool ok = order_wait(admin, &order, ms, "deleting messages", err);
	if (ok) {
		const rd_kafka_topic_partition_t *bad =
			kafka_list_error(rd_kafka_DeleteRecords_result_offsets(
				rd_kafka_event_DeleteRecords_result(order.event)));
		if (bad)
			ok = kafka_fail(err, bad->err, "deleting messages of %s/%d", bad->topic,
				bad->partition);
	}
	rd_kafka_DeleteRecords_destroy(request);
	order_release(&order);
	return ok;
}

bool kafka_admin_timestamps(struct kafka_admin *admin, const struct kafka_partition *partitions,
	size_t count, int64_t ms, int64_t *ret_timestamps_ms, struct err *err)
{
	return peek_times(admin->handle.rk, partitions, count, ms, ret_timestamps_ms, err);
}

bool kafka_admin_timestamp_at(struct kafka_admin *admin, const char *topic, int32_t partition,
	int64_t offset, int64_t ms, int64_t *ret_timestamp_ms, struct err *err)
{
	const struct kafka_partition one = {topic, partition, offset};
	return kafka_admin_timestamps(admin, &one, 1, ms, ret_timestamp_ms, err);
}
