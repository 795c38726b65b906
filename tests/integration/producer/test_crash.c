/* SPDX-License-Identifier: Apache-2.0 */
/* The producer killed between any two steps: after a restart every chunk is there, once or again
 * byte for byte, of one publication. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "world.h"

#define ROWS 4000

static const char *const quick[] = {"--settle", "20ms", "--rescan", "50ms"};

static const struct {
	const char *fault;
	bool sends_again; /* some chunk must be in the topic twice */
} moments[] = {
	{"producer.claimed", false},
	{"producer.archived", false},
	{"producer.manifest", false},
	{"producer.judged", false},
	{"producer.chunk:1", false},
	{"producer.chunk:3", false},
	{"producer.acknowledged", true},
	{"producer.recorded", false},
	{"producer.hidden", false},
	{"producer.removed", false},
};

static bool is_watching(void *world)
{
	return world_exists(world, "producer.log") &&
	       world_count_in(world, "producer.log", "watching the inbox") > 0;
}

/* Runs the service until the inbox is empty; with a fault, until it is killed, and once more. */
static void run_through(struct world *world, const char *fault)
{
	pid_t pid = world_start(world, fault, "crashed.log", "producer", quick[0], quick[1],
		quick[2], quick[3], NULL);
	assert_int_equal(world_wait(pid), 128 + SIGKILL);
	unlink(world_path(world, "producer.log"));
	pid = world_start(world, NULL, "producer.log", "producer", quick[0], quick[1], quick[2],
		quick[3], NULL);
	world_until(is_watching, world, "the producer has started");
	world_until(world_inbox_empty, world, "the inbox is empty");
	assert_int_equal(world_stop(pid), 0);
}

static void a_crash_loses_and_mixes_nothing(void **state)
{
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		char name[64];
		char path[80];
		size_t n = 0;
		snprintf(name, sizeof(name), "orders-%zu.csv", i);
		snprintf(path, sizeof(path), "inbox/%s", name);
		char *text = world_orders((int)i * ROWS, ROWS, &n);
		world_file(world, path, text, n);
		run_through(world, moments[i].fault);
		struct topic topic;
		topic_read(world, &topic);
		print_message("%s\n", moments[i].fault);
		size_t messages = topic_check(&topic, name, ROWS, (int64_t)n);
		int64_t chunks = 0;
		for (size_t j = 0; j < topic.count; j++)
			if (strcmp(topic.messages[j].info.name, name) == 0 &&
				topic.messages[j].info.chunks)
				chunks = topic.messages[j].info.chunks;
		if (moments[i].sends_again)
			assert_true(messages > (size_t)chunks);
		topic_release(&topic);
		free(text);
	}
	/* The last word of each manifest is "sent": nothing is left to recover. */
	pid_t pid = world_start(world, NULL, "last.log", "producer", quick[0], quick[1], NULL);
	world_text(world, "inbox/orders-last.csv", "id,customer,amount\n1,a,2\n");
	world_until(world_inbox_empty, world, "the inbox is empty");
	assert_int_equal(world_stop(pid), 0);
	assert_int_equal(world_count_in(world, "last.log", "published"), 1);
}

static void a_crash_in_publish_is_mended_by_publishing_again(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	size_t n = 0;
	char *text = world_orders(1, ROWS, &n);
	world_file(world, "orders.csv", text, n);
	for (int i = 0; i < 2; i++) {
		world_run(world, "producer.acknowledged", &outcome, "publish", "--again",
			"orders.csv", NULL);
		assert_int_equal(outcome.code, 128 + SIGKILL);
	}
	world_run(world, NULL, &outcome, "publish", "orders.csv", NULL);
	assert_int_equal(outcome.code, 0);
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic_check(&topic, "orders.csv", ROWS, (int64_t)n), topic.count);
	topic_release(&topic);
	free(text);
}

static void a_crash_while_refusing_still_refuses(void **state)
{
	struct world *world = *state;
	world_text(world, "inbox/orders.csv", "id,client\n1,a\n");
	run_through(world, "producer.quarantined");
	assert_true(world_exists(world, "quarantine/orders.csv"));
	assert_int_equal(world_count_in(world, "quarantine/orders.csv.reason.txt", "client"), 1);
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic.count, 0);
	topic_release(&topic);
}

/* Whatever the configuration says by then, a resend is cut as the first time. */
static void a_resend_follows_the_manifest(void **state)
{
	struct world *world = *state;
	struct outcome outcome;
	size_t n = 0;
	char *text = world_orders(1, ROWS, &n);
	world_file(world, "orders.csv", text, n);
	world_run(world, "producer.acknowledged", &outcome, "publish", "orders.csv", NULL);
	assert_int_equal(outcome.code, 128 + SIGKILL);
	world_configure(world, embedded_broker_address(world->broker),
		"    csv: {nulls: [\"customer number 1\"], skip: 1}\n");
	world_run(world, NULL, &outcome, "publish", "orders.csv", NULL);
	assert_int_equal(outcome.code, 0);
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic_check(&topic, "orders.csv", ROWS, (int64_t)n), topic.count);
	topic_release(&topic);
	free(text);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_crash_loses_and_mixes_nothing),
		IN_WORLD(a_crash_in_publish_is_mended_by_publishing_again),
		IN_WORLD(a_crash_while_refusing_still_refuses),
		IN_WORLD(a_resend_follows_the_manifest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
