/* SPDX-License-Identifier: Apache-2.0 */
/* Rows the table refuses: rejected one by one, or a dataset that waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_bench.h"

#define ROWS 200

static bool is_bad(int64_t k)
{
	return k % 37 == 5 || k == ROWS - 1;
}

/* Keys from `from`; bad rows have v = 1000. */
static void fill(struct bench_row *rows, int64_t from)
{
	for (int64_t i = 0; i < ROWS; i++)
		rows[i] = (struct bench_row){from + i, is_bad(i) ? 1000 : i % 7, "it's \"so\""};
}

static int64_t bad_rows(void)
{
	int64_t count = 0;
	for (int64_t i = 0; i < ROWS; i++)
		count += is_bad(i);
	return count;
}

static void assert_text(struct database *database, const char *sql, const char *expected)
{
	char *text = sql_text(database, "%s", sql);
	assert_string_equal(text, expected);
	free(text);
}

/* Three chunks in one group, the middle one with bad rows; by COPY and by merge. */
static void bad_rows_are_rejected_and_the_rest_loads(void **state)
{
	(void)state;
	for (int merge = 0; merge < 2; merge++) {
		struct bench bench;
		struct err err;
		struct load_totals totals;
		struct message messages[3];
		struct bench_row rows[ROWS];
		bench_open(&bench, merge ? "refused_merge" : "refused_copy",
			&(struct bench_options){0});
		sql_exec(bench.database, "ALTER TABLE raw.d ADD CONSTRAINT small CHECK (v < 100)");
		if (merge)
			sql_exec(bench.database,
				"INSERT INTO raw.d SELECT i, 1, 'old', 1, i FROM "
				"generate_series(0, %d) i",
				3 * ROWS - 1);
		for (int i = 0; i < 3; i++) {
			fill(rows, i * ROWS);
			for (int j = 0; i != 1 && j < ROWS; j++)
				rows[j].v = 1;
			message_make(&bench,
				&(struct message_spec){.file_id = 7,
					.chunk = i,
					.chunks = i == 2 ? 3 : 0,
					.first = i * ROWS + 1,
					.rows = rows,
					.count = ROWS},
				&messages[i]);
		}
		assert_ok(bench_load(&bench, messages, 3, NULL, &totals, &err));
		assert_int_equal(totals.merged, merge);
		assert_int_equal(totals.chunks, 3);
		assert_int_equal(totals.rows, 3 * ROWS - bad_rows());
		assert_int_equal(totals.rejects, bad_rows());
		assert_int_equal(totals.replaced, merge ? totals.rows : 0);
		assert_int_equal(totals.files_completed, 1);
		assert_int_equal(
			sql_int(bench.database, "SELECT count(*) FROM raw.d WHERE _file = 7"),
			totals.rows);
		assert_text(bench.database,
			"SELECT string_agg((record - 201)::text, ' ' ORDER BY record)"
			" FROM penstock.reject",
			"5 42 79 116 153 190 199");
		assert_text(bench.database,
			"SELECT (record, row_number, column_name, stage, reason ~ '^23514: "
			".*small',"
			" original)::text FROM penstock.reject WHERE record = 206",
			"(206,206,\"\",load,t,\"{\"\"k\"\":205,\"\"v\"\":1000,\"\"note\"\":\"\"it's"
			" \\\\\"\"so\\\\\"\"\"\"}\")");
		assert_int_equal(sql_int(bench.database,
					 "SELECT rejects FROM penstock.chunk WHERE chunk = 1"),
			bad_rows());
		for (int i = 0; i < 3; i++)
			message_release(&messages[i]);
		bench_close(&bench);
	}
}

static void a_chunk_refused_whole_is_a_pause(void **state)
{
	(void)state;
	struct bench bench;
	struct err err;
	struct message message;
	struct bench_row rows[ROWS];
	bench_open(&bench, "whole", &(struct bench_options){0});
	sql_exec(bench.database, "ALTER TABLE raw.d ADD CONSTRAINT no CHECK (k < 0)");
	fill(rows, 0);
	message_make(&bench, &(struct message_spec){.file_id = 7, .rows = rows, .count = ROWS},
		&message);
	assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err), ERR_PAUSE, "all 200 rows");
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM penstock.chunk"), 0);
	sql_exec(bench.database, "ALTER TABLE raw.d DROP CONSTRAINT no");
	assert_ok(bench_load(&bench, &message, 1, NULL, NULL, &err));
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), ROWS);
	message_release(&message);
	bench_close(&bench);
}

static void a_row_alone_is_a_reject(void **state)
{
	(void)state;
	struct bench bench;
	bench_open(&bench, "alone", &(struct bench_options){0});
	sql_exec(bench.database, "ALTER TABLE raw.d ADD CHECK (v < 100)");
	const struct bench_row row = {1, 1000, ""};
	assert_int_equal(bench_load_one(&bench,
				 &(struct message_spec){.file_id = 7, .rows = &row, .count = 1}),
		LOAD_APPLIED);
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM penstock.reject"), 1);
	assert_int_equal(
		sql_int(bench.database, "SELECT rows + rejects * 10 FROM penstock.chunk"), 10);
	bench_close(&bench);
}

static const struct bench_row children[] = {{1, 1, ""}, {2, 99, ""}, {3, NO_VALUE, ""}};

/* Immediate and deferred, which speaks at COMMIT if nobody asks before. */
static void foreign_keys_pause_or_reject(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct bench bench;
		struct err err;
		struct message message;
		char name[20];
		bool reject = i & 1;
		snprintf(name, sizeof(name), "foreign%d", i);
		bench_open(&bench, name,
			&(struct bench_options){
				.on_constraint = reject ? CONSTRAINT_REJECT : CONSTRAINT_PAUSE});
		sql_exec(bench.database,
			"CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent VALUES "
			"(1);"
			"ALTER TABLE raw.d ADD CONSTRAINT child FOREIGN KEY (v) REFERENCES parent "
			"%s",
			i & 2 ? "DEFERRABLE INITIALLY DEFERRED" : "");
		message_make(&bench,
			&(struct message_spec){.file_id = 7, .rows = children, .count = 3},
			&message);
		if (!reject) {
			assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err), ERR_PAUSE,
				"child");
			assert_int_equal(
				sql_int(bench.database, "SELECT count(*) FROM penstock.chunk"), 0);
			sql_exec(bench.database, "INSERT INTO parent VALUES (99)");
		}
		assert_ok(bench_load(&bench, &message, 1, NULL, NULL, &err));
		assert_text(bench.database, "SELECT string_agg(k::text, ' ' ORDER BY k) FROM raw.d",
			reject ? "1 3" : "1 2 3");
		assert_int_equal(
			sql_int(bench.database, "SELECT count(*) FROM penstock.reject"), reject);
		message_release(&message);
		bench_close(&bench);
	}
}

static void make_dropping_trigger(struct bench *bench, const char *event)
{
	sql_exec(bench->database,
		"CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS"
		" 'BEGIN IF NEW.k = 2 THEN RETURN NULL; END IF; RETURN NEW; END';"
		"CREATE TRIGGER t BEFORE %s ON raw.d FOR EACH ROW EXECUTE FUNCTION drop_it()",
		event);
}

/* As a COPY, and as a merge: of a new key, and of a newer version of one. */
static void rows_a_trigger_drops_are_a_pause(void **state)
{
	(void)state;
	static const struct {
		const char *database;
		const char *event;
		const char *there;
		const char *words;
	} cases[] = {
		{"dropped_copy", "INSERT", "SELECT WHERE false", "2 of 3 rows"},
		{"dropped_insert", "INSERT", "VALUES (1, 1, 'old', 1, 1)", "did not take 1 row,"},
		{"dropped_update", "UPDATE", "VALUES (2, 1, 'old', 1, 1)", "did not take 1 row,"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		struct err err;
		struct message message;
		bench_open(&bench, cases[i].database, &(struct bench_options){0});
		if (i > 0)
			sql_exec(bench.database, "INSERT INTO raw.d %s", cases[i].there);
		make_dropping_trigger(&bench, cases[i].event);
		message_make(&bench,
			&(struct message_spec){.file_id = 7, .rows = children, .count = 3},
			&message);
		assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err), ERR_PAUSE,
			cases[i].words);
		sql_exec(bench.database, "DROP TRIGGER t ON raw.d");
		assert_ok(bench_load(&bench, &message, 1, NULL, NULL, &err));
		assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), 3);
		message_release(&message);
		bench_close(&bench);
	}
}

/* Of many bad rows each costs little more than one try. */
static void bad_rows_are_found_by_what_copy_tells(void **state)
{
	(void)state;
	enum { MANY = 2000, BAD = MANY / 2 };
	static struct bench_row rows[MANY];
	struct bench bench;
	struct load_totals totals;
	struct err err;
	struct message message;
	bench_open(&bench, "told", &(struct bench_options){0});
	/* What a sequence counts is not undone. */
	sql_exec(bench.database,
		"ALTER TABLE raw.d ADD CONSTRAINT small CHECK (v < 100); CREATE SEQUENCE tries;"
		"CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS"
		" $$BEGIN PERFORM nextval('tries'); RETURN NULL; END$$;"
		"CREATE TRIGGER t BEFORE INSERT ON raw.d EXECUTE FUNCTION count_it()");
	for (int i = 0; i < MANY; i++)
		rows[i] = (struct bench_row){i, i % 2 ? 1 : 1000, "x"};
	message_make(&bench, &(struct message_spec){.file_id = 7, .rows = rows, .count = MANY},
		&message);
	assert_ok(bench_load(&bench, &message, 1, NULL, &totals, &err));
	assert_int_equal(totals.rows, MANY - BAD);
	assert_int_equal(totals.rejects, BAD);
	assert_int_equal(sql_int(bench.database,
				 "SELECT count(*) FROM penstock.reject WHERE record %% 2 = 1"),
		BAD);
	assert_true(sql_int(bench.database, "SELECT last_value FROM tries") < BAD + BAD / 10);
	message_release(&message);
	bench_close(&bench);
}

/*
 * COPY checks each row at once, but writes and indexes many together: a row that only an index
 * refuses is passed by where a later one fails its check, and one too big for a page is told when
 * another is being read.
 */
static void rows_told_late_are_found_and_no_other(void **state)
{
	(void)state;
	enum { MANY = 1500 }; /* COPY writes at most 1000 at once */
	static struct bench_row rows[MANY];
	static char big[9000];
	memset(big, 'x', sizeof(big) - 1);
	const struct {
		const char *database;
		const char *sql;
		struct bench_row bad[2];
	} cases[] = {
		{"late_index",
			"CREATE INDEX ON raw.d ((1 / (v - 5)));"
			"ALTER TABLE raw.d ADD CONSTRAINT small CHECK (v < 100)",
			{{10, 5, ""}, {20, 1000, ""}}},
		{"late_page", "ALTER TABLE raw.d ALTER note SET STORAGE PLAIN",
			{{10, 1, big}, {20, 1, big}}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		struct load_totals totals;
		struct err err;
		struct message message;
		bench_open(&bench, cases[i].database, &(struct bench_options){0});
		sql_exec(bench.database, "%s", cases[i].sql);
		for (int64_t k = 0; k < MANY; k++)
			rows[k] = (struct bench_row){k, 1, ""};
		rows[10] = cases[i].bad[0];
		rows[20] = cases[i].bad[1];
		message_make(&bench,
			&(struct message_spec){.file_id = 7, .rows = rows, .count = MANY},
			&message);
		assert_ok(bench_load(&bench, &message, 1, NULL, &totals, &err));
		assert_int_equal(totals.rejects, 2);
		assert_text(bench.database,
			"SELECT string_agg(record::text, ' ' ORDER BY record) FROM penstock.reject",
			"11 21");
		assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), MANY - 2);
		message_release(&message);
		bench_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_rows_are_rejected_and_the_rest_loads),
		cmocka_unit_test(a_chunk_refused_whole_is_a_pause),
		cmocka_unit_test(a_row_alone_is_a_reject),
		cmocka_unit_test(foreign_keys_pause_or_reject),
		cmocka_unit_test(rows_a_trigger_drops_are_a_pause),
		cmocka_unit_test(bad_rows_are_found_by_what_copy_tells),
		cmocka_unit_test(rows_told_late_are_found_and_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
