/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lag against offsets written by a plain librdkafka client, status and rejects against rows written
 * by plain SQL.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "kafka/embedded.h"
#include "monitor/alerts.h"
#include "monitor/metrics.h"
#include "monitor/monitor.h"
#include "postgres/migrate.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"

enum { PARTITIONS = 3 };

/* One dataset "orders" with topic "t.orders"; the embedded broker; a ledger of its own. */
struct room {
	struct embedded_broker *broker;
	struct database *database;
	struct kafka_property properties[1];
	struct config_dataset dataset_config;
	struct dataset dataset;
	struct datasets datasets;
	struct config config;
	char conninfo[300];
	struct monitor_options options;
	struct arena arena;
};

static int setup(void **state)
{
	static int rooms;
	struct err err = {0};
	struct room *room = calloc(1, sizeof(*room));
	char name[32];
	snprintf(name, sizeof(name), "monitor_%d", rooms++);
	const struct embedded_topic topics[] = {{"t.orders", PARTITIONS}};
	assert_ok(embedded_broker_open(topics, 1, &room->broker, &err));
	room->database = postgres_connect(name);
	int applied = 0;
	assert_ok(migrate_ledger(room->database, &applied, &err));
	postgres_conninfo(name, room->conninfo);
	room->properties[0] =
		(struct kafka_property){"bootstrap.servers", embedded_broker_address(room->broker)};
	room->dataset_config.name = "orders";
	room->dataset.config = &room->dataset_config;
	room->dataset.topic = "t.orders";
	room->datasets.items = &room->dataset;
	room->datasets.count = 1;
	room->config.path = "penstock.yml";
	room->config.postgres = room->conninfo;
	room->config.postgres_configured = true;
	room->config.recalculate.time_zone = "UTC";
	room->config.monitor.listen = "127.0.0.1:0";
	room->options.config = &room->config;
	room->options.datasets = &room->datasets;
	room->options.kafka = (struct kafka_settings){room->properties, 1, "test"};
	arena_init(&room->arena, 64 << 20);
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;
	arena_release(&room->arena);
	database_close(room->database);
	embedded_broker_close(room->broker);
	free(room);
	return 0;
}

static rd_kafka_t *plain_client(struct room *room, rd_kafka_type_t type)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(
		conf, "bootstrap.servers", embedded_broker_address(room->broker), NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "penstock", NULL, 0);
	rd_kafka_t *rk = rd_kafka_new(type, conf, NULL, 0);
	assert_non_null(rk);
	return rk;
}

/* `count` messages that were written `age_ms` ago. */
static void write_messages(struct room *room, int32_t partition, int count, int64_t age_ms)
{
	rd_kafka_t *rk = plain_client(room, RD_KAFKA_PRODUCER);
	int64_t time = clock_wall_us() / 1000 - age_ms;
	for (int i = 0; i < count; i++)
		assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t.orders"),
					 RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE("x", 1),
					 RD_KAFKA_V_TIMESTAMP(time), RD_KAFKA_V_END),
			0);
	assert_int_equal(rd_kafka_flush(rk, 20000), 0);
	rd_kafka_destroy(rk);
}

static void commit(struct room *room, int32_t partition, int64_t offset)
{
	rd_kafka_t *rk = plain_client(room, RD_KAFKA_CONSUMER);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, "t.orders", partition)->offset = offset;
	assert_int_equal(rd_kafka_commit(rk, list, 0), 0);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
}

/* `count` chunks of 100 rows, loaded evenly over the last half minute. */
static void load_chunks(struct room *room, int32_t partition, int count)
{
	sql_exec(room->database,
		"INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end, "
		"first_row, records, rows, rejects, partition, \"offset\", worker, crc, loaded_at) "
		"SELECT 'orders', %d, i, 0, 1, 1, 100, 100, 1, %d, i, 'w', '0', "
		"clock_timestamp() - make_interval(secs => 30.0 * (i + 1) / %d) "
		"FROM generate_series(0, %d - 1) i",
		partition + 1, partition, count, count);
}

static struct lag read_lag(struct room *room)
{
	struct err err = {0};
	struct lag lag = {0};
	assert_ok(lag_read(&room->options, &room->arena, &lag, &err));
	assert_int_equal(lag.count, PARTITIONS);
	return lag;
}

static void lag_is_exact_and_estimated(void **state)
{
	struct room *room = *state;
	write_messages(room, 0, 50, 90000);
	write_messages(room, 1, 10, 5000);
	commit(room, 0, 20);
	commit(room, 1, 10);
	load_chunks(room, 0, 15);
	struct lag lag = read_lag(room);
	assert_null(lag.blind);
	const struct lag_row *row = &lag.rows[0];
	assert_string_equal(row->topic, "t.orders");
	assert_string_equal(row->group, "penstock");
	assert_int_equal(row->committed, 20);
	assert_int_equal(row->end, 50);
	assert_int_equal(row->lag, 30);
	assert_int_equal(row->rows_estimate, 3000);
	/* 15 chunks in 30 s: half a chunk a second. */
	assert_true(row->seconds_to_drain > 50 && row->seconds_to_drain < 70);
	assert_true(row->oldest_seconds > 89 && row->oldest_seconds < 120);
	row = &lag.rows[1];
	assert_int_equal(row->lag, 0);
	assert_true(row->seconds_to_drain == 0 && row->oldest_seconds < 0);
	row = &lag.rows[2];
	assert_int_equal(row->committed, KAFKA_NO_OFFSET);
	assert_int_equal(row->lag, 0);
}

static void what_nobody_reads_waits_from_the_start(void **state)
{
	struct room *room = *state;
	write_messages(room, 2, 7, 1000);
	struct lag lag = read_lag(room);
	assert_int_equal(lag.rows[2].committed, KAFKA_NO_OFFSET);
	assert_int_equal(lag.rows[2].lag, 7);
	/* An empty ledger is no basis. */
	assert_null(lag.blind);
	assert_int_equal(lag.rows[2].rows_estimate, -1);
	assert_true(lag.rows[2].seconds_to_drain < 0);
}

static void lag_needs_no_postgres(void **state)
{
	struct room *room = *state;
	write_messages(room, 0, 3, 1000);
	room->config.postgres_configured = false;
	struct lag lag = read_lag(room);
	assert_non_null(lag.blind);
	assert_int_equal(lag.rows[0].lag, 3);
	assert_int_equal(lag.rows[0].rows_estimate, -1);
	room->config.postgres_configured = true;
	room->config.postgres = "host=127.0.0.1 port=1";
	lag = read_lag(room);
	assert_non_null(lag.blind);
	assert_int_equal(lag.rows[0].lag, 3);
}

static void lag_json_is_the_contract(void **state)
{
	struct room *room = *state;
	struct lag_row rows[] = {
		{"t.a", 0, "g", 5, 8, 3, 300, 1.25, 2},
		{"t.a", 1, "g", -1, 0, 0, -1, -1, -1},
	};
	const struct lag lag = {rows, 2, NULL};
	struct listing listing;
	struct buf out;
	buf_init(&out, 65536);
	lag_listing(&lag, &room->arena, &listing);
	listing_json(&listing, &out);
	assert_string_equal(buf_text(&out),
		"[{\"topic\":\"t.a\",\"partition\":0,\"group\":\"g\",\"committed\":5,\"end\":8,"
		"\"lag\":3,\"rows_estimate\":300,\"seconds_to_drain\":1.2,\"oldest_seconds\":2.0},"
		"{\"topic\":\"t.a\",\"partition\":1,\"group\":\"g\",\"committed\":null,\"end\":0,"
		"\"lag\":0,\"rows_estimate\":null,\"seconds_to_drain\":null,"
		"\"oldest_seconds\":null}]");
	buf_release(&out);
}

static void without_topics_init_is_advised(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	struct lag lag;
	room->dataset.topic = "t.nothing";
	assert_err(lag_read(&room->options, &room->arena, &lag, &err), ERR_FATAL, "penstock init");
}

static void fill_ledger(struct room *room)
{
	sql_exec(room->database,
		"INSERT INTO penstock.file (dataset, file_id, sha256, name, state, chunks, reason, "
		"complete_at) VALUES "
		"('orders', 1, 'a', 'one.csv', 'complete', 4, '', '2026-01-31 12:00:00Z'), "
		"('orders', 2, 'b', 'two.csv', 'loading', NULL, '', NULL), "
		"('orders', 3, 'c', 'in/bad.csv', 'quarantined', NULL, 'no header', NULL)");
	load_chunks(room, 0, 4);
	sql_exec(room->database,
		"INSERT INTO penstock.worker (worker, state, heartbeat_at, chunks) VALUES "
		"('h:1:0', 'loading', now(), 4), ('h:2:0', 'idle', now() - interval '5 min', 0), "
		"('h:3:0', 'stopped', now(), 0)");
	sql_exec(room->database,
		"INSERT INTO penstock.dead_letter (topic, partition, \"offset\", dataset, stage, "
		"reason, worker) VALUES ('t.orders', 0, 9, 'orders', 'chunk', 'no magic', 'w')");
	sql_exec(room->database,
		"INSERT INTO penstock.run (trigger, state, generation, finished_at) VALUES "
		"('hand', 'failed', 1, now()), ('cron', 'published', 1, now())");
	sql_exec(room->database,
		"INSERT INTO penstock.reject (dataset, file_id, chunk, record, byte_start, "
		"byte_end, "
		"column_name, reason, original, stage) VALUES "
		"('orders', 2, 0, 7, 70, 80, 'price', 'no number', E'7,x\\n\"', 'read'), "
		"('orders', 3, 0, 1, 0, 9, '', 'short row', '1', 'read')");
}

static void status_tells_what_the_ledger_has(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	struct status status;
	struct buf out;
	fill_ledger(room);
	assert_ok(status_read(&room->options, &room->arena, &status, &err));
	assert_int_equal(status.parts[STATUS_DATASETS].rows, 1);
	assert_int_equal(status.parts[STATUS_FILES].rows, 2);
	assert_int_equal(status.parts[STATUS_WORKERS].rows, 3);
	assert_int_equal(status.parts[STATUS_RUNS].rows, 2);
	assert_int_equal(status.parts[STATUS_DEAD_LETTERS].rows, 1);
	buf_init(&out, 1 << 20);
	status_json(&status, &out);
	static const char *const wanted[] = {
		"{\"datasets\":[{\"dataset\":\"orders\",\"files_complete\":1,\"files_loading\":1,"
		"\"files_quarantined\":1,\"rows\":400,\"rejects\":4,\"dead_letters\":1,"
		"\"last_complete_at\":\"2026-01-31T12:00:00Z\"}]",
		"\"name\":\"in/bad.csv\",\"state\":\"quarantined\"",
		"\"reason\":\"no header\"",
		"\"worker\":\"h:1:0\",\"state\":\"loading\",\"alive\":1",
		"\"worker\":\"h:2:0\",\"state\":\"idle\",\"alive\":0",
		"\"worker\":\"h:3:0\",\"state\":\"stopped\",\"alive\":0",
		"\"trigger\":\"cron\",\"state\":\"published\"",
		"\"topic\":\"t.orders\",\"partition\":0,\"offset\":9",
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(buf_text(&out), wanted[i]))
			fail_msg("%s lacks %s", buf_text(&out), wanted[i]);
	buf_release(&out);
}

static void rejects_are_found_by_dataset_and_file(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	struct listing all;
	fill_ledger(room);
	assert_ok(rejects_read(&room->options, NULL, NULL, 100, &room->arena, &all, &err));
	assert_int_equal(all.rows, 2);
	assert_string_equal(all.cells[0], "two.csv");
	assert_string_equal(all.cells[5], "price");
	assert_string_equal(all.cells[8], "7,x\n\"");
	assert_ok(rejects_read(&room->options, "orders", "bad.csv", 100, &room->arena, &all, &err));
	assert_int_equal(all.rows, 1);
	assert_string_equal(all.cells[7], "short row");
	assert_ok(rejects_read(&room->options, "other", NULL, 100, &room->arena, &all, &err));
	assert_int_equal(all.rows, 0);
	assert_ok(rejects_read(&room->options, NULL, NULL, 1, &room->arena, &all, &err));
	assert_int_equal(all.rows, 1);
	assert_err(
		rejects_read(&room->options, NULL, NULL, REJECTS_MAX + 1, &room->arena, &all, &err),
		ERR_FATAL, "at most");
}

static void metrics_follow_what_was_read(void **state)
{
	struct room *room = *state;
	struct err err = {0};
	struct status status;
	struct buf out;
	fill_ledger(room);
	write_messages(room, 0, 5, 1000);
	commit(room, 0, 2);
	struct lag lag = read_lag(room);
	assert_ok(status_read(&room->options, &room->arena, &status, &err));
	struct metrics *metrics = metrics_new();
	monitor_metrics_lag(metrics, &lag);
	monitor_metrics_status(metrics, &status);
	buf_init(&out, 1 << 20);
	metrics_render(metrics, false, &out);
	static const char *const wanted[] = {
		"kafka_consumergroup_lag{consumergroup=\"penstock\",topic=\"t.orders\","
		"partition=\"0\"} 3\n",
		"kafka_consumergroup_current_offset{consumergroup=\"penstock\",topic=\"t.orders\","
		"partition=\"0\"} 2\n",
		"kafka_topic_partition_current_offset{topic=\"t.orders\",partition=\"0\"} 5\n",
		"penstock_files{dataset=\"orders\",state=\"quarantined\"} 1\n",
		"penstock_loaded_rows{dataset=\"orders\"} 400\n",
		"penstock_worker_alive{worker=\"h:2:0\"} 0\n",
		"penstock_run_last_published 1\n",
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(buf_text(&out), wanted[i]))
			fail_msg("%s lacks %s", buf_text(&out), wanted[i]);
	monitor_metrics_lag(metrics, NULL);
	monitor_metrics_status(metrics, NULL);
	buf_clear(&out);
	metrics_render(metrics, false, &out);
	assert_null(strstr(buf_text(&out), "t.orders"));
	assert_null(strstr(buf_text(&out), "penstock_worker_alive"));
	assert_non_null(strstr(buf_text(&out), "penstock_kafka_up 0\n"));
	buf_release(&out);
	metrics_free(metrics);
}

/* The fewest waiting in each of the last five minutes, the oldest first, and in this one, which
 * counts should it pass meanwhile; NULL: nobody looked. */
static void remember(struct room *room, const char *fewest)
{
	sql_exec(room->database, "TRUNCATE penstock.lag_minute");
	if (fewest)
		sql_exec(room->database,
			"INSERT INTO penstock.lag_minute "
			"SELECT 't.orders', date_trunc('minute', clock_timestamp()) + (n - 6) * "
			"interval '1 minute', fewest "
			"FROM unnest('%s'::bigint[]) WITH ORDINALITY AS m (fewest, n)",
			fewest);
}

/* What is open after a look that found this in the topic's three partitions. */
static void look_finds(
	struct watch *watch, struct room *room, int64_t waiting, double oldest, const char *open)
{
	struct err err = {0};
	struct lag_row rows[PARTITIONS];
	for (int i = 0; i < PARTITIONS; i++)
		rows[i] = (struct lag_row){"t.orders", i, "penstock", 0, 0, 0, -1, -1, -1};
	rows[1].lag = waiting;
	rows[1].oldest_seconds = waiting ? oldest : -1;
	const struct lag lag = {rows, PARTITIONS, NULL};
	assert_ok(alerts_note(watch, &lag, &room->arena, &err));
	struct database_rows *found = NULL;
	assert_ok(database_query(room->database,
		"SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '') FROM penstock.alert "
		"WHERE cleared_at IS NULL",
		NULL, 0, &found, &err));
	assert_string_equal(database_text(found, 0, 0), open);
	database_rows_free(found);
}

static void late_and_growing_lag_are_told_apart(void **state)
{
	static const struct {
		const char *before; /* minute by minute */
		int64_t waiting;
		double oldest; /* seconds; -1: unknown */
		const char *open;
	} looks[] = {
		{NULL, 900, 10, ""},
		{"{0,1,2,3,4,5}", 0, 0, ""},		 /* all loaded */
		{"{0,5,2,7,4,4}", 10, 10, ""},		 /* up and down */
		{"{3,3,3,3,3,3}", 10, 10, ""},		 /* a backlog that stays */
		{"{1,2,3,4,5,6}", 9, 10, "growing_lag"}, /* slower than what comes */
		{NULL, 9, 10, "growing_lag"},		 /* a new monitor does not know */
		{"{1,2,3,4,5,6}", 9, 301, "growing_lag lag"},
		{"{1,2,7,6,5,5}", 9, -1, "growing_lag lag"}, /* Kafka does not tell the age */
		{"{5,9,7,8,5,5}", 9, 10, ""},		     /* no more than it was */
		{"{1,2,3,4,5,6}", 9, 301, "lag"},	     /* one of them says it */
		{NULL, 0, 0, ""},
	};
	struct room *room = *state;
	struct watch watch;
	room->config.alerts.lag_ms = 300000;
	watch_init(&watch, &room->options);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		remember(room, looks[i].before);
		look_finds(&watch, room, looks[i].waiting, looks[i].oldest, looks[i].open);
	}
	room->config.alerts.lag_ms = 0;
	remember(room, "{1,2,3,4,5,6}");
	look_finds(&watch, room, 9, 301, "");
	watch_release(&watch);
}

int main(void)
{
	stop_install();
	postgres_server();
#define row(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		row(lag_is_exact_and_estimated),
		row(what_nobody_reads_waits_from_the_start),
		row(lag_needs_no_postgres),
		row(lag_json_is_the_contract),
		row(without_topics_init_is_advised),
		row(status_tells_what_the_ledger_has),
		row(rejects_are_found_by_dataset_and_file),
		row(metrics_follow_what_was_read),
		row(late_and_growing_lag_are_told_apart),
	};
#undef row
	return cmocka_run_group_tests(tests, NULL, NULL);
}
