/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "world.h"

static pid_t start(const struct world *world, const char *log)
{
	return world_start(
		world, NULL, log, "producer", "--settle", "20ms", "--rescan", "50ms", NULL);
}

static void files_present_new_and_nested_are_taken(void **state)
{
	struct world *world = *state;
	size_t n = 0;
	char *text = world_orders(1, 1000, &n);
	world_file(world, "inbox/orders-1.csv", text, n);
	/* Without the clock's help: what comes later is told by inotify alone. */
	pid_t pid = world_start(
		world, NULL, "log", "producer", "--settle", "20ms", "--rescan", "1h", NULL);
	world_until(world_inbox_empty, world, "the first file is taken");
	char *more = world_orders(5000, 1000, &n);
	world_file(world, "inbox/a/b/orders-2.csv", more, n);
	world_until(world_inbox_empty, world, "the nested file is taken");
	assert_int_equal(world_stop(pid), 0);
	struct topic topic;
	topic_read(world, &topic);
	size_t messages = topic_check(&topic, "orders-1.csv", 1000, (int64_t)strlen(text));
	messages += topic_check(&topic, "orders-2.csv", 1000, (int64_t)n);
	assert_int_equal(messages, topic.count);
	topic_release(&topic);
	free(text);
	free(more);
}

struct told {
	const struct world *world;
	const char *part;
};

static bool is_told(void *context)
{
	const struct told *told = context;
	return world_exists(told->world, "log") &&
	       world_count_in(told->world, "log", told->part) > 0;
}

/* Drops a good file and waits until it is gone: the inbox was looked through at least once. */
static void one_round(struct world *world, int serial)
{
	char name[64];
	size_t n = 0;
	snprintf(name, sizeof(name), "inbox/orders-round-%d.csv", serial);
	char *text = world_orders(100000 + serial, 1, &n);
	world_file(world, name, text, n);
	snprintf(name, sizeof(name), "file=orders-round-%d.csv", serial);
	struct told told = {world, name};
	world_until(is_told, &told, "a good file is published");
	free(text);
}

static void what_is_not_ours_is_told_once_and_left(void **state)
{
	struct world *world = *state;
	world_text(world, "inbox/notes.txt", "hello");
	world_text(world, "inbox/.orders-hidden.csv", "id,customer,amount\n1,a,2\n");
	world_text(world, "inbox/orders-1.csv.tmp", "id,customer,amount\n1,a,2\n");
	world_text(world, "elsewhere.csv", "id,customer,amount\n1,a,2\n");
	assert_int_equal(
		symlink("../elsewhere.csv", world_path(world, "inbox/orders-link.csv")), 0);
	assert_int_equal(mkfifo(world_path(world, "inbox/orders-fifo.csv"), 0600), 0);
	pid_t pid = start(world, "log");
	for (int i = 0; i < 5; i++)
		one_round(world, i);
	assert_int_equal(world_stop(pid), 0);
	assert_int_equal(world_count_in(world, "log", "left in the inbox"), 3);
	assert_int_equal(world_count_in(world, "log", "no dataset takes files"), 1);
	assert_int_equal(world_count_in(world, "log", "is a symbolic link"), 1);
	assert_int_equal(world_count_in(world, "log", "is a fifo"), 1);
	assert_true(world_exists(world, "inbox/notes.txt"));
	assert_true(world_exists(world, "inbox/.orders-hidden.csv"));
	assert_true(world_exists(world, "inbox/orders-1.csv.tmp"));
	assert_true(world_exists(world, "inbox/orders-link.csv"));
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic.count, 5);
	topic_release(&topic);
}

static void a_half_written_file_is_never_read(void **state)
{
	struct world *world = *state;
	size_t n = 0;
	char *text = world_orders(1, 2000, &n);
	pid_t pid = start(world, "log");
	world_text(world, "inbox/here", "");
	int fd = open(world_path(world, "inbox/orders-slow.csv"), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	for (size_t at = 0; at < n;) {
		size_t part = n - at < n / 3 ? n - at : n / 3;
		assert_int_equal(write(fd, text + at, part), part);
		at += part;
		/* It stands still for longer than a file must, but somebody has it open. */
		for (int i = 0; i < 3; i++)
			one_round(world, (int)at + i);
	}
	assert_int_equal(world_count_in(world, "log", "file=orders-slow.csv"), 0);
	close(fd);
	assert_int_equal(unlink(world_path(world, "inbox/here")), 0);
	world_until(world_inbox_empty, world, "the slow file is taken");
	assert_int_equal(world_stop(pid), 0);
	struct topic topic;
	topic_read(world, &topic);
	topic_check(&topic, "orders-slow.csv", 2000, (int64_t)n);
	topic_release(&topic);
	free(text);
}

static void two_producers_share_an_inbox(void **state)
{
	struct world *world = *state;
	enum { FILES = 20 };
	for (int i = 0; i < FILES; i++) {
		char name[64];
		size_t n = 0;
		snprintf(name, sizeof(name), "inbox/orders-%d.csv", i);
		char *text = world_orders(i * 1000, 1000, &n);
		world_file(world, name, text, n);
		free(text);
	}
	pid_t pids[2] = {start(world, "log"), start(world, "log2")};
	world_until(world_inbox_empty, world, "the inbox is empty");
	assert_int_equal(world_stop(pids[0]), 0);
	assert_int_equal(world_stop(pids[1]), 0);
	struct topic topic;
	topic_read(world, &topic);
	size_t messages = 0;
	for (int i = 0; i < FILES; i++) {
		char name[64];
		size_t n = 0;
		snprintf(name, sizeof(name), "orders-%d.csv", i);
		char *text = world_orders(i * 1000, 1000, &n);
		messages += topic_check(&topic, name, 1000, (int64_t)n);
		free(text);
	}
	assert_int_equal(messages, topic.count);
	topic_release(&topic);
}

static void refused_files_leave_and_the_others_go_on(void **state)
{
	struct world *world = *state;
	world_text(world, "inbox/sub/orders-bad.csv", "id,client\n1,a\n");
	world_text(world, "inbox/orders-empty.csv", "");
	pid_t pid = start(world, "log");
	one_round(world, 1);
	world_until(world_inbox_empty, world, "the inbox is empty");
	assert_int_equal(world_stop(pid), 0);
	assert_true(world_exists(world, "quarantine/orders-bad.csv"));
	assert_true(world_exists(world, "quarantine/orders-bad.csv.reason.txt"));
}

static void kafka_away_is_told_once_and_waited_for(void **state)
{
	struct world *world = *state;
	world_configure(world, "127.0.0.1:1", "");
	world_text(world, "inbox/orders.csv", "id,customer,amount\n1,a,2\n");
	pid_t pid = start(world, "log");
	struct told told = {world, "publishing waits"};
	world_until(is_told, &told, "Kafka's absence is told");
	assert_int_equal(world_stop(pid), 0);
	assert_true(world_exists(world, "inbox/orders.csv"));
	world_configure(world, embedded_broker_address(world->broker), "");
	pid = start(world, "log2");
	world_until(world_inbox_empty, world, "the inbox is empty");
	assert_int_equal(world_stop(pid), 0);
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic.count, 1);
	topic_release(&topic);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(files_present_new_and_nested_are_taken),
		IN_WORLD(what_is_not_ours_is_told_once_and_left),
		IN_WORLD(a_half_written_file_is_never_read),
		IN_WORLD(two_producers_share_an_inbox),
		IN_WORLD(refused_files_leave_and_the_others_go_on),
		IN_WORLD(kafka_away_is_told_once_and_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
