/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a relation's definition and comments to what the files say, where that breaks nothing.
 */
#include "postgres/quote.h"
#include "scheduler/batch.h"

bool apply_refuse(const struct model *model, const char *why, struct err *err)
{
	return err_fail(err, ERR_FATAL,
		"%s; old results are kept until you run: penstock run --rebuild %s", why,
		model->name);
}

static bool run_buf(struct batch *batch, struct buf *sql, struct err *err)
{
	bool ok = database_run(batch->database, buf_text(sql), NULL, 0, NULL, err);
	buf_release(sql);
	return ok;
}

bool apply_probe(
	struct batch *batch, const struct model *model, struct shape *ret_shape, struct err *err)
{
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "CREATE TEMP VIEW penstock_probe AS\n");
	buf_append_text(&sql, model->query.text);
	return run_buf(batch, &sql, err) &&
	       shape_read(batch->database, "pg_temp", "penstock_probe", &batch->arena, ret_shape,
		       err) &&
	       database_exec(batch->database, "DROP VIEW pg_temp.penstock_probe", err);
}

/* Whether `wanted` begins with all columns of `old`; the error names the first that differs. */
static bool only_adds(const struct model *model, const struct shape *old,
	const struct shape *wanted, struct err *err)
{
	size_t same = shape_common(old, wanted);
	if (same == old->count)
		return true;
	struct buf why;
	buf_init(&why, 1000);
	buf_printf(&why, "column %zu is ", same + 1);
	shape_print_column(old, same, &why);
	buf_append_text(&why, " in the database, the file makes it ");
	shape_print_column(wanted, same, &why);
	apply_refuse(model, buf_text(&why), err);
	buf_release(&why);
	return false;
}

bool apply_view(struct batch *batch, const struct model *model, struct err *err)
{
	struct shape old;
	struct shape wanted;
	if (!shape_read(batch->database, model->schema, model->table, &batch->arena, &old, err) ||
		!apply_probe(batch, model, &wanted, err))
		return false;
	if (old.kind && old.kind != SHAPE_VIEW)
		return apply_refuse(model, "it is no view in the database", err);
	if (old.kind && strcmp(old.definition, wanted.definition) == 0)
		return true;
	if (old.kind ? !only_adds(model, &old, &wanted, err)
		     : !batch_make_schema(batch, model->schema, err))
		return false;
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, old.kind ? "CREATE OR REPLACE VIEW " : "CREATE VIEW ");
	quote_qualified(&sql, model->schema, model->table);
	buf_append_text(&sql, " AS\n");
	buf_append_text(&sql, model->query.text);
	batch_result(batch, model)->state = MODEL_PUBLISHED;
	return run_buf(batch, &sql, err);
}

bool apply_columns(
	struct batch *batch, const struct model *model, const struct shape *wanted, struct err *err)
{
	struct shape old;
	if (!shape_read(batch->database, model->schema, model->table, &batch->arena, &old, err))
		return false;
	if (!old.kind)
		return true;
	if (old.kind != SHAPE_TABLE)
		return apply_refuse(model, "it is no table in the database", err);
	if (!only_adds(model, &old, wanted, err))
		return false;
	if (old.count == wanted->count)
		return true;
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "ALTER TABLE ");
	quote_qualified(&sql, model->schema, model->table);
	for (size_t i = old.count; i < wanted->count; i++) {
		buf_append_text(&sql, i > old.count ? ", ADD COLUMN " : " ADD COLUMN ");
		quote_identifier(&sql, wanted->columns[i].name);
		buf_printf(&sql, " %s", wanted->columns[i].type);
		if (wanted->columns[i].collation)
			buf_printf(&sql, " COLLATE %s", wanted->columns[i].collation);
	}
	return run_buf(batch, &sql, err);
}

static bool same_comment(const char *there, const char *wanted)
{
	return !*wanted || (there && strcmp(there, wanted) == 0);
}

static bool comment_column(struct batch *batch, const struct model *model,
	const struct shape *shape, const struct model_column *column, struct err *err)
{
	size_t at = 0;
	while (at < shape->count && strcmp(shape->columns[at].name, column->name) != 0)
		at++;
	if (at == shape->count)
		return err_config(err, "%s: model %s has no column %s", model->documented,
			model->name, column->name);
	if (same_comment(shape->columns[at].comment, column->description))
		return true;
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "COMMENT ON COLUMN ");
	quote_qualified(&sql, model->schema, model->table);
	buf_append_text(&sql, ".");
	quote_identifier(&sql, column->name);
	buf_append_text(&sql, " IS ");
	quote_literal(&sql, column->description);
	return run_buf(batch, &sql, err);
}

bool apply_comments(struct batch *batch, const struct model *model, struct err *err)
{
	static const char *const kinds[] = {[MODEL_VIEW] = "VIEW",
		[MODEL_TABLE] = "TABLE",
		[MODEL_MATVIEW] = "MATERIALIZED VIEW",
		[MODEL_INCREMENTAL] = "TABLE"};
	struct shape shape;
	if (!shape_read(batch->database, model->schema, model->table, &batch->arena, &shape, err))
		return false;
	for (size_t i = 0; i < model->column_count; i++)
		if (!comment_column(batch, model, &shape, &model->columns[i], err))
			return false;
	if (same_comment(shape.comment, model->description))
		return true;
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_printf(&sql, "COMMENT ON %s ", kinds[model->materialized]);
	quote_qualified(&sql, model->schema, model->table);
	buf_append_text(&sql, " IS ");
	quote_literal(&sql, model->description);
	return run_buf(batch, &sql, err);
}
