/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree to the struct, a row of the table at a time; mistakes are collected on the way. */
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "config/keys.h"

static const size_t max_problems = 10;

static void add_problem(
	struct loader *loader, int line, const char *key, const char *fmt, va_list ap)
{
	char message[512];
	if (loader->problem_count++ >= max_problems)
		return;
	vsnprintf(message, sizeof(message), fmt, ap);
	if (loader->problem_count > 1)
		buf_append_byte(&loader->problems, '\n');
	if (line)
		buf_printf(&loader->problems, "%s:%d: %s%s: %s", loader->origin, line,
			loader->prefix, key, message);
	else
		buf_printf(&loader->problems, "%s: %s", key, message);
}

void loader_problem(struct loader *loader, int line, const char *key, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_problem(loader, line, key, fmt, ap);
	va_end(ap);
}

void value_problem(const struct value *value, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_problem(value->loader, value->node->line, value->key->path, fmt, ap);
	va_end(ap);
}

void loader_warn(struct loader *loader, const char *text)
{
	struct config *config = loader->config;
	struct string_list *list = &config->warnings;
	const char **items = arena_calloc(&config->arena, list->count + 1, sizeof(*list->items));
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = text;
	list->items = items;
}

/* "expected this, not that" */
static void misread(const struct value *value)
{
	const struct tree_node *node = value->node;
	struct buf shown;
	buf_init(&shown, 256);
	if (node->kind == TREE_SCALAR && value->key->type->secret) {
		buf_append_text(&shown, "what stands there (not shown: it may hold a secret)");
	} else if (node->kind == TREE_SCALAR) {
		buf_append_byte(&shown, '\'');
		text_excerpt(&shown, node->text, strlen(node->text), 80);
		buf_append_byte(&shown, '\'');
	} else {
		buf_append_text(&shown, node->kind == TREE_LIST ? "a list" : "a map");
	}
	value_problem(value, "expected %s, not %s", value->key->expected, buf_text(&shown));
	buf_release(&shown);
}

/* The node at "a.b.c" below map; NULL when there is none. */
static const struct tree_node *find_path(const struct tree_node *map, const char *path)
{
	const struct tree_node *node = map;
	while (node && node->kind == TREE_MAP) {
		size_t n = strcspn(path, ".");
		node = tree_find(node, path, n);
		if (!path[n])
			return node;
		path += n + 1;
	}
	return NULL;
}

static const struct tree_node *fallback_node(struct loader *loader, const struct key *key, int line)
{
	struct arena *arena = &loader->config->arena;
	if (key->fallback[0] == '[') {
		struct tree_node *list = NULL;
		if (!tree_parse(
			    key->fallback, strlen(key->fallback), key->path, arena, &list, NULL))
			BUG("the default of %s is not YAML", key->path);
		list->line = line;
		return list;
	}
	struct tree_node *node = arena_calloc(arena, 1, sizeof(*node));
	*node = (struct tree_node){
		.kind = TREE_SCALAR, .line = line, .text = key->fallback, .raw = key->fallback};
	return node;
}

static void read_row(
	struct loader *loader, const struct key *key, const struct tree_node *map, void *scope)
{
	const struct tree_node *node = find_path(map, key->path);
	bool given = node && !tree_is_null(node);
	bool applies = !key->condition || key->condition->holds(scope);
	if (node && node->bad)
		return;
	if (given && !applies) {
		loader_problem(loader, node->line, key->path, "means nothing without %s",
			key->condition->why);
		return;
	}
	if (!given && !key->fallback) {
		if (applies)
			loader_problem(loader, map->line, key->path, "missing; expected %s",
				key->expected);
		return;
	}
	struct value value = {
		.loader = loader,
		.key = key,
		.node = given ? node : fallback_node(loader, key, map->line),
		.given = given,
		.scope = scope,
		.target = (char *)scope + key->offset,
	};
	if (!key->type->read(&value))
		misread(&value);
}

/* Whether path is `prefix` + "." + more, or (exact) `prefix` itself. */
static bool under(const char *path, const char *prefix, bool exact)
{
	size_t n = strlen(prefix);
	return strncmp(path, prefix, n) == 0 && (exact ? path[n] == '\0' : path[n] == '.');
}

static bool any_row(const struct key_table *table, const char *path, bool exact)
{
	for (size_t i = 0; i < table->count; i++)
		if (under(table->rows[i].path, path, exact))
			return true;
	return false;
}

static void unknown_key(struct loader *loader, const struct key_table *table,
	const struct tree_node *node, const char *path)
{
	size_t before = strlen(path) - strlen(node->key);
	struct nearest nearest;
	nearest_begin(&nearest, node->key);
	for (size_t i = 0; i < table->count; i++) {
		const char *row = table->rows[i].path;
		if (strncmp(row, path, before) == 0)
			nearest_try(&nearest, arena_strndup(&loader->config->arena, row + before,
						      strcspn(row + before, ".")));
	}
	if (nearest.best)
		loader_problem(
			loader, node->line, path, "unknown key; did you mean %s?", nearest.best);
	else
		loader_problem(loader, node->line, path,
			"unknown key; `penstock config print --reference` lists those there are");
}

static void find_unknown(struct loader *loader, const struct key_table *table,
	const struct tree_node *map, const char *path)
{
	for (const struct tree_node *node = map->first; node; node = node->next) {
		const char *key = arena_printf(
			&loader->config->arena, "%s%s%.100s", path, *path ? "." : "", node->key);
		bool section = any_row(table, key, false);
		if (!section && any_row(table, key, true))
			continue;
		if (!section)
			unknown_key(loader, table, node, key);
		else if (node->kind == TREE_MAP)
			find_unknown(loader, table, node, key);
		else if (!tree_is_null(node) && !node->bad && !any_row(table, key, true))
			loader_problem(loader, node->line, key, "expected a map");
	}
}

void keys_read(struct loader *loader, const struct key_table *table, const struct tree_node *map,
	void *scope)
{
	find_unknown(loader, table, map, "");
	for (size_t i = 0; i < table->count; i++)
		read_row(loader, &table->rows[i], map, scope);
}

void keys_read_entry(
	const struct value *value, const struct tree_node *node, const char *brief, void *entry)
{
	struct loader *loader = value->loader;
	struct arena *arena = &loader->config->arena;
	const char *path = arena_printf(arena, "%s.%.100s", value->key->path, node->key);
	const char *prefix = loader->prefix;
	struct tree_node only = *node;
	struct tree_node map = *node;
	if (node->kind != TREE_MAP && !brief) {
		loader_problem(loader, node->line, path, "expected a map of keys");
		return;
	}
	if (node->kind != TREE_MAP) {
		only.key = brief;
		only.next = NULL;
		map = (struct tree_node){
			.kind = TREE_MAP, .line = node->line, .first = &only, .count = 1};
	}
	loader->prefix = arena_printf(arena, "%s%s.", prefix, path);
	keys_read(loader, value->key->type->entries, &map, entry);
	loader->prefix = prefix;
}
