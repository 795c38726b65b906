/* SPDX-License-Identifier: Apache-2.0 */
/* A run makes a model's table hold what its query gives: it must not be one that holds loaded rows.
 */
#include <string.h>

#include "project/parts.h"

static bool is(const struct model *model, const struct config_table *table)
{
	return strcmp(model->schema, table->schema) == 0 && strcmp(model->table, table->name) == 0;
}

/* What of the configuration fills the table of that name; NULL: nothing. */
static const char *filled_by(
	struct arena *arena, const struct config *config, const struct model *model)
{
	for (size_t i = 0; i < config->dataset_count; i++) {
		const struct config_dataset *dataset = &config->datasets[i];
		const struct config_table table = {dataset->table_schema, dataset->table_name};
		if (is(model, &table))
			return arena_printf(arena, "dataset %s", dataset->name);
		for (size_t j = 0; j < dataset->lookup_count; j++)
			if (is(model, &dataset->lookups[j].table))
				return arena_printf(
					arena, "the look-ups of dataset %s", dataset->name);
	}
	for (size_t i = 0; i < config->seed_count; i++)
		if (is(model, &config->seeds[i].table))
			return "a seed";
	return NULL;
}

bool names_check(struct project *project, struct err *err)
{
	for (size_t i = 0; i < project->model_count; i++) {
		const struct model *model = &project->models[i];
		const char *by = filled_by(&project->arena, project->config, model);
		if (by)
			return err_config(err,
				"%s: the table %s is filled by %s, and a model of that name would "
				"replace its rows: name it otherwise",
				model->path, model->name, by);
	}
	return true;
}
