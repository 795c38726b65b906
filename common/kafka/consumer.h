/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group member that reads one message at a time and commits only what it is told to: range
 * assignor, no auto commit, no batch consume (docs/kafka.md tells why). One thread.
 */
#ifndef PENSTOCK_KAFKA_CONSUMER_H
#define PENSTOCK_KAFKA_CONSUMER_H

#include "kafka/client.h"

struct kafka_consumer;

/* Memory belongs to the message until kafka_message_free. */
struct kafka_message {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* -1: none */
	const void *key;
	size_t key_len;
	const void *payload; /* NULL for a tombstone */
	size_t len;
	void *handle;
};

struct kafka_rebalance {
	/* After an assignment, before the first message of it; may pause and seek. */
	void (*assigned)(void *context, const struct kafka_partition *partitions, size_t count);
	/* Before partitions are given up; commits of finished work are still good. `lost`: too late
	 * for that. */
	void (*revoked)(
		void *context, const struct kafka_partition *partitions, size_t count, bool lost);
	void *context;
};

/* Subscribes; called back from kafka_consumer_poll and _close. RETRY while the broker is away. */
MUST_CHECK bool kafka_consumer_open(const struct kafka_settings *settings,
	const char *const *topics, size_t topic_count, const struct kafka_rebalance *rebalance,
	struct kafka_consumer **ret_consumer, struct err *err);
/*
 * Leaves the group and frees all within `deadline_ms`; false when librdkafka hangs beyond it: the
 * caller then ends the process with _exit (the ledger makes that safe).
 */
bool kafka_consumer_close(struct kafka_consumer *consumer, int64_t deadline_ms);

/* The next message; *ret_message NULL when none came within `ms`. RETRY, FATAL by the table. */
MUST_CHECK bool kafka_consumer_poll(struct kafka_consumer *consumer, int64_t ms,
	struct kafka_message **ret_message, struct err *err);
void kafka_message_free(struct kafka_message *message);
/* The header's value; NULL when there is none. Not terminated. */
const void *kafka_message_header(
	const struct kafka_message *message, const char *name, size_t *ret_len);

/* What is assigned now; an array valid until the next call into the consumer. */
size_t kafka_consumer_assignment(
	struct kafka_consumer *consumer, const struct kafka_partition **ret_partitions);

/* Pausing twice, resuming what is not paused: no effect. Unassigned partitions are passed over. */
MUST_CHECK bool kafka_consumer_pause(struct kafka_consumer *consumer,
	const struct kafka_partition *partitions, size_t count, struct err *err);
MUST_CHECK bool kafka_consumer_resume(struct kafka_consumer *consumer,
	const struct kafka_partition *partitions, size_t count, struct err *err);
/* The next message of each partition is the one at its offset. */
MUST_CHECK bool kafka_consumer_seek(struct kafka_consumer *consumer,
	const struct kafka_partition *partitions, size_t count, struct err *err);
/* Commits, synchronously, `offset` as the next to read of each partition. */
MUST_CHECK bool kafka_consumer_commit(struct kafka_consumer *consumer,
	const struct kafka_partition *partitions, size_t count, struct err *err);

#endif
