/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/assignment.h"

#include <stdlib.h>
#include <string.h>

void assignment_clear(struct assignment *assigned)
{
	for (size_t i = 0; i < assigned->count; i++)
		free((char *)assigned->partitions[i].topic);
	free(assigned->partitions);
	free(assigned->paused);
	*assigned = (struct assignment){0};
}

void assignment_set(struct assignment *assigned, const rd_kafka_topic_partition_list_t *list)
{
	assignment_clear(assigned);
	size_t count = (size_t)list->cnt;
	assigned->partitions = calloc(count + 1, sizeof(*assigned->partitions));
	assigned->paused = calloc(count + 1, sizeof(*assigned->paused));
	if (!assigned->partitions || !assigned->paused)
		BUG("out of memory: %zu partitions", count);
	for (size_t i = 0; i < count; i++) {
		char *topic = strdup(list->elems[i].topic);
		if (!topic)
			BUG("out of memory");
		assigned->partitions[i] =
			(struct kafka_partition){topic, list->elems[i].partition, KAFKA_NO_OFFSET};
	}
	assigned->count = count;
}

bool assignment_find(
	const struct assignment *assigned, const struct kafka_partition *which, size_t *ret_at)
{
	for (size_t i = 0; i < assigned->count; i++) {
		const struct kafka_partition *have = &assigned->partitions[i];
		if (have->partition == which->partition && strcmp(have->topic, which->topic) == 0) {
			*ret_at = i;
			return true;
		}
	}
	return false;
}

rd_kafka_topic_partition_list_t *assignment_change(struct assignment *assigned,
	const struct kafka_partition *partitions, size_t count, bool paused)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;
		if (!assignment_find(assigned, &partitions[i], &at) ||
			assigned->paused[at] == paused)
			continue;
		assigned->paused[at] = paused;
		rd_kafka_topic_partition_list_add(
			list, partitions[i].topic, partitions[i].partition);
	}
	return list;
}
