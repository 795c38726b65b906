/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message lives in a list, oldest first, from send until its acknowledgement; librdkafka
 * borrows key and payload from there. A message is `queued` while librdkafka has it. What fails
 * stays in the list, not queued, and is produced again, in order, by the next call.
 */
#include "kafka/producer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/stop.h"
#include "kafka/errors.h"
#include "kafka/handle.h"

static const size_t default_in_flight = 8 * 1024 * 1024;
static const size_t max_settings_bytes = 1024 * 1024;
static const int64_t slice_ms = 100;
static const int64_t purge_ms = 1000;
static const int64_t close_ms = 5000;
static const int64_t max_backoff_ms = 5000;

/* One allocation: the struct, then topic, key, payload and the headers' bytes. */
struct pending {
	struct pending *next;
	struct pending *previous;
	uint64_t tag;
	char *topic;
	int32_t partition;
	void *key;
	size_t key_len;
	void *payload;
	size_t payload_len;
	rd_kafka_headers_t *headers;
	bool queued;
};

struct kafka_producer {
	struct kafka_handle *handle;
	struct arena arena; /* the settings, for making the client anew */
	struct kafka_settings settings;
	kafka_acknowledged *acknowledged;
	void *context;
	struct pending *first;
	struct pending *last;
	size_t in_flight; /* payload bytes in the list */
	size_t max_in_flight;
	size_t unqueued;   /* messages in the list that librdkafka does not have */
	unsigned restarts; /* since the last acknowledgement */
	struct err failure;
	bool failed; /* `failure` is to be reported by the next wait */
};

static void append(struct kafka_producer *producer, struct pending *pending)
{
	pending->previous = producer->last;
	*(producer->last ? &producer->last->next : &producer->first) = pending;
	producer->last = pending;
	producer->in_flight += pending->payload_len;
	producer->unqueued++;
}

static void take_out(struct kafka_producer *producer, struct pending *pending)
{
	*(pending->previous ? &pending->previous->next : &producer->first) = pending->next;
	*(pending->next ? &pending->next->previous : &producer->last) = pending->previous;
	producer->in_flight -= pending->payload_len;
}

static void pending_free(struct pending *pending)
{
	if (pending->headers)
		rd_kafka_headers_destroy(pending->headers);
	free(pending);
}

static void fail_delivery(
	struct kafka_producer *producer, const struct pending *pending, rd_kafka_resp_err_t code)
{
	if (producer->failed && producer->failure.class == ERR_FATAL)
		return;
	producer->failed = true;
	kafka_fail(&producer->failure, code, "sending %zu bytes to topic %s", pending->payload_len,
		pending->topic);
}

/* The failures that making the client anew mends; their messages wait for that. */
static bool is_purged(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	       code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || code == RD_KAFKA_RESP_ERR__FATAL;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka_handle *handle = opaque;
	struct kafka_producer *producer = handle->owner;
	struct pending *pending = message->_private;
	if (message->err) {
		pending->queued = false;
		producer->unqueued++;
		if (!is_purged(message->err) && !rd_kafka_fatal_error(rk, NULL, 0))
			fail_delivery(producer, pending, message->err);
		return;
	}
	producer->restarts = 0;
	take_out(producer, pending);
	producer->acknowledged(producer->context, pending->tag, message->partition, message->offset,
		pending->payload_len);
	pending_free(pending);
}

static void set_callbacks(rd_kafka_conf_t *conf)
{
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
}

static bool open_client(struct kafka_producer *producer, struct err *err)
{
	const struct kafka_handle_options options = {
		.type = RD_KAFKA_PRODUCER, .callbacks = set_callbacks, .owner = producer};
	struct kafka_handle *handle = calloc(1, sizeof(*handle));
	if (!handle)
		BUG("out of memory");
	if (!kafka_handle_open(handle, &producer->settings, &options, err)) {
		free(handle);
		return false;
	}
	producer->handle = handle;
	return true;
}

/* A client that does not end in time keeps its handle, and what it borrowed, for ever. */
static bool close_client(struct kafka_producer *producer)
{
	if (!producer->handle)
		return true;
	bool closed = kafka_handle_close(producer->handle, close_ms);
	if (closed)
		free(producer->handle);
	producer->handle = NULL;
	return closed;
}

static void copy_settings(struct kafka_producer *producer, const struct kafka_settings *settings)
{
	struct arena *arena = &producer->arena;
	arena_init(arena, max_settings_bytes);
	struct kafka_property *copy = arena_calloc(arena, settings->count + 1, sizeof(*copy));
	for (size_t i = 0; i < settings->count; i++) {
		copy[i].name = arena_strdup(arena, settings->properties[i].name);
		copy[i].value = arena_strdup(arena, settings->properties[i].value);
	}
	producer->settings = (struct kafka_settings){
		.properties = copy,
		.count = settings->count,
		.client_id = settings->client_id ? arena_strdup(arena, settings->client_id) : NULL,
	};
}

bool kafka_producer_open(const struct kafka_settings *settings, size_t max_in_flight_bytes,
	kafka_acknowledged *acknowledged, void *context, struct kafka_producer **ret_producer,
	struct err *err)
{
	struct kafka_producer *producer = calloc(1, sizeof(*producer));
	if (!producer)
		BUG("out of memory");
	producer->acknowledged = acknowledged;
	producer->context = context;
	producer->max_in_flight = max_in_flight_bytes ? max_in_flight_bytes : default_in_flight;
	copy_settings(producer, settings);
	if (!open_client(producer, err)) {
		arena_release(&producer->arena);
		free(producer);
		return false;
	}
	*ret_producer = producer;
	return true;
}

void kafka_producer_close(struct kafka_producer *producer)
{
	if (!producer)
		return;
	if (producer->handle)
		rd_kafka_purge(producer->handle->rk, RD_KAFKA_PURGE_F_QUEUE |
							     RD_KAFKA_PURGE_F_INFLIGHT |
							     RD_KAFKA_PURGE_F_NON_BLOCKING);
	struct pending *pending = close_client(producer) ? producer->first : NULL;
	while (pending) {
		struct pending *next = pending->next;
		pending_free(pending);
		pending = next;
	}
	arena_release(&producer->arena);
	free(producer);
}

static bool stopped(const struct kafka_producer *producer, struct err *err)
{
	return err_fail(err, ERR_RETRY, "stopped with %zu bytes not acknowledged by Kafka",
		producer->in_flight);
}

/* Takes back all that the client, which went fatal, did not deliver, and ends it. */
static bool give_up_client(struct kafka_producer *producer, struct err *err)
{
	rd_kafka_t *rk = producer->handle->rk;
	char why[512];
	rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, why, sizeof(why));
	kafka_fail(&producer->failure, code, "Kafka producer: %s", why);
	if (producer->failure.class == ERR_FATAL) {
		if (err)
			*err = producer->failure;
		return false;
	}
	rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	/* Acknowledgements that are already here save sending those messages twice. */
	rd_kafka_flush(rk, (int)purge_ms);
	if (!close_client(producer))
		return err_fail(err, ERR_FATAL, "Kafka producer hangs after: %s", why);
	for (struct pending *p = producer->first; p; p = p->next) {
		producer->unqueued += p->queued ? 1 : 0;
		p->queued = false;
	}
	return true;
}

/* The first new client without an acknowledgement in between is silent, further ones are told. */
static bool restart(struct kafka_producer *producer, struct err *err)
{
	if (producer->handle && !give_up_client(producer, err))
		return false;
	unsigned before = producer->restarts++;
	if (before && stop_wait_ms(clock_backoff_ms(before - 1, slice_ms, max_backoff_ms)))
		return stopped(producer, err);
	if (!open_client(producer, err))
		return false;
	producer->failed = before > 0;
	return true;
}

static rd_kafka_resp_err_t produce(struct kafka_producer *producer, struct pending *pending)
{
	kafka_handle_meet_topic(producer->handle, pending->topic);
	rd_kafka_headers_t *headers =
		pending->headers ? rd_kafka_headers_copy(pending->headers) : NULL;
	rd_kafka_vu_t fields[] = {
		{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = pending->topic},
		{.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = pending->partition},
		{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {pending->payload, pending->payload_len}},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {pending->key, pending->key_len}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = pending},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	};
	size_t count = sizeof(fields) / sizeof(fields[0]) - !headers;
	rd_kafka_error_t *error = rd_kafka_produceva(producer->handle->rk, fields, count);
	if (!error)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_resp_err_t code = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	if (headers)
		rd_kafka_headers_destroy(headers);
	return code;
}

/* Gives librdkafka what it does not have, until its queue is full. */
static bool produce_all(struct kafka_producer *producer, struct err *err)
{
	if (!producer->handle || rd_kafka_fatal_error(producer->handle->rk, NULL, 0))
		if (!restart(producer, err))
			return false;
	/* New messages are at the end, so that is where the first unqueued one is looked for. */
	struct pending *at = producer->last;
	for (size_t left = producer->unqueued; left && at; at = at->previous)
		if (!at->queued && --left == 0)
			break;
	for (; at && producer->unqueued; at = at->next) {
		if (at->queued)
			continue;
		rd_kafka_resp_err_t code = produce(producer, at);
		if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL || code == RD_KAFKA_RESP_ERR__FATAL)
			return true;
		if (code)
			return kafka_fail(err, code, "sending %zu bytes to topic %s",
				at->payload_len, at->topic);
		at->queued = true;
		producer->unqueued--;
	}
	return true;
}

bool kafka_producer_poll(struct kafka_producer *producer, int64_t ms, struct err *err)
{
	if (!produce_all(producer, err))
		return false;
	rd_kafka_poll(producer->handle->rk, (int)ms);
	if (producer->handle->trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION)
		return kafka_handle_fail(
			producer->handle, producer->handle->trouble, "cannot send", err);
	if (producer->failed) {
		producer->failed = false;
		if (err)
			*err = producer->failure;
		return false;
	}
	return produce_all(producer, err);
}

static void *put(unsigned char **at, const void *data, size_t len)
{
	void *to = *at;
	if (len)
		memcpy(to, data, len);
	*at += len;
	return to;
}

static struct pending *pending_new(const struct kafka_outgoing *message)
{
	size_t topic_len = strlen(message->topic) + 1;
	struct pending *pending =
		malloc(sizeof(*pending) + topic_len + message->key_len + message->payload_len + 1);
	if (!pending)
		BUG("out of memory: a message of %zu bytes", message->payload_len);
	unsigned char *at = (unsigned char *)(pending + 1);
	*pending = (struct pending){
		.tag = message->tag,
		.partition = message->partition < 0 ? RD_KAFKA_PARTITION_UA : message->partition,
		.key_len = message->key_len,
		.payload_len = message->payload_len,
	};
	pending->topic = put(&at, message->topic, topic_len);
	pending->key = put(&at, message->key, message->key_len);
	pending->payload = put(&at, message->payload, message->payload_len);
	if (message->header_count)
		pending->headers = rd_kafka_headers_new(message->header_count);
	for (size_t i = 0; i < message->header_count; i++) {
		const struct kafka_header *header = &message->headers[i];
		rd_kafka_header_add(
			pending->headers, header->name, -1, header->value, (ssize_t)header->len);
	}
	return pending;
}

bool kafka_producer_send(
	struct kafka_producer *producer, const struct kafka_outgoing *message, struct err *err)
{
	size_t len = message->payload_len;
	size_t room = len < producer->max_in_flight ? producer->max_in_flight - len : 0;
	int64_t wait_ms = 0;
	do {
		if (wait_ms && stop_requested())
			return stopped(producer, err);
		if (!kafka_producer_poll(producer, wait_ms, err))
			return false;
		wait_ms = slice_ms;
	} while (producer->in_flight > room || producer->unqueued);

	struct pending *pending = pending_new(message);
	append(producer, pending);
	struct err why;
	if (produce_all(producer, &why) || pending->queued)
		return true;
	/* Not taken: the caller sends it again, or not at all. */
	producer->unqueued--;
	take_out(producer, pending);
	pending_free(pending);
	if (err)
		*err = why;
	return false;
}

bool kafka_producer_flush(struct kafka_producer *producer, struct err *err)
{
	while (producer->first) {
		if (stop_requested())
			return stopped(producer, err);
		if (!kafka_producer_poll(producer, slice_ms, err))
			return false;
	}
	return true;
}

size_t kafka_producer_in_flight(const struct kafka_producer *producer)
{
	return producer->in_flight;
}
