/* SPDX-License-Identifier: Apache-2.0 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "kafka/client.h"
#include "kafka/errors.h"
#include "kafka/properties.h"
#include "support/cmocka_all.h"

/* What a person must mend, by name; all other codes must be tried again. */
static const char *const fatal_names[] = {
	"_AUTHENTICATION",
	"SASL_AUTHENTICATION_FAILED",
	"UNSUPPORTED_SASL_MECHANISM",
	"ILLEGAL_SASL_STATE",
	"SECURITY_DISABLED",
	"TOPIC_AUTHORIZATION_FAILED",
	"GROUP_AUTHORIZATION_FAILED",
	"CLUSTER_AUTHORIZATION_FAILED",
	"TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
	"DELEGATION_TOKEN_AUTHORIZATION_FAILED",
	"POLICY_VIOLATION",
	"UNKNOWN_TOPIC_OR_PART",
	"_UNKNOWN_TOPIC",
	"_UNKNOWN_PARTITION",
	"TOPIC_EXCEPTION",
	"INVALID_PARTITIONS",
	"INVALID_REPLICATION_FACTOR",
	"INVALID_REPLICA_ASSIGNMENT",
	"INVALID_CONFIG",
	"MSG_SIZE_TOO_LARGE",
	"RECORD_LIST_TOO_LARGE",
	"INVALID_RECORD",
	"INVALID_REQUIRED_ACKS",
	"UNSUPPORTED_COMPRESSION_TYPE",
	"UNSUPPORTED_FOR_MESSAGE_FORMAT",
	"INVALID_GROUP_ID",
	"INCONSISTENT_GROUP_PROTOCOL",
	"INVALID_SESSION_TIMEOUT",
	"FENCED_INSTANCE_ID",
	"GROUP_MAX_SIZE_REACHED",
	"UNSUPPORTED_VERSION",
	"_UNSUPPORTED_FEATURE",
	"INVALID_REQUEST",
	"_FATAL",
	"_INVALID_ARG",
	"_CONFLICT",
	"_NOT_IMPLEMENTED",
	"_NOT_CONFIGURED",
	"_CRIT_SYS_RESOURCE",
	"_READ_ONLY",
	"_UNKNOWN_GROUP",
};

static bool expected_fatal(const char *name)
{
	for (size_t i = 0; i < sizeof(fatal_names) / sizeof(fatal_names[0]); i++)
		if (strcmp(fatal_names[i], name) == 0)
			return true;
	return false;
}

static void every_code_has_its_class(void **state)
{
	(void)state;
	const struct rd_kafka_err_desc *rows = NULL;
	size_t count = 0;
	size_t fatal = 0;
	rd_kafka_get_err_descs(&rows, &count);
	for (size_t i = 0; i < count; i++) {
		if (!rows[i].name || !rows[i].code)
			continue;
		enum err_class expected = expected_fatal(rows[i].name) ? ERR_FATAL : ERR_RETRY;
		if (kafka_error_class(rows[i].code) != expected)
			fail_msg("%s is %s", rows[i].name,
				err_class_name(kafka_error_class(rows[i].code)));
		fatal += expected == ERR_FATAL;
	}
	assert_true(count > 150);
	/* No name above is misspelt. */
	assert_int_equal(fatal, sizeof(fatal_names) / sizeof(fatal_names[0]));
	assert_int_equal(kafka_error_class(9999), ERR_RETRY);
}

static void errors_carry_class_name_and_advice(void **state)
{
	(void)state;
	struct err err = {0};
	assert_err(kafka_fail(&err, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic %s", "x"),
		ERR_FATAL, "topic x: Broker: Unknown topic or partition; run penstock init");
	assert_int_equal(err.from, ERR_FROM_KAFKA);
	assert_string_equal(err.native, "UNKNOWN_TOPIC_OR_PART");
	assert_err(kafka_fail(&err, RD_KAFKA_RESP_ERR__TRANSPORT, "x"), ERR_RETRY,
		"x: Local: Broker transport failure");
}

static void properties_that_break_promises_are_refused(void **state)
{
	(void)state;
	struct err err = {0};
	static const struct kafka_property refused[] = {
		{"enable.auto.commit", "true"},
		{"enable.auto.offset.store", "true"},
		{"auto.offset.reset", "latest"},
		{"partition.assignment.strategy", "cooperative-sticky"},
		{"enable.idempotence", "false"},
		{"acks", "1"},
		{"request.required.acks", "0"},
		{"transactional.id", "x"},
		{"group.instance.id", "x"},
		{"allow.auto.create.topics", "true"},
		{"delivery.report.only.error", "true"},
		{"test.mock.num.brokers", "3"},
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_err(kafka_check_property(refused[i].name, refused[i].value, &err), ERR_FATAL,
			refused[i].name);
		assert_int_equal(err.from, ERR_FROM_CONFIG);
	}
	assert_err(kafka_check_property("acks", "1", &err), ERR_FATAL, "acknowledged");
}

static void what_is_used_anyway_may_be_said(void **state)
{
	(void)state;
	struct err err = {0};
	assert_ok(kafka_check_property("acks", "all", &err));
	assert_ok(kafka_check_property("acks", "-1", &err));
	assert_ok(kafka_check_property("enable.idempotence", "true", &err));
	assert_ok(kafka_check_property("compression.type", "lz4", &err));
	assert_ok(kafka_check_property("group.id", "mine", &err));
	assert_ok(kafka_check_property("sasl.password", "p", &err));
}

static void unknown_names_and_bad_values_are_errors(void **state)
{
	(void)state;
	struct err err = {0};
	assert_err(kafka_check_property("bootstrap.server", "x", &err), ERR_FATAL,
		"knows no property bootstrap.server");
	assert_err(kafka_check_property("linger.ms", "soon", &err), ERR_FATAL, "linger.ms");
	assert_err(kafka_check_property("rebalance_cb", "x", &err), ERR_FATAL, "rebalance_cb");
	assert_err(kafka_check_property("message.max.bytes", "1", &err), ERR_FATAL,
		"message.max.bytes");
}

static void the_tables_hold_real_properties(void **state)
{
	(void)state;
	struct err err = {0};
	size_t count = 0;
	const struct kafka_property *defaults = kafka_default_properties(&count);
	for (size_t i = 0; i < count; i++)
		assert_ok(kafka_check_property(defaults[i].name, defaults[i].value, &err));
	const struct kafka_fixed *fixed = kafka_fixed_properties(&count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_conf_t *conf = rd_kafka_conf_new();
		assert_int_not_equal(rd_kafka_conf_set(conf, fixed[i].name,
					     fixed[i].value ? fixed[i].value : "1", NULL, 0),
			RD_KAFKA_CONF_UNKNOWN);
		rd_kafka_conf_destroy(conf);
	}
}

static void the_last_value_of_a_property_wins(void **state)
{
	(void)state;
	static const struct kafka_property properties[] = {
		{"linger.ms", "1"}, {"linger.ms", "2"}, {"acks", "all"}};
	const struct kafka_settings settings = {properties, 3, "me"};
	assert_string_equal(kafka_property(&settings, "linger.ms"), "2");
	assert_string_equal(kafka_property(&settings, "group.id"), "penstock");
	assert_string_equal(kafka_property(&settings, "client.id"), "me");
	assert_string_equal(kafka_property(&settings, "enable.auto.commit"), "false");
	assert_null(kafka_property(&settings, "sasl.password"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_its_class),
		cmocka_unit_test(errors_carry_class_name_and_advice),
		cmocka_unit_test(properties_that_break_promises_are_refused),
		cmocka_unit_test(what_is_used_anyway_may_be_said),
		cmocka_unit_test(unknown_names_and_bad_values_are_errors),
		cmocka_unit_test(the_tables_hold_real_properties),
		cmocka_unit_test(the_last_value_of_a_property_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
