/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a dataset's key is the model's, a replaced row changes nothing but the row of the result
 * with the same key: the old one gave no other, and the new one gives none. Postgres itself tells
 * of which table's column a column of the result is, through subqueries and joins.
 */
#include "postgres/quote.h"
#include "scheduler/growth.h"

struct origin {
	uint32_t table;
	int number;
};

/* Of the unique_key's columns, in its order. */
static bool read_origins(struct batch *batch, const struct model *model, struct origin *origins,
	const struct growth *growth, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_describe(batch->database, growth->query.text, &rows, err))
		return false;
	for (size_t i = 0; i < model->unique_key.count; i++)
		for (size_t j = 0; j < database_column_count(rows); j++)
			if (strcmp(database_column_name(rows, j), model->unique_key.items[i]) == 0)
				origins[i].number =
					database_column_origin(rows, j, &origins[i].table);
	database_rows_free(rows);
	return true;
}

/* The dataset's rows come in at one place, and nowhere beside others of a UNION ALL. */
static bool is_single(const struct growth *growth, const struct config_dataset *dataset)
{
	size_t places = 0;
	bool in_arm = false;
	for (size_t i = 0; i < growth->query.source_count; i++)
		if (growth->places[i].growing == dataset) {
			places++;
			in_arm = in_arm || *growth->query.sources[i].arms;
		}
	return places == 1 && !in_arm;
}

/* The columns of the dataset's key in its table: number, name. */
static bool read_key(struct batch *batch, const struct config_dataset *dataset,
	struct database_rows **ret_rows, struct err *err)
{
	const struct string_list *key = &dataset->reading.key;
	struct buf table;
	struct buf names;
	buf_init(&table, 1024);
	buf_init(&names, BATCH_SQL_MAX);
	quote_qualified(&table, dataset->table_schema, dataset->table_name);
	array_begin(&names);
	for (size_t i = 0; i < key->count; i++)
		array_add(&names, key->items[i]);
	array_end(&names);
	const char *parameters[] = {buf_text(&table), buf_text(&names)};
	bool ok = database_query(batch->database,
		"SELECT a.attrelid, a.attnum, a.attname FROM pg_attribute a"
		" WHERE a.attrelid = to_regclass($1) AND a.attname = ANY ($2::text[])",
		parameters, 2, ret_rows, err);
	buf_release(&names);
	buf_release(&table);
	return ok;
}

/* *ret_columns: the key's columns in the order of the model's, NULL when they are not the same. */
static bool match(struct batch *batch, const struct config_dataset *dataset,
	const struct origin *origins, const char ***ret_columns, struct err *err)
{
	size_t count = dataset->reading.key.count;
	size_t matched = 0;
	struct database_rows *rows = NULL;
	if (!read_key(batch, dataset, &rows, err))
		return false;
	const char **columns = arena_calloc(&batch->arena, count, sizeof(*columns));
	for (size_t i = 0; i < database_row_count(rows); i++) {
		size_t at = 0;
		while (at < count && (database_int(rows, i, 0) != origins[at].table ||
					     database_int(rows, i, 1) != origins[at].number))
			at++;
		if (at == count)
			continue;
		columns[at] = arena_strdup(&batch->arena, database_text(rows, i, 2));
		matched++;
	}
	database_rows_free(rows);
	*ret_columns = matched == count ? columns : NULL;
	return true;
}

bool growth_find_keyed(
	struct batch *batch, const struct model *model, struct growth *growth, struct err *err)
{
	size_t count = model->unique_key.count;
	struct origin *origins = arena_calloc(&batch->arena, count, sizeof(*origins));
	if (growth->query.grouped)
		return true;
	if (!read_origins(batch, model, origins, growth, err))
		return false;
	for (size_t i = 0; i < growth->query.source_count && !growth->keyed; i++) {
		const struct config_dataset *dataset = growth->places[i].growing;
		if (!dataset || dataset->reading.key.count != count || !is_single(growth, dataset))
			continue;
		if (!match(batch, dataset, origins, &growth->keyed_columns, err))
			return false;
		growth->keyed = growth->keyed_columns ? dataset : NULL;
	}
	return true;
}
