/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "cluster.h"
#include "kafka/embedded.h"
#include "kafka/producer.h"
#include "support/cmocka_all.h"

enum { PRODUCE_REQUEST = 0 };

struct acks {
	unsigned seen[200]; /* how often each tag was acknowledged */
	unsigned count;
	size_t bytes;
};

static void on_ack(
	void *context, uint64_t tag, int32_t partition, int64_t offset, size_t payload_len)
{
	struct acks *acks = context;
	assert_true(tag < 200 && partition >= 0 && offset >= 0);
	acks->seen[tag]++;
	acks->count++;
	acks->bytes += payload_len;
}

static int setup(void **state)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));
	cluster_open(cluster);
	*state = cluster;
	return 0;
}

static int teardown(void **state)
{
	cluster_close(*state);
	free(*state);
	return 0;
}

static struct kafka_producer *open_producer(struct cluster *cluster, size_t max, struct acks *acks)
{
	struct kafka_producer *producer = NULL;
	struct err err = {0};
	assert_ok(kafka_producer_open(&cluster->settings, max, on_ack, acks, &producer, &err));
	return producer;
}

static bool send_one(struct kafka_producer *producer, uint64_t tag, int32_t partition, size_t len,
	struct err *err)
{
	static char payload[100000];
	const struct kafka_header headers[] = {{"penstock.chunk", "7", 1}};
	const struct kafka_outgoing message = {.topic = "t",
		.partition = partition,
		.key = "key",
		.key_len = 3,
		.headers = headers,
		.header_count = 1,
		.payload = payload,
		.payload_len = len,
		.tag = tag};
	return kafka_producer_send(producer, &message, err);
}

static void assert_each_once(const struct acks *acks, unsigned count)
{
	assert_int_equal(acks->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(acks->seen[i], 1);
}

static void every_message_is_acknowledged_once(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	struct kafka_producer *producer = open_producer(cluster, 0, &acks);
	for (unsigned i = 0; i < 100; i++)
		assert_ok(send_one(producer, i, (int32_t)(i % CLUSTER_PARTITIONS), 100 + i, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	assert_each_once(&acks, 100);
	assert_int_equal(acks.bytes, 100 * 100 + 99 * 100 / 2);
	assert_int_equal(kafka_producer_in_flight(producer), 0);
	for (int32_t p = 0; p < CLUSTER_PARTITIONS; p++)
		assert_int_equal(cluster_count(cluster, p), 25);
	kafka_producer_close(producer);
}

static void in_flight_bytes_are_bounded(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	struct kafka_producer *producer = open_producer(cluster, 10000, &acks);
	for (unsigned i = 0; i < 50; i++) {
		assert_ok(send_one(producer, i, 0, 3000, &err));
		assert_true(kafka_producer_in_flight(producer) <= 10000);
	}
	/* One message above the bound goes alone. */
	assert_ok(send_one(producer, 50, 0, 50000, &err));
	assert_int_equal(kafka_producer_in_flight(producer), 50000);
	assert_ok(kafka_producer_flush(producer, &err));
	assert_each_once(&acks, 51);
	kafka_producer_close(producer);
}

static void what_is_left_out_of_the_partition_goes_by_key(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	struct kafka_producer *producer = open_producer(cluster, 0, &acks);
	for (unsigned i = 0; i < 10; i++)
		assert_ok(send_one(producer, i, -1, 10, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	assert_each_once(&acks, 10);
	int together = 0;
	for (int32_t p = 0; p < CLUSTER_PARTITIONS; p++)
		together += cluster_count(cluster, p) == 10;
	assert_int_equal(together, 1);
	kafka_producer_close(producer);
}

static void a_fatal_producer_is_made_anew(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	struct kafka_producer *producer = open_producer(cluster, 0, &acks);
	assert_ok(send_one(producer, 0, 0, 10, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	/* A broker that lost the producer's state: librdkafka's idempotent producer gives up. */
	rd_kafka_mock_push_request_errors(
		cluster->mock, PRODUCE_REQUEST, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	for (unsigned i = 1; i < 60; i++)
		assert_ok(send_one(producer, i, (int32_t)(i % 2), 10, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	assert_each_once(&acks, 60);
	/* Twice is allowed, never not at all. */
	assert_true(cluster_count(cluster, 0) + cluster_count(cluster, 1) >= 60);
	kafka_producer_close(producer);
}

static void a_broker_that_stays_away_is_retry_and_loses_nothing(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	cluster_set(cluster, "message.timeout.ms", "1500");
	cluster_set(cluster, "reconnect.backoff.max.ms", "200");
	struct kafka_producer *producer = open_producer(cluster, 0, &acks);
	assert_ok(send_one(producer, 0, 0, 10, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	rd_kafka_mock_broker_set_down(cluster->mock, -1);
	for (unsigned i = 1; i < 5; i++)
		assert_ok(send_one(producer, i, 0, 10, &err));
	assert_err(kafka_producer_flush(producer, &err), ERR_RETRY, "topic t");
	assert_string_equal(err.native, "_MSG_TIMED_OUT");
	assert_int_equal(kafka_producer_in_flight(producer), 40);
	rd_kafka_mock_broker_set_up(cluster->mock, -1);
	int64_t deadline = clock_monotonic_us() + 30000000;
	while (!kafka_producer_flush(producer, &err) && clock_monotonic_us() < deadline)
		assert_int_equal(err.class, ERR_RETRY);
	assert_each_once(&acks, 5);
	kafka_producer_close(producer);
}

static void a_message_too_large_is_fatal_and_not_taken(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	cluster_set(cluster, "message.max.bytes", "2000");
	struct kafka_producer *producer = open_producer(cluster, 0, &acks);
	assert_err(send_one(producer, 0, 0, 5000, &err), ERR_FATAL, "message.max.bytes");
	assert_int_equal(kafka_producer_in_flight(producer), 0);
	assert_ok(send_one(producer, 0, 0, 500, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	assert_each_once(&acks, 1);
	kafka_producer_close(producer);
}

static void closing_drops_what_was_not_acknowledged(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct acks acks = {0};
	rd_kafka_mock_broker_set_down(cluster->mock, -1);
	struct kafka_producer *producer = open_producer(cluster, 0, &acks);
	assert_ok(send_one(producer, 0, 0, 10, &err));
	kafka_producer_close(producer);
	assert_int_equal(acks.count, 0);
}

static void refused_settings_do_not_open(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct kafka_producer *producer = NULL;
	cluster_set(cluster, "acks", "1");
	assert_err(kafka_producer_open(&cluster->settings, 0, on_ack, NULL, &producer, &err),
		ERR_FATAL, "acks");
	assert_null(producer);
}

int main(void)
{
	stop_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_message_is_acknowledged_once, setup, teardown),
		cmocka_unit_test_setup_teardown(in_flight_bytes_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_left_out_of_the_partition_goes_by_key, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fatal_producer_is_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_broker_that_stays_away_is_retry_and_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_too_large_is_fatal_and_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			closing_drops_what_was_not_acknowledged, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_settings_do_not_open, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
