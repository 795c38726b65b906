/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mock cluster whose errors the test controls, and a plain librdkafka client to write to and read
 * from it, as oracle. One topic "t" of four partitions.
 */
#ifndef PENSTOCK_TESTS_KAFKA_CLUSTER_H
#define PENSTOCK_TESTS_KAFKA_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka/client.h"

#define CLUSTER_PARTITIONS 4

struct cluster {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *mock;
	struct kafka_property properties[8];
	struct kafka_settings settings;
};

void cluster_open(struct cluster *cluster);
void cluster_close(struct cluster *cluster);
/* One more property in cluster->settings. */
void cluster_set(struct cluster *cluster, const char *name, const char *value);
/* Writes "0", "1" ... to the partition, timestamps 1000, 1001 ... */
void cluster_write(struct cluster *cluster, int32_t partition, int count);
/* How many messages the partition holds. */
int64_t cluster_count(struct cluster *cluster, int32_t partition);

#endif
