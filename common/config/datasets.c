/* SPDX-License-Identifier: Apache-2.0 */
/* The `datasets` map: its entries, and what no single key of them can tell. */
#include <stddef.h>
#include <string.h>

#include "config/keys.h"

static void check_dataset(struct loader *loader, const void *entry)
{
	const struct config_dataset *dataset = entry;
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

static const struct entry_map map = {.what = "a dataset",
	.reserved = "dead",
	.size = sizeof(struct config_dataset),
	.name = offsetof(struct config_dataset, name),
	.line = offsetof(struct config_dataset, line),
	.array = offsetof(struct config, datasets),
	.count = offsetof(struct config, dataset_count),
	.check = check_dataset};

const struct value_type value_datasets = {.read = entries_read,
	.print = entries_print,
	.prints_key = true,
	.map = &map,
	.entries = &dataset_keys,
	.entry_prefix = "datasets.NAME."};

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
