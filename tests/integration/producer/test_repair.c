/* SPDX-License-Identifier: Apache-2.0 */
/* What the broker forgot and the ledger lacks is sent again; a backlog and what is loaded are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "kafka/consumer.h"
#include "postgres/migrate.h"
#include "producer/publisher.h"
#include "producer/repair.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"
#include "world.h"

#define ROWS 4000

/* A publisher as the service has it, on the world's present broker. */
struct bench {
	struct config config;
	struct datasets datasets;
	struct kafka_property properties[2];
	struct publish_options options;
	struct publisher *publisher;
	struct repair *repair;
	size_t repaired;
};

static void bench_open(struct world *world, struct bench *bench)
{
	struct err err = {0};
	char conninfo[300];
	postgres_conninfo("repair", conninfo);
	setenv("DATABASE_URL", conninfo, 1);
	world_configure(
		world, embedded_broker_address(world->broker), "postgres: ${DATABASE_URL}\n");
	*bench = (struct bench){0};
	assert_int_equal(chdir(world->folder), 0);
	const struct config_source source = {0};
	assert_ok(config_load(&source, &bench->config, &err));
	assert_true(bench->config.postgres_configured);
	assert_ok(datasets_load(&bench->config, &bench->datasets, &err));
	bench->properties[0] = (struct kafka_property){
		"bootstrap.servers", embedded_broker_address(world->broker)};
	bench->properties[1] = (struct kafka_property){"group.id", "t"};
	bench->options = (struct publish_options){.config = &bench->config,
		.datasets = &bench->datasets,
		.kafka = {bench->properties, 2, "test"}};
	assert_ok(publisher_open(&bench->options, &bench->publisher, &err));
	bench->repair = repair_new(bench->publisher);
}

static void bench_close(struct bench *bench)
{
	repair_free(bench->repair);
	publisher_close(bench->publisher);
	datasets_release(&bench->datasets);
	config_release(&bench->config);
}

static void count_repaired(void *context, const struct publication_result *result)
{
	assert_string_equal(result->dataset, "orders");
	++*(size_t *)context;
}

static size_t pass(struct bench *bench)
{
	struct err err = {0};
	size_t repaired = 0;
	assert_ok(repair_pass(bench->repair, count_repaired, &repaired, &err));
	return repaired;
}

static void keep_result(void *context, const struct publication_result *result)
{
	*(struct publication_result *)context = *result;
}

static struct publication_result publish(struct bench *bench, struct world *world, const char *name)
{
	struct err err = {0};
	struct publication_result result = {0};
	assert_ok(publish_file(
		bench->publisher, world_path(world, "%s", name), keep_result, &result, &err));
	return result;
}

/* The ledger as if workers had loaded the topic's chunks, all but `but`. */
static void load(struct database *database, const struct topic *topic, int64_t but)
{
	for (size_t i = 0; i < topic->count; i++) {
		const struct message *message = &topic->messages[i];
		if (message->info.chunk == but)
			continue;
		sql_exec(database,
			"INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, "
			"byte_end, "
			"first_row, records, rows, rejects, partition, \"offset\", worker, crc) "
			"VALUES ('orders', %lld, %lld, 0, 0, 1, 0, 0, 0, %d, %lld, 'w', '') "
			"ON CONFLICT DO NOTHING",
			(long long)message->info.file_id, (long long)message->info.chunk,
			message->partition, (long long)message->offset);
	}
}

/* Commits the end of every partition for the workers' group. */
static void consume_all(struct world *world)
{
	struct err err = {0};
	const struct kafka_property properties[] = {
		{"bootstrap.servers", embedded_broker_address(world->broker)}, {"group.id", "t"}};
	const struct kafka_settings settings = {properties, 2, "test"};
	const struct kafka_rebalance rebalance = {NULL, NULL, NULL};
	const char *const topics[] = {"t.orders"};
	struct kafka_consumer *consumer = NULL;
	struct topic topic;
	topic_read(world, &topic);
	assert_ok(kafka_consumer_open(&settings, topics, 1, &rebalance, &consumer, &err));
	size_t left = topic.count;
	while (left) {
		struct kafka_message *message = NULL;
		assert_ok(kafka_consumer_poll(consumer, 1000, &message, &err));
		if (!message)
			continue;
		const struct kafka_partition next = {
			message->topic, message->partition, message->offset + 1};
		assert_ok(kafka_consumer_commit(consumer, &next, 1, &err));
		kafka_message_free(message);
		left--;
	}
	assert_true(kafka_consumer_close(consumer, 10000));
	topic_release(&topic);
}

static struct database *fresh_ledger(void)
{
	struct err err = {0};
	int applied = 0;
	struct database *database = postgres_connect("repair");
	sql_exec(database, "DROP SCHEMA IF EXISTS penstock CASCADE");
	assert_ok(migrate_ledger(database, &applied, &err));
	return database;
}

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
			   "VALUES ('w', 'paused', 'orders: no such customer')");
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
	assert_int_equal(world_count_in(world, "dead.log", "1 dead letters"), 1);
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
