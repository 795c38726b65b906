/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table model, published by difference: its query fills a temporary table, then the rows that are
 * gone are deleted, the changed ones updated, the new ones inserted. Readers keep the rows their
 * snapshots know, grants, views and foreign keys stay with the table.
 *
 * Rows are compared by their stored image (*<>), which knows every type and treats nulls as values.
 * Without a unique index on the key the table is a multiset: of each row's text image as many are
 * deleted or inserted as there are too many or too few.
 */
#include "scheduler/publish.h"
#include "base/log.h"
#include "postgres/quote.h"

#define FRESH	  PUBLISH_FRESH
/* Text output is exact for every type, and "C" compares its bytes. */
#define IMAGE_END ")::text COLLATE \"C\""

bool publish_run(struct batch *batch, struct buf *sql, int64_t *ret_affected, struct err *err)
{
	bool ok = sql->overflow ? err_fail(err, ERR_FATAL, "the model's SQL becomes too long")
				: database_run(batch->database, buf_text(sql), NULL, 0,
					  ret_affected, err);
	buf_clear(sql);
	return ok;
}

bool publish_fill(struct batch *batch, const char *name, const char *query, struct err *err)
{
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_printf(&sql, "DROP TABLE IF EXISTS %s", name);
	bool ok = publish_run(batch, &sql, NULL, err);
	buf_printf(&sql, "CREATE TEMP TABLE %s ON COMMIT DROP AS\n", strchr(name, '.') + 1);
	buf_append_text(&sql, query);
	ok = ok && publish_run(batch, &sql, NULL, err);
	buf_printf(&sql, "ANALYZE %s", name);
	ok = ok && publish_run(batch, &sql, NULL, err);
	buf_release(&sql);
	return ok;
}

/* The first publication: nobody knows the table yet. */
static bool create(struct batch *batch, const struct model *model, struct buf *sql, struct err *err)
{
	struct model_result *result = batch_result(batch, model);
	if (!batch_make_schema(batch, model->schema, err))
		return false;
	buf_append_text(sql, "CREATE TABLE ");
	quote_qualified(sql, model->schema, model->table);
	buf_append_text(sql, " (LIKE " FRESH);
	if (model->unique_key.count) {
		buf_append_text(sql, ", PRIMARY KEY (");
		key_list(model, sql);
		buf_append_text(sql, ")");
	}
	buf_append_text(sql, ")");
	if (!publish_run(batch, sql, NULL, err))
		return false;
	buf_append_text(sql, "INSERT INTO ");
	quote_qualified(sql, model->schema, model->table);
	buf_append_text(sql, " SELECT * FROM " FRESH);
	if (!publish_run(batch, sql, &result->inserted, err))
		return false;
	buf_append_text(sql, "ANALYZE ");
	quote_qualified(sql, model->schema, model->table);
	return publish_run(batch, sql, NULL, err);
}

void publish_same_key(const struct model *model, const char *one, struct buf *sql)
{
	for (size_t i = 0; i < model->unique_key.count; i++) {
		buf_printf(sql, "%s%s.", i ? " AND " : "", one);
		quote_identifier(sql, model->unique_key.items[i]);
		buf_append_text(sql, " = t.");
		quote_identifier(sql, model->unique_key.items[i]);
	}
}

static void update_sql(const struct model *model, const struct shape *shape, struct buf *sql)
{
	buf_append_text(sql, "UPDATE ");
	quote_qualified(sql, model->schema, model->table);
	buf_append_text(sql, " t SET ");
	for (size_t i = 0; i < shape->count; i++) {
		buf_append_text(sql, i ? ", " : "");
		quote_identifier(sql, shape->columns[i].name);
		buf_append_text(sql, " = n.");
		quote_identifier(sql, shape->columns[i].name);
	}
	buf_append_text(sql, " FROM " FRESH " n WHERE ");
	publish_same_key(model, "n", sql);
	buf_append_text(sql, " AND ROW(");
	shape_list_columns(shape, "t.", sql);
	buf_append_text(sql, ")::record OPERATOR(pg_catalog.*<>) ROW(");
	shape_list_columns(shape, "n.", sql);
	buf_append_text(sql, ")::record");
}

static bool delete_gone(struct batch *batch, const struct model *model, const char *within,
	struct buf *sql, struct err *err)
{
	buf_append_text(sql, "DELETE FROM ");
	quote_qualified(sql, model->schema, model->table);
	buf_append_text(sql, " t WHERE NOT EXISTS (SELECT FROM " FRESH " n WHERE ");
	publish_same_key(model, "n", sql);
	buf_append_text(sql, ")");
	if (within) {
		buf_printf(sql, " AND EXISTS (SELECT FROM %s k WHERE ", within);
		publish_same_key(model, "k", sql);
		buf_append_text(sql, ")");
	}
	return publish_run(batch, sql, &batch_result(batch, model)->deleted, err);
}

static void insert_sql(const struct model *model, const struct shape *shape, struct buf *sql)
{
	buf_append_text(sql, "INSERT INTO ");
	quote_qualified(sql, model->schema, model->table);
	buf_append_text(sql, " (");
	shape_list_columns(shape, "", sql);
	buf_append_text(sql, ") SELECT ");
	shape_list_columns(shape, "n.", sql);
	buf_append_text(sql, " FROM " FRESH " n");
}

bool publish_by_key(struct batch *batch, const struct model *model, const struct shape *shape,
	const char *within, struct err *err)
{
	struct model_result *result = batch_result(batch, model);
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	bool ok = delete_gone(batch, model, within, &sql, err);
	update_sql(model, shape, &sql);
	ok = ok && publish_run(batch, &sql, &result->updated, err);
	buf_clear(&sql);
	insert_sql(model, shape, &sql);
	buf_append_text(&sql, " WHERE NOT EXISTS (SELECT FROM ");
	quote_qualified(&sql, model->schema, model->table);
	buf_append_text(&sql, " t WHERE ");
	publish_same_key(model, "n", &sql);
	buf_append_text(&sql, ")");
	ok = ok && publish_run(batch, &sql, &result->inserted, err);
	buf_release(&sql);
	return ok;
}

bool publish_append(
	struct batch *batch, const struct model *model, const struct shape *shape, struct err *err)
{
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	insert_sql(model, shape, &sql);
	bool ok = publish_run(batch, &sql, &batch_result(batch, model)->inserted, err);
	buf_release(&sql);
	return ok;
}

/* "SELECT <what>, image, nth FROM <relation>": each row with its image and its number among equals.
 */
static void numbered(const struct shape *shape, const char *what, struct buf *from, struct buf *sql)
{
	buf_printf(sql,
		"(SELECT s.%s AS place, s.image, row_number() OVER (PARTITION BY s.image) "
		"AS nth FROM (SELECT t.%s, ROW(",
		what, what);
	shape_list_columns(shape, "t.", sql);
	buf_append_text(sql, IMAGE_END " AS image FROM ");
	buf_append(sql, from->data, from->len);
	buf_append_text(sql, " t) s)");
}

static void counted(const struct shape *shape, struct buf *from, struct buf *sql)
{
	buf_append_text(sql, "(SELECT s.image, count(*) AS copies FROM (SELECT ROW(");
	shape_list_columns(shape, "t.", sql);
	buf_append_text(sql, IMAGE_END " AS image FROM ");
	buf_append(sql, from->data, from->len);
	buf_append_text(sql, " t) s GROUP BY s.image)");
}

static bool apply_as_multiset(struct batch *batch, const struct model *model,
	const struct shape *shape, struct buf *sql, struct err *err)
{
	struct model_result *result = batch_result(batch, model);
	struct buf target;
	struct buf fresh;
	buf_init(&target, 1024);
	buf_init(&fresh, 1024);
	quote_qualified(&target, model->schema, model->table);
	buf_append_text(&fresh, FRESH);
	buf_printf(sql, "DELETE FROM %s d USING ", buf_text(&target));
	numbered(shape, "ctid", &target, sql);
	buf_append_text(sql, " o LEFT JOIN ");
	counted(shape, &fresh, sql);
	buf_append_text(sql, " c ON c.image = o.image "
			     "WHERE d.ctid = o.place AND o.nth > coalesce(c.copies, 0)");
	bool ok = publish_run(batch, sql, &result->deleted, err);
	if (ok) {
		buf_printf(sql, "INSERT INTO %s (", buf_text(&target));
		shape_list_columns(shape, "", sql);
		buf_append_text(sql, ") SELECT ");
		shape_list_columns(shape, "f.", sql);
		buf_append_text(sql, " FROM " FRESH " f JOIN ");
		numbered(shape, "ctid", &fresh, sql);
		buf_append_text(sql, " n ON f.ctid = n.place LEFT JOIN ");
		counted(shape, &target, sql);
		buf_append_text(sql, " c ON c.image = n.image WHERE n.nth > coalesce(c.copies, 0)");
		ok = publish_run(batch, sql, &result->inserted, err);
	}
	buf_release(&fresh);
	buf_release(&target);
	return ok;
}

/* Rows that somebody else put there are not this model's to delete. */
static bool is_own(struct batch *batch, const struct model *model, struct buf *sql, struct err *err)
{
	struct database_rows *rows = NULL;
	buf_append_text(sql, "SELECT EXISTS (SELECT FROM penstock.model WHERE model = $1) OR NOT "
			     "EXISTS (SELECT FROM ");
	quote_qualified(sql, model->schema, model->table);
	buf_append_text(sql, ")");
	bool ok = database_query(batch->database, buf_text(sql), &model->name, 1, &rows, err);
	bool own = ok && database_bool(rows, 0, 0);
	database_rows_free(rows);
	buf_clear(sql);
	return ok && (own || apply_refuse(model,
				     "the table holds rows that no run has put there: empty it, or "
				     "name the model otherwise",
				     err));
}

static bool apply(struct batch *batch, const struct model *model, const struct shape *shape,
	struct buf *sql, struct err *err)
{
	bool indexed = false;
	if (!is_own(batch, model, sql, err) || !key_indexed(batch, model, &indexed, err))
		return false;
	if (model->unique_key.count && !indexed)
		log_warn("the table has no unique index on the model's unique_key: comparing whole "
			 "rows; run --rebuild gives it one",
			log_str("model", model->name));
	return indexed ? publish_by_key(batch, model, shape, NULL, err)
		       : apply_as_multiset(batch, model, shape, sql, err);
}

static bool publish(
	struct batch *batch, const struct model *model, struct buf *sql, struct err *err)
{
	struct shape old;
	struct shape fresh;
	if (!publish_fill(batch, FRESH, model->query.text, err) ||
		(model->unique_key.count && !key_prove(batch, model, FRESH, err)) ||
		!shape_read(
			batch->database, model->schema, model->table, &batch->arena, &old, err) ||
		!shape_read(
			batch->database, "pg_temp", "penstock_fresh", &batch->arena, &fresh, err))
		return false;
	if (!old.kind)
		return create(batch, model, sql, err) && apply_comments(batch, model, err);
	if (old.kind != SHAPE_TABLE)
		return apply_refuse(model, "it is no table in the database", err);
	/* Columns are added before the run, or while others wait anyway for a rebuild. */
	bool same = old.count == fresh.count && shape_common(&old, &fresh) == old.count;
	if (!same && !batch->rebuild)
		return apply_refuse(model, "its columns changed together with what it reads", err);
	if (!same && !apply_columns(batch, model, &fresh, err))
		return false;
	return apply(batch, model, &fresh, sql, err);
}

bool publish_table(struct batch *batch, const struct model *model, struct err *err)
{
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	bool ok = publish(batch, model, &sql, err);
	buf_release(&sql);
	return ok;
}
