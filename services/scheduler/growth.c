/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/growth.h"

#include <inttypes.h>

#include "crypto/sha256.h"
#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"

#define MAX_VIEWS 200

/* Several SELECTs become the FROM of one, which has a list of columns and can be restricted. */
static bool make_view(struct batch *batch, const char *query, bool combined, struct err *err)
{
	struct buf sql;
	buf_init(&sql, BATCH_SQL_MAX);
	buf_append_text(&sql, "CREATE TEMP VIEW penstock_growth AS");
	buf_append_text(&sql, combined ? " SELECT * FROM (\n" : "\n");
	buf_append_text(&sql, query);
	buf_append_text(&sql, combined ? "\n) q" : "");
	bool ok = sql.overflow ? err_fail(err, ERR_FATAL,
					 "the query and the views it reads are "
					 "too long")
			       : database_exec(batch->database, buf_text(&sql), err);
	buf_release(&sql);
	return ok;
}

static bool drop_view(struct batch *batch, struct err *err)
{
	return database_exec(batch->database, "DROP VIEW pg_temp.penstock_growth", err);
}

/* The first column of all rows, from the batch's arena. */
static bool read_texts(
	struct batch *batch, const char *sql, struct string_list *ret_list, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, sql, NULL, 0, &rows, err))
		return false;
	size_t n = database_row_count(rows);
	struct string_list list = {arena_calloc(&batch->arena, n + 1, sizeof(*list.items)), n};
	for (size_t i = 0; i < n; i++)
		list.items[i] = arena_strdup(&batch->arena, database_text(rows, i, 0));
	database_rows_free(rows);
	*ret_list = list;
	return true;
}

static void quote_source(const struct query_source *source, struct buf *out)
{
	if (*source->schema)
		quote_qualified(out, source->schema, source->name);
	else
		quote_identifier(out, source->name);
}

/* Puts the query of the first view that `query` reads in its place; *ret_text is NULL when it reads
 * none. */
static bool expand_one(struct batch *batch, const struct query_growth *query, const char **ret_text,
	struct err *err)
{
	struct buf names;
	struct buf name;
	struct buf text;
	struct database_rows *rows = NULL;
	buf_init(&names, BATCH_SQL_MAX);
	buf_init(&name, 1024);
	buf_init(&text, BATCH_SQL_MAX);
	array_begin(&names);
	for (size_t i = 0; i < query->source_count; i++) {
		buf_clear(&name);
		quote_source(&query->sources[i], &name);
		array_add(&names, buf_text(&name));
	}
	array_end(&names);
	const char *parameters[] = {buf_text(&names)};
	bool ok = database_query(
		batch->database, sql_scheduler_growth_view, parameters, 1, &rows, err);
	*ret_text = NULL;
	if (ok && database_row_count(rows)) {
		const char *definition = database_text(rows, 0, 1);
		size_t length = strlen(definition);
		while (length > 0 && strchr("; \n", definition[length - 1]))
			length--;
		buf_clear(&names);
		buf_printf(&names, "(%.*s)", (int)length, definition);
		query_growth_replace(
			query, (size_t)database_int(rows, 0, 0) - 1, buf_text(&names), &text);
		*ret_text = arena_strdup(&batch->arena, buf_text(&text));
	}
	database_rows_free(rows);
	buf_release(&text);
	buf_release(&name);
	buf_release(&names);
	return ok;
}

/* The query without views, as Postgres prints it. */
static bool expand(struct batch *batch, const struct model *model, struct query_growth *ret_query,
	struct err *err)
{
	struct string_list aggregates;
	struct string_list printed;
	const char *text = NULL;
	if (!read_texts(batch, "SELECT DISTINCT proname FROM pg_proc WHERE prokind = 'a'",
		    &aggregates, err) ||
		!read_texts(batch, "SELECT pg_get_viewdef('pg_temp.penstock_growth'::regclass)",
			&printed, err))
		return false;
	text = printed.items[0];
	for (int i = 0; text; i++) {
		if (i == MAX_VIEWS)
			return err_config(err, "%s: not incremental: it reads more than %d views",
				model->path, MAX_VIEWS);
		if (!query_growth_read(text, model->path, &model->unique_key, &aggregates,
			    &batch->arena, ret_query, err) ||
			!expand_one(batch, ret_query, &text, err))
			return false;
	}
	return true;
}

static bool is_listed(const struct string_list *list, const char *name)
{
	bool found = false;
	for (size_t i = 0; i < list->count && !found; i++)
		found = strcmp(list->items[i], name) == 0;
	return found;
}

/* A dataset may grow where none of the places that read it forbids it. */
static bool sort_sources(
	struct batch *batch, const struct model *model, struct growth *growth, struct err *err)
{
	const struct query_growth *query = &growth->query;
	const char *why = "it reads no table of a dataset";
	bool any = false;
	growth->places =
		arena_calloc(&batch->arena, query->source_count + 1, sizeof(*growth->places));
	growth->fixed.items =
		arena_calloc(&batch->arena, query->source_count + 1, sizeof(*growth->fixed.items));
	for (size_t i = 0; i < query->source_count; i++) {
		const struct query_source *source = &query->sources[i];
		const struct query_relation relation = {source->schema, source->name, 0};
		growth->places[i].growing = project_dataset(batch->project, "", &relation);
		if (!growth->places[i].growing || !source->fixed)
			continue;
		why = arena_printf(
			&batch->arena, "%s.%s: %s", source->schema, source->name, source->fixed);
		if (!is_listed(&growth->fixed, growth->places[i].growing->name))
			growth->fixed.items[growth->fixed.count++] =
				growth->places[i].growing->name;
	}
	for (size_t i = 0; i < query->source_count; i++) {
		if (growth->places[i].growing &&
			is_listed(&growth->fixed, growth->places[i].growing->name))
			growth->places[i].growing = NULL;
		any = any || growth->places[i].growing;
	}
	return any || err_config(err, "%s: not incremental: %s", model->path, why);
}

/* The last run that changed the model's table, this one included. */
static bool token_of_model(
	struct batch *batch, const struct model *parent, struct buf *out, struct err *err)
{
	const struct model_result *result = batch_result(batch, parent);
	struct database_rows *rows = NULL;
	if (result->inserted || result->updated || result->deleted) {
		buf_printf(out, "run %" PRId64, batch->run_id);
		return true;
	}
	if (!database_query(batch->database,
		    "SELECT coalesce(max(run_id), 0) FROM penstock.model_run "
		    "WHERE model = $1 AND state = 'published'",
		    &parent->name, 1, &rows, err))
		return false;
	buf_printf(out, "run %s", database_text(rows, 0, 0));
	database_rows_free(rows);
	return true;
}

/* Of a relation that nobody keeps account of: its rows, whatever their order. */
static bool token_of_rows(
	struct batch *batch, const struct query_source *source, struct buf *out, struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	buf_init(&sql, 2048);
	buf_append_text(&sql, "SELECT count(*) || ':' || "
			      "coalesce(sum(hashtextextended(r::text, 0)), 0) FROM ");
	quote_source(source, &sql);
	buf_append_text(&sql, " r");
	bool ok = database_query(batch->database, buf_text(&sql), NULL, 0, &rows, err);
	if (ok)
		buf_append_text(out, database_text(rows, 0, 0));
	database_rows_free(rows);
	buf_release(&sql);
	return ok;
}

static bool is_first(const struct query_growth *query, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(query->sources[i].schema, query->sources[at].schema) == 0 &&
			strcmp(query->sources[i].name, query->sources[at].name) == 0)
			return false;
	return true;
}

/* What the tables hold that are no dataset's. */
static bool add_tokens(
	struct batch *batch, const struct growth *growth, struct buf *out, struct err *err)
{
	const struct query_growth *query = &growth->query;
	for (size_t i = 0; i < query->source_count; i++) {
		const struct query_source *source = &query->sources[i];
		const struct query_relation relation = {source->schema, source->name, 0};
		const struct model *parent =
			project_resolve(batch->project, "", source->schema, source->name);
		bool own_account = parent && parent->materialized != MODEL_MATVIEW;
		if (project_dataset(batch->project, "", &relation) || !is_first(query, i))
			continue;
		buf_printf(out, "\n%s.%s ", source->schema, source->name);
		if (own_account ? !token_of_model(batch, parent, out, err)
				: !token_of_rows(batch, source, out, err))
			return false;
	}
	return true;
}

static bool add_functions(
	struct batch *batch, const struct model *model, struct buf *out, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(batch->database, sql_scheduler_growth_basis, NULL, 0, &rows, err))
		return false;
	const char *why = database_text(rows, 0, 0);
	bool ok = !why || err_config(err, "%s: not incremental: %s", model->path, why);
	if (ok)
		buf_append_text(out, database_text(rows, 0, 1));
	database_rows_free(rows);
	return ok;
}

static bool read_basis(
	struct batch *batch, const struct model *model, struct growth *growth, struct err *err)
{
	unsigned char bytes[SHA256_SIZE];
	char hex[SHA256_HEX];
	struct buf basis;
	buf_init(&basis, 2 * BATCH_SQL_MAX);
	buf_printf(&basis, "%s\n", growth->query.text);
	key_list(model, &basis);
	bool ok = make_view(batch, growth->query.text, false, err) &&
		  add_functions(batch, model, &basis, err) &&
		  growth_find_keyed(batch, model, growth, err) && drop_view(batch, err) &&
		  add_tokens(batch, growth, &basis, err);
	if (ok) {
		sha256_of(basis.data, basis.len, bytes);
		sha256_hex(bytes, hex);
		growth->basis = arena_strdup(&batch->arena, hex);
	}
	buf_release(&basis);
	return ok;
}

bool growth_read(
	struct batch *batch, const struct model *model, struct growth *ret_growth, struct err *err)
{
	struct growth growth = {0};
	/* With nothing but the catalog in the path, every printed name is qualified. */
	if (!make_view(batch, model->query.text, model->query.combined, err) ||
		!database_exec(batch->database, "SET LOCAL search_path = pg_catalog", err) ||
		!expand(batch, model, &growth.query, err) || !drop_view(batch, err) ||
		!sort_sources(batch, model, &growth, err) ||
		!read_basis(batch, model, &growth, err) ||
		!batch_enter_schema(batch, model->schema, err))
		return false;
	*ret_growth = growth;
	return true;
}
