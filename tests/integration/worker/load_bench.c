/* SPDX-License-Identifier: Apache-2.0 */
#include "load_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/migrate.h"

static void fill_dataset(struct bench *bench, const struct bench_options *options)
{
	struct err err;
	const char *text = options->schema ? options->schema : BENCH_SCHEMA;
	bench->config = (struct config_dataset){
		.name = "d",
		.table_schema = "raw",
		.table_name = "d",
		.append_only = options->append_only,
		.on_conflict = options->rule,
		.greatest = "v",
		.keep = options->keep,
		.on_constraint = options->on_constraint,
	};
	assert_ok(schema_parse(text, strlen(text), "bench", &bench->dataset.schema, &err));
	static const char *key[] = {"k"};
	bench->dataset.config = &bench->config;
	bench->dataset.topic = "penstock.d";
	bench->dataset.table = (struct ddl_table){.schema = "raw", .name = "d"};
	bench->dataset.greatest_field = options->rule == CONFLICT_GREATEST ? 1 : -1;
	bench->key_fields[0] = 0;
	bench->dataset.key_fields = bench->key_fields;
	if (!options->append_only) {
		bench->dataset.key_count = 1;
		bench->dataset.table.key = (struct string_list){key, 1};
	}
}

static void make_table(struct bench *bench)
{
	struct err err;
	int applied;
	struct buf sql;
	assert_ok(migrate_ledger(bench->database, &applied, &err));
	buf_init(&sql, 1 << 16);
	ddl_create_table(bench->dataset.schema, &bench->dataset.table, &sql);
	sql_exec(bench->database, "%s", buf_text(&sql));
	buf_release(&sql);
	sql_exec(bench->database,
		"INSERT INTO penstock.schema (dataset, version, fingerprint, text)"
		" VALUES ('d', 1, '%s', '')",
		bench->dataset.schema->fingerprint);
}

void bench_open(struct bench *bench, const char *name, const struct bench_options *options)
{
	*bench = (struct bench){.name = name, .database = postgres_connect(name)};
	fill_dataset(bench, options);
	make_table(bench);
	bench->loader = loader_new(bench->database, &bench->dataset, "bench:1:0");
}

void bench_close(struct bench *bench)
{
	loader_free(bench->loader);
	schema_free(bench->dataset.schema);
	database_close(bench->database);
}

void bench_open_other(struct bench *bench, const struct bench *like)
{
	*bench = *like;
	bench->dataset.config = &bench->config;
	bench->dataset.key_fields = bench->key_fields;
	bench->database = postgres_connect(like->name);
	bench->loader = loader_new(bench->database, &bench->dataset, "bench:1:1");
}

void bench_close_other(struct bench *bench)
{
	loader_free(bench->loader);
	database_close(bench->database);
}

static void encode_row(
	struct encoder *encoder, const struct bench_row *row, struct chunk_writer *writer)
{
	char k[24];
	char v[24];
	struct err err;
	int field;
	snprintf(k, sizeof(k), "%lld", (long long)row->k);
	snprintf(v, sizeof(v), "%lld", (long long)row->v);
	const char *note = row->note ? row->note : "";
	const struct cell cells[] = {
		{.kind = CELL_TEXT, .data = k, .len = (uint32_t)strlen(k)},
		{.kind = row->v == NO_VALUE ? CELL_NULL : CELL_TEXT,
			.data = v,
			.len = (uint32_t)strlen(v)},
		{.kind = CELL_TEXT, .data = note, .len = (uint32_t)strlen(note)},
		{.kind = CELL_MISSING},
	};
	assert_ok(encoder_row(encoder, cells, &writer->block, &field, &err));
	chunk_add_row(writer);
}

static void write_rows(const struct bench *bench, const struct message_spec *spec,
	struct chunk_writer *writer, int64_t first)
{
	struct encoder *encoder;
	struct err err;
	assert_ok(encoder_new(
		spec->writer ? spec->writer : bench->dataset.schema, NULL, &encoder, &err));
	for (size_t i = 0; i < spec->count; i++)
		encode_row(encoder, &spec->rows[i], writer);
	encoder_free(encoder);
	for (size_t i = 0; i < spec->reject_count; i++) {
		chunk_add_reject(writer, &spec->rejects[i]);
		chunk_add_skipped(writer, first + (int64_t)(spec->count + i));
	}
}

void message_make(
	const struct bench *bench, const struct message_spec *spec, struct message *ret_message)
{
	static int64_t offset;
	struct chunk_writer writer;
	const struct schema *schema = spec->writer ? spec->writer : bench->dataset.schema;
	struct chunk_info info = {
		.dataset = "d",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.name = "d.csv",
		.file_id = spec->file_id,
		.chunk = spec->chunk,
		.start = spec->chunk * 100,
		.end = spec->chunk * 100 + 100,
		.first = spec->first ? spec->first : 1,
		.width = 1,
		.records = (int64_t)(spec->count + spec->reject_count),
		.rows = (int64_t)spec->count,
		.chunks = spec->chunks,
	};
	chunk_writer_init(&writer);
	write_rows(bench, spec, &writer, info.first);
	buf_init(&ret_message->bytes, CHUNK_MAX_BYTES * 2);
	chunk_finish(&writer, &info, schema->text, schema->text_len, &ret_message->bytes);
	ret_message->offset = offset++;
	chunk_writer_release(&writer);
}

void message_release(struct message *message)
{
	buf_release(&message->bytes);
}

bool bench_load(struct bench *bench, const struct message *messages, size_t count,
	struct load_item *ret_items, struct load_totals *ret_totals, struct err *err)
{
	struct load_item *items = calloc(count, sizeof(*items));
	struct load_totals totals;
	assert_non_null(items);
	for (size_t i = 0; i < count; i++) {
		struct err why;
		items[i] = (struct load_item){
			.topic = "penstock.d", .partition = 0, .offset = messages[i].offset};
		if (!chunk_open(
			    messages[i].bytes.data, messages[i].bytes.len, &items[i].chunk, &why))
			fail_msg("%s", why.message);
	}
	bool good = loader_load(bench->loader, items, count, &totals, err);
	if (good && ret_items)
		memcpy(ret_items, items, count * sizeof(*items));
	if (good && ret_totals)
		*ret_totals = totals;
	free(items);
	return good;
}

enum load_outcome bench_load_one(struct bench *bench, const struct message_spec *spec)
{
	struct message message;
	struct load_item item;
	struct err err;
	message_make(bench, spec, &message);
	assert_ok(bench_load(bench, &message, 1, &item, NULL, &err));
	message_release(&message);
	return item.outcome;
}
