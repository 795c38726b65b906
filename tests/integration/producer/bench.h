/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher with its repair as the service has them, and a ledger the test itself writes. */
#ifndef PENSTOCK_TESTS_PRODUCER_BENCH_H
#define PENSTOCK_TESTS_PRODUCER_BENCH_H

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

static inline void bench_open(struct world *world, struct bench *bench)
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

static inline void bench_close(struct bench *bench)
{
	repair_free(bench->repair);
	publisher_close(bench->publisher);
	datasets_release(&bench->datasets);
	config_release(&bench->config);
}

static inline void count_repaired(void *context, const struct publication_result *result)
{
	assert_string_equal(result->dataset, "orders");
	++*(size_t *)context;
}

static inline size_t pass(struct bench *bench)
{
	struct err err = {0};
	size_t repaired = 0;
	assert_ok(repair_pass(bench->repair, count_repaired, &repaired, &err));
	return repaired;
}

static inline void keep_result(void *context, const struct publication_result *result)
{
	*(struct publication_result *)context = *result;
}

static inline struct publication_result publish(
	struct bench *bench, struct world *world, const char *name)
{
	struct err err = {0};
	struct publication_result result = {0};
	assert_ok(publish_file(
		bench->publisher, world_path(world, "%s", name), keep_result, &result, &err));
	return result;
}

/* The ledger as if workers had loaded the topic's chunks, all but `but`. */
static inline void load(struct database *database, const struct topic *topic, int64_t but)
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
static inline void consume_all(struct world *world)
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

static inline struct database *fresh_ledger(void)
{
	struct err err = {0};
	int applied = 0;
	struct database *database = postgres_connect("repair");
	sql_exec(database, "DROP SCHEMA IF EXISTS penstock CASCADE");
	assert_ok(migrate_ledger(database, &applied, &err));
	return database;
}

#endif
