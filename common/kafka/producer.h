/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An idempotent producer, acks=all, that keeps each message until it is acknowledged: when
 * librdkafka's producer goes fatal after a disconnect it is made anew and what was not acknowledged
 * is sent again, in order. A message may therefore arrive twice; never not at all. One thread.
 */
#ifndef PENSTOCK_KAFKA_PRODUCER_H
#define PENSTOCK_KAFKA_PRODUCER_H

#include "kafka/client.h"

struct kafka_header {
	const char *name;
	const void *value;
	size_t len;
};

struct kafka_outgoing {
	const char *topic;
	int32_t partition; /* -1: by the key's hash */
	const void *key;
	size_t key_len;
	const struct kafka_header *headers;
	size_t header_count;
	const void *payload; /* copied */
	size_t payload_len;
	uint64_t tag; /* comes back with the acknowledgement */
};

/* Called from kafka_producer_send, _poll and _flush: once for every message that was acknowledged.
 */
typedef void kafka_acknowledged(
	void *context, uint64_t tag, int32_t partition, int64_t offset, size_t payload_len);

struct kafka_producer;

/* `max_in_flight_bytes` bounds the payloads kept (8 MiB when 0). Does not wait for the broker. */
MUST_CHECK bool kafka_producer_open(const struct kafka_settings *settings,
	size_t max_in_flight_bytes, kafka_acknowledged *acknowledged, void *context,
	struct kafka_producer **ret_producer, struct err *err);
/* Drops what was not acknowledged. */
void kafka_producer_close(struct kafka_producer *producer);

/*
 * Queues the message; waits (serving acknowledgements) while the bound is reached. RETRY when the
 * broker stayed away for the delivery time-out (message.timeout.ms, 5 min) or a stop was requested;
 * what was queued is then still kept, and a later send or flush goes on. FATAL for an unknown
 * topic, an authorization failure, a message too large. When it fails, this message was not taken.
 */
MUST_CHECK bool kafka_producer_send(
	struct kafka_producer *producer, const struct kafka_outgoing *message, struct err *err);
/* Serves acknowledgements for at most `ms`. */
MUST_CHECK bool kafka_producer_poll(struct kafka_producer *producer, int64_t ms, struct err *err);
/* Waits until all is acknowledged, as kafka_producer_send does. */
MUST_CHECK bool kafka_producer_flush(struct kafka_producer *producer, struct err *err);
/* Bytes of payload not yet acknowledged. */
size_t kafka_producer_in_flight(const struct kafka_producer *producer);

#endif
