/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded broker: librdkafka's mock cluster, for `dev` and quick tests. In memory only, 5 MiB
 * or 100,000 messages a partition (what is more is dropped silently), no CreateTopics, no TLS.
 */
#ifndef PENSTOCK_KAFKA_EMBEDDED_H
#define PENSTOCK_KAFKA_EMBEDDED_H

#include "kafka/client.h"

struct embedded_broker;

struct embedded_topic {
	const char *name;
	int32_t partitions;
};

/* Listens on 127.0.0.1 at free ports; the topics exist from the start. */
MUST_CHECK bool embedded_broker_open(const struct embedded_topic *topics, size_t count,
	struct embedded_broker **ret_broker, struct err *err);
void embedded_broker_close(struct embedded_broker *broker);
/* "127.0.0.1:41234", borrowed. */
const char *embedded_broker_address(const struct embedded_broker *broker);

#endif
