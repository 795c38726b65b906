/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: which partitions a consumer has now, and which of them are paused. */
#ifndef PENSTOCK_KAFKA_ASSIGNMENT_H
#define PENSTOCK_KAFKA_ASSIGNMENT_H

#include <librdkafka/rdkafka.h>

#include "kafka/client.h"

struct assignment {
	struct kafka_partition *partitions; /* topics are owned; offset: where to start */
	bool *paused;
	size_t count;
};

/* Replaces all by the list's partitions, none paused, no offsets. */
void assignment_set(struct assignment *assigned, const rd_kafka_topic_partition_list_t *list);
/* None assigned, memory freed. */
void assignment_clear(struct assignment *assigned);
bool assignment_find(
	const struct assignment *assigned, const struct kafka_partition *which, size_t *ret_at);
/* Marks as (not) paused and returns those that are assigned and were not so; caller destroys. */
rd_kafka_topic_partition_list_t *assignment_change(struct assignment *assigned,
	const struct kafka_partition *partitions, size_t count, bool paused);

#endif
