/* SPDX-License-Identifier: Apache-2.0 */
/* Which datasets load the tables whose freshness is checked. */
#include <string.h>

#include "base/nearest.h"
#include "project/parts.h"

static bool loads(const struct config_dataset *dataset, const struct check *check)
{
	return strcmp(dataset->table_schema, check->schema) == 0 &&
	       strcmp(dataset->table_name, check->table) == 0;
}

static bool no_dataset(const struct config *config, const struct check *check, struct arena *arena,
	struct err *err)
{
	struct nearest nearest;
	nearest_begin(&nearest, check->on);
	for (size_t i = 0; i < config->dataset_count; i++)
		nearest_try(&nearest, arena_printf(arena, "%s.%s", config->datasets[i].table_schema,
					      config->datasets[i].table_name));
	return err_config(err,
		"%s: freshness: no dataset loads into %s%s%s%s: give a loaded_at_field, or name "
		"the table of a dataset",
		check->origin, check->on, nearest.best ? " (did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?)" : "");
}

bool freshness_bind(const struct config *config, struct project *project, struct err *err)
{
	for (size_t i = 0; i < project->check_count; i++) {
		struct check *check = &project->checks[i];
		struct string_list *datasets = &check->values;
		if (check->kind != CHECK_FRESHNESS || check->field)
			continue;
		datasets->items = arena_calloc(
			&project->arena, config->dataset_count + 1, sizeof(*datasets->items));
		for (size_t j = 0; j < config->dataset_count; j++)
			if (loads(&config->datasets[j], check))
				datasets->items[datasets->count++] =
					arena_strdup(&project->arena, config->datasets[j].name);
		if (!datasets->count)
			return no_dataset(config, check, &project->arena, err);
	}
	return true;
}
