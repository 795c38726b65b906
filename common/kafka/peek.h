/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: reading single messages without a group. */
#ifndef PENSTOCK_KAFKA_PEEK_H
#define PENSTOCK_KAFKA_PEEK_H

#include <librdkafka/rdkafka.h>

#include "kafka/client.h"

/* kafka_admin_timestamps, on a consumer that has no group and no subscription. */
MUST_CHECK bool peek_times(rd_kafka_t *rk, const struct kafka_partition *partitions, size_t count,
	int64_t ms, int64_t *ret_timestamps_ms, struct err *err);

#endif
