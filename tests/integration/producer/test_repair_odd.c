/* SPDX-License-Identifier: Apache-2.0 */
/* Repair where offsets, manifests, archive or ledger are not what they were. */
#include "bench.h"

/* What an earlier topic of this name left: offsets its successor has not reached. */
static void commit_beyond_the_end(struct world *world)
{
	struct err err = {0};
	const struct kafka_property properties[] = {
		{"bootstrap.servers", embedded_broker_address(world->broker)}, {"group.id", "t"}};
	const struct kafka_settings settings = {properties, 2, "test"};
	const struct kafka_rebalance rebalance = {NULL, NULL, NULL};
	const char *const topics[] = {"t.orders"};
	struct kafka_partition next[WORLD_PARTITIONS];
	struct kafka_consumer *consumer = NULL;
	struct kafka_message *message = NULL;
	assert_ok(kafka_consumer_open(&settings, topics, 1, &rebalance, &consumer, &err));
	while (!message)
		assert_ok(kafka_consumer_poll(consumer, 1000, &message, &err));
	kafka_message_free(message);
	for (int32_t i = 0; i < WORLD_PARTITIONS; i++)
		next[i] = (struct kafka_partition){"t.orders", i, 1000};
	assert_ok(kafka_consumer_commit(consumer, next, WORLD_PARTITIONS, &err));
	assert_true(kafka_consumer_close(consumer, 10000));
}

static void a_stale_committed_offset_makes_no_loss_of_a_backlog(void **state)
{
	struct world *world = *state;
	struct bench bench;
	size_t n = 0;
	char *text = world_orders(1, ROWS, &n);
	world_file(world, "orders.csv", text, n);
	struct database *database = fresh_ledger();
	bench_open(world, &bench);
	publish(&bench, world, "orders.csv");
	commit_beyond_the_end(world);
	assert_int_equal(pass(&bench), 0);
	bench_close(&bench);
	database_close(database);
	free(text);
}

/* Three publications, on a broker that has lost them. */
static void lose_three(struct world *world, struct bench *bench, struct publication_result *sent)
{
	bench_open(world, bench);
	for (int i = 0; i < 3; i++) {
		size_t n = 0;
		char *text = world_orders(i * 10, 10, &n);
		world_file(world, "orders.csv", text, n);
		sent[i] = publish(bench, world, "orders.csv");
		free(text);
	}
	bench_close(bench);
	world_lose_broker(world);
	bench_open(world, bench);
}

static void one_that_cannot_be_sent_holds_up_no_other(void **state)
{
	struct world *world = *state;
	struct bench bench;
	struct publication_result sent[3];
	struct err err = {0};
	size_t repaired = 0;
	struct database *database = fresh_ledger();
	lose_three(world, &bench, sent);
	assert_int_equal(unlink(world_path(world, "archive/orders/objects/%.2s/%s", sent[0].sha256,
				 sent[0].sha256)),
		0);
	world_text(world, "broken.json", "{");
	assert_int_equal(
		rename(world_path(world, "broken.json"),
			world_path(world, "archive/orders/manifests/%s.0.json", sent[1].sha256)),
		0);
	assert_err(repair_pass(bench.repair, count_repaired, &repaired, &err), ERR_FATAL, "");
	assert_int_equal(repaired, 1);
	repaired = 0;
	assert_err(repair_pass(bench.repair, count_repaired, &repaired, &err), ERR_FATAL, "");
	assert_int_equal(repaired, 0);
	bench_close(&bench);
	database_close(database);
}

static void add_file(struct database *database, int64_t file_id)
{
	sql_exec(database,
		"INSERT INTO penstock.file (dataset, file_id, sha256, name, state) "
		"VALUES ('orders', %lld, '', '', 'complete')",
		(long long)file_id);
}

static void files_loaded_since_do_not_hide_that_the_ledger_was_cleared(void **state)
{
	struct world *world = *state;
	struct bench bench;
	struct publication_result sent[3];
	struct topic topic;
	struct database *database = fresh_ledger();
	lose_three(world, &bench, sent);
	assert_int_equal(pass(&bench), 3);
	topic_read(world, &topic);
	load(database, &topic, -1);
	topic_release(&topic);
	consume_all(world);
	for (int i = 0; i < 3; i++)
		add_file(database, sent[i].file_id);
	assert_int_equal(pass(&bench), 0); /* they are known now */
	sql_exec(database, "DELETE FROM penstock.chunk; DELETE FROM penstock.file");
	for (int i = 1; i <= 3; i++)
		add_file(database, sent[2].file_id + i);
	assert_int_equal(pass(&bench), 3);
	bench_close(&bench);
	database_close(database);
}

static void a_topic_of_another_name_gets_what_the_ledger_lacks(void **state)
{
	struct world *world = *state;
	struct bench bench;
	struct publication_result sent;
	size_t n = 0;
	char *text = world_orders(1, 10, &n);
	world_file(world, "orders.csv", text, n);
	struct database *database = fresh_ledger();
	bench_open(world, &bench);
	sent = publish(&bench, world, "orders.csv");
	struct manifest manifest;
	struct err err = {0};
	bool found = false;
	manifest_init(&manifest);
	assert_ok(manifest_load(
		bench.publisher->archive, "orders", sent.sha256, 0, &manifest, &found, &err));
	manifest.topic = "earlier.orders";
	assert_ok(manifest_save(bench.publisher->archive, &manifest, &err));
	manifest_release(&manifest);
	assert_int_equal(pass(&bench), 1);
	assert_int_equal(pass(&bench), 0);
	bench_close(&bench);
	database_close(database);
	free(text);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void)
{
	stop_install();
	postgres_server();
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_stale_committed_offset_makes_no_loss_of_a_backlog),
		IN_WORLD(one_that_cannot_be_sent_holds_up_no_other),
		IN_WORLD(files_loaded_since_do_not_hide_that_the_ledger_was_cleared),
		IN_WORLD(a_topic_of_another_name_gets_what_the_ledger_lacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
