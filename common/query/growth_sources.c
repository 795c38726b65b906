/* SPDX-License-Identifier: Apache-2.0 */
/* Where a query reads relations, and whether rows may be added there. */
#include <string.h>

#include "query/growth_parts.h"

static const char in_expression[] = "it is read in a subquery of an expression";

bool growth_refuse(struct growth_study *study, const char *why)
{
	return err_config(study->err, "%s: not incremental: %s", study->origin, why);
}

static bool is_aggregate(const struct growth_study *study, const struct json_value *call)
{
	struct json_value names;
	struct json_value node;
	struct json_value string;
	struct json_value last = {0};
	if (!json_find(call, "funcname", &names))
		return false;
	for (const char *at = names.text + 1; json_next_element(&names, &at, &node);)
		if (json_find(&node, "String", &string))
			json_find(&string, "sval", &last);
	for (size_t i = 0; last.text && i < study->aggregates->count; i++)
		if (node_is(&last, study->aggregates->items[i]))
			return true;
	return false;
}

/* A subquery's own aggregates are its own business. */
static bool has_own_from(const struct json_value *link)
{
	struct json_value node;
	struct json_value select;
	struct json_value from;
	return json_find(link, "subselect", &node) && json_find(&node, "SelectStmt", &select) &&
	       json_find(&select, "fromClause", &from);
}

static void find_calls(const struct growth_study *study, const struct json_value *value,
	struct growth_calls *calls)
{
	struct json_value key;
	struct json_value item;
	struct json_value over;
	if (value->kind == JSON_ARRAY)
		for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
			find_calls(study, &item, calls);
	if (value->kind != JSON_OBJECT)
		return;
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);) {
		if (node_is(&key, "FuncCall") && json_find(&item, "over", &over))
			calls->window = true;
		else if (node_is(&key, "FuncCall") && is_aggregate(study, &item))
			calls->aggregate = true;
		if (!node_is(&key, "SubLink") || !has_own_from(&item))
			find_calls(study, &item, calls);
	}
}

struct growth_calls growth_calls(const struct growth_study *study, const struct json_value *select)
{
	static const char *const parts[] = {"targetList", "havingClause", "sortClause"};
	struct growth_calls calls = {0};
	struct json_value part;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (json_find(select, parts[i], &part))
			find_calls(study, &part, &calls);
	return calls;
}

static bool is_set_operation(const struct json_value *select)
{
	struct json_value op;
	return json_find(select, "op", &op) && !node_is(&op, "SETOP_NONE");
}

static bool is_union_all(const struct json_value *select)
{
	struct json_value op;
	struct json_value all;
	return json_find(select, "op", &op) && node_is(&op, "SETOP_UNION") &&
	       json_find(select, "all", &all);
}

/* What keeps any SELECT from growing row by row, or group by group. */
const char *growth_never(const struct growth_study *study, const struct json_value *select)
{
	static const struct {
		const char *member;
		const char *why;
	} refused[] = {
		{"valuesLists", "VALUES reads no table"},
		{"limitCount", "LIMIT: added rows may push others out"},
		{"limitOffset", "OFFSET: added rows may push others out"},
		{"windowClause", "window functions: added rows change what earlier ones give"},
	};
	struct json_value value;
	if (is_set_operation(select) && !is_union_all(select))
		return "UNION without ALL, INTERSECT or EXCEPT: added rows may be there already";
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_find(select, refused[i].member, &value))
			return refused[i].why;
	return growth_calls(study, select).window ? refused[3].why : NULL;
}

/* Of a subquery. */
static const char *why_not_by_row(const struct growth_study *study, const struct json_value *select)
{
	struct json_value value;
	const char *why = growth_never(study, select);
	if (why)
		return why;
	if (json_find(select, "groupClause", &value) || json_find(select, "havingClause", &value) ||
		json_find(select, "distinctClause", &value) ||
		growth_calls(study, select).aggregate)
		return "it is read in a subquery that forms groups";
	return NULL;
}

static bool add_source(
	struct growth_study *study, const struct json_value *table, const char *fixed)
{
	struct query_growth *growth = &study->growth;
	struct json_value value;
	if (growth->source_count == GROWTH_MAX_SOURCES)
		return growth_refuse(study, "it reads too many relations");
	struct query_source *source = &growth->sources[growth->source_count++];
	*source =
		(struct query_source){.schema = node_member_text(study->arena, table, "schemaname"),
			.name = node_member_text(study->arena, table, "relname"),
			.at = node_member_size(table, "location"),
			.aliased = json_find(table, "alias", &value),
			.fixed = fixed,
			.arms = study->arms};
	if (!json_find(table, "inh", &value))
		source->fixed = "ONLY";
	source->length = clauses_skip_name(growth->text, source->at) - source->at;
	return source->length || growth_refuse(study, "a relation's name cannot be found in it");
}

/* How often a WITH query of that name is defined (key "CommonTableExpr") or read ("RangeVar"). */
static size_t count_named(const struct json_value *value, const char *key_name, const char *member,
	const struct json_value *name)
{
	struct json_value key;
	struct json_value item;
	struct json_value found;
	struct json_value schema;
	size_t count = 0;
	if (value->kind == JSON_ARRAY)
		for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
			count += count_named(&item, key_name, member, name);
	if (value->kind != JSON_OBJECT)
		return count;
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);) {
		if (node_is(&key, key_name) && json_find(&item, member, &found) &&
			node_same(&found, name) && !json_find(&item, "schemaname", &schema))
			count++;
		count += count_named(&item, key_name, member, name);
	}
	return count;
}

static bool find_with(
	const struct json_value *value, const struct json_value *name, struct json_value *ret_with)
{
	struct json_value key;
	struct json_value item;
	struct json_value found;
	if (value->kind == JSON_ARRAY)
		for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
			if (find_with(&item, name, ret_with))
				return true;
	if (value->kind != JSON_OBJECT)
		return false;
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);) {
		if (node_is(&key, "CommonTableExpr") && json_find(&item, "ctename", &found) &&
			node_same(&found, name)) {
			*ret_with = item;
			return true;
		}
		if (find_with(&item, name, ret_with))
			return true;
	}
	return false;
}

static size_t count_reads(const struct growth_study *study, const struct json_value *name)
{
	return count_named(&study->root, "RangeVar", "relname", name);
}

/* Read in one place and nowhere hidden: as good as a subquery there. */
static bool is_inline(const struct growth_study *study, const struct json_value *name)
{
	return count_named(&study->root, "CommonTableExpr", "ctename", name) == 1 &&
	       count_reads(study, name) == 1;
}

static bool visit_select(struct growth_study *study, const struct json_value *select, bool nested,
	const char *fixed);

static bool visit_with_query(
	struct growth_study *study, const struct json_value *with, const char *fixed)
{
	struct json_value node;
	struct json_value select;
	return !json_find(with, "ctequery", &node) || !json_find(&node, "SelectStmt", &select) ||
	       visit_select(study, &select, true, fixed);
}

static bool visit_table(
	struct growth_study *study, const struct json_value *table, const char *fixed)
{
	struct json_value name;
	struct json_value schema;
	struct json_value with;
	if (json_find(table, "schemaname", &schema) || !json_find(table, "relname", &name) ||
		!find_with(&study->root, &name, &with))
		return add_source(study, table, fixed);
	return !is_inline(study, &name) || visit_with_query(study, &with, fixed);
}

/* Whatever is no FROM: nothing may be added to what it reads. */
static bool visit_rest(struct growth_study *study, const struct json_value *value)
{
	struct json_value key;
	struct json_value item;
	if (value->kind == JSON_ARRAY)
		for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
			if (!visit_rest(study, &item))
				return false;
	if (value->kind != JSON_OBJECT)
		return true;
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);) {
		bool ok = node_is(&key, "RangeVar") ? visit_table(study, &item, in_expression)
			  : node_is(&key, "SelectStmt")
				  ? visit_select(study, &item, true, in_expression)
				  : visit_rest(study, &item);
		if (!ok)
			return false;
	}
	return true;
}

static bool visit_from(
	struct growth_study *study, const struct json_value *item, const char *fixed);

static bool visit_join(struct growth_study *study, const struct json_value *join, const char *fixed)
{
	static const char outer[] = "it is on the side of an outer join that may be missing";
	struct json_value type;
	struct json_value part;
	bool typed = json_find(join, "jointype", &type);
	bool left = typed && node_is(&type, "JOIN_LEFT");
	bool right = typed && node_is(&type, "JOIN_RIGHT");
	bool both = typed && node_is(&type, "JOIN_FULL");
	const char *left_fixed = fixed ? fixed : right || both ? outer : NULL;
	const char *right_fixed = fixed ? fixed : left || both ? outer : NULL;
	return (!json_find(join, "larg", &part) || visit_from(study, &part, left_fixed)) &&
	       (!json_find(join, "rarg", &part) || visit_from(study, &part, right_fixed)) &&
	       (!json_find(join, "quals", &part) || visit_rest(study, &part));
}

static bool visit_from(struct growth_study *study, const struct json_value *item, const char *fixed)
{
	struct json_value node;
	struct json_value query;
	struct json_value select;
	if (json_find(item, "RangeVar", &node))
		return visit_table(study, &node, fixed);
	if (json_find(item, "JoinExpr", &node))
		return visit_join(study, &node, fixed);
	if (json_find(item, "RangeSubselect", &node) && json_find(&node, "subquery", &query) &&
		json_find(&query, "SelectStmt", &select))
		return visit_select(study, &select, true, fixed);
	if (json_find(item, "RangeTableSample", &node))
		return growth_refuse(study, "TABLESAMPLE takes other rows each time");
	return visit_rest(study, item);
}

static bool visit_with(struct growth_study *study, const struct json_value *clause)
{
	struct json_value list;
	struct json_value node;
	struct json_value with;
	struct json_value name;
	if (!json_find(clause, "ctes", &list))
		return true;
	for (const char *at = list.text + 1; json_next_element(&list, &at, &node);)
		if (json_find(&node, "CommonTableExpr", &with) &&
			json_find(&with, "ctename", &name) && count_reads(study, &name) &&
			!is_inline(study, &name) &&
			!visit_with_query(study, &with,
				"it is read in a WITH query that is read more than once"))
			return false;
	return true;
}

/* `side`: 'l' or 'r'. */
static bool visit_arm(struct growth_study *study, const struct json_value *arm, size_t number,
	char side, const char *fixed)
{
	const char *around = study->arms;
	study->arms = arena_printf(study->arena, "%s/%zu%c", around, number, side);
	bool ok = visit_select(study, arm, true, fixed);
	study->arms = around;
	return ok;
}

static bool visit_select(
	struct growth_study *study, const struct json_value *select, bool nested, const char *fixed)
{
	struct json_value key;
	struct json_value part;
	size_t number = study->unions += is_set_operation(select);
	if (!fixed && nested)
		fixed = why_not_by_row(study, select);
	for (const char *at = select->text + 1; json_next_member(select, &at, &key, &part);) {
		bool ok = true;
		if (node_is(&key, "larg") || node_is(&key, "rarg")) {
			ok = visit_arm(
				study, &part, number, node_is(&key, "larg") ? 'l' : 'r', fixed);
		} else if (node_is(&key, "withClause")) {
			ok = visit_with(study, &part);
		} else if (node_is(&key, "fromClause")) {
			struct json_value item;
			for (const char *in = part.text + 1;
				ok && json_next_element(&part, &in, &item);)
				ok = visit_from(study, &item, fixed);
		} else {
			ok = visit_rest(study, &part);
		}
		if (!ok)
			return false;
	}
	return true;
}

bool growth_sources(struct growth_study *study, const struct json_value *select)
{
	return visit_select(study, select, false, NULL);
}
