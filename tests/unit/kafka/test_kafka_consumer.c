/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "cluster.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "support/cmocka_all.h"

static const int64_t patience_us = 40 * 1000 * 1000;

/* A member under test: what its callbacks do and what they saw. */
struct member {
	struct kafka_consumer *consumer;
	unsigned assigned_calls;
	unsigned revoked_calls;
	unsigned lost_calls;
	size_t assigned;
	bool pause_first;  /* pause partition 0 when it is assigned */
	int64_t seek_zero; /* and start it there; -1: not */
	unsigned messages[CLUSTER_PARTITIONS];
	int64_t last[CLUSTER_PARTITIONS];
};

static void on_assigned(void *context, const struct kafka_partition *partitions, size_t count)
{
	struct member *member = context;
	struct err err = {0};
	member->assigned_calls++;
	member->assigned = count;
	for (size_t i = 0; i < count; i++) {
		struct kafka_partition one = partitions[i];
		if (one.partition != 0)
			continue;
		if (member->pause_first)
			assert_ok(kafka_consumer_pause(member->consumer, &one, 1, &err));
		one.offset = member->seek_zero;
		if (member->seek_zero >= 0)
			assert_ok(kafka_consumer_seek(member->consumer, &one, 1, &err));
	}
}

static void on_revoked(
	void *context, const struct kafka_partition *partitions, size_t count, bool lost)
{
	struct member *member = context;
	(void)partitions;
	assert_int_equal(count, member->assigned);
	member->revoked_calls++;
	member->lost_calls += lost;
	member->assigned = 0;
}

static void join(struct cluster *cluster, struct member *member)
{
	static const char *const topics[] = {"t"};
	struct err err = {0};
	const struct kafka_rebalance rebalance = {on_assigned, on_revoked, member};
	for (size_t i = 0; i < CLUSTER_PARTITIONS; i++)
		member->last[i] = -1;
	assert_ok(kafka_consumer_open(
		&cluster->settings, topics, 1, &rebalance, &member->consumer, &err));
}

/* One poll; its message is counted and must follow the one before it. */
static void step(struct member *member, int64_t ms)
{
	struct kafka_message *message = NULL;
	struct err err = {0};
	assert_ok(kafka_consumer_poll(member->consumer, ms, &message, &err));
	if (!message)
		return;
	int32_t p = message->partition;
	assert_true(p >= 0 && p < CLUSTER_PARTITIONS);
	if (member->last[p] >= 0)
		assert_int_equal(message->offset, member->last[p] + 1);
	member->last[p] = message->offset;
	member->messages[p]++;
	kafka_message_free(message);
}

static unsigned total(const struct member *member)
{
	unsigned sum = 0;
	for (size_t i = 0; i < CLUSTER_PARTITIONS; i++)
		sum += member->messages[i];
	return sum;
}

static void read_until(struct member *member, unsigned count)
{
	int64_t deadline = clock_monotonic_us() + patience_us;
	while (total(member) < count) {
		assert_true(clock_monotonic_us() < deadline);
		step(member, 100);
	}
}

static void leave(struct member *member)
{
	assert_true(kafka_consumer_close(member->consumer, 10000));
	assert_int_equal(member->assigned_calls, member->revoked_calls);
}

static int setup(void **state)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));
	cluster_open(cluster);
	cluster_set(cluster, "session.timeout.ms", "6000");
	*state = cluster;
	return 0;
}

static int teardown(void **state)
{
	cluster_close(*state);
	free(*state);
	return 0;
}

static void all_is_read_from_the_start_in_order(void **state)
{
	struct cluster *cluster = *state;
	struct member member = {.seek_zero = -1};
	for (int32_t p = 0; p < CLUSTER_PARTITIONS; p++)
		cluster_write(cluster, p, 50);
	join(cluster, &member);
	read_until(&member, 200);
	assert_int_equal(member.assigned, CLUSTER_PARTITIONS);
	const struct kafka_partition *partitions = NULL;
	assert_int_equal(
		kafka_consumer_assignment(member.consumer, &partitions), CLUSTER_PARTITIONS);
	assert_string_equal(partitions[0].topic, "t");
	leave(&member);
}

static void no_acknowledgement(
	void *context, uint64_t tag, int32_t partition, int64_t offset, size_t len)
{
	(void)context, (void)tag, (void)partition, (void)offset, (void)len;
}

static void a_message_comes_whole(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct kafka_producer *producer = NULL;
	assert_ok(kafka_producer_open(
		&cluster->settings, 0, no_acknowledgement, NULL, &producer, &err));
	const struct kafka_header headers[] = {{"a", "1", 1}, {"b", "", 0}, {"a", "2", 1}};
	const struct kafka_outgoing out = {.topic = "t",
		.partition = 2,
		.key = "k\0y",
		.key_len = 3,
		.headers = headers,
		.header_count = 3,
		.payload = "p\0q",
		.payload_len = 3};
	assert_ok(kafka_producer_send(producer, &out, &err));
	assert_ok(kafka_producer_flush(producer, &err));
	kafka_producer_close(producer);

	struct member member = {.seek_zero = -1};
	join(cluster, &member);
	struct kafka_message *message = NULL;
	int64_t deadline = clock_monotonic_us() + patience_us;
	while (!message && clock_monotonic_us() < deadline)
		assert_ok(kafka_consumer_poll(member.consumer, 100, &message, &err));
	assert_non_null(message);
	assert_string_equal(message->topic, "t");
	assert_int_equal(message->partition, 2);
	assert_int_equal(message->offset, 0);
	assert_true(message->timestamp_ms > 1500000000000);
	assert_int_equal(message->key_len, 3);
	assert_memory_equal(message->key, "k\0y", 3);
	assert_int_equal(message->len, 3);
	assert_memory_equal(message->payload, "p\0q", 3);
	size_t len = 9;
	assert_memory_equal(kafka_message_header(message, "a", &len), "2", 1);
	assert_int_equal(len, 1);
	assert_non_null(kafka_message_header(message, "b", &len));
	assert_int_equal(len, 0);
	assert_null(kafka_message_header(message, "c", &len));
	kafka_message_free(message);
	leave(&member);
}

static void what_was_committed_is_not_read_again(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	cluster_write(cluster, 1, 20);
	struct member first = {.seek_zero = -1};
	join(cluster, &first);
	read_until(&first, 20);
	const struct kafka_partition done = {"t", 1, 13};
	assert_ok(kafka_consumer_commit(first.consumer, &done, 1, &err));
	leave(&first);
	struct member second = {.seek_zero = -1};
	join(cluster, &second);
	second.last[1] = 12;
	read_until(&second, 7);
	assert_int_equal(second.last[1], 19);
	leave(&second);
}

static void a_paused_partition_waits_and_loses_nothing(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	cluster_write(cluster, 0, 30);
	cluster_write(cluster, 1, 30);
	struct member member = {.pause_first = true, .seek_zero = -1};
	join(cluster, &member);
	read_until(&member, 30);
	for (int i = 0; i < 5; i++)
		step(&member, 100);
	assert_int_equal(member.messages[0], 0);
	const struct kafka_partition zero = {"t", 0, 0};
	/* Pausing and resuming twice has no effect. */
	assert_ok(kafka_consumer_pause(member.consumer, &zero, 1, &err));
	assert_ok(kafka_consumer_resume(member.consumer, &zero, 1, &err));
	assert_ok(kafka_consumer_resume(member.consumer, &zero, 1, &err));
	read_until(&member, 60);
	assert_int_equal(member.last[0], 29);
	leave(&member);
}

static void pausing_in_the_middle_skips_and_repeats_nothing(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	cluster_write(cluster, 0, 200);
	struct member member = {.seek_zero = -1};
	join(cluster, &member);
	const struct kafka_partition zero = {"t", 0, 0};
	for (unsigned read = 25; read <= 200; read += 25) {
		read_until(&member, read);
		assert_ok(kafka_consumer_pause(member.consumer, &zero, 1, &err));
		step(&member, 50);
		assert_int_equal(total(&member), read);
		assert_ok(kafka_consumer_resume(member.consumer, &zero, 1, &err));
	}
	leave(&member);
}

static void a_paused_partition_goes_on_where_it_was_sought(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	cluster_write(cluster, 0, 30);
	struct member member = {.seek_zero = -1};
	join(cluster, &member);
	read_until(&member, 20);
	const struct kafka_partition back = {"t", 0, 5};
	for (unsigned round = 0; round < 3; round++) {
		assert_ok(kafka_consumer_pause(member.consumer, &back, 1, &err));
		assert_ok(kafka_consumer_seek(member.consumer, &back, 1, &err));
		step(&member, 100);
		assert_ok(kafka_consumer_resume(member.consumer, &back, 1, &err));
		member.messages[0] = 0;
		member.last[0] = 4;
		read_until(&member, 25);
		assert_int_equal(member.last[0], 29);
	}
	leave(&member);
}

static void the_assigned_callback_may_choose_the_start(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	cluster_write(cluster, 0, 30);
	struct member member = {.pause_first = true, .seek_zero = 17};
	join(cluster, &member);
	while (!member.assigned_calls)
		step(&member, 100);
	for (int i = 0; i < 5; i++)
		step(&member, 100);
	assert_int_equal(total(&member), 0);
	const struct kafka_partition zero = {"t", 0, 0};
	assert_ok(kafka_consumer_resume(member.consumer, &zero, 1, &err));
	member.last[0] = 16;
	read_until(&member, 13);
	leave(&member);
}

/* What the first had paused is read by whoever gets it next, be it the first again. */
static void two_members_share_and_pauses_end_with_the_assignment(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct member a = {.pause_first = true, .seek_zero = -1};
	struct member b = {.seek_zero = -1};
	const struct kafka_partition all[] = {{"t", 0, 0}, {"t", 1, 0}, {"t", 2, 0}, {"t", 3, 0}};
	int64_t deadline = clock_monotonic_us() + patience_us;
	join(cluster, &a);
	while (!a.assigned)
		step(&a, 50);
	assert_ok(kafka_consumer_pause(a.consumer, all, CLUSTER_PARTITIONS, &err));
	a.pause_first = false;
	join(cluster, &b);
	while (a.assigned != 2 || b.assigned != 2) {
		assert_true(clock_monotonic_us() < deadline);
		step(&a, 50);
		step(&b, 50);
	}
	leave(&b);
	while (a.assigned != CLUSTER_PARTITIONS) {
		assert_true(clock_monotonic_us() < deadline);
		step(&a, 50);
	}
	assert_int_equal(a.lost_calls, 0);
	for (int32_t p = 0; p < CLUSTER_PARTITIONS; p++)
		cluster_write(cluster, p, 5);
	read_until(&a, 20);
	leave(&a);
}

static void what_is_not_assigned_is_passed_over(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	struct member member = {.seek_zero = -1};
	join(cluster, &member);
	const struct kafka_partition others[] = {{"t", 99, 5}, {"other", 0, 5}};
	assert_ok(kafka_consumer_pause(member.consumer, others, 2, &err));
	assert_ok(kafka_consumer_seek(member.consumer, others, 2, &err));
	assert_ok(kafka_consumer_resume(member.consumer, others, 2, &err));
	leave(&member);
}

static void a_broker_that_went_away_is_retry_and_reading_goes_on(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	cluster_set(cluster, "reconnect.backoff.max.ms", "200");
	cluster_write(cluster, 0, 10);
	struct member member = {.seek_zero = -1};
	join(cluster, &member);
	read_until(&member, 10);
	rd_kafka_mock_broker_set_down(cluster->mock, -1);
	struct kafka_message *message = NULL;
	int64_t deadline = clock_monotonic_us() + patience_us;
	while (kafka_consumer_poll(member.consumer, 100, &message, &err))
		assert_true(!message && clock_monotonic_us() < deadline);
	assert_int_equal(err.class, ERR_RETRY);
	rd_kafka_mock_broker_set_up(cluster->mock, -1);
	cluster_write(cluster, 0, 10);
	while (!message) {
		assert_true(clock_monotonic_us() < deadline);
		if (!kafka_consumer_poll(member.consumer, 100, &message, &err))
			assert_int_equal(err.class, ERR_RETRY);
	}
	assert_int_equal(message->offset, 10);
	kafka_message_free(message);
	kafka_consumer_close(member.consumer, 10000);
}

static void opening_without_a_broker_is_retry(void **state)
{
	struct cluster *cluster = *state;
	struct err err = {0};
	static const char *const topics[] = {"t"};
	struct kafka_consumer *consumer = NULL;
	rd_kafka_mock_broker_set_down(cluster->mock, -1);
	assert_err(kafka_consumer_open(&cluster->settings, topics, 1, NULL, &consumer, &err),
		ERR_RETRY, "bootstrap.servers");
	assert_non_null(strstr(err.message, "127.0.0.1"));
}

/* A process each, side by side: they wait for the group to settle, seconds each time. */
int main(void)
{
	stop_install();
#define row(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		row(all_is_read_from_the_start_in_order),
		row(a_message_comes_whole),
		row(what_was_committed_is_not_read_again),
		row(a_paused_partition_waits_and_loses_nothing),
		row(pausing_in_the_middle_skips_and_repeats_nothing),
		row(a_paused_partition_goes_on_where_it_was_sought),
		row(the_assigned_callback_may_choose_the_start),
		row(two_members_share_and_pauses_end_with_the_assignment),
		row(what_is_not_assigned_is_passed_over),
		row(a_broker_that_went_away_is_retry_and_reading_goes_on),
		row(opening_without_a_broker_is_retry),
	};
#undef row
	int failed = 0;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const struct CMUnitTest one[] = {tests[i]};
		pid_t pid = fork();
		if (pid == 0)
			return cmocka_run_group_tests_name(tests[i].name, one, NULL, NULL);
		failed |= pid < 0;
	}
	for (int status; wait(&status) > 0;)
		failed |= status;
	return failed != 0;
}
