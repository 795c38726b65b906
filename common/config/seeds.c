/* SPDX-License-Identifier: Apache-2.0 */
/* `seeds`: tables whose base rows stand in files. */
#include <stddef.h>
#include <string.h>

#include "config/keys.h"

#define OF(member) offsetof(struct config_seed, member)

static const struct key seed_rows[] = {
	{.path = "file",
		.type = &value_path,
		.offset = OF(file),
		.expected = "a CSV file",
		.doc = "Where the rows are; `SCHEMA.TABLE: FILE` says no more than this."},
	{.path = "key",
		.type = &value_texts,
		.offset = OF(key),
		.fallback = "[]",
		.expected = "a column's name, or a list of them",
		.doc = "What tells one row from another. Empty: the file's first column."},
	{.path = "schema",
		.type = &value_path,
		.offset = OF(schema),
		.fallback = "",
		.expected = "an Avro schema's file",
		.doc = "The types of columns the table lacks. Empty: they become text."},
};

static const struct key_table seed_keys = {seed_rows, sizeof(seed_rows) / sizeof(seed_rows[0])};

static void read_seed(
	const struct value *value, const struct tree_node *node, struct config_seed *seed)
{
	*seed = (struct config_seed){.line = node->line};
	if (table_name_read(&value->loader->config->arena, node->key, &seed->table))
		keys_read_entry(value, node, "file", seed);
	else
		value_problem(value, "expected %s, not '%.200s'", value->key->expected, node->key);
}

static bool read_seeds(const struct value *value)
{
	struct config *config = value->loader->config;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	config->seeds =
		arena_calloc(&config->arena, value->node->count + 1, sizeof(*config->seeds));
	for (const struct tree_node *n = value->node->first; n; n = n->next)
		read_seed(value, n, &config->seeds[config->seed_count++]);
	return true;
}

static void print_seeds(const struct key *key, const void *target, struct printer *printer)
{
	const struct config *config = target;
	if (!config->seed_count)
		return;
	printer_map(printer, key->path);
	for (size_t i = 0; i < config->seed_count; i++) {
		const struct config_table *table = &config->seeds[i].table;
		char name[140];
		snprintf(name, sizeof(name), "%s.%s", table->schema, table->name);
		printer_map(printer, name);
		keys_print(&seed_keys, &config->seeds[i], printer);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_seeds = {.read = read_seeds,
	.print = print_seeds,
	.prints_key = true,
	.entries = &seed_keys,
	.entry_prefix = "seeds.SCHEMA.TABLE."};

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
