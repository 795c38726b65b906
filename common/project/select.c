/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which models a run is about: names and patterns, with what they read ("+x") and what reads them
 * ("x+"). Models stand parents first, so one pass in either direction finds all of a kind.
 */
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "project/project.h"

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

static bool means(const char *word, const char *qualified, const char *bare)
{
	return text_glob(word, strchr(word, '.') || is_pattern(word) ? qualified : bare);
}

static size_t mark_name(const struct project *project, const char *name, bool *marks)
{
	size_t found = 0;
	for (size_t i = 0; i < project->model_count; i++) {
		marks[i] = means(name, project->models[i].name, project->models[i].table);
		found += marks[i];
	}
	return found;
}

static void mark_descendants(const struct project *project, bool *marks)
{
	for (size_t i = 0; i < project->model_count; i++)
		for (size_t j = 0; j < project->models[i].parent_count; j++)
			marks[i] = marks[i] || marks[project->models[i].parents[j]];
}

static void mark_ancestors(const struct project *project, bool *marks)
{
	for (size_t i = project->model_count; i-- > 0;)
		for (size_t j = 0; marks[i] && j < project->models[i].parent_count; j++)
			marks[project->models[i].parents[j]] = true;
}

/* One word: a name or pattern with an optional '+' on either side. *ret_found: by its name. */
static bool mark_word(struct project *project, const char *word, bool *ret_marks, size_t *ret_found,
	struct err *err)
{
	size_t n = strlen(word);
	bool up = n > 0 && word[0] == '+';
	bool down = n > 1 && word[n - 1] == '+';
	const char *name = arena_strndup(&project->arena, word + up, n - up - down);
	bool *below = arena_calloc(&project->arena, project->model_count + 1, sizeof(*below));
	if (!*name)
		return err_usage(err, "'%s' names no model", word);
	*ret_found = mark_name(project, name, ret_marks);
	if (*ret_found > 1 && !is_pattern(name))
		return err_usage(
			err, "more than one model is called '%s': name the schema too", name);
	memcpy(below, ret_marks, project->model_count * sizeof(*below));
	if (down)
		mark_descendants(project, below);
	if (up)
		mark_ancestors(project, ret_marks);
	for (size_t i = 0; i < project->model_count; i++)
		ret_marks[i] = ret_marks[i] || below[i];
	return true;
}

static bool no_model(
	const struct project *project, const char *option, const char *word, struct err *err)
{
	struct nearest nearest;
	nearest_begin(&nearest, word);
	for (size_t i = 0; i < project->model_count; i++) {
		nearest_try(&nearest, project->models[i].name);
		if (!strchr(word, '.'))
			nearest_try(&nearest, project->models[i].table);
	}
	return err_usage(err, "%sno model is called '%s'%s%s%s", option, word,
		nearest.best ? ": did you mean '" : "", nearest.best ? nearest.best : "",
		nearest.best ? "'?" : "");
}

static bool set_selected(
	struct project *project, const struct string_list *words, bool selected, struct err *err)
{
	bool *marks = arena_calloc(&project->arena, project->model_count + 1, sizeof(*marks));
	for (size_t i = 0; i < words->count; i++) {
		size_t found = 0;
		if (!mark_word(project, words->items[i], marks, &found, err))
			return false;
		if (!found)
			return no_model(project, "", words->items[i], err);
		for (size_t j = 0; j < project->model_count; j++)
			if (marks[j])
				project->models[j].selected = selected;
	}
	return true;
}

/* A live view says what its model's SQL says now: it never stays behind, nor goes alone by chance.
 */
static void select_live(struct project *project, bool named)
{
	for (size_t i = 0; i < project->model_count; i++) {
		struct model *model = &project->models[i];
		if (model->is_live)
			model->selected = (named && model->selected) ||
					  project->models[model->parents[0]].selected;
	}
}

bool project_select(struct project *project, const struct string_list *names,
	const struct string_list *excluded, struct err *err)
{
	size_t left = 0;
	for (size_t i = 0; i < project->model_count; i++)
		project->models[i].selected = names->count == 0;
	if (!set_selected(project, names, true, err) ||
		!set_selected(project, excluded, false, err))
		return false;
	select_live(project, names->count > 0);
	for (size_t i = 0; i < project->model_count; i++)
		left += project->models[i].selected;
	if (!left && excluded->count)
		return err_usage(err, "--exclude leaves no model to run");
	return true;
}

static bool select_check(struct project *project, const char *word, struct err *err)
{
	size_t found = 0;
	bool *marks = arena_calloc(&project->arena, project->model_count + 1, sizeof(*marks));
	if (!mark_word(project, word, marks, &found, err))
		return false;
	for (size_t i = 0; i < project->model_count; i++)
		project->models[i].selected = project->models[i].selected || marks[i];
	for (size_t i = 0; i < project->check_count; i++) {
		struct check *check = &project->checks[i];
		bool meant = text_glob(word, check->name) || means(word, check->on, check->table);
		check->selected = check->selected || meant;
		found += meant;
	}
	return found || err_usage(err, "no check, model or source table is called '%s'", word);
}

bool project_select_checks(
	struct project *project, const struct string_list *names, struct err *err)
{
	for (size_t i = 0; i < project->model_count; i++)
		project->models[i].selected = names->count == 0;
	for (size_t i = 0; i < project->check_count; i++)
		project->checks[i].selected = names->count == 0;
	for (size_t i = 0; i < names->count; i++)
		if (!select_check(project, names->items[i], err))
			return false;
	return true;
}

bool project_select_rebuild(
	struct project *project, const char *name, const struct model **ret_model, struct err *err)
{
	const struct model *found = NULL;
	bool *marks = arena_calloc(&project->arena, project->model_count + 1, sizeof(*marks));
	for (size_t i = 0; i < project->model_count; i++) {
		marks[i] = strcmp(project->models[i].name, name) == 0;
		if (marks[i])
			found = &project->models[i];
	}
	if (!found && !strchr(name, '.'))
		return err_usage(err,
			"--rebuild: name the model with its schema, as marts.orders, not '%s'",
			name);
	if (!found)
		return no_model(project, "--rebuild: ", name, err);
	mark_descendants(project, marks);
	for (size_t i = 0; i < project->model_count; i++)
		if (marks[i])
			project->models[i].selected = project->models[i].rebuilt = true;
	*ret_model = found;
	return true;
}
