/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign keys to tables of texts. Postgres checks them by a query a row and key, which costs
 * several times what the row itself does; a group has few different keys. Where the role may put
 * triggers to sleep and the table has no others, the same is done here with one query a table: the
 * rows referred to are there, and locked as a foreign key would. Either way that query tells
 * whether they still have the texts their keys were given for, which no foreign key does.
 */
#include "postgres/quote.h"
#include "worker/load.h"

enum { COLUMN, TABLE, ID, KEY_ARRAYS };

static void list_keys(struct loader *loader)
{
	const struct dataset *dataset = loader->dataset;
	arrays_begin(loader);
	for (size_t i = 0; i < dataset->lookup_count; i++) {
		const struct config_lookup *lookup = dataset->lookups[i].config;
		buf_clear(&loader->text);
		quote_qualified(&loader->text, lookup->table.schema, lookup->table.name);
		array_add(&loader->arrays[COLUMN], lookup->column);
		array_add(&loader->arrays[TABLE], buf_text(&loader->text));
		array_add(&loader->arrays[ID], lookup->id);
	}
}

bool keys_take_over(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	const char *values[1 + KEY_ARRAYS] = {loader->sql.target};
	struct database_rows *rows;
	loader->dimensions.taken_over = false;
	if (loader->dimensions.count == 0 || batch->within)
		return true;
	list_keys(loader);
	if (!arrays_end(loader, KEY_ARRAYS, values + 1, err) ||
		!database_query(loader->database,
			"SELECT penstock.take_over_keys($1::regclass, $2::name[], $3::regclass[],"
			" $4::name[])",
			values, 1 + KEY_ARRAYS, &rows, err))
		return false;
	loader->dimensions.taken_over = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

/* The keys of the texts in this group, in array 0, and the texts, in array 1; how many. */
static int64_t list_used(struct loader *loader, const struct lookup *lookup)
{
	int64_t count = 0;
	arrays_begin(loader);
	for (size_t i = 0; i < lookup->count; i++) {
		const struct lookup_text *text = &lookup->items[i];
		if (text->group != lookup->group || text->wanted || text->native)
			continue;
		array_add_int(&loader->arrays[0], text->id);
		array_add_n(&loader->arrays[1], text->text, text->len);
		count++;
	}
	return count;
}

static bool fail_gone(struct load_batch *batch, const struct dimension *dimension, struct err *err)
{
	struct dimensions *dimensions = &batch->loader->dimensions;
	if (!dimensions->doubted) {
		dimensions->doubted = true;
		dimensions_forget(dimensions);
		batch->again = true;
	}
	return err_fail(err, ERR_RETRY,
		"rows of %s were deleted or renamed since their keys were asked for",
		dimension->target);
}

static bool hold(struct load_batch *batch, const struct dimension *dimension, struct err *err)
{
	enum { ARRAYS = 2 };
	struct loader *loader = batch->loader;
	const struct config_lookup *config = dimension->config;
	const char *values[4 + ARRAYS] = {dimension->target, config->id, config->text,
		loader->dimensions.taken_over ? "true" : "false"};
	struct database_rows *rows;
	int64_t count = list_used(loader, &dimension->lookup);
	if (count == 0)
		return true;
	if (!arrays_end(loader, ARRAYS, values + 4, err) ||
		!database_query(loader->database,
			"SELECT penstock.hold_texts($1::regclass, $2, $3, $4::boolean,"
			" $5::integer[], $6::text[])",
			values, 4 + ARRAYS, &rows, err))
		return false;
	bool all = database_int(rows, 0, 0) == count;
	database_rows_free(rows);
	return all || fail_gone(batch, dimension, err);
}

bool keys_hold(struct load_batch *batch, struct err *err)
{
	const struct dimensions *dimensions = &batch->loader->dimensions;
	for (size_t i = 0; i < dimensions->count; i++)
		if (!hold(batch, &dimensions->items[i], err))
			return false;
	return !dimensions->taken_over ||
	       database_exec(batch->loader->database,
		       "SET LOCAL session_replication_role TO DEFAULT", err);
}
