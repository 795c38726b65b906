/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The indexes on (_file, _row) that speed and incremental models need. They cost every load, and
 * updates most of all (no HOT), so a table has one only as long as a model asks for it. Ours are
 * known by their name; one that somebody made by hand does as well, and stays.
 */
#include "base/crc32c.h"
#include "base/log.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"

#define PREFIX	 "penstock_since_"
#define MAX_NAME 63 /* Postgres cuts identifiers there */

/* The datasets, as config->datasets, whose new rows are looked for by the models of this run, or by
 * any of the project. */
static bool *mark_datasets(struct batch *batch, bool all)
{
	struct project *project = batch->project;
	bool *models = arena_calloc(&batch->arena, project->model_count + 1, sizeof(*models));
	bool *datasets =
		arena_calloc(&batch->arena, project->config->dataset_count + 1, sizeof(*datasets));
	for (size_t i = project->model_count; i-- > 0;) {
		const struct model *model = &project->models[i];
		bool counts = all || model->selected;
		if (counts && model->materialized == MODEL_INCREMENTAL)
			models[i] = true;
		/* An incremental model sees through views to the tables behind them. */
		for (size_t j = 0; models[i] && j < model->parent_count; j++)
			if (project->models[model->parents[j]].materialized == MODEL_VIEW)
				models[model->parents[j]] = true;
		for (size_t j = 0; models[i] && j < model->query.relation_count; j++)
			if (model->sources[j])
				datasets[model->sources[j] - project->config->datasets] = true;
		if (counts && model->is_live)
			datasets[model->speed->growing - project->config->datasets] = true;
	}
	return datasets;
}

/* Of an index on exactly (_file, _row): 'valid', its name when a build was cut off, or no row. */
static const char index_sql[] =
	"SELECT CASE WHEN i.indisvalid THEN 'valid' ELSE i.indexrelid::regclass::text END"
	" FROM pg_index i JOIN pg_attribute f ON f.attrelid = i.indrelid AND f.attname = '_file'"
	" JOIN pg_attribute r ON r.attrelid = i.indrelid AND r.attname = '_row'"
	" WHERE i.indrelid = to_regclass($1) AND i.indpred IS NULL"
	" AND i.indkey::text = f.attnum || ' ' || r.attnum"
	" ORDER BY i.indisvalid DESC LIMIT 1";

static const char ours_sql[] =
	"SELECT n.nspname, t.relname, i.indexrelid::regclass::text FROM pg_index i"
	" JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid"
	" JOIN pg_namespace n ON n.oid = t.relnamespace"
	" WHERE starts_with(c.relname, '" PREFIX "')";

static bool drop(struct batch *batch, const char *index, struct err *err)
{
	struct buf sql;
	buf_init(&sql, 1024);
	buf_printf(&sql, "DROP INDEX CONCURRENTLY %s", index);
	bool ok = database_exec(batch->database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

static bool find(struct batch *batch, const char *table, bool *ret_valid, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, index_sql, &table, 1, &rows, err))
		return false;
	bool any = database_row_count(rows) > 0;
	bool valid = any && strcmp(database_text(rows, 0, 0), "valid") == 0;
	bool ok = !any || valid || drop(batch, database_text(rows, 0, 0), err);
	database_rows_free(rows);
	if (ok)
		*ret_valid = valid;
	return ok;
}

static void create_sql(const struct config_dataset *dataset, struct buf *sql)
{
	const char *table = dataset->table_name;
	char name[MAX_NAME + 1];
	if (strlen(PREFIX) + strlen(table) <= MAX_NAME)
		snprintf(name, sizeof(name), PREFIX "%s", table);
	else
		snprintf(name, sizeof(name), PREFIX "%08x",
			(unsigned)crc32c(0, table, strlen(table)));
	buf_append_text(sql, "CREATE INDEX CONCURRENTLY ");
	quote_identifier(sql, name);
	buf_append_text(sql, " ON ");
	quote_qualified(sql, dataset->table_schema, table);
	buf_append_text(sql, " (_file, _row)");
}

static bool make(struct batch *batch, const struct config_dataset *dataset, struct err *err)
{
	struct buf table;
	struct buf sql;
	bool valid = false;
	buf_init(&table, 1024);
	buf_init(&sql, 2048);
	quote_qualified(&table, dataset->table_schema, dataset->table_name);
	bool ok = find(batch, buf_text(&table), &valid, err);
	if (ok && !valid) {
		log_info("making the index that finds rows loaded since the last batch",
			log_str("table", buf_text(&table)));
		create_sql(dataset, &sql);
		ok = database_exec(batch->database, buf_text(&sql), err);
	}
	buf_release(&sql);
	buf_release(&table);
	return ok || err_prefix(err, "index on (_file, _row) of dataset %s", dataset->name);
}

/* Tables of no dataset that the configuration knows keep theirs: they may be another project's. */
static bool is_surplus(
	const struct config *config, const bool *wanted, const char *schema, const char *table)
{
	for (size_t i = 0; i < config->dataset_count; i++)
		if (strcmp(config->datasets[i].table_schema, schema) == 0 &&
			strcmp(config->datasets[i].table_name, table) == 0)
			return !wanted[i];
	return false;
}

static bool drop_surplus(struct batch *batch, struct err *err)
{
	const bool *wanted = mark_datasets(batch, true);
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, ours_sql, NULL, 0, &rows, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < database_row_count(rows); i++) {
		const char *index = database_text(rows, i, 2);
		if (!is_surplus(batch->project->config, wanted, database_text(rows, i, 0),
			    database_text(rows, i, 1)))
			continue;
		log_info("no model looks for new rows here any more: dropping the index",
			log_str("index", index));
		ok = drop(batch, index, err);
	}
	database_rows_free(rows);
	return ok;
}

bool indexes_match(struct batch *batch, struct err *err)
{
	const struct config *config = batch->project->config;
	const bool *wanted = mark_datasets(batch, false);
	for (size_t i = 0; i < config->dataset_count; i++)
		if (wanted[i] && !make(batch, &config->datasets[i], err))
			return false;
	return drop_surplus(batch, err);
}
