/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser hands out its tree as JSON that it wrote itself, so it is walked without being
 * validated first. A name is a relation unless a WITH clause around it defines it; what may not
 * stand in a model (a row of `refused`) is found by the node's name, wherever it hides.
 */
#include "query/query.h"

#include <pg_query.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "query/node.h"

/* Levels of the tree, about two for one of the SQL; bounds the walker's stack and time. */
#define MAX_DEPTH 2000

struct scope {
	struct json_value ctes; /* the WITH clause's list */
	size_t visible;		/* how many of its names can be seen */
	const struct scope *outer;
};

struct walk {
	const char *sql;
	const char *origin;
	struct arena *arena;
	struct query_relation *relations;
	size_t count;
	size_t capacity;
	unsigned depth;
	struct err *err;
};

static const struct {
	const char *node;
	const char *why;
} refused[] = {
	{"intoClause", "SELECT INTO: leave INTO out, the model's head lines say what it becomes"},
	{"lockingClause", "FOR UPDATE or FOR SHARE: reading needs no lock here"},
	{"InsertStmt", "an INSERT: a model only reads"},
	{"UpdateStmt", "an UPDATE: a model only reads"},
	{"DeleteStmt", "a DELETE: a model only reads"},
	{"MergeStmt", "a MERGE: a model only reads"},
};

static bool cte_named(const struct scope *scope, const char *name)
{
	for (; scope; scope = scope->outer) {
		const char *at = scope->ctes.text + 1;
		struct json_value node;
		for (size_t i = 0;
			i < scope->visible && json_next_element(&scope->ctes, &at, &node); i++) {
			struct json_value cte;
			struct json_value cte_name;
			if (json_find(&node, "CommonTableExpr", &cte) &&
				json_find(&cte, "ctename", &cte_name) && node_is(&cte_name, name))
				return true;
		}
	}
	return false;
}

static void add_relation(struct walk *walk, const char *schema, const char *name, int line)
{
	for (size_t i = 0; i < walk->count; i++)
		if (strcmp(walk->relations[i].schema, schema) == 0 &&
			strcmp(walk->relations[i].name, name) == 0)
			return;
	if (walk->count == walk->capacity) {
		size_t capacity = walk->capacity ? walk->capacity * 2 : 16;
		struct query_relation *bigger =
			arena_calloc(walk->arena, capacity, sizeof(*bigger));
		if (walk->count)
			memcpy(bigger, walk->relations, walk->count * sizeof(*bigger));
		walk->relations = bigger;
		walk->capacity = capacity;
	}
	walk->relations[walk->count++] = (struct query_relation){schema, name, line};
}

static bool take_relation(
	struct walk *walk, const struct json_value *node, const struct scope *scope)
{
	const char *schema = node_member_text(walk->arena, node, "schemaname");
	const char *name = node_member_text(walk->arena, node, "relname");
	int line = node_line(walk->sql, node_member_size(node, "location"));
	struct json_value catalog;
	if (json_find(node, "catalogname", &catalog))
		return err_config(walk->err,
			"%s:%d: %s.%s is named with a database: write schema.table", walk->origin,
			line, schema, name);
	if (*schema || !cte_named(scope, name))
		add_relation(walk, schema, name, line);
	return true;
}

static bool walk_value(
	struct walk *walk, const struct json_value *value, const struct scope *scope);

/* Each CTE sees the ones before it; WITH RECURSIVE lets it see itself and all the others. */
static bool walk_with(struct walk *walk, const struct json_value *with, struct scope *ret_scope)
{
	struct json_value recursive;
	if (!json_find(with, "ctes", &ret_scope->ctes))
		return true;
	size_t count = 0;
	struct json_value node;
	for (const char *at = ret_scope->ctes.text + 1;
		json_next_element(&ret_scope->ctes, &at, &node);)
		count++;
	bool all = json_find(with, "recursive", &recursive);
	const char *at = ret_scope->ctes.text + 1;
	for (size_t i = 0; json_next_element(&ret_scope->ctes, &at, &node); i++) {
		ret_scope->visible = all ? count : i;
		if (!walk_value(walk, &node, ret_scope))
			return false;
	}
	ret_scope->visible = count;
	return true;
}

static bool walk_object(
	struct walk *walk, const struct json_value *object, const struct scope *outer)
{
	struct scope own = {.outer = outer};
	const struct scope *scope = outer;
	struct json_value with;
	if (json_find(object, "withClause", &with)) {
		if (!walk_with(walk, &with, &own))
			return false;
		scope = &own;
	}
	const char *at = object->text + 1;
	struct json_value key;
	struct json_value value;
	while (json_next_member(object, &at, &key, &value)) {
		for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
			if (node_is(&key, refused[i].node))
				return err_config(walk->err, "%s: the query contains %s",
					walk->origin, refused[i].why);
		if (node_is(&key, "withClause"))
			continue;
		bool ok = node_is(&key, "RangeVar") ? take_relation(walk, &value, scope)
						    : walk_value(walk, &value, scope);
		if (!ok)
			return false;
	}
	return true;
}

static bool walk_value(struct walk *walk, const struct json_value *value, const struct scope *scope)
{
	if (value->kind != JSON_OBJECT && value->kind != JSON_ARRAY)
		return true;
	if (++walk->depth > MAX_DEPTH)
		return err_config(walk->err, "%s: the query is nested too deeply", walk->origin);
	bool ok = true;
	if (value->kind == JSON_OBJECT) {
		ok = walk_object(walk, value, scope);
	} else {
		const char *at = value->text + 1;
		struct json_value item;
		while (ok && json_next_element(value, &at, &item))
			ok = walk_value(walk, &item, scope);
	}
	walk->depth--;
	return ok;
}

/* The one statement of the tree: it must be a SELECT. */
static bool walk_tree(struct walk *walk, const char *json, struct query *ret_query)
{
	struct json_value root = {JSON_OBJECT, json, strlen(json)};
	struct json_value list;
	struct json_value raw;
	struct json_value extra;
	struct json_value node;
	struct json_value select;
	const char *at = NULL;
	if (json_find(&root, "stmts", &list))
		at = list.text + 1;
	if (!at || !json_next_element(&list, &at, &raw))
		return err_config(walk->err, "%s: it is empty: expected one SELECT", walk->origin);
	if (json_next_element(&list, &at, &extra))
		return err_config(walk->err,
			"%s:%d: a second statement: expected one SELECT and nothing else",
			walk->origin,
			node_line(walk->sql, node_member_size(&extra, "stmt_location") + 1));
	if (!json_find(&raw, "stmt", &node) || !json_find(&node, "SelectStmt", &select))
		return err_config(walk->err,
			"%s: not a SELECT: write one SELECT (WITH and VALUES too), and nothing "
			"else",
			walk->origin);
	if (!walk_value(walk, &node, NULL))
		return false;
	size_t start = node_member_size(&raw, "stmt_location");
	size_t length = node_member_size(&raw, "stmt_len");
	if (!length)
		length = strlen(walk->sql + start);
	ret_query->text = arena_strndup(walk->arena, walk->sql + start, length);
	ret_query->relations = walk->relations;
	ret_query->relation_count = walk->count;
	ret_query->combined = json_find(&select, "op", &extra) && !node_is(&extra, "SETOP_NONE");
	return true;
}

bool query_parse(const char *sql, const char *origin, struct arena *arena, struct query *ret_query,
	struct err *err)
{
	size_t bad = 0;
	if (strlen(sql) > QUERY_MAX_BYTES)
		return err_config(err, "%s: longer than %d KiB", origin, QUERY_MAX_BYTES / 1024);
	if (!utf8_valid(sql, strlen(sql), &bad))
		return err_config(err, "%s:%d: not UTF-8", origin, node_line(sql, bad));
	PgQueryParseResult result = pg_query_parse(sql);
	bool ok = false;
	if (result.error) {
		/* The position counts characters, from 1. */
		size_t at = 0;
		for (int left = result.error->cursorpos; left > 1 && sql[at]; at++)
			left -= ((unsigned char)sql[at + 1] & 0xc0) != 0x80;
		err_config(err, "%s:%d: %s%s", origin, node_line(sql, at), result.error->message,
			sql[at] == '{' ? ": templates are not read here, write names as they are: "
					 "schema.table"
				       : "");
	} else {
		struct walk walk = {.sql = sql, .origin = origin, .arena = arena, .err = err};
		ok = walk_tree(&walk, result.parse_tree, ret_query);
	}
	pg_query_free_parse_result(result);
	return ok;
}
