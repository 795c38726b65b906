/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include <stdio.h>

#include "support/cmocka_all.h"

static rd_kafka_t *plain_client(rd_kafka_type_t type, const char *servers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_conf_set(conf, "log_level", "2", why, sizeof(why));
	if (servers)
		rd_kafka_conf_set(conf, "bootstrap.servers", servers, why, sizeof(why));
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
	assert_non_null(rk);
	return rk;
}

void cluster_open(struct cluster *cluster)
{
	*cluster = (struct cluster){.rk = plain_client(RD_KAFKA_PRODUCER, NULL)};
	cluster->mock = rd_kafka_mock_cluster_new(cluster->rk, 1);
	assert_non_null(cluster->mock);
	assert_int_equal(rd_kafka_mock_topic_create(cluster->mock, "t", CLUSTER_PARTITIONS, 1), 0);
	cluster->settings.properties = cluster->properties;
	cluster->settings.client_id = "test";
	cluster_set(cluster, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster->mock));
}

void cluster_close(struct cluster *cluster)
{
	rd_kafka_mock_cluster_destroy(cluster->mock);
	rd_kafka_destroy(cluster->rk);
}

void cluster_set(struct cluster *cluster, const char *name, const char *value)
{
	cluster->properties[cluster->settings.count++] = (struct kafka_property){name, value};
}

void cluster_write(struct cluster *cluster, int32_t partition, int count)
{
	rd_kafka_t *rk =
		plain_client(RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(cluster->mock));
	for (int i = 0; i < count; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d", i);
		rd_kafka_resp_err_t code = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"),
			RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE(text, (size_t)n),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(1000 + i),
			RD_KAFKA_V_END);
		assert_int_equal(code, 0);
	}
	assert_int_equal(rd_kafka_flush(rk, 20000), 0);
	rd_kafka_destroy(rk);
}

int64_t cluster_count(struct cluster *cluster, int32_t partition)
{
	rd_kafka_t *rk =
		plain_client(RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(cluster->mock));
	int64_t low = 0;
	int64_t end = 0;
	rd_kafka_resp_err_t code =
		rd_kafka_query_watermark_offsets(rk, "t", partition, &low, &end, 20000);
	assert_int_equal(code, 0);
	rd_kafka_destroy(rk);
	return end - low;
}
