/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A materialized view. REFRESH CONCURRENTLY makes nobody wait and is part of the run's transaction,
 * but Postgres reports success and leaves old rows behind when new rows repeat each other and
 * contain a null: so the key is proven first, on the rows about to come.
 */
#include "postgres/quote.h"
#include "scheduler/batch.h"

static bool run_on(struct batch *batch, const struct model *model, const char *before,
	const char *after, struct err *err)
{
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, before);
	quote_qualified(&sql, model->schema, model->table);
	buf_append_text(&sql, after);
	bool ok = database_run(batch->database, buf_text(&sql), NULL, 0, NULL, err);
	buf_release(&sql);
	return ok;
}

static bool create(struct batch *batch, const struct model *model, struct err *err)
{
	if (!batch_make_schema(batch, model->schema, err))
		return false;
	const char *body = arena_printf(&batch->arena, " AS\n%s\nWITH DATA", model->query.text);
	return run_on(batch, model, "CREATE MATERIALIZED VIEW ", body, err) &&
	       apply_comments(batch, model, err);
}

/* SHARE lock: readers do not mind. */
static bool index_key(struct batch *batch, const struct model *model, struct err *err)
{
	bool indexed = false;
	if (!key_indexed(batch, model, &indexed, err))
		return false;
	if (indexed)
		return true;
	struct buf columns;
	buf_init(&columns, BATCH_SQL_MAX);
	buf_append_text(&columns, " (");
	key_list(model, &columns);
	buf_append_text(&columns, ")");
	bool ok = run_on(batch, model, "CREATE UNIQUE INDEX ON ", buf_text(&columns), err);
	buf_release(&columns);
	return ok;
}

static bool refresh(
	struct batch *batch, const struct model *model, const struct shape *old, struct err *err)
{
	if (!old->populated)
		return run_on(batch, model, "REFRESH MATERIALIZED VIEW ", "", err);
	return index_key(batch, model, err) &&
	       run_on(batch, model, "REFRESH MATERIALIZED VIEW CONCURRENTLY ", "", err);
}

bool publish_matview(struct batch *batch, const struct model *model, struct err *err)
{
	struct shape old;
	const char *from = arena_printf(&batch->arena, "(\n%s\n) q", model->query.text);
	if (!shape_read(batch->database, model->schema, model->table, &batch->arena, &old, err) ||
		!key_prove(batch, model, from, err))
		return false;
	if (old.kind && old.kind != SHAPE_MATVIEW)
		return apply_refuse(model, "it is no materialized view in the database", err);
	if (old.kind && !batch_result(batch, model)->prepared) {
		struct shape wanted;
		if (!apply_probe(batch, model, &wanted, err))
			return false;
		if (strcmp(old.definition, wanted.definition) != 0)
			return apply_refuse(model, "its SQL changed", err);
	}
	return (old.kind ? refresh(batch, model, &old, err) : create(batch, model, err)) &&
	       index_key(batch, model, err);
}
