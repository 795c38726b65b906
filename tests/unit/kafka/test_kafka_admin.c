/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "cluster.h"
#include "kafka/admin.h"
#include "kafka/embedded.h"
#include "support/cmocka_all.h"

enum { OFFSET_FETCH_REQUEST = 9 };

static const int64_t ms = 10000;

struct room {
	struct cluster cluster;
	struct kafka_admin *admin;
};

static int setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	struct err err = {0};
	cluster_open(&room->cluster);
	assert_ok(kafka_admin_open(&room->cluster.settings, &room->admin, &err));
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;
	kafka_admin_close(room->admin);
	cluster_close(&room->cluster);
	free(room);
	return 0;
}

static void asking_for_a_topic_never_creates_it(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	int32_t count = -1;
	assert_ok(kafka_admin_ping(room->admin, ms, &err));
	assert_ok(kafka_admin_partitions(room->admin, "t", ms, &count, &err));
	assert_int_equal(count, CLUSTER_PARTITIONS);
	for (int i = 0; i < 2; i++) {
		assert_ok(kafka_admin_partitions(room->admin, "nothing", ms, &count, &err));
		assert_int_equal(count, 0);
	}
}

static void an_existing_topic_is_not_created_again(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	bool created = true;
	const struct kafka_topic_config topic = {.name = "t", .partitions = 9, .replication = 1};
	assert_ok(kafka_admin_create_topic(room->admin, &topic, ms, &created, &err));
	assert_false(created);
	/* The mock cluster has no CreateTopics; the error must say so and come in time. */
	const struct kafka_topic_config other = {.name = "u", .partitions = 1, .replication = 1};
	assert_err(kafka_admin_create_topic(room->admin, &other, 2000, &created, &err), ERR_RETRY,
		"creating a topic");
}

static void offsets_of_all_partitions_come_at_once(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	cluster_write(&room->cluster, 1, 7);
	cluster_write(&room->cluster, 3, 2);
	struct kafka_partition ends[CLUSTER_PARTITIONS];
	for (int32_t p = 0; p < CLUSTER_PARTITIONS; p++)
		ends[p] = (struct kafka_partition){"t", p, 55};
	assert_ok(kafka_admin_ends(room->admin, ends, CLUSTER_PARTITIONS, ms, &err));
	assert_int_equal(ends[0].offset, 0);
	assert_int_equal(ends[1].offset, 7);
	assert_int_equal(ends[2].offset, 0);
	assert_int_equal(ends[3].offset, 2);
	assert_ok(kafka_admin_starts(room->admin, ends, CLUSTER_PARTITIONS, ms, &err));
	assert_int_equal(ends[1].offset, 0);
	int64_t low = -1;
	int64_t end = -1;
	assert_ok(kafka_admin_watermarks(room->admin, "t", 1, ms, &low, &end, &err));
	assert_int_equal(low, 0);
	assert_int_equal(end, 7);
}

static void commit_plainly(struct cluster *cluster, const char *group, int64_t offset)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers",
		rd_kafka_mock_cluster_bootstraps(cluster->mock), NULL, 0);
	rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
	assert_non_null(rk);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, "t", 1)->offset = offset;
	assert_int_equal(rd_kafka_commit(rk, list, 0), 0);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
}

static void committed_offsets_are_those_of_the_group(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	commit_plainly(&room->cluster, "penstock", 5);
	commit_plainly(&room->cluster, "other", 9);
	struct kafka_partition partitions[] = {{"t", 0, 77}, {"t", 1, 77}};
	assert_ok(kafka_admin_committed(room->admin, partitions, 2, ms, &err));
	assert_int_equal(partitions[0].offset, KAFKA_NO_OFFSET);
	assert_int_equal(partitions[1].offset, 5);
}

/* librdkafka 2.0 follows the error to its own consumer group, which a handle without one lacks. */
static void a_coordinator_that_is_none_is_asked_again_or_told(void **state)
{
	struct room *room = *state;
	static const rd_kafka_resp_err_t codes[] = {RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
		RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS};
	commit_plainly(&room->cluster, "penstock", 5);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct err err = {0};
		struct kafka_partition one = {"t", 1, 77};
		rd_kafka_mock_push_request_errors(
			room->cluster.mock, OFFSET_FETCH_REQUEST, 1, codes[i]);
		if (!kafka_admin_committed(room->admin, &one, 1, ms, &err))
			assert_int_equal(err.class, ERR_RETRY);
		assert_ok(kafka_admin_committed(room->admin, &one, 1, ms, &err));
		assert_int_equal(one.offset, 5);
	}
}

static void timestamps_of_single_messages(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	cluster_write(&room->cluster, 0, 50);
	cluster_write(&room->cluster, 2, 50);
	const struct kafka_partition at[] = {{"t", 0, 0}, {"t", 1, 0}, {"t", 2, 49}};
	for (int i = 0; i < 2; i++) {
		int64_t times[3] = {0, 0, 0};
		assert_ok(kafka_admin_timestamps(room->admin, at, 3, 3000, times, &err));
		assert_int_equal(times[0], 1000);
		assert_int_equal(times[1], -1);
		assert_int_equal(times[2], 1049);
	}
	int64_t one = 0;
	assert_ok(kafka_admin_timestamp_at(room->admin, "t", 0, 20, ms, &one, &err));
	assert_int_equal(one, 1020);
}

static void without_a_broker_all_is_retry_in_time(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	rd_kafka_mock_broker_set_down(room->cluster.mock, -1);
	struct kafka_admin *admin = NULL;
	assert_ok(kafka_admin_open(&room->cluster.settings, &admin, &err));
	int64_t started = clock_monotonic_us();
	struct kafka_partition one = {"t", 0, 0};
	int32_t count = 0;
	assert_err(kafka_admin_ping(admin, 300, &err), ERR_RETRY, "no Kafka broker answers at 127");
	assert_err(kafka_admin_partitions(admin, "t", 300, &count, &err), ERR_RETRY, "127.0.0.1");
	assert_err(kafka_admin_ends(admin, &one, 1, 300, &err), ERR_RETRY, "127.0.0.1");
	assert_err(kafka_admin_committed(admin, &one, 1, 300, &err), ERR_RETRY, "127.0.0.1");
	assert_true(clock_monotonic_us() - started < 5000000);
	kafka_admin_close(admin);
}

static int run(const char *command)
{
	int status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void kcat_reads_and_writes_the_embedded_broker(void **state)
{
	(void)state;
	struct err err = {0};
	struct embedded_broker *broker = NULL;
	const struct embedded_topic topics[] = {{"a", 3}, {"b", 1}};
	assert_ok(embedded_broker_open(topics, 2, &broker, &err));
	char command[512];
	snprintf(command, sizeof(command), "printf hello | kcat -q -b %s -P -t a -p 2",
		embedded_broker_address(broker));
	assert_int_equal(run(command), 0);
	snprintf(command, sizeof(command), "test \"$(kcat -q -b %s -C -t a -p 2 -o 0 -e)\" = hello",
		embedded_broker_address(broker));
	assert_int_equal(run(command), 0);

	const struct kafka_property properties[] = {
		{"bootstrap.servers", embedded_broker_address(broker)}};
	const struct kafka_settings settings = {properties, 1, NULL};
	struct kafka_admin *admin = NULL;
	int32_t count = 0;
	assert_ok(kafka_admin_open(&settings, &admin, &err));
	assert_ok(kafka_admin_partitions(admin, "a", ms, &count, &err));
	assert_int_equal(count, 3);
	struct kafka_partition end = {"a", 2, 0};
	assert_ok(kafka_admin_ends(admin, &end, 1, ms, &err));
	assert_int_equal(end.offset, 1);
	kafka_admin_close(admin);
	embedded_broker_close(broker);
}

int main(void)
{
	stop_install();
#define row(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		row(asking_for_a_topic_never_creates_it),
		row(an_existing_topic_is_not_created_again),
		row(offsets_of_all_partitions_come_at_once),
		row(committed_offsets_are_those_of_the_group),
		row(a_coordinator_that_is_none_is_asked_again_or_told),
		row(timestamps_of_single_messages),
		row(without_a_broker_all_is_retry_in_time),
		cmocka_unit_test(kcat_reads_and_writes_the_embedded_broker),
	};
#undef row
	return cmocka_run_group_tests(tests, NULL, NULL);
}
