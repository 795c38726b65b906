/* SPDX-License-Identifier: Apache-2.0 */
/* `seeds`: tables whose base rows stand in files. */
#include <string.h>

#include "base/file.h"
#include "config/keys.h"

static bool read_texts(
	const struct value *value, const struct tree_node *node, struct string_list *ret_list)
{
	struct value list = *value;
	list.node = node;
	list.target = ret_list;
	return value_texts.read(&list) && ret_list->count > 0;
}

static const char *read_path(const struct value *value, const struct tree_node *node)
{
	struct config *config = value->loader->config;
	if (node->kind != TREE_SCALAR || !*node->text)
		return NULL;
	return file_join(&config->arena, config->folder, node->text);
}

static bool read_member(
	const struct value *value, const struct tree_node *node, struct config_seed *seed)
{
	if (strcmp(node->key, "key") == 0)
		return read_texts(value, node, &seed->key);
	const char **path = strcmp(node->key, "file") == 0     ? &seed->file
			    : strcmp(node->key, "schema") == 0 ? &seed->schema
							       : NULL;
	if (!path)
		return false;
	*path = read_path(value, node);
	return *path != NULL;
}

static bool read_seed(
	const struct value *value, const struct tree_node *node, struct config_seed *seed)
{
	*seed = (struct config_seed){.line = node->line};
	if (!table_name_read(&value->loader->config->arena, node->key, &seed->table))
		return false;
	if (node->kind == TREE_SCALAR) {
		seed->file = read_path(value, node);
		return seed->file != NULL;
	}
	if (node->kind != TREE_MAP)
		return false;
	for (const struct tree_node *n = node->first; n; n = n->next)
		if (!read_member(value, n, seed))
			return false;
	return seed->file != NULL;
}

static bool read_seeds(const struct value *value)
{
	struct config *config = value->loader->config;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	config->seeds = arena_calloc(&config->arena, value->node->count, sizeof(*config->seeds));
	for (const struct tree_node *n = value->node->first; n; n = n->next) {
		if (!read_seed(value, n, &config->seeds[config->seed_count])) {
			config->seed_count = 0;
			return false;
		}
		config->seed_count++;
	}
	return true;
}

static void print_seeds(const struct key *key, const void *target, struct printer *printer)
{
	const struct config *config = target;
	if (!config->seed_count)
		return;
	printer_map(printer, key->path);
	for (size_t i = 0; i < config->seed_count; i++) {
		const struct config_seed *seed = &config->seeds[i];
		char table[140];
		snprintf(table, sizeof(table), "%s.%s", seed->table.schema, seed->table.name);
		printer_map(printer, table);
		printer_key(printer, "file");
		printer_text(printer, seed->file);
		if (seed->schema) {
			printer_key(printer, "schema");
			printer_text(printer, seed->schema);
		}
		if (seed->key.count) {
			printer_key(printer, "key");
			printer_texts(printer, &seed->key);
		}
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_seeds = {
	.read = read_seeds, .print = print_seeds, .prints_key = true};

/* After the datasets are read: a table that is loaded is nobody's to seed. */
void check_seeds(struct loader *loader)
{
	const struct config *config = loader->config;
	for (size_t i = 0; i < config->seed_count; i++) {
		const struct config_seed *seed = &config->seeds[i];
		const char *key = arena_printf(&loader->config->arena, "seeds.%s.%s",
			seed->table.schema, seed->table.name);
		if (table_is_ours(&seed->table))
			loader_problem(loader, seed->line, key,
				"schema %s is not for tables of yours", seed->table.schema);
		for (size_t k = 0; k < config->dataset_count; k++) {
			const struct config_dataset *dataset = &config->datasets[k];
			if (dataset->table_name &&
				strcmp(dataset->table_schema, seed->table.schema) == 0 &&
				strcmp(dataset->table_name, seed->table.name) == 0)
				loader_problem(loader, seed->line, key,
					"this is the table of dataset %s", dataset->name);
		}
	}
}
