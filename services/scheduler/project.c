/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/project.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "scheduler/project_parts.h"

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
		ok = models_load(folder, &project, err) && graph_order(&project, err) &&
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

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

static bool select_name(struct project *project, const char *name, struct err *err)
{
	size_t found = 0;
	bool qualified = strchr(name, '.') || is_pattern(name);
	for (size_t i = 0; i < project->model_count; i++) {
		struct model *model = &project->models[i];
		if (!text_glob(name, qualified ? model->name : model->table))
			continue;
		model->selected = true;
		found++;
	}
	if (!found)
		return err_usage(err, "no model is called '%s'", name);
	if (found > 1 && !is_pattern(name))
		return err_usage(
			err, "more than one model is called '%s': name the schema too", name);
	return true;
}

bool project_select(
	struct project *project, const char *const *names, size_t count, struct err *err)
{
	for (size_t i = 0; i < project->model_count; i++)
		project->models[i].selected = count == 0;
	for (size_t i = 0; i < count; i++)
		if (!select_name(project, names[i], err))
			return false;
	return true;
}

static bool glob_in(const char *name, const char *qualified, const char *bare)
{
	return text_glob(name, strchr(name, '.') || is_pattern(name) ? qualified : bare);
}

static bool select_check(struct project *project, const char *name, struct err *err)
{
	bool found = false;
	for (size_t i = 0; i < project->model_count; i++) {
		struct model *model = &project->models[i];
		bool meant = glob_in(name, model->name, model->table);
		model->selected = model->selected || meant;
		found = found || meant;
	}
	for (size_t i = 0; i < project->check_count; i++) {
		struct check *check = &project->checks[i];
		bool meant = text_glob(name, check->name) || glob_in(name, check->on, check->table);
		check->selected = check->selected || meant;
		found = found || meant;
	}
	return found || err_usage(err, "no check, model or source table is called '%s'", name);
}

bool project_select_checks(
	struct project *project, const char *const *names, size_t count, struct err *err)
{
	for (size_t i = 0; i < project->model_count; i++)
		project->models[i].selected = count == 0;
	for (size_t i = 0; i < project->check_count; i++)
		project->checks[i].selected = count == 0;
	for (size_t i = 0; i < count; i++)
		if (!select_check(project, names[i], err))
			return false;
	return true;
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
