/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/consumer.h"
#include "support/cmocka_all.h"
#include "world.h"

static int command(const char *line)
{
	return system(line);
}

static void a_file_is_published_once(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	size_t n = 0;
	char *text = world_orders(1, 5000, &n);
	world_file(world, "orders-1.csv", text, n);
	world_run(world, NULL, &outcome, "publish", "orders-1.csv", NULL);
	assert_string_equal(outcome.err, "");
	assert_int_equal(outcome.code, 0);
	assert_non_null(strstr(outcome.out, "orders-1.csv: dataset orders, file "));
	assert_non_null(strstr(outcome.out, "5,000 rows, 0 rejects"));
	world_file(world, "orders-copy.csv", text, n);
	world_run(world, NULL, &outcome, "publish", "orders-copy.csv", NULL);
	assert_int_equal(outcome.code, 0);
	assert_non_null(strstr(outcome.out, "already published on "));
	struct topic topic;
	topic_read(world, &topic);
	size_t once = topic_check(&topic, "orders-1.csv", 5000, (int64_t)n);
	assert_true(once > WORLD_PARTITIONS);
	assert_int_equal(topic.count, once);
	/* Neighbours lie in different partitions: no partition has more than its share. */
	size_t lanes[WORLD_PARTITIONS] = {0};
	for (size_t i = 0; i < topic.count; i++)
		lanes[topic.messages[i].partition]++;
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		assert_in_range(lanes[i], once / WORLD_PARTITIONS, once / WORLD_PARTITIONS + 1);
	topic_release(&topic);
	free(text);
}

static void again_is_another_publication(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	world_text(world, "orders.csv", "id,customer,amount\n1,a,2\n");
	for (int i = 0; i < 3; i++) {
		world_run(world, NULL, &outcome, "publish", "--again", "orders.csv", NULL);
		assert_int_equal(outcome.code, 0);
	}
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic.count, 3);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(
				topic.messages[i].info.file_id, topic.messages[j].info.file_id);
	topic_release(&topic);
}

static void rejects_end_with_3_and_json_tells_them(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	world_text(world, "orders.csv", "id,customer,amount\n1,a,2\nx,b,3\n2,c,\n");
	world_run(world, NULL, &outcome, "publish", "--json", "orders.csv", NULL);
	assert_int_equal(outcome.code, 3);
	assert_non_null(strstr(outcome.out, "\"outcome\":\"published\""));
	assert_non_null(strstr(outcome.out, "\"records\":3"));
	assert_non_null(strstr(outcome.out, "\"rows\":2"));
	assert_non_null(strstr(outcome.out, "\"rejects\":1"));
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic.count, 1);
	assert_int_equal(topic.messages[0].rejects, 1);
	topic_release(&topic);
}

/* None of these sends a single chunk, nor needs Kafka at all. */
static void unfit_files_are_quarantined(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	size_t n = 0;
	char *text = world_orders(1, 20000, &n);
	world_configure(world, "127.0.0.1:1", "    max_rejects: 1\n");
	world_text(world, "orders-header.csv", "id,client\n1,a\n");
	world_text(world, "orders-bad.csv", "id,customer,amount\nx,a,\ny,a,\n1,a,\n");
	world_file(world, "whole.csv", text, n);
	char line[512];
	snprintf(line, sizeof(line),
		"cd %s && gzip -9c whole.csv | head -c 20000 >orders-cut.csv.gz", world->folder);
	assert_int_equal(command(line), 0);
	world_run(world, NULL, &outcome, "publish", "orders-header.csv", "orders-bad.csv",
		"orders-cut.csv.gz", NULL);
	assert_int_equal(outcome.code, 1);
	assert_string_equal(outcome.err, "");
	assert_non_null(strstr(outcome.out, "orders-header.csv: quarantined: "));
	assert_non_null(strstr(outcome.out, "client"));
	assert_non_null(strstr(outcome.out, "orders-bad.csv: quarantined: "));
	assert_non_null(strstr(outcome.out, "orders-cut.csv.gz: quarantined: "));
	world_run(world, NULL, &outcome, "publish", "orders-header.csv", NULL);
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.out, "quarantined before: "));
	free(text);
}

static void a_truncated_gzip_sends_nothing_without_a_limit_either(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	size_t n = 0;
	char *text = world_orders(1, 20000, &n);
	world_file(world, "whole.csv", text, n);
	char line[512];
	snprintf(line, sizeof(line),
		"cd %s && gzip -9c whole.csv >orders-whole.csv.gz && "
		"head -c 20000 orders-whole.csv.gz >orders-cut.csv.gz",
		world->folder);
	assert_int_equal(command(line), 0);
	world_run(
		world, NULL, &outcome, "publish", "orders-cut.csv.gz", "orders-whole.csv.gz", NULL);
	assert_int_equal(outcome.code, 1);
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(
		topic_check(&topic, "orders-whole.csv.gz", 20000, (int64_t)n), topic.count);
	topic_release(&topic);
	free(text);
}

static void members_of_an_archive_are_files_of_their_own(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	char line[1024];
	world_text(world, "in/orders-a.csv", "id,customer,amount\n1,a,2\n");
	world_text(world, "in/sub/orders-b.csv", "id,customer,amount\n2,b,2\n3,c,1\n");
	world_text(world, "in/.hidden", "nothing");
	snprintf(line, sizeof(line),
		"cd %s/in && tar cf ../both.tar . && /usr/bin/python3 -m zipfile -c ../both.zip "
		"orders-a.csv sub && echo x >other.txt && tar cf ../mixed.tar .",
		world->folder);
	assert_int_equal(command(line), 0);
	world_run(world, NULL, &outcome, "publish", "both.tar", NULL);
	assert_string_equal(outcome.err, "");
	assert_int_equal(outcome.code, 0);
	world_run(world, NULL, &outcome, "publish", "both.zip", NULL);
	assert_int_equal(outcome.code, 0); /* the same contents: known already */
	assert_non_null(strstr(outcome.out, "already published"));
	world_run(world, NULL, &outcome, "publish", "mixed.tar", NULL);
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.err, "other.txt: no dataset"));
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic.count, 2);
	assert_int_equal(topic.messages[0].info.rows + topic.messages[1].info.rows, 3);
	topic_release(&topic);
}

static void what_is_no_file_fails_alone(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	world_text(world, "orders.csv", "id,customer,amount\n1,a,2\n");
	world_text(world, "other.txt", "x");
	assert_int_equal(mkdir(world_path(world, "orders-folder.csv"), 0700), 0);
	assert_int_equal(mkfifo(world_path(world, "orders-fifo.csv"), 0600), 0);
	assert_int_equal(symlink("orders.csv", world_path(world, "orders-link.csv")), 0);
	world_run(world, NULL, &outcome, "publish", "orders-folder.csv", "orders-fifo.csv",
		"orders-none.csv", "other.txt", "orders-link.csv", NULL);
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.err, "orders-folder.csv is a folder"));
	assert_non_null(strstr(outcome.err, "orders-fifo.csv is a fifo"));
	assert_non_null(strstr(outcome.err, "orders-none.csv"));
	assert_non_null(strstr(outcome.err, "other.txt: no dataset"));
	assert_non_null(strstr(outcome.out, "orders-link.csv: dataset orders"));
	world_run(world, NULL, &outcome, "publish", "-d", "none", "orders.csv", NULL);
	assert_int_equal(outcome.code, 2);
	world_run(world, NULL, &outcome, "publish", "-d", "orders", "other.txt", NULL);
	assert_int_equal(outcome.code, 1); /* taken, and refused for its header */
	assert_non_null(strstr(outcome.out, "other.txt: quarantined"));
}

static void an_unknown_topic_says_what_to_do(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	world_text(world, "penstock.yml", "");
	world_configure(world, embedded_broker_address(world->broker), "");
	world_text(world, "orders.csv", "id,customer,amount\n1,a,2\n");
	char line[512];
	snprintf(line, sizeof(line), "sed -i 's/prefix: \"t.\"/prefix: \"none.\"/' %s",
		world_path(world, "penstock.yml"));
	assert_int_equal(command(line), 0);
	world_run(world, NULL, &outcome, "publish", "orders.csv", NULL);
	assert_int_equal(outcome.code, 1);
	assert_non_null(
		strstr(outcome.err, "topic none.orders does not exist: run 'penstock init'"));
}

/* Reads and commits as a worker would, until the last chunk and all before it were there. */
static int64_t consume_to_the_end(const struct world *world, int64_t *ret_rows)
{
	struct err err = {0};
	const struct kafka_property properties[] = {
		{"bootstrap.servers", embedded_broker_address(world->broker)}, {"group.id", "t"}};
	const struct kafka_settings settings = {properties, 2, "test"};
	const struct kafka_rebalance rebalance = {NULL, NULL, NULL};
	const char *const topics[] = {"t.orders"};
	struct kafka_consumer *consumer = NULL;
	int64_t seen = 0;
	int64_t chunks = 0;
	assert_ok(kafka_consumer_open(&settings, topics, 1, &rebalance, &consumer, &err));
	int64_t deadline = clock_monotonic_us() + 60 * INT64_C(1000000);
	while ((!chunks || seen < chunks) && clock_monotonic_us() < deadline) {
		struct kafka_message *message = NULL;
		struct chunk chunk;
		if (!kafka_consumer_poll(consumer, 100, &message, &err) || !message)
			continue;
		assert_ok(chunk_open(message->payload, message->len, &chunk, &err));
		const struct kafka_partition next = {
			message->topic, message->partition, message->offset + 1};
		assert_ok(kafka_consumer_commit(consumer, &next, 1, &err));
		chunks = chunk.info.chunks ? chunk.info.chunks : chunks;
		*ret_rows += chunk.info.rows;
		seen++;
		kafka_message_free(message);
	}
	assert_true(kafka_consumer_close(consumer, 10000));
	return seen;
}

/* Twice what the embedded broker keeps goes through it: with a window nothing is dropped. */
static void a_window_keeps_the_backlog_small(void **state)
{
	struct world *world = *state;
	enum { ROWS = 1500000 };
	size_t n = 0;
	int64_t rows = 0;
	char *text = world_orders(1, ROWS, &n);
	assert_true(n > (size_t)2 * WORLD_PARTITIONS * (5 << 20));
	world_file(world, "orders.csv", text, n);
	free(text);
	pid_t pid = world_start(world, NULL, "log", "publish", "--window", "orders.csv", NULL);
	int64_t chunks = consume_to_the_end(world, &rows);
	assert_int_equal(world_wait(pid), 0);
	assert_int_equal(rows, ROWS);
	assert_true(chunks > 100);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_file_is_published_once),
		IN_WORLD(again_is_another_publication),
		IN_WORLD(rejects_end_with_3_and_json_tells_them),
		IN_WORLD(unfit_files_are_quarantined),
		IN_WORLD(a_truncated_gzip_sends_nothing_without_a_limit_either),
		IN_WORLD(members_of_an_archive_are_files_of_their_own),
		IN_WORLD(what_is_no_file_fails_alone),
		IN_WORLD(an_unknown_topic_says_what_to_do),
		IN_WORLD(a_window_keeps_the_backlog_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
