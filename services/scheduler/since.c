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
	const struct string_list *fixed, bool keyed, struct buf *out)
{
	buf_append_text(out, "penstock.full_reason(");
	quote_literal(out, model->name);
	buf_append_text(out, ", ");
	quote_literal(out, model->definition);
	buf_append_text(out, ", ");
	quote_literal(out, growing->name);
	buf_append_text(out, ", ");
	text_array(fixed, out);
	buf_append_text(out, keyed ? ", true)" : ")");
}

bool since_full_reason(struct batch *batch, const struct model *model,
	const struct config_dataset *growing, const struct string_list *fixed, bool keyed,
	const char **ret_reason, struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "SELECT ");
	since_reason_sql(model, growing, fixed, keyed, &sql);
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
