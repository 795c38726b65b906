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
	bool ok = true;
	if (*config->models) {
		const char *folder = arena_strdup(&project.arena, config->models);
		ok = models_load(folder, &project, err) && graph_order(&project, err) &&
		     properties_load(folder, &project, err) &&
		     check_files_load(checks_folder(folder, &project.arena), &project, err);
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

struct check *project_add_check(struct project *project)
{
	if (project->check_count == project->check_capacity) {
		size_t capacity = project->check_capacity ? project->check_capacity * 2 : 32;
		struct check *bigger = arena_calloc(&project->arena, capacity, sizeof(*bigger));
		if (project->check_count)
			memcpy(bigger, project->checks, project->check_count * sizeof(*bigger));
		project->checks = bigger;
		project->check_capacity = capacity;
	}
	return &project->checks[project->check_count++];
}

bool severity_parse(const char *text, bool *ret_warn)
{
	*ret_warn = strcmp(text, "warn") == 0;
	return *ret_warn || strcmp(text, "error") == 0;
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
