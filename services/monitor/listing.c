/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json_writer.h"
#include "monitor/watch.h"

bool listing_query(struct database *database, const struct listing_shape *shape,
	const char *const *parameters, size_t count, struct arena *arena,
	struct listing *ret_listing, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(database, shape->sql, parameters, count, &rows, err))
		return err_prefix(err, "asking the ledger for %s", shape->title);
	size_t columns = shape->column_count;
	if (database_column_count(rows) != columns)
		BUG("%s: %zu columns, expected %zu", shape->key, database_column_count(rows),
			columns);
	size_t n = database_row_count(rows);
	const char **cells = arena_calloc(arena, n * columns + 1, sizeof(*cells));
	for (size_t i = 0; i < n * columns; i++) {
		const char *text = database_text(rows, i / columns, i % columns);
		cells[i] = text ? arena_strdup(arena, text) : NULL;
	}
	database_rows_free(rows);
	*ret_listing = (struct listing){.shape = shape, .cells = cells, .rows = n};
	return true;
}

const char *listing_cell(const struct listing *listing, size_t row, const char *key)
{
	const struct listing_shape *shape = listing->shape;
	for (size_t i = 0; i < shape->column_count; i++)
		if (strcmp(shape->columns[i].key, key) == 0)
			return listing->cells[row * shape->column_count + i];
	BUG("%s has no column %s", shape->key, key);
}

static void put_rows(const struct listing *listing, struct json_writer *json)
{
	const struct listing_shape *shape = listing->shape;
	json_array(json);
	for (size_t row = 0; row < listing->rows; row++) {
		json_object(json);
		for (size_t i = 0; i < shape->column_count; i++) {
			const char *cell = listing->cells[row * shape->column_count + i];
			json_key(json, shape->columns[i].key);
			if (!cell || shape->columns[i].kind == LISTING_TEXT)
				json_string(json, cell);
			else
				json_raw(json, cell, strlen(cell));
		}
		json_object_end(json);
	}
	json_array_end(json);
}

void listing_json(const struct listing *listing, struct buf *out)
{
	struct json_writer json;
	json_begin(&json, out);
	put_rows(listing, &json);
}

void status_json(const struct status *status, struct buf *out)
{
	struct json_writer json;
	json_begin(&json, out);
	json_object(&json);
	for (size_t i = 0; i < STATUS_PARTS; i++) {
		json_key(&json, status->parts[i].shape->key);
		put_rows(&status->parts[i], &json);
	}
	json_object_end(&json);
}
