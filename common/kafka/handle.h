/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to this room: one librdkafka client made from settings, with its logs and its last
 * connection trouble.
 */
#ifndef PENSTOCK_KAFKA_HANDLE_H
#define PENSTOCK_KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "kafka/client.h"

#define KAFKA_LOG_SLOTS 16

struct kafka_handle {
	rd_kafka_t *rk;
	void *owner; /* for the callbacks of a producer or consumer */
	char servers[256];
	char met[250]; /* the topic kafka_handle_meet_topic asked for last */
	/* When each kind of librdkafka's log lines was last written at warn; any thread. */
	_Atomic int64_t logged_us[KAFKA_LOG_SLOTS];
	/*
	 * Set by the error callback, on the thread that polls: that no broker is left, or that a
	 * person must mend something; single brokers come and go.
	 */
	rd_kafka_resp_err_t trouble;
	char trouble_text[512];
};

/*
 * Properties that the caller sets over the user's; `callbacks` (may be NULL) registers what the
 * conf needs before the client is made.
 */
struct kafka_handle_options {
	rd_kafka_type_t type;
	const struct kafka_property *overrides;
	size_t override_count;
	void (*callbacks)(rd_kafka_conf_t *conf);
	void *owner;
};

/* The callbacks get the handle as opaque: rd_kafka_opaque(rk). `handle` must not move. */
MUST_CHECK bool kafka_handle_open(struct kafka_handle *handle,
	const struct kafka_settings *settings, const struct kafka_handle_options *options,
	struct err *err);
/* False when librdkafka did not end within `ms`: its threads then still use the handle's memory. */
bool kafka_handle_close(struct kafka_handle *handle, int64_t ms);

/* Whether any broker answers within `ms`. */
MUST_CHECK bool kafka_handle_ping(struct kafka_handle *handle, int64_t ms, struct err *err);
/*
 * Asks for a topic's partitions, unless it is the one of the call before. Left to itself,
 * librdkafka looks at topics that are new to it once a second, and first messages wait for that.
 */
void kafka_handle_meet_topic(struct kafka_handle *handle, const char *topic);
/* As kafka_fail, naming the brokers and the last connection trouble. */
bool kafka_handle_fail(
	struct kafka_handle *handle, rd_kafka_resp_err_t code, const char *what, struct err *err);

/* The partitions as librdkafka's list; the caller destroys it. */
rd_kafka_topic_partition_list_t *kafka_list_new(
	const struct kafka_partition *partitions, size_t count);
/* The first partition of the list that has an error; NULL when none has. */
const rd_kafka_topic_partition_t *kafka_list_error(const rd_kafka_topic_partition_list_t *list);

#endif
