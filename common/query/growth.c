/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows may be added to a table only where each of them adds rows to the result without taking any
 * back: in FROM, over joins on the side that keeps its rows, through subqueries that give each row
 * for itself, in arms of UNION ALL. Anywhere else the table is fixed. The outer query may form
 * groups, if the key is made of what it groups by.
 */
#include "query/growth.h"

#include <pg_query.h>
#include <string.h>

#include "query/growth_parts.h"

/* What Postgres calls a printed column: AS name, or the column's own. */
static bool is_called(const struct json_value *target, const char *name)
{
	struct json_value value;
	struct json_value reference;
	struct json_value fields;
	struct json_value node;
	struct json_value string;
	struct json_value last = {0};
	if (json_find(target, "name", &value))
		return node_is(&value, name);
	if (!json_find(target, "val", &value) || !json_find(&value, "ColumnRef", &reference) ||
		!json_find(&reference, "fields", &fields))
		return false;
	for (const char *at = fields.text + 1; json_next_element(&fields, &at, &node);)
		if (json_find(&node, "String", &string))
			json_find(&string, "sval", &last);
	return last.text && node_is(&last, name);
}

static bool stands_in(const struct json_value *list, const struct json_value *value)
{
	struct json_value item;
	for (const char *at = list->text + 1; json_next_element(list, &at, &item);)
		if (node_same(&item, value))
			return true;
	return false;
}

/* The key's column must be what each list of the SELECT that makes one row of many goes by. */
static bool check_key_column(struct growth_study *study, const struct json_value *select,
	const struct json_value *value, const char *name)
{
	struct json_value list;
	struct json_value first;
	const char *at = NULL;
	bool groups = json_find(select, "groupClause", &list);
	if ((groups && !stands_in(&list, value)) ||
		(!groups && growth_calls(study, select).aggregate))
		return err_config(study->err,
			"%s: not incremental: column %s of the unique_key is not in GROUP BY",
			study->origin, name);
	if (json_find(select, "distinctClause", &list))
		at = list.text + 1;
	/* DISTINCT alone is a list of one empty item. */
	if (at && json_next_element(&list, &at, &first) && first.kind == JSON_OBJECT &&
		first.len > 2 && !stands_in(&list, value))
		return err_config(study->err,
			"%s: not incremental: column %s of the unique_key is not in DISTINCT ON",
			study->origin, name);
	return true;
}

static bool find_key_column(struct growth_study *study, const struct json_value *select,
	const struct clauses *clauses, const char *name, const char **ret_text)
{
	struct json_value list;
	struct json_value node;
	struct json_value target;
	struct json_value value;
	size_t place = 0;
	if (!json_find(select, "targetList", &list))
		return growth_refuse(study, "it has no columns");
	for (const char *at = list.text + 1; json_next_element(&list, &at, &node); place++) {
		if (!json_find(&node, "ResTarget", &target) || !json_find(&target, "val", &value) ||
			!is_called(&target, name) || place >= clauses->item_count)
			continue;
		const struct clause_item *item = &clauses->items[place];
		*ret_text = arena_strndup(
			study->arena, study->growth.text + item->at, item->end - item->at);
		return check_key_column(study, select, &value, name);
	}
	return err_config(study->err, "%s: the query has no column %s, which the unique_key names",
		study->origin, name);
}

static bool read_outer(
	struct growth_study *study, const struct json_value *select, const struct string_list *key)
{
	struct query_growth *growth = &study->growth;
	struct json_value value;
	const char *why = growth_never(study, select);
	struct clauses clauses = {
		.items = arena_calloc(study->arena, CLAUSE_MAX_ITEMS, sizeof(struct clause_item))};
	if (why)
		return growth_refuse(study, why);
	if (!json_find(select, "fromClause", &value) || !clauses_find(growth->text, &clauses))
		return growth_refuse(study, "it has no FROM");
	growth->grouped = json_find(select, "groupClause", &value) ||
			  json_find(select, "distinctClause", &value) ||
			  growth_calls(study, select).aggregate;
	growth->where = clauses.where;
	growth->where_end = clauses.where_end;
	growth->having = clauses.having;
	growth->having_end = clauses.having_end;
	growth->key = arena_calloc(study->arena, key->count, sizeof(*growth->key));
	for (; growth->key_count < key->count; growth->key_count++)
		if (!find_key_column(study, select, &clauses, key->items[growth->key_count],
			    &growth->key[growth->key_count]))
			return false;
	return true;
}

static bool read_tree(struct growth_study *study, const struct string_list *key)
{
	PgQueryParseResult parsed = pg_query_parse(study->growth.text);
	struct json_value list;
	struct json_value raw;
	struct json_value node;
	struct json_value select;
	const char *at = NULL;
	study->root = (struct json_value){
		JSON_OBJECT, parsed.parse_tree, parsed.error ? 0 : strlen(parsed.parse_tree)};
	if (!parsed.error && json_find(&study->root, "stmts", &list))
		at = list.text + 1;
	bool ok = at && json_next_element(&list, &at, &raw) && json_find(&raw, "stmt", &node) &&
		  json_find(&node, "SelectStmt", &select);
	ok = ok ? read_outer(study, &select, key) && growth_sources(study, &select)
		: growth_refuse(study, "it cannot be read again");
	pg_query_free_parse_result(parsed);
	return ok;
}

bool query_growth_read(const char *definition, const char *origin, const struct string_list *key,
	const struct string_list *aggregates, struct arena *arena, struct query_growth *ret_growth,
	struct err *err)
{
	struct query query;
	struct growth_study study = {
		.origin = origin, .aggregates = aggregates, .arena = arena, .arms = "", .err = err};
	if (!query_parse(definition, origin, arena, &query, err))
		return false;
	study.growth.text = query.text;
	study.growth.sources = arena_calloc(arena, GROWTH_MAX_SOURCES, sizeof(struct query_source));
	if (!read_tree(&study, key))
		return false;
	*ret_growth = study.growth;
	return true;
}

/* Whether no row of the result can come of both: the paths part at one UNION ALL. */
static bool stand_apart(const struct query_source *one, const struct query_source *other)
{
	size_t i = 0;
	while (one->arms[i] && one->arms[i] == other->arms[i])
		i++;
	return (one->arms[i] == 'l' && other->arms[i] == 'r') ||
	       (one->arms[i] == 'r' && other->arms[i] == 'l');
}

static void name_source(const struct query_source *source, struct buf *out)
{
	buf_append_text(out, " AS \"");
	for (const char *p = source->name; *p; p++)
		buf_append(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	buf_append_text(out, "\"");
}

/* A query in the place of one source; those that stand apart may be empty. */
struct replacement {
	const struct query_growth *growth;
	const struct query_source *source;
	const char *query;
	bool alone;
};

/* The next source in the text that another text stands for; NULL behind the last. */
static const struct query_source *next_replaced(
	const struct replacement *replacement, size_t from, size_t end)
{
	const struct query_source *found = NULL;
	for (size_t i = 0; i < replacement->growth->source_count; i++) {
		const struct query_source *source = &replacement->growth->sources[i];
		bool meant = source == replacement->source ||
			     (replacement->alone && !source->fixed &&
				     stand_apart(source, replacement->source));
		if (meant && source->at >= from && source->at < end &&
			(!found || source->at < found->at))
			found = source;
	}
	return found;
}

static void replace_between(
	const struct replacement *replacement, size_t from, size_t end, struct buf *out)
{
	const char *text = replacement->growth->text;
	const struct query_source *source;
	while ((source = next_replaced(replacement, from, end))) {
		buf_append(out, text + from, source->at - from);
		if (source == replacement->source) {
			buf_append_text(out, replacement->query);
		} else {
			buf_append_text(out, "(SELECT * FROM ");
			buf_append(out, text + source->at, source->length);
			buf_append_text(out, " WHERE false)");
		}
		if (!source->aliased)
			name_source(source, out);
		from = source->at + source->length;
	}
	buf_append(out, text + from, end - from);
}

void query_growth_replace(
	const struct query_growth *growth, size_t source, const char *query, struct buf *out)
{
	const struct replacement replacement = {growth, &growth->sources[source], query, false};
	replace_between(&replacement, 0, strlen(growth->text), out);
}

void query_growth_added(
	const struct query_growth *growth, size_t source, const char *query, struct buf *out)
{
	const struct replacement replacement = {growth, &growth->sources[source], query, true};
	size_t end = strlen(growth->text);
	replace_between(&replacement, 0, growth->having ? growth->having : end, out);
	if (growth->having)
		replace_between(&replacement, growth->having_end, end, out);
}

void query_growth_restrict(const struct query_growth *growth, const char *keys, struct buf *out)
{
	static const char where[] = "WHERE";
	size_t before = growth->where ? growth->where : growth->where_end;
	buf_append(out, growth->text, before);
	buf_append_text(out, " WHERE (");
	for (size_t i = 0; i < growth->key_count; i++) {
		buf_append_text(out, i ? ", (" : "(");
		buf_append_text(out, growth->key[i]);
		buf_append_text(out, ")");
	}
	buf_append_text(out, ") IN (");
	buf_append_text(out, keys);
	buf_append_text(out, ")");
	if (growth->where) {
		size_t condition = growth->where + strlen(where);
		buf_append_text(out, " AND (");
		buf_append(out, growth->text + condition, growth->where_end - condition);
		buf_append_text(out, ")");
	}
	buf_append_text(out, "\n");
	buf_append_text(out, growth->text + growth->where_end);
}
