/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/init.h"

/*
 * Dead letters wait for a person, so they never expire, and may be larger than chunks. The archive
 * can send all else again, so a week is for people and other consumers. With three copies or more a
 * write needs two of them.
 */
bool init_topic(struct kafka_admin *admin, const char *topic, const struct config *config,
	bool dead, int64_t ms, bool *ret_created, int32_t *ret_partitions, struct err *err)
{
	const struct kafka_property properties[] = {
		{"cleanup.policy", "delete"},
		{"retention.ms", dead ? "-1" : "604800000"},
		{"min.insync.replicas", config->topics.replication >= 3 ? "2" : "1"},
		{"max.message.bytes", "16777216"},
	};
	const struct kafka_topic_config wanted = {
		.name = topic,
		.partitions = dead ? 1 : (int32_t)config->topics.partitions,
		.replication = (int16_t)config->topics.replication,
		.config = properties,
		.config_count = sizeof(properties) / sizeof(properties[0]) - !dead,
	};
	return kafka_admin_create_topic(admin, &wanted, ms, ret_created, err) &&
	       kafka_admin_partitions(admin, topic, ms, ret_partitions, err);
}

bool init_empty_topic(struct kafka_admin *admin, const char *topic, int64_t ms, struct err *err)
{
	int32_t count = 0;
	if (!kafka_admin_partitions(admin, topic, ms, &count, err))
		return false;
	struct kafka_partition *partitions = calloc((size_t)count + 1, sizeof(*partitions));
	if (!partitions)
		BUG("out of memory: %d partitions", (int)count);
	bool ok = true;
	for (int32_t i = 0; ok && i < count; i++) {
		int64_t low = 0;
		partitions[i] = (struct kafka_partition){.topic = topic, .partition = i};
		ok = kafka_admin_watermarks(admin, topic, i, ms, &low, &partitions[i].offset, err);
	}
	ok = ok &&
	     (count == 0 || kafka_admin_delete_records(admin, partitions, (size_t)count, ms, err));
	free(partitions);
	return ok;
}
