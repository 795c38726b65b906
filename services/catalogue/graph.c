/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lineage: where files come from, what they are loaded into, what is made of that. Each node
 * stands in a column behind all it comes from, near the middle of them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/html_escape.h"
#include "base/text.h"
#include "catalogue/parts.h"

enum { BOX_WIDTH = 172, BOX_HEIGHT = 28, GAP_X = 38, GAP_Y = 12, MARGIN = 6, NAME_BYTES = 22 };

static const char *const kind_classes[] = {[NODE_SOURCE] = "source",
	[NODE_FILES] = "files",
	[NODE_DATASET] = "dataset",
	[NODE_TABLE] = "table",
	[NODE_MODEL] = "model",
	[NODE_REPORT] = "report"};

const struct node *catalogue_find(
	const struct catalogue *catalogue, enum node_kind kind, const char *name)
{
	for (size_t i = 0; i < catalogue->node_count; i++)
		if (catalogue->nodes[i].kind == kind && strcmp(catalogue->nodes[i].name, name) == 0)
			return &catalogue->nodes[i];
	return NULL;
}

/* ---- nodes and edges ---- */

static struct node *add_node(
	struct catalogue *catalogue, enum node_kind kind, const char *name, size_t most_parents)
{
	struct node *node = &catalogue->nodes[catalogue->node_count++];
	bool chapter = kind == NODE_DATASET || kind == NODE_MODEL || kind == NODE_REPORT;
	*node = (struct node){.kind = kind, .name = name};
	if (chapter)
		node->anchor = arena_printf(&catalogue->arena, "%s-%s", kind_classes[kind], name);
	node->parents = arena_calloc(&catalogue->arena, most_parents + 1, sizeof(*node->parents));
	return node;
}

static void add_parent(
	const struct catalogue *catalogue, struct node *node, const struct node *parent)
{
	if (!parent)
		return;
	node->parents[node->parent_count++] = (size_t)(parent - catalogue->nodes);
	if (node->layer <= parent->layer)
		node->layer = parent->layer + 1;
}

/* The files of a dataset, and what fetches them. */
static void add_dataset(struct catalogue *catalogue, const struct config_dataset *dataset)
{
	const struct config *config = catalogue->config;
	const char *patterns = "";
	for (size_t i = 0; i < dataset->files.count; i++)
		patterns = arena_printf(&catalogue->arena, "%s%s%s", patterns, i ? ", " : "",
			dataset->files.items[i]);
	struct node *files = add_node(catalogue, NODE_FILES, patterns, config->source_count);
	files->layer = 1;
	for (size_t i = 0; i < config->source_count; i++) {
		const struct remote *source = &config->sources[i];
		if (strcmp(source->dataset, dataset->name) == 0)
			add_parent(catalogue, files,
				catalogue_find(catalogue, NODE_SOURCE, source->name));
	}
	add_parent(catalogue, add_node(catalogue, NODE_DATASET, dataset->name, 1), files);
}

/* The dataset or model that makes the table; a table nobody here makes is a node of its own. */
static const struct node *find_made(
	struct catalogue *catalogue, const char *own_schema, const struct query_relation *relation)
{
	const struct model *model =
		project_resolve(&catalogue->project, own_schema, relation->schema, relation->name);
	if (model)
		return catalogue_find(catalogue, NODE_MODEL, model->name);
	const struct config_dataset *dataset =
		project_dataset(&catalogue->project, own_schema, relation);
	if (dataset)
		return catalogue_find(catalogue, NODE_DATASET, dataset->name);
	const char *name = *relation->schema ? arena_printf(&catalogue->arena, "%s.%s",
						       relation->schema, relation->name)
					     : relation->name;
	const struct node *table = catalogue_find(catalogue, NODE_TABLE, name);
	if (table)
		return table;
	struct node *made = add_node(catalogue, NODE_TABLE, name, 0);
	made->layer = 2;
	return made;
}

/* What the query reads has nodes before the node itself has one. */
static void add_query(struct catalogue *catalogue, enum node_kind kind, const char *name,
	const char *own_schema, const struct query *query)
{
	size_t n = query->relation_count;
	const struct node **parents = arena_calloc(&catalogue->arena, n + 1, sizeof(void *));
	for (size_t i = 0; i < n; i++)
		parents[i] = find_made(catalogue, own_schema, &query->relations[i]);
	struct node *node = add_node(catalogue, kind, name, n);
	node->layer = 3;
	for (size_t i = 0; i < n; i++)
		add_parent(catalogue, node, parents[i]);
}

static void add_model(struct catalogue *catalogue, const struct model *model)
{
	if (!model->is_live) {
		add_query(catalogue, NODE_MODEL, model->name, model->schema, &model->query);
		return;
	}
	struct node *node = add_node(catalogue, NODE_MODEL, model->name, model->parent_count);
	for (size_t i = 0; i < model->parent_count; i++)
		add_parent(catalogue, node,
			catalogue_find(catalogue, NODE_MODEL,
				catalogue->project.models[model->parents[i]].name));
}

static size_t most_nodes(const struct catalogue *catalogue)
{
	const struct project *project = &catalogue->project;
	size_t n = catalogue->config->source_count + 2 * catalogue->config->dataset_count +
		   project->model_count + catalogue->reports.count;
	for (size_t i = 0; i < project->model_count; i++)
		n += project->models[i].query.relation_count;
	for (size_t i = 0; i < catalogue->reports.count; i++)
		n += catalogue->reports.items[i].query.relation_count;
	return n;
}

/* ---- places ---- */

static double middle_of_parents(const struct catalogue *catalogue, const struct node *node)
{
	double sum = 0;
	for (size_t i = 0; i < node->parent_count; i++)
		sum += (double)catalogue->nodes[node->parents[i]].place;
	return node->parent_count ? sum / (double)node->parent_count : 0;
}

static int compare_places(const void *a, const void *b, void *context)
{
	const struct catalogue *catalogue = context;
	const struct node *x = &catalogue->nodes[*(const size_t *)a];
	const struct node *y = &catalogue->nodes[*(const size_t *)b];
	double difference = middle_of_parents(catalogue, x) - middle_of_parents(catalogue, y);
	if (difference != 0)
		return difference < 0 ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Column by column from the left: the parents' places are known. */
static void place_nodes(struct catalogue *catalogue)
{
	size_t *column =
		arena_calloc(&catalogue->arena, catalogue->node_count + 1, sizeof(*column));
	size_t placed = 0;
	for (size_t layer = 0; placed < catalogue->node_count; layer++) {
		size_t n = 0;
		for (size_t i = 0; i < catalogue->node_count; i++)
			if (catalogue->nodes[i].layer == layer)
				column[n++] = i;
		qsort_r(column, n, sizeof(*column), compare_places, catalogue);
		for (size_t i = 0; i < n; i++)
			catalogue->nodes[column[i]].place = i;
		placed += n;
	}
}

void catalogue_connect(struct catalogue *catalogue)
{
	const struct config *config = catalogue->config;
	const struct project *project = &catalogue->project;
	catalogue->nodes = arena_calloc(
		&catalogue->arena, most_nodes(catalogue) + 1, sizeof(*catalogue->nodes));
	for (size_t i = 0; i < config->source_count; i++)
		add_node(catalogue, NODE_SOURCE, config->sources[i].name, 0);
	for (size_t i = 0; i < config->dataset_count; i++)
		add_dataset(catalogue, &config->datasets[i]);
	for (size_t i = 0; i < project->model_count; i++)
		add_model(catalogue, &project->models[i]);
	size_t last = 3;
	for (size_t i = 0; i < catalogue->node_count; i++)
		if (catalogue->nodes[i].layer >= last)
			last = catalogue->nodes[i].layer + 1;
	for (size_t i = 0; i < catalogue->reports.count; i++) {
		const struct report *report = &catalogue->reports.items[i];
		add_query(catalogue, NODE_REPORT, report->name, "public", &report->query);
		catalogue->nodes[catalogue->node_count - 1].layer = last;
	}
	for (size_t i = 0; i < catalogue->node_count && !config->source_count; i++)
		catalogue->nodes[i].layer--;
	place_nodes(catalogue);
}

/* ---- the drawing ---- */

static int left_of(const struct node *node)
{
	return MARGIN + (int)node->layer * (BOX_WIDTH + GAP_X);
}

static int top_of(const struct node *node)
{
	return MARGIN + (int)node->place * (BOX_HEIGHT + GAP_Y);
}

static void draw_edge(const struct node *from, const struct node *to, struct buf *out)
{
	int x = left_of(from) + BOX_WIDTH;
	int y = top_of(from) + BOX_HEIGHT / 2;
	int to_x = left_of(to);
	int to_y = top_of(to) + BOX_HEIGHT / 2;
	buf_printf(out, "<path class=\"edge\" d=\"M%d %dC%d %d %d %d %d %d\"/>", x, y,
		x + GAP_X / 2, y, to_x - GAP_X / 2, to_y, to_x, to_y);
}

static void draw_node(const struct node *node, struct buf *out)
{
	struct buf shown;
	buf_init(&shown, 4 * NAME_BYTES);
	text_excerpt(&shown, node->name, strlen(node->name), NAME_BYTES);
	if (node->anchor) {
		buf_append_text(out, "<a href=\"#");
		html_escape(out, node->anchor);
		buf_append_text(out, "\">");
	}
	buf_printf(out,
		"<g class=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\"/>"
		"<text x=\"%d\" y=\"%d\">",
		kind_classes[node->kind], left_of(node), top_of(node), BOX_WIDTH, BOX_HEIGHT,
		left_of(node) + 8, top_of(node) + 18);
	html_escape(out, buf_text(&shown));
	buf_append_text(out, "</text><title>");
	html_escape(out, node->name);
	buf_append_text(out, node->anchor ? "</title></g></a>\n" : "</title></g>\n");
	buf_release(&shown);
}

void catalogue_draw(const struct catalogue *catalogue, struct buf *out)
{
	int width = 0;
	int height = 0;
	for (size_t i = 0; i < catalogue->node_count; i++) {
		int right = left_of(&catalogue->nodes[i]) + BOX_WIDTH + MARGIN;
		int bottom = top_of(&catalogue->nodes[i]) + BOX_HEIGHT + MARGIN;
		width = right > width ? right : width;
		height = bottom > height ? bottom : height;
	}
	buf_printf(out,
		"<svg width=\"%d\" height=\"%d\" role=\"group\" aria-label=\"Where data come from "
		"and where they go\">",
		width, height);
	for (size_t i = 0; i < catalogue->node_count; i++)
		for (size_t p = 0; p < catalogue->nodes[i].parent_count; p++)
			draw_edge(&catalogue->nodes[catalogue->nodes[i].parents[p]],
				&catalogue->nodes[i], out);
	for (size_t i = 0; i < catalogue->node_count; i++)
		draw_node(&catalogue->nodes[i], out);
	buf_append_text(out, "</svg>\n");
}
