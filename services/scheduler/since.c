/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/since.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "postgres/quote.h"

static void text_array(const struct string_list *list, struct buf *out)
{
	struct buf literal;
	buf_init(&literal, BATCH_SQL_MAX);
	array_begin(&literal);
	for (size_t i = 0; i < list->count; i++)
		array_add(&literal, list->items[i]);
	array_end(&literal);
	quote_literal(out, buf_text(&literal));
	buf_append_text(out, "::text[]");
	buf_release(&literal);
}

void since_reason_sql(const struct model *model, const struct config_dataset *growing,
	const struct string_list *fixed, struct buf *out)
{
	buf_append_text(out, "penstock.full_reason(");
	quote_literal(out, model->name);
	buf_append_text(out, ", ");
	quote_literal(out, model->definition);
	buf_append_text(out, ", ");
	quote_literal(out, growing->name);
	buf_append_text(out, ", ");
	text_array(fixed, out);
	buf_append_text(out, ")");
}

bool since_full_reason(struct batch *batch, const struct model *model,
	const struct config_dataset *growing, const struct string_list *fixed,
	const char **ret_reason, struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "SELECT ");
	since_reason_sql(model, growing, fixed, &sql);
	bool ok = database_query(batch->database, buf_text(&sql), NULL, 0, &rows, err);
	if (ok) {
		const char *reason = database_text(rows, 0, 0);
		*ret_reason = reason ? arena_strdup(&batch->arena, reason) : NULL;
		database_rows_free(rows);
	}
	buf_release(&sql);
	return ok;
}

/* OFFSET 0 keeps the planner from reading the whole table into a join: it cannot know how few rows
 * the ranges mean. */
void since_rows_sql(
	const struct model *model, const struct config_dataset *growing, struct buf *out)
{
	buf_append_text(out, "(SELECT r.* FROM penstock.since_rows(");
	quote_literal(out, model->name);
	buf_append_text(out, ", ");
	quote_literal(out, growing->name);
	buf_append_text(out, ") s CROSS JOIN LATERAL (SELECT t.* FROM ");
	quote_qualified(out, growing->table_schema, growing->table_name);
	buf_append_text(out, " t WHERE t._file = s.file_id AND t._row BETWEEN s.first_row"
			     " AND s.last_row OFFSET 0) r)");
}

/* Of an index on exactly (_file, _row): 'valid', its name when a build was cut off, or no row. */
static const char index_sql[] =
	"SELECT CASE WHEN i.indisvalid THEN 'valid' ELSE i.indexrelid::regclass::text END"
	" FROM pg_index i JOIN pg_attribute f ON f.attrelid = i.indrelid AND f.attname = '_file'"
	" JOIN pg_attribute r ON r.attrelid = i.indrelid AND r.attname = '_row'"
	" WHERE i.indrelid = to_regclass($1) AND i.indpred IS NULL"
	" AND i.indkey::text = f.attnum || ' ' || r.attnum"
	" ORDER BY i.indisvalid DESC LIMIT 1";

static bool drop_remains(struct batch *batch, const char *index, struct err *err)
{
	struct buf sql;
	buf_init(&sql, 1024);
	buf_printf(&sql, "DROP INDEX CONCURRENTLY %s", index);
	bool ok = database_exec(batch->database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

static bool find_index(struct batch *batch, const char *table, bool *ret_valid, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, index_sql, &table, 1, &rows, err))
		return false;
	bool any = database_row_count(rows) > 0;
	bool valid = any && strcmp(database_text(rows, 0, 0), "valid") == 0;
	bool ok = !any || valid || drop_remains(batch, database_text(rows, 0, 0), err);
	database_rows_free(rows);
	if (ok)
		*ret_valid = valid;
	return ok;
}

bool since_index(struct batch *batch, const struct config_dataset *dataset, struct err *err)
{
	struct buf table;
	struct buf sql;
	bool valid = false;
	buf_init(&table, 1024);
	buf_init(&sql, 2048);
	quote_qualified(&table, dataset->table_schema, dataset->table_name);
	bool ok = find_index(batch, buf_text(&table), &valid, err);
	if (ok && !valid) {
		log_info("making the index that finds rows loaded since the last batch",
			log_str("table", buf_text(&table)));
		buf_printf(&sql, "CREATE INDEX CONCURRENTLY ON %s (_file, _row)", buf_text(&table));
		ok = database_exec(batch->database, buf_text(&sql), err);
	}
	buf_release(&sql);
	buf_release(&table);
	return ok || err_prefix(err, "index on (_file, _row) of dataset %s", dataset->name);
}

bool since_adopt(struct batch *batch, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, "SELECT penstock.adopt()", NULL, 0, &rows, err))
		return false;
	if (database_bool(rows, 0, 0))
		log_warn("the ledger came from another database: this run counts everything as "
			 "seen");
	database_rows_free(rows);
	return true;
}

bool since_publish(struct batch *batch, const struct model *model, struct err *err)
{
	char run[24];
	snprintf(run, sizeof(run), "%" PRId64, batch->run_id);
	const char *parameters[] = {
		model->name, run, model->definition, model->speed ? "true" : "false"};
	return model->materialized == MODEL_VIEW ||
	       database_run(batch->database,
		       "INSERT INTO penstock.model AS m"
		       " (model, run_id, definition, live, snapshot, origin) VALUES"
		       " ($1, $2::bigint, $3, $4::boolean, pg_current_snapshot(),"
		       " penstock.origin()) ON CONFLICT (model) DO UPDATE SET"
		       " run_id = excluded.run_id, definition = excluded.definition,"
		       " live = excluded.live, snapshot = excluded.snapshot,"
		       " origin = excluded.origin, published_at = DEFAULT",
		       parameters, 4, NULL, err);
}
