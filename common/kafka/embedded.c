/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/embedded.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "base/log.h"
#include "kafka/errors.h"

struct embedded_broker {
	rd_kafka_t *rk; /* librdkafka wants one to run the cluster in; it connects to nothing */
	rd_kafka_mock_cluster_t *cluster;
};

static void on_log(const rd_kafka_t *rk, int level, const char *kind, const char *text)
{
	(void)rk;
	(void)level;
	log_debug("embedded broker", log_str("kind", kind), log_str("text", text));
}

static bool create_topics(struct embedded_broker *broker, const struct embedded_topic *topics,
	size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(
			broker->cluster, topics[i].name, topics[i].partitions, 1);
		if (code)
			return kafka_fail(err, code, "creating topic %s in the embedded broker",
				topics[i].name);
	}
	return true;
}

bool embedded_broker_open(const struct embedded_topic *topics, size_t count,
	struct embedded_broker **ret_broker, struct err *err)
{
	struct embedded_broker *broker = calloc(1, sizeof(*broker));
	if (!broker)
		BUG("out of memory");
	char why[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, on_log);
	broker->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!broker->rk) {
		rd_kafka_conf_destroy(conf);
		free(broker);
		return err_fail(err, ERR_FATAL, "starting the embedded broker: %s", why);
	}
	broker->cluster = rd_kafka_mock_cluster_new(broker->rk, 1);
	if (!broker->cluster) {
		embedded_broker_close(broker);
		return err_fail(err, ERR_FATAL,
			"the embedded broker cannot listen on 127.0.0.1: are ports left?");
	}
	if (!create_topics(broker, topics, count, err)) {
		embedded_broker_close(broker);
		return false;
	}
	*ret_broker = broker;
	return true;
}

void embedded_broker_close(struct embedded_broker *broker)
{
	if (!broker)
		return;
	if (broker->cluster)
		rd_kafka_mock_cluster_destroy(broker->cluster);
	rd_kafka_destroy(broker->rk);
	free(broker);
}

const char *embedded_broker_address(const struct embedded_broker *broker)
{
	return rd_kafka_mock_cluster_bootstraps(broker->cluster);
}
