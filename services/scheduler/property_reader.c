/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/property_reader.h"

#include <string.h>

bool property_fail(struct property_reader *reader, const struct tree_node *node, const char *what)
{
	return err_config(reader->err, "%s:%d: %s", reader->path, node->line, what);
}

bool property_map(struct property_reader *reader, const struct tree_node *map,
	const struct property_key *keys, const char *what)
{
	if (map->kind != TREE_MAP)
		return err_config(reader->err, "%s:%d: expected %s", reader->path, map->line, what);
	for (const struct tree_node *node = map->first; node; node = node->next) {
		const struct property_key *row = keys;
		while (row->name && strcmp(row->name, node->key) != 0)
			row++;
		if (!row->name) {
			struct buf known;
			buf_init(&known, 512);
			for (row = keys; row->name; row++)
				buf_printf(&known, "%s%s", row == keys ? "" : ", ", row->name);
			err_config(reader->err, "%s:%d: unknown key '%s' in %s: expected one of %s",
				reader->path, node->line, node->key, what, buf_text(&known));
			buf_release(&known);
			return false;
		}
		if (!row->read(reader, node))
			return false;
	}
	return true;
}

bool property_list(struct property_reader *reader, const struct tree_node *list,
	bool (*read)(struct property_reader *reader, const struct tree_node *node))
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
