/* SPDX-License-Identifier: Apache-2.0 */
/* trace TABLE KEY...: from a row in a table back to its file, its record and the original bytes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive/manifest.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/cli.h"
#include "penstock_sql.h"
#include "postgres/database.h"
#include "postgres/quote.h"
#include "producer/source.h"

static const int64_t statement_ms = 60000;
static const size_t max_text = (size_t)8 << 20;

struct trace_options {
	bool json;
};

static const struct opt trace_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct trace_options, json), NULL, "print a JSON object"},
};

struct trace {
	const struct dataset *dataset;
	int64_t file_id;
	int64_t row;
	struct database_rows *origin; /* one row of sql/trace/origin.sql */
	struct manifest manifest;
	struct source source;
	struct cutter_record record;
};

/* ---- the table's row ---- */

static bool find_dataset(const struct datasets *datasets, const char *table,
	const struct dataset **ret_dataset, struct err *err)
{
	char qualified[200];
	for (size_t i = 0; i < datasets->count; i++) {
		const struct ddl_table *one = &datasets->items[i].table;
		snprintf(qualified, sizeof(qualified), "%s.%s", one->schema, one->name);
		if (strcmp(table, qualified) == 0 || strcmp(table, one->name) == 0) {
			*ret_dataset = &datasets->items[i];
			return true;
		}
	}
	return err_usage(err, "no dataset loads table '%s'", table);
}

static bool check_key_count(const struct dataset *dataset, int given, struct err *err)
{
	struct buf names;
	buf_init(&names, 4096);
	size_t wanted = dataset->key_count ? dataset->key_count : 2;
	for (size_t i = 0; i < dataset->key_count; i++)
		buf_printf(&names, " %s", dataset->schema->fields[dataset->key_fields[i]].name);
	if (!dataset->key_count)
		buf_append_text(&names, " _file _row");
	bool ok = (size_t)given == wanted ||
		  err_usage(err, "the key of %s.%s is%s: give %zu value%s, not %d",
			  dataset->table.schema, dataset->table.name, buf_text(&names), wanted,
			  wanted == 1 ? "" : "s", given);
	buf_release(&names);
	return ok;
}

/* Of a looked-up field the text is given, as it stands in the file. */
static void append_value(
	const struct dataset *dataset, int field, size_t parameter, struct buf *sql)
{
	for (size_t i = 0; i < dataset->lookup_count; i++) {
		const struct config_lookup *lookup = dataset->lookups[i].config;
		if (dataset->lookups[i].field != (size_t)field)
			continue;
		buf_append_text(sql, " = (SELECT ");
		quote_identifier(sql, lookup->id);
		buf_append_text(sql, " FROM ");
		quote_qualified(sql, lookup->table.schema, lookup->table.name);
		buf_append_text(sql, " WHERE ");
		quote_identifier(sql, lookup->text);
		buf_printf(sql, " = $%zu)", parameter);
		return;
	}
	buf_printf(sql, " = $%zu", parameter);
}

static void append_query(const struct dataset *dataset, struct buf *sql)
{
	buf_append_text(sql, "SELECT _file, _row FROM ");
	quote_qualified(sql, dataset->table.schema, dataset->table.name);
	buf_append_text(sql, " WHERE ");
	if (!dataset->key_count)
		buf_append_text(sql, "_file = $1 AND _row = $2");
	for (size_t i = 0; i < dataset->key_count; i++) {
		buf_append_text(sql, i ? " AND " : "");
		quote_identifier(sql, dataset->schema->fields[dataset->key_fields[i]].column);
		append_value(dataset, dataset->key_fields[i], i + 1, sql);
	}
}

static bool find_row(
	struct trace *trace, struct database *database, int argc, char **argv, struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	buf_init(&sql, 65536);
	append_query(trace->dataset, &sql);
	bool ok = database_query(
		database, buf_text(&sql), (const char *const *)argv, (size_t)argc, &rows, err);
	buf_release(&sql);
	if (!ok)
		return false;
	if (database_row_count(rows) == 0) {
		ok = err_fail(err, ERR_FATAL, "%s.%s has no row with this key",
			trace->dataset->table.schema, trace->dataset->table.name);
	} else {
		trace->file_id = database_int(rows, 0, 0);
		trace->row = database_int(rows, 0, 1);
	}
	database_rows_free(rows);
	return ok;
}

static bool find_origin(struct trace *trace, struct database *database, struct err *err)
{
	char file_id[24];
	char row[24];
	snprintf(file_id, sizeof(file_id), "%" PRId64, trace->file_id);
	snprintf(row, sizeof(row), "%" PRId64, trace->row);
	const char *const values[] = {trace->dataset->config->name, file_id, row};
	if (!database_query(database, sql_trace_origin, values, 3, &trace->origin, err))
		return false;
	if (database_row_count(trace->origin) == 1)
		return true;
	return err_fail(err, ERR_FATAL,
		"the ledger has no file %s of dataset %s: the row was not loaded by penstock",
		file_id, trace->dataset->config->name);
}

static bool ask_database(
	struct trace *trace, const struct config *config, int argc, char **argv, struct err *err)
{
	const struct database_options options = {.conninfo = config->postgres,
		.application = "penstock-trace",
		.statement_ms = statement_ms};
	struct database *database = NULL;
	if (!database_open(&options, &database, err))
		return false;
	bool ok = find_row(trace, database, argc, argv, err) && find_origin(trace, database, err);
	database_close(database);
	return ok;
}

/* ---- the archived bytes ---- */

static bool find_manifest(struct trace *trace, struct archive *archive, struct err *err)
{
	const char *dataset = trace->dataset->config->name;
	bool found = false;
	if (!manifest_find(archive, dataset, database_text(trace->origin, 0, 0), trace->file_id,
		    &trace->manifest, &found, err))
		return false;
	return found || err_fail(err, ERR_FATAL,
				"the archive has no manifest of file %" PRId64 " of dataset %s",
				trace->file_id, dataset);
}

static bool find_record(struct trace *trace, struct archive *archive, struct err *err)
{
	bool found = false;
	if (!source_open(archive, &trace->manifest, &trace->source, err) ||
		!cutter_find_row(trace->source.cutter, trace->row, &trace->record, &found, err))
		return err_prefix(err, "%s", trace->manifest.name);
	return found ||
	       err_fail(err, ERR_FATAL, "%s has no row %" PRId64, trace->manifest.name, trace->row);
}

/* ---- telling ---- */

static void print_lines(const struct trace *trace)
{
	const struct database_rows *origin = trace->origin;
	const struct cutter_record *record = &trace->record;
	struct buf text;
	buf_init(&text, max_text);
	text_excerpt(&text, record->text, record->text_len, record->text_len);
	printf("file      %s (%s)\n", database_text(origin, 0, 1), database_text(origin, 0, 2));
	printf("dataset   %s, file id %" PRId64 "\n", trace->dataset->config->name, trace->file_id);
	printf("content   sha256 %s in the archive\n", database_text(origin, 0, 0));
	printf("record    %" PRId64 " (row number %" PRId64 "), bytes %" PRId64 " to %" PRId64 "\n",
		record->number, trace->row, record->start, record->end);
	if (database_text(origin, 0, 3))
		printf("chunk     %s, partition %s, offset %s, loaded %s by %s\n",
			database_text(origin, 0, 3), database_text(origin, 0, 4),
			database_text(origin, 0, 5), database_text(origin, 0, 7),
			database_text(origin, 0, 6));
	printf("original  %s\n", buf_text(&text));
	buf_release(&text);
}

static void put_number(struct json_writer *json, const char *key, const char *number)
{
	json_key(json, key);
	if (number)
		json_raw(json, number, strlen(number));
	else
		json_null(json);
}

static void put_text(struct json_writer *json, const char *key, const char *text)
{
	json_key(json, key);
	json_string(json, text);
}

static void put_int(struct json_writer *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

static void print_json(const struct trace *trace)
{
	const struct database_rows *origin = trace->origin;
	struct json_writer json;
	struct buf out;
	buf_init(&out, max_text);
	json_begin(&json, &out);
	json_object(&json);
	put_text(&json, "dataset", trace->dataset->config->name);
	put_int(&json, "file_id", trace->file_id);
	put_text(&json, "sha256", database_text(origin, 0, 0));
	put_text(&json, "name", database_text(origin, 0, 1));
	put_text(&json, "state", database_text(origin, 0, 2));
	put_int(&json, "row", trace->row);
	put_int(&json, "record", trace->record.number);
	put_int(&json, "start", trace->record.start);
	put_int(&json, "end", trace->record.end);
	put_number(&json, "chunk", database_text(origin, 0, 3));
	put_number(&json, "partition", database_text(origin, 0, 4));
	put_number(&json, "offset", database_text(origin, 0, 5));
	put_text(&json, "worker", database_text(origin, 0, 6));
	put_text(&json, "loaded_at", database_text(origin, 0, 7));
	json_key(&json, "original");
	json_string_n(&json, trace->record.text, trace->record.text_len);
	json_object_end(&json);
	printf("%s\n", buf_text(&out));
	buf_release(&out);
}

static bool trace_row(
	struct trace *trace, const struct config *config, int argc, char **argv, struct err *err)
{
	struct archive *archive = NULL;
	if (!check_key_count(trace->dataset, argc, err) ||
		!ask_database(trace, config, argc, argv, err) ||
		!archive_open(config->archive, &config->s3, &archive, err))
		return false;
	bool ok = find_manifest(trace, archive, err) && find_record(trace, archive, err);
	archive_close(archive);
	return ok;
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct trace_options *wanted = options;
	struct err err;
	struct trace trace = {0};
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets || !find_dataset(datasets, argv[0], &trace.dataset, &err))
		return cli_fail(&err);
	manifest_init(&trace.manifest);
	bool ok = trace_row(&trace, &cli->config, argc - 1, argv + 1, &err);
	if (ok && wanted->json)
		print_json(&trace);
	else if (ok)
		print_lines(&trace);
	source_close(&trace.source);
	manifest_release(&trace.manifest);
	database_rows_free(trace.origin);
	return ok ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_trace = {
	.name = "trace",
	.arguments = "TABLE KEY...",
	.summary = "where a table's row came from: file, record, original bytes",
	.details =
		"KEY are the values of the table's key, in its order (_file and _row for a table\n"
		"without a key). Reads Postgres and the archive.\n"
		"\n"
		"  penstock trace raw.orders 4711\n"
		"  penstock trace raw.population Norway 2005",
	.options = {trace_rows, sizeof(trace_rows) / sizeof(trace_rows[0])},
	.options_size = sizeof(struct trace_options),
	.min_arguments = 2,
	.max_arguments = -1,
	.run = run,
};
