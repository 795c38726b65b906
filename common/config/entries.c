/* SPDX-License-Identifier: Apache-2.0 */
/* A section of the file that is a map of named entries, each a struct with keys of its own. */
#include <string.h>

#include "config/keys.h"

static const size_t max_name = 100;

static bool name_is_good(const struct entry_map *map, const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return n >= 1 && n <= max_name && name[n] == '\0' &&
	       (!map->reserved || strcmp(name, map->reserved) != 0);
}

static char *array_of(const struct entry_map *map, const void *config)
{
	char *array = NULL;
	memcpy(&array, (const char *)config + map->array, sizeof(array));
	return array;
}

static size_t *count_of(const struct entry_map *map, void *config)
{
	return (size_t *)(void *)((char *)config + map->count);
}

static void read_entry(const struct value *value, const struct tree_node *node, char *entry)
{
	const struct entry_map *map = value->key->type->map;
	struct loader *loader = value->loader;
	*(const char **)(void *)(entry + map->name) = node->key;
	*(int *)(void *)(entry + map->line) = node->line;
	if (!name_is_good(map, node->key)) {
		loader_problem(loader, node->line, node->key,
			"%s's name is 1 to %zu of a-z, 0-9, '_' and '-'%s%s%s", map->what, max_name,
			map->reserved ? ", and not '" : "", map->reserved ? map->reserved : "",
			map->reserved ? "'" : "");
		return;
	}
	if (node->kind != TREE_MAP) {
		loader_problem(loader, node->line, node->key, "expected a map");
		return;
	}
	const char *prefix = loader->prefix;
	loader->prefix = arena_printf(&loader->config->arena, "%s%s.", prefix, node->key);
	size_t problems = loader->problem_count;
	keys_read(loader, value->key->type->entries, node, entry);
	if (map->check && loader->problem_count == problems)
		map->check(loader, entry);
	loader->prefix = prefix;
}

bool entries_read(const struct value *value)
{
	const struct entry_map *map = value->key->type->map;
	struct loader *loader = value->loader;
	struct config *config = loader->config;
	const char *prefix = loader->prefix;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP || (map->most && value->node->count > map->most))
		return false;
	char *array = arena_calloc(&config->arena, value->node->count + 1, map->size);
	memcpy((char *)config + map->array, &array, sizeof(array));
	loader->prefix = arena_printf(&config->arena, "%s%s.", prefix, value->key->path);
	for (const struct tree_node *n = value->node->first; n; n = n->next)
		read_entry(value, n, array + map->size * (*count_of(map, config))++);
	loader->prefix = prefix;
	return true;
}

void entries_print(const struct key *key, const void *target, struct printer *printer)
{
	const struct entry_map *map = key->type->map;
	const char *entry = array_of(map, target);
	size_t count = 0;
	memcpy(&count, (const char *)target + map->count, sizeof(count));
	printer_map(printer, key->path);
	for (; count > 0; count--, entry += map->size) {
		printer_map(printer, *(const char *const *)(const void *)(entry + map->name));
		keys_print(key->type->entries, entry, printer);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}
