/* SPDX-License-Identifier: Apache-2.0 */
#include "project/project.h"

#include <string.h>

#include "base/file.h"
#include "project/parts.h"

/* Far beyond what thousands of models need. */
#define PROJECT_MAX_BYTES ((size_t)512 * 1024 * 1024)

/* "sql/models" -> "sql/checks". */
static const char *checks_folder(const char *models, struct arena *arena)
{
	size_t n = strlen(models);
	while (n > 1 && models[n - 1] == '/')
		n--;
	while (n > 0 && models[n - 1] != '/')
		n--;
	return arena_printf(arena, "%.*schecks", (int)n, models);
}

bool project_load(const struct config *config, struct project *ret_project, struct err *err)
{
	struct project project = {.config = config};
	arena_init(&project.arena, PROJECT_MAX_BYTES);
	project.store_failures = config->checks.store_failures;
	bool ok = true;
	if (*config->models) {
		const char *folder = arena_strdup(&project.arena, config->models);
		ok = models_load(folder, &project, err) && speed_load(&project, err) &&
		     names_check(&project, err) && graph_order(&project, err) &&
		     properties_load(folder, &project, err) &&
		     check_files_load(checks_folder(folder, &project.arena), &project, err) &&
		     freshness_bind(config, &project, err);
	}
	if (!ok) {
		project_release(&project);
		return false;
	}
	*ret_project = project;
	return true;
}

void project_release(struct project *project)
{
	arena_release(&project->arena);
	*project = (struct project){0};
}

/* One more at the end of an array that doubles. */
static void *add(struct arena *arena, void *items, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 32;
		char *bigger = arena_calloc(arena, *capacity, size);
		if (*count)
			memcpy(bigger, items, *count * size);
		items = bigger;
	}
	(*count)++;
	return items;
}

struct check *project_add_check(struct project *project)
{
	project->checks = add(&project->arena, project->checks, &project->check_count,
		&project->check_capacity, sizeof(*project->checks));
	struct check *check = &project->checks[project->check_count - 1];
	*check = (struct check){
		.description = "", .on = "", .schema = "public", .table = "", .column = ""};
	return check;
}

struct source_table *project_add_source(struct project *project)
{
	project->sources = add(&project->arena, project->sources, &project->source_count,
		&project->source_capacity, sizeof(*project->sources));
	return &project->sources[project->source_count - 1];
}

const struct model *project_find_relation(const struct project *project, const struct check *check,
	const struct check_relation *relation, const char **ret_schema, const char **ret_table)
{
	const struct model *model =
		project_resolve(project, check->schema, relation->schema, relation->table);
	for (size_t i = 0; i < project->model_count && !model && !*relation->schema; i++)
		if (strcmp(project->models[i].table, relation->table) == 0)
			model = &project->models[i];
	*ret_schema = model ? model->schema : relation->schema;
	*ret_table = model ? model->table : relation->table;
	for (size_t i = 0; i < project->source_count && relation->source; i++) {
		const struct source_table *source = &project->sources[i];
		if (strcmp(source->source, relation->schema) != 0 ||
			strcmp(source->called, relation->table) != 0)
			continue;
		*ret_schema = source->schema;
		*ret_table = source->table;
		return NULL;
	}
	return model;
}
