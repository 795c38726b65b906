/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first table in FROM is the one that may grow. Each of its rows must go into the result by
 * itself: so the table stands there once, on the side of joins that keeps its rows, and each column
 * is one of the groups or an aggregate that can be taken over parts.
 */
#include "query/aggregate.h"

#include <pg_query.h>
#include <string.h>

#include "query/aggregate_parts.h"

static const struct {
	const char *name;
	enum query_column_kind kind;
} kinds[] = {
	{"group", QUERY_GROUP},
	{"sum", QUERY_SUM},
	{"count", QUERY_COUNT},
	{"min", QUERY_MIN},
	{"max", QUERY_MAX},
};

static const struct {
	const char *member;
	const char *why;
} refused_clauses[] = {
	{"valuesLists", "VALUES reads no table"},
	{"distinctClause", "SELECT DISTINCT: a later row may repeat an earlier one"},
	{"havingClause", "HAVING: later rows may bring a group in or out"},
	{"windowClause", "WINDOW: later rows change the windows of earlier ones"},
	{"limitCount", "LIMIT: later rows may push others out"},
	{"limitOffset", "OFFSET: later rows may push others out"},
};

const char *query_column_kind_name(enum query_column_kind kind)
{
	return kinds[kind].name;
}

bool study_refuse(struct study *study, const struct json_value *node, const char *why)
{
	return err_config(study->err, "%s:%d: no speed layer for this query: %s", study->origin,
		node_line(study->sql, node_location(node)), why);
}

static bool refuse_named(
	struct study *study, const struct json_value *node, const char *name, const char *why)
{
	return study_refuse(study, node, arena_printf(study->arena, "column %s %s", name, why));
}

static bool check_clauses(struct study *study)
{
	struct json_value value;
	if (json_find(&study->select, "op", &value) && !node_is(&value, "SETOP_NONE"))
		return study_refuse(study, &study->select,
			"UNION, INTERSECT or EXCEPT: make a model of each part");
	for (size_t i = 0; i < sizeof(refused_clauses) / sizeof(refused_clauses[0]); i++)
		if (json_find(&study->select, refused_clauses[i].member, &value))
			return study_refuse(study, &value, refused_clauses[i].why);
	return true;
}

size_t study_last_name(struct study *study, const struct json_value *list, const char **ret_name)
{
	size_t count = 0;
	struct json_value node;
	struct json_value string;
	for (const char *at = list->text + 1; json_next_element(list, &at, &node); count++) {
		*ret_name = NULL;
		if (json_find(&node, "String", &string))
			*ret_name = node_member_text(study->arena, &string, "sval");
	}
	return count;
}

/* What Postgres calls a column that has no AS. */
static const char *inferred_name(struct study *study, const struct json_value *value)
{
	static const struct {
		const char *node;
		const char *names;
	} named[] = {{"ColumnRef", "fields"}, {"FuncCall", "funcname"}};
	struct json_value node;
	struct json_value list;
	const char *name = NULL;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (json_find(value, named[i].node, &node) &&
			json_find(&node, named[i].names, &list))
			study_last_name(study, &list, &name);
	if (json_find(value, "TypeCast", &node) && json_find(&node, "arg", &list))
		name = inferred_name(study, &list);
	return name;
}

static bool read_targets(struct study *study)
{
	struct json_value list;
	struct json_value node;
	struct json_value target;
	if (!json_find(&study->select, "targetList", &list))
		return study_refuse(study, &study->select, "it has no columns");
	size_t count = 0;
	for (const char *at = list.text + 1; json_next_element(&list, &at, &node);)
		count++;
	study->targets = arena_calloc(study->arena, count, sizeof(*study->targets));
	study->result.columns = arena_calloc(study->arena, count, sizeof(struct query_column));
	for (const char *at = list.text + 1; json_next_element(&list, &at, &node);) {
		struct target *one = &study->targets[study->result.column_count++];
		if (!json_find(&node, "ResTarget", &target) ||
			!json_find(&target, "val", &one->value))
			return study_refuse(study, &node, "a column without a value");
		const char *alias = node_member_text(study->arena, &target, "name");
		one->name = *alias ? alias : inferred_name(study, &one->value);
		if (!one->name)
			return study_refuse(
				study, &node, "each column needs a name: write AS name");
	}
	return true;
}

/* The target a GROUP BY item means; NULL when it is none of them. */
static struct target *find_target(struct study *study, const struct json_value *item)
{
	struct json_value node;
	struct json_value part;
	const char *alias = NULL;
	for (size_t i = 0; i < study->result.column_count; i++)
		if (node_same(&study->targets[i].value, item))
			return &study->targets[i];
	if (study->printed)
		return NULL;
	if (json_find(item, "A_Const", &node) && json_find(&node, "ival", &part)) {
		size_t number = node_member_size(&part, "ival");
		return number && number <= study->result.column_count ? &study->targets[number - 1]
								      : NULL;
	}
	if (!json_find(item, "ColumnRef", &node) || !json_find(&node, "fields", &part) ||
		study_last_name(study, &part, &alias) > 1 || !alias)
		return NULL;
	for (size_t i = 0; i < study->result.column_count; i++)
		if (strcmp(study->targets[i].name, alias) == 0)
			return &study->targets[i];
	return NULL;
}

static bool read_groups(struct study *study)
{
	struct json_value list;
	struct json_value item;
	struct json_value sets;
	if (!json_find(&study->select, "groupClause", &list))
		return true;
	for (const char *at = list.text + 1; json_next_element(&list, &at, &item);) {
		if (json_find(&item, "GroupingSet", &sets))
			return study_refuse(study, &item,
				"GROUPING SETS, ROLLUP or CUBE: a group's null and a total's null "
				"look alike");
		struct target *target = find_target(study, &item);
		if (!target)
			return study_refuse(study, &item,
				"it groups by what is not among its columns: add it to them");
		target->grouped = true;
	}
	return true;
}

static bool check_call(struct study *study, const struct target *target,
	const struct json_value *call, enum query_column_kind kind)
{
	static const struct {
		const char *member;
		const char *why;
	} refused[] = {
		{"over", "is a window function: later rows change it for earlier ones"},
		{"agg_distinct", "counts DISTINCT values: later rows may repeat earlier ones"},
		{"agg_within_group", "needs all rows at once"},
	};
	struct json_value value;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_find(call, refused[i].member, &value) &&
			(i != 1 || kind == QUERY_SUM || kind == QUERY_COUNT))
			return refuse_named(study, call, target->name, refused[i].why);
	return true;
}

static bool find_kind(const char *name, enum query_column_kind *ret_kind)
{
	for (size_t i = 1; name && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			*ret_kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static bool read_column(
	struct study *study, const struct target *target, enum query_column_kind *ret_kind)
{
	struct json_value call;
	struct json_value cast;
	struct json_value names;
	struct json_value value = target->value;
	const char *name = NULL;
	enum query_column_kind kind = QUERY_GROUP;
	bool is_cast = json_find(&value, "TypeCast", &cast) && json_find(&cast, "arg", &value);
	bool is_call = json_find(&value, "FuncCall", &call) && json_find(&call, "funcname", &names);
	if (is_call)
		study_last_name(study, &names, &name);
	if (name && strcmp(name, "avg") == 0)
		return refuse_named(study, &value, target->name,
			"is an average, which does not say of how many: keep the sum and the "
			"count");
	if (!is_call || !find_kind(name, &kind))
		return refuse_named(study, &value, target->name,
			"is neither in GROUP BY nor sum, count, min or max of something");
	if (is_cast && kind != QUERY_COUNT)
		return refuse_named(study, &value, target->name,
			"is cast after it was taken, which may round each part: cast what goes "
			"into it");
	if (!check_call(study, target, &call, kind))
		return false;
	*ret_kind = kind;
	return true;
}

static bool read_columns(struct study *study)
{
	for (size_t i = 0; i < study->result.column_count; i++) {
		struct query_column *column = &study->result.columns[i];
		column->name = study->targets[i].name;
		column->kind = QUERY_GROUP;
		if (!study->targets[i].grouped &&
			!read_column(study, &study->targets[i], &column->kind))
			return false;
		for (size_t j = 0; j < i; j++)
			if (strcmp(study->result.columns[j].name, column->name) == 0)
				return refuse_named(study, &study->targets[i].value, column->name,
					"is there twice");
	}
	return true;
}

static bool study_query(struct study *study)
{
	return check_clauses(study) && read_targets(study) && read_groups(study) &&
	       read_columns(study) && study_from(study);
}

static bool study_text(struct study *study, struct query_aggregate *ret_aggregate)
{
	PgQueryParseResult parsed = pg_query_parse(study->sql);
	struct json_value list;
	struct json_value raw;
	struct json_value node;
	struct json_value root = {
		JSON_OBJECT, parsed.parse_tree, parsed.error ? 0 : strlen(parsed.parse_tree)};
	const char *at = NULL;
	if (!parsed.error && json_find(&root, "stmts", &list))
		at = list.text + 1;
	bool ok = at && json_next_element(&list, &at, &raw) && json_find(&raw, "stmt", &node) &&
		  json_find(&node, "SelectStmt", &study->select);
	if (!ok)
		err_config(study->err, "%s: no speed layer for this query: it cannot be read again",
			study->origin);
	ok = ok && study_query(study);
	pg_query_free_parse_result(parsed);
	if (ok)
		*ret_aggregate = study->result;
	return ok;
}

bool query_aggregate(const struct query *query, const char *origin, struct arena *arena,
	struct query_aggregate *ret_aggregate, struct err *err)
{
	struct study study = {.sql = query->text, .origin = origin, .arena = arena, .err = err};
	return study_text(&study, ret_aggregate);
}

bool query_aggregate_printed(const char *definition, const char *origin, struct arena *arena,
	struct query_aggregate *ret_aggregate, struct err *err)
{
	struct study study = {
		.sql = definition, .origin = origin, .printed = true, .arena = arena, .err = err};
	return study_text(&study, ret_aggregate);
}

void query_replace_first(const struct query *query, const struct query_aggregate *aggregate,
	const char *table, struct buf *out)
{
	buf_append(out, query->text, aggregate->at);
	buf_append_text(out, table);
	if (!aggregate->aliased) {
		buf_append_text(out, " AS \"");
		for (const char *p = aggregate->name; *p; p++)
			buf_append(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
		buf_append_text(out, "\"");
	}
	buf_append_text(out, query->text + aggregate->at + aggregate->length);
}
