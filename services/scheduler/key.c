/* SPDX-License-Identifier: Apache-2.0 */
/* unique_key: proven before anything relies on it. */
#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"

void key_list(const struct model *model, struct buf *out)
{
	for (size_t i = 0; i < model->unique_key.count; i++) {
		buf_append_text(out, i ? ", " : "");
		quote_identifier(out, model->unique_key.items[i]);
	}
}

/* One query: the first key that is null in part, or there twice; no row when there is none. */
static void proof_sql(const struct model *model, const char *from, struct buf *sql)
{
	buf_append_text(sql, "SELECT ROW(");
	key_list(model, sql);
	buf_append_text(sql, ")::text, count(*) FROM ");
	buf_append_text(sql, from);
	buf_append_text(sql, " GROUP BY ");
	key_list(model, sql);
	buf_append_text(sql, " HAVING count(*) > 1");
	for (size_t i = 0; i < model->unique_key.count; i++) {
		buf_append_text(sql, " OR ");
		quote_identifier(sql, model->unique_key.items[i]);
		buf_append_text(sql, " IS NULL");
	}
	buf_append_text(sql, " LIMIT 1");
}

bool key_prove(struct batch *batch, const struct model *model, const char *from, struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	buf_init(&sql, BATCH_SQL_MAX);
	proof_sql(model, from, &sql);
	bool ok = database_query(batch->database, buf_text(&sql), NULL, 0, &rows, err);
	if (ok && database_row_count(rows)) {
		const char *key = database_text(rows, 0, 0);
		int64_t count = database_int(rows, 0, 1);
		buf_clear(&sql);
		key_list(model, &sql);
		ok = count > 1 ? err_fail(err, ERR_FATAL,
					 "unique_key (%s) is not unique: %lld rows have %s",
					 buf_text(&sql), (long long)count, key)
			       : err_fail(err, ERR_FATAL,
					 "unique_key (%s) is null in the row with %s",
					 buf_text(&sql), key);
	}
	database_rows_free(rows);
	buf_release(&sql);
	return ok;
}

bool key_indexed(struct batch *batch, const struct model *model, bool *ret_indexed, struct err *err)
{
	struct buf name;
	struct buf columns;
	struct database_rows *rows = NULL;
	if (!model->unique_key.count) {
		*ret_indexed = false;
		return true;
	}
	buf_init(&name, 1024);
	buf_init(&columns, BATCH_SQL_MAX);
	quote_qualified(&name, model->schema, model->table);
	array_begin(&columns);
	for (size_t i = 0; i < model->unique_key.count; i++)
		array_add(&columns, model->unique_key.items[i]);
	array_end(&columns);
	const char *parameters[] = {buf_text(&name), buf_text(&columns)};
	bool ok = database_query(
		batch->database, sql_scheduler_has_unique_index, parameters, 2, &rows, err);
	if (ok) {
		*ret_indexed = database_bool(rows, 0, 0);
		database_rows_free(rows);
	}
	buf_release(&columns);
	buf_release(&name);
	return ok;
}
