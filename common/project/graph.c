/* SPDX-License-Identifier: Apache-2.0 */
/* Which model reads which, told by their SQL: parents first, no cycles. */
#include <string.h>

#include "project/parts.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct graph {
	struct project *project;
	enum mark *marks;
	size_t *path; /* models being visited, for naming a cycle */
	size_t depth;
	size_t *order;
	size_t ordered;
	struct err *err;
};

static struct model *find_model(const struct project *project, const char *schema, const char *name)
{
	for (size_t i = 0; i < project->model_count; i++)
		if (strcmp(project->models[i].table, name) == 0 &&
			strcmp(project->models[i].schema, schema) == 0)
			return &project->models[i];
	return NULL;
}

struct model *project_resolve(
	const struct project *project, const char *own_schema, const char *schema, const char *name)
{
	if (*schema)
		return find_model(project, schema, name);
	struct model *own = find_model(project, own_schema, name);
	return own ? own : find_model(project, "public", name);
}

const struct config_dataset *project_dataset(const struct project *project, const char *own_schema,
	const struct query_relation *relation)
{
	const char *const schemas[] = {*relation->schema ? relation->schema : own_schema,
		*relation->schema ? relation->schema : "public"};
	if (project_resolve(project, own_schema, relation->schema, relation->name))
		return NULL;
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		for (size_t j = 0; j < project->config->dataset_count; j++) {
			const struct config_dataset *dataset = &project->config->datasets[j];
			if (strcmp(dataset->table_schema, schemas[i]) == 0 &&
				strcmp(dataset->table_name, relation->name) == 0)
				return dataset;
		}
	return NULL;
}

static void find_parents(struct project *project, struct model *model)
{
	model->parents = arena_calloc(
		&project->arena, model->query.relation_count + 1, sizeof(*model->parents));
	model->sources =
		arena_calloc(&project->arena, model->query.relation_count + 1, sizeof(void *));
	for (size_t i = 0; i < model->query.relation_count; i++) {
		const struct query_relation *relation = &model->query.relations[i];
		const struct model *parent =
			project_resolve(project, model->schema, relation->schema, relation->name);
		if (!parent) {
			model->sources[i] = project_dataset(project, model->schema, relation);
			continue;
		}
		size_t at = (size_t)(parent - project->models);
		bool known = false;
		for (size_t j = 0; j < model->parent_count; j++)
			known = known || model->parents[j] == at;
		if (!known)
			model->parents[model->parent_count++] = at;
	}
}

static bool name_cycle(const struct graph *graph, size_t back_to)
{
	struct buf names;
	size_t start = 0;
	while (graph->path[start] != back_to)
		start++;
	buf_init(&names, 1000);
	for (size_t i = start; i < graph->depth; i++)
		buf_printf(&names, "%s reads ", graph->project->models[graph->path[i]].name);
	err_config(graph->err, "%s: models read each other in a circle: %s%s",
		graph->project->models[back_to].path, buf_text(&names),
		graph->project->models[back_to].name);
	buf_release(&names);
	return false;
}

static bool visit(struct graph *graph, size_t at)
{
	if (graph->marks[at] == MARK_DONE)
		return true;
	if (graph->marks[at] == MARK_OPEN)
		return name_cycle(graph, at);
	const struct model *model = &graph->project->models[at];
	graph->marks[at] = MARK_OPEN;
	graph->path[graph->depth++] = at;
	for (size_t i = 0; i < model->parent_count; i++)
		if (!visit(graph, model->parents[i]))
			return false;
	graph->depth--;
	graph->marks[at] = MARK_DONE;
	graph->order[graph->ordered++] = at;
	return true;
}

/* Models move to their place in the order, and the indices of parents with them. */
static void reorder(struct graph *graph)
{
	struct project *project = graph->project;
	size_t n = project->model_count;
	struct model *models = arena_calloc(&project->arena, n + 1, sizeof(*models));
	size_t *places = arena_calloc(&project->arena, n + 1, sizeof(*places));
	for (size_t i = 0; i < n; i++) {
		models[i] = project->models[graph->order[i]];
		places[graph->order[i]] = i;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < models[i].parent_count; j++)
			models[i].parents[j] = places[models[i].parents[j]];
	project->models = models;
}

bool graph_order(struct project *project, struct err *err)
{
	size_t n = project->model_count + 1;
	struct graph graph = {.project = project, .err = err};
	graph.marks = arena_calloc(&project->arena, n, sizeof(*graph.marks));
	graph.path = arena_calloc(&project->arena, n, sizeof(*graph.path));
	graph.order = arena_calloc(&project->arena, n, sizeof(*graph.order));
	for (size_t i = 0; i < project->model_count; i++)
		find_parents(project, &project->models[i]);
	for (size_t i = 0; i < project->model_count; i++)
		if (!visit(&graph, i))
			return false;
	reorder(&graph);
	return true;
}
