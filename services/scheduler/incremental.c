/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incremental model: the rows that its datasets gained since its last publication tell which
 * rows of the result change. Where each comes of one row they are added; where they are groups, the
 * groups touched are made again from all rows. Whenever that might differ from the full query, the
 * full query runs.
 */
#include <inttypes.h>

#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"
#include "scheduler/growth.h"
#include "scheduler/publish.h"
#include "scheduler/since.h"

struct turn {
	struct batch *batch;
	const struct model *model;
	struct growth growth;
	struct shape old;
	const char *last_run;
	const char *full; /* why the full query runs; NULL: it does not */
	size_t *places;	  /* of the sources that have new rows */
	size_t place_count;
	const struct config_dataset *replaced; /* rows of which were, and the key tells which */
};

/* What the table holds is what the last publication left there, of the same basis. */
static bool check_basis(struct turn *turn, struct err *err)
{
	struct buf name;
	struct database_rows *rows = NULL;
	buf_init(&name, 1024);
	quote_qualified(&name, turn->model->schema, turn->model->table);
	const char *parameters[] = {turn->model->name, buf_text(&name), turn->growth.basis};
	bool ok = database_query(turn->batch->database,
		"SELECT i.relation = to_regclass($2)::oid, i.basis = $3, i.run_id "
		"FROM penstock.incremental i WHERE i.model = $1",
		parameters, 3, &rows, err);
	if (ok && !database_row_count(rows))
		turn->full = "it was not incremental before";
	else if (ok && !database_bool(rows, 0, 0))
		turn->full = "its table was made anew";
	else if (ok && !database_bool(rows, 0, 1))
		turn->full =
			"views, settings, functions or other tables it depends on have changed";
	else if (ok)
		turn->last_run = arena_strdup(&turn->batch->arena, database_text(rows, 0, 2));
	database_rows_free(rows);
	buf_release(&name);
	return ok;
}

/* Whether the places of one dataset have new rows. */
static bool find_news(struct turn *turn, const struct config_dataset *dataset, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *parameters[] = {turn->model->name, dataset->name};
	if (!database_query(turn->batch->database,
		    "SELECT EXISTS (SELECT FROM penstock.since_rows($1, $2))", parameters, 2, &rows,
		    err))
		return false;
	bool any = database_bool(rows, 0, 0);
	database_rows_free(rows);
	for (size_t i = 0; any && i < turn->growth.query.source_count; i++)
		if (turn->growth.places[i].growing == dataset)
			turn->places[turn->place_count++] = i;
	return true;
}

static bool check_dataset(struct turn *turn, const struct config_dataset *dataset, struct err *err)
{
	const struct growth *growth = &turn->growth;
	const char *why = NULL;
	if (!since_full_reason(turn->batch, turn->model, dataset, &growth->fixed, false, &why, err))
		return false;
	if (why && dataset == growth->keyed) {
		if (!since_full_reason(
			    turn->batch, turn->model, dataset, &growth->fixed, true, &why, err))
			return false;
		turn->replaced = why ? NULL : dataset;
	}
	turn->full = why;
	return true;
}

static bool check_datasets(struct turn *turn, struct err *err)
{
	const struct growth *growth = &turn->growth;
	turn->places = arena_calloc(
		&turn->batch->arena, growth->query.source_count, sizeof(*turn->places));
	for (size_t i = 0; i < growth->query.source_count && !turn->full; i++) {
		const struct config_dataset *dataset = growth->places[i].growing;
		bool seen = !dataset;
		for (size_t j = 0; j < i && !seen; j++)
			seen = growth->places[j].growing == dataset;
		if (seen)
			continue;
		if (!check_dataset(turn, dataset, err) ||
			(!turn->full && !find_news(turn, dataset, err)))
			return false;
	}
	return true;
}

static bool is_out_of_sight(struct turn *turn, bool *ret_answer, struct err *err)
{
	struct buf name;
	struct database_rows *rows = NULL;
	buf_init(&name, 1024);
	quote_qualified(&name, turn->model->schema, turn->model->table);
	const char *parameters[] = {buf_text(&name)};
	bool ok = database_query(
		turn->batch->database, sql_scheduler_key_out_of_sight, parameters, 1, &rows, err);
	if (ok)
		*ret_answer = database_bool(rows, 0, 0);
	database_rows_free(rows);
	buf_release(&name);
	return ok;
}

/* What the key needs so that its rows can be told apart. */
static bool check_key(struct turn *turn, struct err *err)
{
	bool indexed = false;
	bool hidden = false;
	if (!key_indexed(turn->batch, turn->model, &indexed, err) ||
		!is_out_of_sight(turn, &hidden, err))
		return false;
	if (!indexed)
		turn->full = "its table has no unique index on the key: run --rebuild makes one";
	else if (hidden)
		turn->full =
			"the operator = of the key's type is neither in the model's schema nor "
			"in public";
	return true;
}

static bool why_full(struct turn *turn, struct err *err)
{
	if (turn->batch->full)
		turn->full = "it was asked for";
	else if (turn->old.kind != SHAPE_TABLE)
		turn->full = "never published";
	else if (!check_key(turn, err))
		return false;
	return turn->full || (check_datasets(turn, err) && (turn->full || check_basis(turn, err)));
}

static bool ask(struct turn *turn, struct buf *sql, bool *ret_answer, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(turn->batch->database, buf_text(sql), NULL, 0, &rows, err))
		return false;
	*ret_answer = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

/* Rows of the result that the new rows of one source give. */
static void added_sql(const struct turn *turn, size_t place, struct buf *out)
{
	struct buf rows;
	buf_init(&rows, 4096);
	since_rows_sql(turn->model, turn->growth.places[place].growing, &rows);
	query_growth_added(&turn->growth.query, place, buf_text(&rows), out);
	buf_release(&rows);
}

static bool same_shape(struct turn *turn, struct shape *ret_fresh, struct err *err)
{
	if (!shape_read(turn->batch->database, "pg_temp", "penstock_fresh", &turn->batch->arena,
		    ret_fresh, err))
		return false;
	return (turn->old.count == ret_fresh->count &&
		       shape_common(&turn->old, ret_fresh) == turn->old.count) ||
	       apply_refuse(turn->model, "its columns changed together with what it reads", err);
}

/* Each row comes of one: those that are new are all there is to do, unless the table has one of
 * their keys (*ret_again; nothing was done then). */
static bool append(struct turn *turn, bool *ret_again, struct err *err)
{
	struct buf sql;
	struct shape fresh;
	bool again = false;
	buf_init(&sql, BATCH_SQL_MAX);
	added_sql(turn, turn->places[0], &sql);
	bool ok = publish_fill(turn->batch, PUBLISH_FRESH, buf_text(&sql), err) &&
		  key_prove(turn->batch, turn->model, PUBLISH_FRESH, err) &&
		  same_shape(turn, &fresh, err);
	buf_clear(&sql);
	buf_append_text(&sql, "SELECT EXISTS (SELECT FROM " PUBLISH_FRESH " n JOIN ");
	quote_qualified(&sql, turn->model->schema, turn->model->table);
	buf_append_text(&sql, " t ON ");
	publish_same_key(turn->model, "n", &sql);
	buf_append_text(&sql, ")");
	ok = ok && ask(turn, &sql, &again, err);
	ok = ok && (again || publish_append(turn->batch, turn->model, &fresh, err));
	if (ok)
		*ret_again = again;
	buf_release(&sql);
	return ok;
}

/* "k FROM ...": the keys of the rows that one source's new rows give. Replaced rows have to go even
 * where the new ones give none. */
static void touched_sql(const struct turn *turn, size_t place, struct buf *sql)
{
	const struct growth *growth = &turn->growth;
	if (growth->places[place].growing != turn->replaced) {
		key_list(turn->model, sql);
		buf_append_text(sql, " FROM (\n");
		added_sql(turn, place, sql);
		buf_append_text(sql, "\n) q");
		return;
	}
	for (size_t i = 0; i < turn->model->unique_key.count; i++) {
		buf_append_text(sql, i ? ", q." : "q.");
		quote_identifier(sql, growth->keyed_columns[i]);
		buf_append_text(sql, " AS ");
		quote_identifier(sql, turn->model->unique_key.items[i]);
	}
	buf_append_text(sql, " FROM ");
	since_rows_sql(turn->model, turn->replaced, sql);
	buf_append_text(sql, " q");
}

/* The keys whose rows may have changed; none may be null in part. */
static bool find_touched(struct turn *turn, struct err *err)
{
	struct buf sql;
	bool null = false;
	buf_init(&sql, 64 * (size_t)QUERY_MAX_BYTES);
	for (size_t i = 0; i < turn->place_count; i++) {
		buf_append_text(&sql, i ? "\nUNION\nSELECT " : "SELECT DISTINCT ");
		touched_sql(turn, turn->places[i], &sql);
	}
	bool ok = publish_fill(turn->batch, PUBLISH_TOUCHED, buf_text(&sql), err);
	buf_clear(&sql);
	buf_append_text(&sql, "SELECT EXISTS (SELECT FROM " PUBLISH_TOUCHED " WHERE (");
	key_list(turn->model, &sql);
	buf_append_text(&sql, ") IS NULL");
	for (size_t i = 0; i < turn->model->unique_key.count; i++) {
		buf_append_text(&sql, " OR ");
		quote_identifier(&sql, turn->model->unique_key.items[i]);
		buf_append_text(&sql, " IS NULL");
	}
	buf_append_text(&sql, ")");
	ok = ok && ask(turn, &sql, &null, err);
	if (ok && null)
		turn->full = "a key is null";
	buf_release(&sql);
	return ok;
}

static bool recalculate(struct turn *turn, struct err *err)
{
	struct buf sql;
	struct buf keys;
	struct shape fresh;
	if (!find_touched(turn, err))
		return false;
	if (turn->full)
		return true;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_init(&keys, BATCH_SQL_MAX);
	buf_append_text(&keys, "SELECT ");
	key_list(turn->model, &keys);
	buf_append_text(&keys, " FROM " PUBLISH_TOUCHED);
	query_growth_restrict(&turn->growth.query, buf_text(&keys), &sql);
	bool ok = publish_fill(turn->batch, PUBLISH_FRESH, buf_text(&sql), err) &&
		  key_prove(turn->batch, turn->model, PUBLISH_FRESH, err) &&
		  same_shape(turn, &fresh, err) &&
		  publish_by_key(turn->batch, turn->model, &fresh, PUBLISH_TOUCHED, err);
	buf_release(&keys);
	buf_release(&sql);
	return ok;
}

/* Syntax error or access rule violation, feature not supported, data exception. */
static bool is_about_query(const struct err *err)
{
	static const char *const classes[] = {"42", "0A", "22"};
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(err->native, classes[i], strlen(classes[i])) == 0)
			return true;
	return false;
}

/*
 * A query that does not bear being put together like this (it reads a table's ctid, groups by what
 * unnest returns, or is planned otherwise and divides before it asks for zero) runs in full.
 */
static bool try_parts(struct turn *turn, struct err *err)
{
	struct database *database = turn->batch->database;
	if (!turn->place_count)
		return true;
	if (!database_exec(database, "SAVEPOINT penstock_parts", err))
		return false;
	bool by_key = turn->growth.query.grouped || turn->place_count > 1 || turn->replaced;
	if ((by_key || append(turn, &by_key, err)) && (!by_key || recalculate(turn, err)))
		return database_exec(database, "RELEASE SAVEPOINT penstock_parts", err);
	if (!is_about_query(err))
		return false;
	turn->full = arena_printf(
		&turn->batch->arena, "its parts cannot be had alone: %s", err->message);
	return database_exec(database, "ROLLBACK TO SAVEPOINT penstock_parts", err);
}

static bool note_basis(struct turn *turn, struct err *err)
{
	char run[24];
	struct buf name;
	snprintf(run, sizeof(run), "%" PRId64, turn->batch->run_id);
	buf_init(&name, 1024);
	quote_qualified(&name, turn->model->schema, turn->model->table);
	const char *parameters[] = {turn->model->name, buf_text(&name), turn->growth.basis, run};
	bool ok = database_run(turn->batch->database,
		"INSERT INTO penstock.incremental (model, relation, basis, run_id) "
		"VALUES ($1, to_regclass($2)::oid, $3, $4::bigint) ON CONFLICT (model) DO UPDATE "
		"SET "
		"relation = excluded.relation, basis = excluded.basis, run_id = excluded.run_id",
		parameters, 4, NULL, err);
	buf_release(&name);
	return ok;
}

bool publish_incremental(struct batch *batch, const struct model *model, struct err *err)
{
	struct turn turn = {.batch = batch, .model = model};
	struct model_result *result = batch_result(batch, model);
	if (!growth_read(batch, model, &turn.growth, err) ||
		!shape_read(batch->database, model->schema, model->table, &batch->arena, &turn.old,
			err) ||
		!why_full(&turn, err) || (!turn.full && !try_parts(&turn, err)))
		return false;
	result->note = turn.full ? arena_printf(&batch->arena, "in full: %s", turn.full)
		       : turn.place_count
			       ? arena_printf(&batch->arena, "new %srows since run %s",
					 turn.replaced ? "and replaced " : "", turn.last_run)
			       : "nothing new";
	return (!turn.full || publish_table(batch, model, err)) && note_basis(&turn, err);
}
