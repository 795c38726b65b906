/* SPDX-License-Identifier: Apache-2.0 */
#include "project/property_reader.h"

#include <string.h>

#include "base/nearest.h"

bool property_fail(struct property_reader *reader, const struct tree_node *node, const char *what)
{
	return err_config(reader->err, "%s:%d: %s", reader->path, node->line, what);
}

static const struct property_key *find_key(const struct property_key *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static void list_keys(const struct property_key *keys, struct nearest *nearest, struct buf *known)
{
	for (; keys && keys->name; keys++) {
		nearest_try(nearest, keys->name);
		buf_printf(known, "%s%s", known->len ? ", " : "", keys->name);
	}
}

static bool unknown_key(struct property_reader *reader, const struct tree_node *node,
	const struct property_key *keys, const struct property_key *more, const char *what)
{
	struct buf known;
	struct nearest nearest;
	buf_init(&known, 1024);
	nearest_begin(&nearest, node->key);
	list_keys(keys, &nearest, &known);
	list_keys(more, &nearest, &known);
	err_config(reader->err, "%s:%d: unknown key '%s' in %s:%s%s%s expected one of %s",
		reader->path, node->line, node->key, what, nearest.best ? " did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?" : "", buf_text(&known));
	buf_release(&known);
	return false;
}

bool property_map_both(struct property_reader *reader, const struct tree_node *map,
	const struct property_key *keys, const struct property_key *more, const char *what)
{
	if (map->kind != TREE_MAP)
		return err_config(reader->err, "%s:%d: expected %s", reader->path, map->line, what);
	for (const struct tree_node *node = map->first; node; node = node->next) {
		const struct property_key *row = find_key(keys, node->key);
		if (!row)
			row = find_key(more, node->key);
		if (!row)
			return unknown_key(reader, node, keys, more, what);
		if (!row->read(reader, node))
			return false;
	}
	return true;
}

bool property_map(struct property_reader *reader, const struct tree_node *map,
	const struct property_key *keys, const char *what)
{
	return property_map_both(reader, map, keys, NULL, what);
}

bool property_list(
	struct property_reader *reader, const struct tree_node *list, property_read *read)
{
	if (tree_is_null(list))
		return true;
	if (list->kind != TREE_LIST)
		return err_config(reader->err, "%s:%d: '%s' takes a list", reader->path, list->line,
			list->key ? list->key : "it");
	for (const struct tree_node *node = list->first; node; node = node->next)
		if (!read(reader, node))
			return false;
	return true;
}

bool property_text(
	struct property_reader *reader, const struct tree_node *node, const char **ret_text)
{
	if (node->kind != TREE_SCALAR)
		return err_config(reader->err, "%s:%d: '%s' takes a text", reader->path, node->line,
			node->key ? node->key : "the list");
	*ret_text = node->text;
	return true;
}

bool property_sql(struct property_reader *reader, const struct tree_node *node, const char *before,
	const char **ret_sql)
{
	const char *text = NULL;
	if (!property_text(reader, node, &text))
		return false;
	if (strlen(text) > CHECK_SQL_MAX)
		return property_fail(reader, node, "longer than 64 KiB: write it as SQL in checks");
	struct query query;
	const char *select =
		arena_printf(&reader->project->arena, "SELECT WHERE (%s %s\n)", before, text);
	const char *what = node->key ? node->key : "SQL";
	if (!query_parse(select, what, &reader->project->arena, &query, reader->err))
		return err_prefix(reader->err, "%s:%d", reader->path, node->line);
	*ret_sql = text;
	return true;
}

bool property_name(struct property_reader *reader, const struct tree_node *map, const char *what,
	const char **ret_name)
{
	const struct tree_node *name = map->kind == TREE_MAP ? tree_find(map, "name", 4) : NULL;
	if (!name || name->kind != TREE_SCALAR || !*name->text)
		return err_config(reader->err, "%s:%d: %s begins with `- name: ...`", reader->path,
			map->line, what);
	*ret_name = name->text;
	return true;
}

bool property_skip(struct property_reader *reader, const struct tree_node *node)
{
	(void)reader;
	(void)node;
	return true;
}
