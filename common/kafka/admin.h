/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and orders to the cluster outside of producing and consuming. Every call is bounded by
 * `ms`. */
#ifndef PENSTOCK_KAFKA_ADMIN_H
#define PENSTOCK_KAFKA_ADMIN_H

#include "kafka/client.h"

struct kafka_admin;

MUST_CHECK bool kafka_admin_open(
	const struct kafka_settings *settings, struct kafka_admin **ret_admin, struct err *err);
void kafka_admin_close(struct kafka_admin *admin);

/* Whether any broker answers; RETRY when none does in time, naming bootstrap.servers. */
MUST_CHECK bool kafka_admin_ping(struct kafka_admin *admin, int64_t ms, struct err *err);

/* How many partitions the topic has; 0: there is no such topic (asking never creates one). */
MUST_CHECK bool kafka_admin_partitions(struct kafka_admin *admin, const char *topic, int64_t ms,
	int32_t *ret_count, struct err *err);

struct kafka_topic_config {
	const char *name;
	int32_t partitions;
	int16_t replication;
	const struct kafka_property *config; /* "retention.ms" ... */
	size_t config_count;
};
/* Creates the topic unless it exists: *ret_created. Waits until its metadata is visible. */
MUST_CHECK bool kafka_admin_create_topic(struct kafka_admin *admin,
	const struct kafka_topic_config *topic, int64_t ms, bool *ret_created, struct err *err);

/* First and next offset of a partition. */
MUST_CHECK bool kafka_admin_watermarks(struct kafka_admin *admin, const char *topic,
	int32_t partition, int64_t ms, int64_t *ret_low, int64_t *ret_end, struct err *err);
/* Fills in `offset` with the next offset of every partition, all asked at once. */
MUST_CHECK bool kafka_admin_ends(struct kafka_admin *admin, struct kafka_partition *partitions,
	size_t count, int64_t ms, struct err *err);
/* The same with the first offset still there. */
MUST_CHECK bool kafka_admin_starts(struct kafka_admin *admin, struct kafka_partition *partitions,
	size_t count, int64_t ms, struct err *err);
/* Fills in `offset` of every partition with the group's committed one (KAFKA_NO_OFFSET: none). */
MUST_CHECK bool kafka_admin_committed(struct kafka_admin *admin, struct kafka_partition *partitions,
	size_t count, int64_t ms, struct err *err);
/* Deletes every message before `offset` of each partition (DeleteRecords). */
MUST_CHECK bool kafka_admin_delete_records(struct kafka_admin *admin,
	const struct kafka_partition *partitions, size_t count, int64_t ms, struct err *err);
/*
 * Reads one message at `offset` of every partition, at once and without joining a group:
 * ret_timestamps_ms[i] is when it was written, -1 when none was there to read within `ms`.
 */
MUST_CHECK bool kafka_admin_timestamps(struct kafka_admin *admin,
	const struct kafka_partition *partitions, size_t count, int64_t ms,
	int64_t *ret_timestamps_ms, struct err *err);
/* The same for one partition. */
MUST_CHECK bool kafka_admin_timestamp_at(struct kafka_admin *admin, const char *topic,
	int32_t partition, int64_t offset, int64_t ms, int64_t *ret_timestamp_ms, struct err *err);

#endif
