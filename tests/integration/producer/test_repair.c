/* SPDX-License-Identifier: Apache-2.0 */
/* What the broker forgot and the ledger lacks is sent again; a backlog and what is loaded are not.
 */
#include "bench.h"

static void a_topic_that_lost_its_content_is_filled_again(void **state)
{
	struct world *world = *state;
	struct bench bench;
	size_t n = 0;
	char *text = world_orders(1, ROWS, &n);
	world_file(world, "orders.csv", text, n);
	struct database *database = fresh_ledger();
	bench_open(world, &bench);
	publish(&bench, world, "orders.csv");
	assert_int_equal(pass(&bench), 0); /* a backlog is no loss */
	bench_close(&bench);
	world_lose_broker(world);
	bench_open(world, &bench);
	assert_int_equal(pass(&bench), 1);
	assert_int_equal(pass(&bench), 0); /* its new offsets are waiting now */
	struct topic topic;
	topic_read(world, &topic);
	assert_int_equal(topic_check(&topic, "orders.csv", ROWS, (int64_t)n), topic.count);
	/* Half loaded, then lost once more. */
	load(database, &topic, 1);
	topic_release(&topic);
	bench_close(&bench);
	world_lose_broker(world);
	bench_open(world, &bench);
	assert_int_equal(pass(&bench), 1);
	topic_read(world, &topic);
	load(database, &topic, -1);
	topic_release(&topic);
	bench_close(&bench);
	world_lose_broker(world);
	bench_open(world, &bench);
	assert_int_equal(pass(&bench), 0); /* the ledger has it all */
	bench_close(&bench);
	database_close(database);
	free(text);
}

static void what_was_read_past_without_loading_is_sent_again(void **state)
{
	struct world *world = *state;
	struct bench bench;
	size_t n = 0;
	char *text = world_orders(1, ROWS, &n);
	world_file(world, "orders.csv", text, n);
	struct database *database = fresh_ledger();
	bench_open(world, &bench);
	struct publication_result sent = publish(&bench, world, "orders.csv");
	struct topic topic;
	topic_read(world, &topic);
	load(database, &topic, 1);
	topic_release(&topic);
	consume_all(world);
	/* Chunk 1 is a dead letter: that is an answer, too. */
	sql_exec(database,
		"INSERT INTO penstock.dead_letter (topic, partition, \"offset\", dataset, file_id, "
		"chunk, stage, reason, worker) VALUES ('t', 0, 0, 'orders', %lld, 1, 'chunk', '', "
		"'w')",
		(long long)sent.file_id);
	assert_int_equal(pass(&bench), 0);
	/* A ledger that was restored from an older backup: what it had is missing again. */
	sql_exec(database,
		"INSERT INTO penstock.file (dataset, file_id, sha256, name, state) "
		"VALUES ('orders', %lld, '', '', 'complete')",
		(long long)sent.file_id);
	assert_int_equal(pass(&bench), 0);
	sql_exec(database, "DELETE FROM penstock.dead_letter; DELETE FROM penstock.chunk; "
			   "DELETE FROM penstock.file");
	assert_int_equal(pass(&bench), 1);
	bench_close(&bench);
	database_close(database);
	free(text);
}

static void what_people_took_out_stays_out(void **state)
{
	struct world *world = *state;
	static const char *const states[] = {"superseded", "retracted", "quarantined"};
	struct database *database = fresh_ledger();
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct bench bench;
		size_t n = 0;
		char *text = world_orders((int)i * 10, 10, &n);
		world_file(world, "orders.csv", text, n);
		bench_open(world, &bench);
		struct publication_result sent = publish(&bench, world, "orders.csv");
		sql_exec(database,
			"INSERT INTO penstock.file (dataset, file_id, sha256, name, state) "
			"VALUES ('orders', %lld, '', '', '%s')",
			(long long)sent.file_id, states[i]);
		bench_close(&bench);
		free(text);
	}
	struct bench bench;
	world_lose_broker(world);
	bench_open(world, &bench);
	assert_int_equal(pass(&bench), 0);
	bench_close(&bench);
	database_close(database);
}

static void a_quarantine_reaches_the_ledger_when_it_is_there(void **state)
{
	struct world *world = *state;
	struct bench bench;
	struct database *database = fresh_ledger();
	world_text(world, "orders.csv", "id,client\n1,a\n");
	bench_open(world, &bench);
	assert_true(publish(&bench, world, "orders.csv").quarantined);
	static const char count[] =
		"SELECT count(*) FROM penstock.file WHERE state = 'quarantined' "
		"AND name = 'orders.csv' AND reason LIKE '%%client%%'";
	assert_int_equal(sql_int(database, count), 1);
	sql_exec(database, "DELETE FROM penstock.file");
	assert_int_equal(pass(&bench), 0);
	assert_int_equal(sql_int(database, count), 1);
	bench_close(&bench);
	database_close(database);
}

struct sent {
	const struct world *world;
	const char *log;
};

static bool line_is_there(void *context)
{
	const struct sent *sent = context;
	return world_exists(sent->world, sent->log) &&
	       world_count_in(sent->world, sent->log, "orders.csv: dataset orders") > 0;
}

/* Publishes with --wait, then lets the ledger say what `loaded` does; the exit code. */
static int publish_and_wait(struct world *world, struct database *database, const char *log,
	void (*loaded)(struct database *database, const struct topic *topic))
{
	struct topic topic;
	struct sent sent = {world, log};
	pid_t pid =
		world_start(world, NULL, log, "publish", "--again", "--wait", "orders.csv", NULL);
	world_until(line_is_there, &sent, "the file is published");
	topic_read(world, &topic);
	loaded(database, &topic);
	topic_release(&topic);
	return world_wait(pid);
}

static void load_all(struct database *database, const struct topic *topic)
{
	load(database, topic, -1);
}

static void load_with_dead_letter(struct database *database, const struct topic *topic)
{
	load(database, topic, 1);
	sql_exec(database,
		"INSERT INTO penstock.dead_letter (topic, partition, \"offset\", dataset, file_id, "
		"chunk, stage, reason, worker) SELECT 't', 0, max(file_id) %% 1000, 'orders', "
		"max(file_id), 1, 'chunk', '', 'w' FROM penstock.chunk");
}

static void pause_then_load(struct database *database, const struct topic *topic)
{
	sql_exec(database, "INSERT INTO penstock.worker (worker, state, paused) "
			   "VALUES ('w', 'paused', ARRAY['x: y', 'orders: no such customer'])");
	load(database, topic, -1);
}

static void waiting_ends_when_the_ledger_has_it(void **state)
{
	struct world *world = *state;
	struct bench bench;
	size_t n = 0;
	char *text = world_orders(1, ROWS, &n);
	world_file(world, "orders.csv", text, n);
	struct database *database = fresh_ledger();
	bench_open(world, &bench); /* for its configuration */
	bench_close(&bench);
	assert_int_equal(publish_and_wait(world, database, "all.log", load_all), 0);
	assert_int_equal(world_count_in(world, "all.log", "loaded: "), 1);
	assert_int_equal(publish_and_wait(world, database, "dead.log", load_with_dead_letter), 1);
	assert_int_equal(world_count_in(world, "dead.log", "1 dead letter"), 1);
	assert_int_equal(publish_and_wait(world, database, "paused.log", pause_then_load), 0);
	assert_int_equal(
		world_count_in(world, "paused.log", "PAUSED: orders: no such customer"), 1);
	database_close(database);
	free(text);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void)
{
	stop_install();
	postgres_server();
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_topic_that_lost_its_content_is_filled_again),
		IN_WORLD(what_was_read_past_without_loading_is_sent_again),
		IN_WORLD(what_people_took_out_stays_out),
		IN_WORLD(a_quarantine_reaches_the_ledger_when_it_is_there),
		IN_WORLD(waiting_ends_when_the_ledger_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
