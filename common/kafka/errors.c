/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only what a person must mend is listed: everything else, unknown codes included, is the
 * environment's and is tried again, because a sick broker must never condemn good data.
 */
#include "kafka/errors.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

static const struct fatal_error {
	rd_kafka_resp_err_t code;
	const char *advice;
} fatal_errors[] = {
	/* who we are, what we may do */
	{RD_KAFKA_RESP_ERR__AUTHENTICATION, "check kafka's sasl.* and security.protocol settings"},
	{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, "check kafka's sasl.* settings"},
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, "check kafka's sasl.mechanism"},
	{RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, "check kafka's security.protocol"},
	{RD_KAFKA_RESP_ERR_SECURITY_DISABLED, "check kafka's security.protocol"},
	{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "grant this user access to the topic"},
	{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "grant this user access to group.id"},
	{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "grant this user IdempotentWrite and, "
							 "for init, Create on the cluster"},
	{RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, NULL},
	{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, NULL},
	{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "ask whoever runs the cluster about its policy"},
	/* topics */
	{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "run penstock init to create the topics"},
	{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "run penstock init to create the topics"},
	{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "has the topic fewer partitions than configured?"},
	{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, "check topics.prefix and the dataset's name"},
	{RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, "check topics.partitions"},
	{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
		"check topics.replication: it cannot pass the number of brokers"},
	{RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, "check topics.replication"},
	{RD_KAFKA_RESP_ERR_INVALID_CONFIG, "check the topic's configuration"},
	/* messages */
	{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "raise message.max.bytes here and on the broker, "
					       "or lower the dataset's chunk_bytes"},
	{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, "lower the dataset's chunk_bytes"},
	{RD_KAFKA_RESP_ERR_INVALID_RECORD, "is the topic compacted, or its schema enforced?"},
	{RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, NULL},
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, "choose another compression.type"},
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, "the broker is too old"},
	/* the group */
	{RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, "check group.id"},
	{RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL,
		"another program uses this group.id with another assignor"},
	{RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
		"choose a session.timeout.ms within the broker's group.*.session.timeout.ms"},
	{RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, NULL},
	{RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, "start fewer workers, or raise the broker's "
						   "group.max.size"},
	/* the two sides do not understand each other */
	{RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "the broker is too old"},
	{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, "the broker does not offer this"},
	{RD_KAFKA_RESP_ERR_INVALID_REQUEST, NULL},
	/* this process */
	{RD_KAFKA_RESP_ERR__FATAL, NULL},
	{RD_KAFKA_RESP_ERR__INVALID_ARG, NULL},
	{RD_KAFKA_RESP_ERR__CONFLICT, NULL},
	{RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, NULL},
	{RD_KAFKA_RESP_ERR__NOT_CONFIGURED, NULL},
	{RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "threads or file descriptors ran out"},
	{RD_KAFKA_RESP_ERR__READ_ONLY, NULL},
	{RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "check group.id"},
};

static const struct fatal_error *find(int code)
{
	for (size_t i = 0; i < sizeof(fatal_errors) / sizeof(fatal_errors[0]); i++)
		if ((int)fatal_errors[i].code == code)
			return &fatal_errors[i];
	return NULL;
}

enum err_class kafka_error_class(int code)
{
	return find(code) ? ERR_FATAL : ERR_RETRY;
}

bool kafka_fail(struct err *err, int code, const char *fmt, ...)
{
	if (!err)
		return false;
	char text[sizeof(err->message)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	const struct fatal_error *row = find(code);
	const char *advice = row ? row->advice : NULL;
	err_fail(err, kafka_error_class(code), "%s: %s%s%s", text,
		rd_kafka_err2str((rd_kafka_resp_err_t)code), advice ? "; " : "",
		advice ? advice : "");
	err->from = ERR_FROM_KAFKA;
	snprintf(err->native, sizeof(err->native), "%s",
		rd_kafka_err2name((rd_kafka_resp_err_t)code));
	return false;
}
