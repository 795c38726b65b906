/* SPDX-License-Identifier: Apache-2.0 */
/* What a load writes, and what it does with files, schemas and tables that do not fit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_bench.h"

static const struct bench_options plain = {.rule = CONFLICT_LAST};

static const struct bench_row three[] = {{1, 10, "a"}, {2, NO_VALUE, "b"}, {3, 30, "\xC3\xA4"}};

static void assert_text(struct database *database, const char *sql, const char *expected)
{
	char *text = sql_text(database, "%s", sql);
	assert_string_equal(text, expected);
	free(text);
}

static void rows_ledger_and_rejects_come_together(void **state)
{
	(void)state;
	struct bench bench;
	struct err err;
	struct load_totals totals;
	bench_open(&bench, "together", &plain);
	const struct reject reject = {.record = 4,
		.start = 60,
		.end = 70,
		.column = "k",
		.reason = "no number",
		.text = "x\0\xFFy",
		.text_len = 4};
	struct message messages[2];
	message_make(&bench,
		&(struct message_spec){.file_id = 7,
			.rows = three,
			.count = 3,
			.rejects = &reject,
			.reject_count = 1},
		&messages[0]);
	message_make(&bench,
		&(struct message_spec){
			.file_id = 7, .chunk = 1, .first = 5, .chunks = 2, .count = 0},
		&messages[1]);
	assert_ok(bench_load(&bench, messages, 2, NULL, &totals, &err));
	assert_int_equal(totals.chunks, 2);
	assert_int_equal(totals.rows, 3);
	assert_int_equal(totals.rejects, 1);
	assert_int_equal(totals.replaced, 0);
	assert_int_equal(totals.files_completed, 1);
	assert_false(totals.merged);
	assert_text(bench.database, "SELECT string_agg(d::text, ' ' ORDER BY k) FROM raw.d d",
		"(1,10,a,7,1) (2,,b,7,2) (3,30,\xC3\xA4,7,3)");
	assert_text(bench.database,
		"SELECT (record, row_number, byte_start, byte_end, column_name, reason, original,"
		" stage)::text FROM penstock.reject",
		"(4,,60,70,k,\"no number\",x\xEF\xBF\xBD\xEF\xBF\xBDy,read)");
	assert_text(bench.database,
		"SELECT (state, chunks, size, chunks_loaded, f.rows, f.rejects)::text"
		" FROM penstock.file_status f JOIN penstock.file USING (dataset, file_id, chunks, "
		"state)",
		"(complete,2,200,2,3,1)");

	struct load_item items[2];
	assert_ok(bench_load(&bench, messages, 2, items, &totals, &err));
	assert_int_equal(items[0].outcome, LOAD_SKIPPED);
	assert_int_equal(items[1].outcome, LOAD_SKIPPED);
	assert_int_equal(totals.chunks + totals.rows + totals.rejects + totals.files_completed, 0);
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM penstock.reject"), 1);
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), 3);
	message_release(&messages[0]);
	message_release(&messages[1]);
	bench_close(&bench);
}

static void a_chunk_twice_in_one_group_loads_once(void **state)
{
	(void)state;
	struct bench bench;
	struct err err;
	bench_open(&bench, "twice", &(struct bench_options){.append_only = true});
	const struct message_spec spec = {.file_id = 7, .chunks = 1, .rows = three, .count = 3};
	struct message messages[2];
	struct load_item items[2];
	message_make(&bench, &spec, &messages[0]);
	message_make(&bench, &spec, &messages[1]);
	assert_ok(bench_load(&bench, messages, 2, items, NULL, &err));
	assert_int_equal(items[0].outcome, LOAD_APPLIED);
	assert_int_equal(items[1].outcome, LOAD_SKIPPED);
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), 3);
	message_release(&messages[0]);
	message_release(&messages[1]);
	bench_close(&bench);
}

static void chunks_that_cannot_load_are_dead_alone(void **state)
{
	(void)state;
	struct bench bench;
	struct err err;
	struct load_totals totals;
	bench_open(&bench, "dead", &plain);
	struct message messages[4];
	struct load_item items[4];
	for (int i = 0; i < 3; i++)
		message_make(&bench,
			&(struct message_spec){.file_id = 7,
				.chunk = i,
				.first = 1 + i * 3,
				.rows = (struct bench_row[]){{i, 1, ""}},
				.count = 1},
			&messages[i]);
	message_make(&bench,
		&(struct message_spec){.file_id = 7, .chunk = 0, .rows = three, .count = 3},
		&messages[3]); /* contradicts the first */
	for (int i = 0; i < 4; i++)
		assert_ok(chunk_open(
			messages[i].bytes.data, messages[i].bytes.len, &items[i].chunk, &err));
	static const unsigned char broken[] = {0x02, 0x09, 0x00}; /* no such union branch */
	items[1].chunk.block = broken;
	items[1].chunk.block_len = sizeof(broken);
	for (int i = 0; i < 4; i++) {
		items[i].offset = i;
		items[i].topic = "penstock.d";
		items[i].partition = 0;
	}
	assert_ok(loader_load(bench.loader, items, 4, &totals, &err));
	assert_int_equal(items[0].outcome, LOAD_APPLIED);
	assert_int_equal(items[1].outcome, LOAD_DEAD);
	assert_string_equal(items[1].stage, "decode");
	assert_int_equal(items[2].outcome, LOAD_APPLIED);
	assert_int_equal(items[3].outcome, LOAD_DEAD);
	assert_string_equal(items[3].stage, "ledger");
	assert_int_equal(totals.chunks, 2);
	assert_text(bench.database,
		"SELECT string_agg(chunk::text, ' ' ORDER BY chunk)"
		" FROM penstock.chunk",
		"0 2");

	const struct dead_note note = {"penstock.d", 0, 1, "d", 7, 1, "decode", "\xFF bad", "w"};
	assert_ok(loader_note_dead(bench.database, &note, &err));
	assert_ok(loader_note_dead(bench.database, &note, &err));
	const struct dead_note unknown = {"penstock.d", 0, 9, NULL, 0, -1, "chunk", "?", "w"};
	assert_ok(loader_note_dead(bench.database, &unknown, &err));
	assert_text(bench.database,
		"SELECT string_agg(concat_ws('/', dataset, file_id, chunk, reason), ' '"
		" ORDER BY \"offset\") FROM penstock.dead_letter",
		"d/7/1/\xEF\xBF\xBD bad ?");
	for (int i = 0; i < 4; i++)
		message_release(&messages[i]);
	bench_close(&bench);
}

/* Outside of UTF-8 there are file names, too. */
static void file_names_may_be_any_bytes(void **state)
{
	(void)state;
	struct bench bench;
	struct err err;
	struct message message;
	struct load_item item = {.topic = "penstock.d"};
	struct load_totals totals;
	bench_open(&bench, "names", &plain);
	message_make(
		&bench, &(struct message_spec){.file_id = 7, .rows = three, .count = 3}, &message);
	assert_ok(chunk_open(message.bytes.data, message.bytes.len, &item.chunk, &err));
	memcpy(item.chunk.info.name, "\xE9t\xE9.csv", 8);
	assert_ok(loader_load(bench.loader, &item, 1, &totals, &err));
	assert_text(
		bench.database, "SELECT name FROM penstock.file", "\xEF\xBF\xBDt\xEF\xBF\xBD.csv");
	message_release(&message);
	bench_close(&bench);
}

static void tables_that_do_not_fit_stop_the_dataset(void **state)
{
	(void)state;
	static const struct {
		const char *sql;
		const char *word;
		bool waits; /* for `penstock init` */
	} cases[] = {
		{"ALTER TABLE raw.d ADD UNIQUE (note)", "another unique", false},
		{"CREATE UNIQUE INDEX ON raw.d (v) WHERE v > 1", "another unique", false},
		{"ALTER TABLE raw.d ALTER v TYPE numeric", "numeric", false},
		{"ALTER TABLE raw.d DROP v", "penstock init", true},
		{"ALTER TABLE raw.d DROP _row", "_row", false},
		{"ALTER TABLE raw.d ADD extra int NOT NULL", "extra", false},
		{"ALTER TABLE raw.d DROP CONSTRAINT d_pkey", "primary key", false},
		{"ALTER TABLE raw.d DROP CONSTRAINT d_pkey, ADD PRIMARY KEY (k, _file)",
			"primary key", false},
		{"DROP TABLE raw.d", "does not exist", false},
		{"DROP TABLE raw.d; CREATE VIEW raw.d AS SELECT 1 AS k", "ordinary table", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		struct err err;
		char name[20];
		snprintf(name, sizeof(name), "fatal%zu", i);
		bench_open(&bench, name, &plain);
		struct message message;
		message_make(&bench,
			&(struct message_spec){.file_id = 7, .rows = three, .count = 3}, &message);
		sql_exec(bench.database, "%s", cases[i].sql);
		assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err),
			cases[i].waits ? ERR_PAUSE : ERR_FATAL, cases[i].word);
		assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM penstock.chunk"), 0);
		message_release(&message);
		bench_close(&bench);
	}
}

/* The table changes between two loads of one loader: the second must notice. */
static void a_table_changed_later_is_noticed(void **state)
{
	(void)state;
	struct bench bench;
	struct err err;
	struct message message;
	bench_open(&bench, "changed", &plain);
	bench_load_one(&bench, &(struct message_spec){.file_id = 7, .rows = three, .count = 3});
	sql_exec(bench.database, "ALTER TABLE raw.d ALTER v TYPE numeric");
	message_make(&bench,
		&(struct message_spec){
			.file_id = 7, .chunk = 1, .first = 4, .rows = three, .count = 3},
		&message);
	assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err), ERR_FATAL, "numeric");
	sql_exec(bench.database, "ALTER TABLE raw.d ALTER v TYPE bigint");
	assert_ok(bench_load(&bench, &message, 1, NULL, NULL, &err));
	message_release(&message);
	bench_close(&bench);
}

static void surplus_columns_with_defaults_do_not_matter(void **state)
{
	(void)state;
	struct bench bench;
	bench_open(&bench, "surplus", &plain);
	sql_exec(bench.database, "ALTER TABLE raw.d ADD at timestamptz NOT NULL DEFAULT now(),"
				 " ADD twice bigint GENERATED ALWAYS AS (k * 2) STORED,"
				 " ADD id int GENERATED ALWAYS AS IDENTITY");
	const struct message_spec spec = {.file_id = 7, .rows = three, .count = 3};
	assert_int_equal(bench_load_one(&bench, &spec), LOAD_APPLIED);
	const struct message_spec newer = {.file_id = 8, .rows = three, .count = 3};
	assert_int_equal(bench_load_one(&bench, &newer), LOAD_APPLIED);
	assert_text(bench.database,
		"SELECT string_agg(concat(twice, ':', _file), ' ' ORDER BY k)"
		" FROM raw.d",
		"2:8 4:8 6:8");
	bench_close(&bench);
}

static void writer_schemas_wait_until_they_are_known(void **state)
{
	(void)state;
	static const char newer_text[] =
		"{\"type\":\"record\",\"name\":\"d\",\"fields\":[{\"name\":\"k\",\"type\":\"long\"}"
		","
		"{\"name\":\"v\",\"type\":[\"null\",\"long\"],\"default\":null},"
		"{\"name\":\"note\",\"type\":\"string\"},"
		"{\"name\":\"more\",\"type\":[\"null\",\"string\"],\"default\":null}]}";
	struct bench bench;
	struct err err;
	struct schema *writer;
	struct message message;
	bench_open(&bench, "writers", &plain);
	assert_ok(schema_parse(newer_text, strlen(newer_text), "t", &writer, &err));
	message_make(&bench,
		&(struct message_spec){.file_id = 7, .rows = three, .count = 3, .writer = writer},
		&message);
	assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err), ERR_PAUSE, "does not know");
	sql_exec(bench.database, "INSERT INTO penstock.schema VALUES ('d', 2, '%s', '')",
		writer->fingerprint);
	assert_err(bench_load(&bench, &message, 1, NULL, NULL, &err), ERR_PAUSE, "version 2");
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM penstock.chunk"), 0);
	sql_exec(bench.database, "UPDATE penstock.schema SET version = 0 WHERE version = 2");
	assert_ok(bench_load(&bench, &message, 1, NULL, NULL, &err));
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), 3);
	message_release(&message);
	schema_free(writer);
	bench_close(&bench);
}

static void retracted_files_leave_ledger_rows_only(void **state)
{
	(void)state;
	struct bench bench;
	bench_open(&bench, "retracted", &plain);
	const struct message_spec first = {.file_id = 7, .rows = three, .count = 3};
	const struct message_spec second = {
		.file_id = 7, .chunk = 1, .first = 4, .chunks = 2, .rows = three, .count = 3};
	assert_int_equal(bench_load_one(&bench, &first), LOAD_APPLIED);
	sql_exec(bench.database, "UPDATE penstock.file SET state = 'retracted'; DELETE FROM raw.d");
	assert_int_equal(bench_load_one(&bench, &second), LOAD_SKIPPED);
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), 0);
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM penstock.chunk"), 2);
	assert_text(bench.database, "SELECT state FROM penstock.file", "retracted");
	bench_close(&bench);
}

/* In every order of three files, of which the middle one stays incomplete. */
static void keep_latest_file_does_not_depend_on_order(void **state)
{
	(void)state;
	static const int orders[6][3] = {
		{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
	static const struct bench_row rows[3][2] = {{{1, 1, "f1"}, {2, 1, "f1"}},
		{{2, 2, "f2"}, {3, 2, "f2"}}, {{3, 3, "f3"}, {4, 3, "f3"}}};
	for (size_t i = 0; i < 6; i++) {
		struct bench bench;
		char name[20];
		snprintf(name, sizeof(name), "latest%zu", i);
		bench_open(&bench, name, &(struct bench_options){.keep = KEEP_LATEST_FILE});
		for (size_t j = 0; j < 3; j++) {
			int file = orders[i][j];
			bench_load_one(&bench, &(struct message_spec){.file_id = file,
						       .chunks = file == 2 ? 0 : 1,
						       .rows = rows[file - 1],
						       .count = 2});
		}
		assert_text(bench.database,
			"SELECT string_agg(concat(k, note), ' ' ORDER BY k) FROM raw.d", "3f3 4f3");
		assert_text(bench.database,
			"SELECT string_agg(state, ' ' ORDER BY file_id) FROM penstock.file",
			"superseded superseded complete");
		bench_close(&bench);
	}
}

static void an_emptied_ledger_is_filled_again(void **state)
{
	(void)state;
	struct bench bench;
	bench_open(&bench, "emptied", &plain);
	const struct message_spec spec = {.file_id = 7, .chunks = 1, .rows = three, .count = 3};
	assert_int_equal(bench_load_one(&bench, &spec), LOAD_APPLIED);
	sql_exec(bench.database, "TRUNCATE penstock.file, penstock.chunk, penstock.dataset, raw.d");
	assert_int_equal(bench_load_one(&bench, &spec), LOAD_APPLIED);
	assert_text(bench.database, "SELECT state FROM penstock.file", "complete");
	assert_int_equal(sql_int(bench.database, "SELECT count(*) FROM raw.d"), 3);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_ledger_and_rejects_come_together),
		cmocka_unit_test(a_chunk_twice_in_one_group_loads_once),
		cmocka_unit_test(chunks_that_cannot_load_are_dead_alone),
		cmocka_unit_test(file_names_may_be_any_bytes),
		cmocka_unit_test(tables_that_do_not_fit_stop_the_dataset),
		cmocka_unit_test(a_table_changed_later_is_noticed),
		cmocka_unit_test(surplus_columns_with_defaults_do_not_matter),
		cmocka_unit_test(writer_schemas_wait_until_they_are_known),
		cmocka_unit_test(retracted_files_leave_ledger_rows_only),
		cmocka_unit_test(keep_latest_file_does_not_depend_on_order),
		cmocka_unit_test(an_emptied_ledger_is_filled_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
