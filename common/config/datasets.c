/* SPDX-License-Identifier: Apache-2.0 */
/* The `datasets` map: its entries, and what no single key of them can tell. */
#include <string.h>

#include "config/keys.h"

static bool name_is_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return n >= 1 && n <= 100 && name[n] == '\0';
}

static void read_dataset(
	struct loader *loader, const struct tree_node *node, struct config_dataset *dataset)
{
	*dataset = (struct config_dataset){.name = node->key, .line = node->line};
	if (!name_is_good(node->key) || strcmp(node->key, "dead") == 0) {
		loader_problem(loader, node->line, node->key,
			"a dataset's name is 1 to 100 of a-z, 0-9, '_' and '-', and not 'dead'");
		return;
	}
	if (node->kind != TREE_MAP) {
		loader_problem(loader, node->line, node->key, "expected a map");
		return;
	}
	loader->prefix = arena_printf(&loader->config->arena, "datasets.%s.", node->key);
	size_t problems = loader->problem_count;
	keys_read(loader, &dataset_keys, node, dataset);
	if (loader->problem_count == problems)
		check_dataset(loader, dataset);
	loader->prefix = "datasets.";
}

static bool read_datasets(const struct value *value)
{
	struct loader *loader = value->loader;
	struct config *config = loader->config;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	config->datasets =
		arena_calloc(&config->arena, value->node->count, sizeof(*config->datasets));
	loader->prefix = "datasets.";
	for (const struct tree_node *n = value->node->first; n; n = n->next)
		read_dataset(loader, n, &config->datasets[config->dataset_count++]);
	loader->prefix = "";
	return true;
}

static void print_datasets(const struct key *key, const void *target, struct printer *printer)
{
	const struct config *config = target;
	printer_map(printer, key->path);
	for (size_t i = 0; i < config->dataset_count; i++) {
		printer_map(printer, config->datasets[i].name);
		keys_print(&dataset_keys, &config->datasets[i], printer);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_datasets = {.read = read_datasets,
	.print = print_datasets,
	.prints_key = true,
	.entries = &dataset_keys,
	.entry_prefix = "datasets.NAME."};

void check_dataset(struct loader *loader, const struct config_dataset *dataset)
{
	const struct reading *reading = &dataset->reading;
	int line = dataset->line;
	if (dataset->keep == KEEP_LATEST_FILE && dataset->on_conflict != CONFLICT_LAST)
		loader_problem(
			loader, line, "keep", "latest_file goes with on_conflict: last only");
	if (reading->format == FORMAT_CSV)
		check_dialect(loader, line, &reading->csv);
	if (reading->unpivot.enabled &&
		strcmp(reading->unpivot.names, reading->unpivot.values) == 0)
		loader_problem(
			loader, line, "unpivot.values", "is the same field as unpivot.names");
}

void check_config(struct loader *loader)
{
	const struct config *config = loader->config;
	check_lookups(loader);
	check_seeds(loader);
	for (size_t i = 0; i < config->dataset_count; i++) {
		const struct config_dataset *one = &config->datasets[i];
		for (size_t j = 0; j < i; j++) {
			const struct config_dataset *other = &config->datasets[j];
			if (strcmp(one->table_schema, other->table_schema) == 0 &&
				strcmp(one->table_name, other->table_name) == 0)
				loader_problem(loader, one->line,
					arena_printf(&loader->config->arena, "datasets.%s.table",
						one->name),
					"%s.%s is the table of dataset %s already",
					one->table_schema, one->table_name, other->name);
		}
	}
	check_sources(loader);
}
