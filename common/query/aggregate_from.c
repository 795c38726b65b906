/* SPDX-License-Identifier: Apache-2.0 */
/* The first table in FROM: where it stands, and that each of its rows counts by itself. */
#include <string.h>

#include "query/aggregate_parts.h"

static const struct {
	const char *node;
	const char *why;
} refused_nodes[] = {
	{"SQLValueFunction", "CURRENT_DATE, CURRENT_USER and their like are something else later"},
	{"RangeTableSample", "TABLESAMPLE takes other rows each time"},
};

/* The leftmost leaf of FROM, reached over joins that keep its rows. */
static bool find_first(struct study *study, struct json_value *ret_table)
{
	struct json_value list;
	struct json_value node;
	struct json_value join;
	struct json_value type;
	if (!json_find(&study->select, "fromClause", &list))
		return study_refuse(study, &study->select, "it has no FROM");
	const char *at = list.text + 1;
	bool found = json_next_element(&list, &at, &node);
	while (found && json_find(&node, "JoinExpr", &join)) {
		if (json_find(&join, "jointype", &type) && !node_is(&type, "JOIN_INNER") &&
			!node_is(&type, "JOIN_LEFT"))
			return study_refuse(study, &join,
				"RIGHT or FULL JOIN: a later row of the first table may take back "
				"a row of nulls");
		found = json_find(&join, "larg", &node);
	}
	if (!found || !json_find(&node, "RangeVar", ret_table))
		return study_refuse(study, &list,
			"what comes first in FROM must be the table whose new rows are added");
	return true;
}

static const char *skip_name(const char *p)
{
	if (*p == '"') {
		for (p++; *p && (*p != '"' || p[1] == '"'); p++)
			p += *p == '"';
		return *p ? p + 1 : NULL;
	}
	const char *start = p;
	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		*p == '_' || *p == '$' || (unsigned char)*p >= 0x80)
		p++;
	return p > start ? p : NULL;
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n\f\v");
}

static bool take_first(struct study *study, const struct json_value *table)
{
	struct query_aggregate *result = &study->result;
	struct json_value value;
	if (!json_find(table, "inh", &value))
		return study_refuse(study, table, "ONLY: leave it out");
	result->schema = node_member_text(study->arena, table, "schemaname");
	result->name = node_member_text(study->arena, table, "relname");
	result->aliased = json_find(table, "alias", &value);
	result->at = node_member_size(table, "location");
	result->line = node_line(study->sql, result->at);
	const char *start = study->sql + result->at;
	const char *end = skip_name(start);
	if (end && *result->schema) {
		end = skip_space(end);
		end = *end == '.' ? skip_name(skip_space(end + 1)) : NULL;
	}
	if (!end)
		return study_refuse(
			study, table, "write the first table's name plainly: schema.table");
	result->length = (size_t)(end - start);
	return true;
}

/* A WITH clause's name hides the table of that name. */
static bool check_with(struct study *study, const struct json_value *table)
{
	struct json_value with;
	struct json_value list;
	struct json_value node;
	struct json_value cte;
	struct json_value name;
	if (*study->result.schema || !json_find(&study->select, "withClause", &with) ||
		!json_find(&with, "ctes", &list))
		return true;
	for (const char *at = list.text + 1; json_next_element(&list, &at, &node);)
		if (json_find(&node, "CommonTableExpr", &cte) &&
			json_find(&cte, "ctename", &name) && node_is(&name, study->result.name))
			return study_refuse(study, table,
				"what comes first in FROM must be a table, not a WITH query");
	return true;
}

static bool is_first(const struct study *study, const struct json_value *table)
{
	struct json_value schema;
	struct json_value name;
	bool same_schema = json_find(table, "schemaname", &schema)
				   ? node_is(&schema, study->result.schema)
				   : !*study->result.schema;
	return same_schema && json_find(table, "relname", &name) &&
	       node_is(&name, study->result.name);
}

static bool check_column_ref(struct study *study, const struct json_value *reference)
{
	struct json_value fields;
	const char *last = NULL;
	if (json_find(reference, "fields", &fields) && study_last_name(study, &fields, &last) > 2)
		return study_refuse(study, reference, "write table.column, without the schema");
	return true;
}

/* What may stand nowhere in it, subqueries included. */
static bool check_everywhere(struct study *study, const struct json_value *value)
{
	struct json_value key;
	struct json_value item;
	if (value->kind == JSON_ARRAY) {
		for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
			if (!check_everywhere(study, &item))
				return false;
		return true;
	}
	if (value->kind != JSON_OBJECT)
		return true;
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);) {
		for (size_t i = 0; i < sizeof(refused_nodes) / sizeof(refused_nodes[0]); i++)
			if (node_is(&key, refused_nodes[i].node))
				return study_refuse(study, &item, refused_nodes[i].why);
		if (node_is(&key, "RangeVar") && is_first(study, &item) && study->first_seen++)
			return study_refuse(
				study, &item, "it reads the first table in FROM more than once");
		if (node_is(&key, "ColumnRef") && !check_column_ref(study, &item))
			return false;
		if (!check_everywhere(study, &item))
			return false;
	}
	return true;
}

bool study_from(struct study *study)
{
	struct json_value table;
	return find_first(study, &table) && take_first(study, &table) &&
	       check_with(study, &table) && check_everywhere(study, &study->select);
}
