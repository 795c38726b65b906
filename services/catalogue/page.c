/* SPDX-License-Identifier: Apache-2.0 */
/* The page: the drawing, then a chapter for each dataset, model and report, then the last runs. */
#include <string.h>

#include "base/clock.h"
#include "base/html_escape.h"
#include "catalogue/parts.h"
#include "penstock_catalogue_pages.h"

/* ---- small parts ---- */

static void put(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_append_text(out, before);
	html_escape(out, text ? text : "");
	buf_append_text(out, after);
}

static void put_list(struct buf *out, const struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		put(out, i ? ", <code>" : "<code>", list->items[i], "</code>");
}

static void put_fact(struct buf *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	put(out, "<tr><th scope=\"row\">", name, "</th><td>");
	put(out, "", text, "</td></tr>");
}

static void put_link(const struct node *node, struct buf *out)
{
	if (node->anchor) {
		put(out, "<a href=\"#", node->anchor, "\">");
		put(out, "", node->name, "</a>");
	} else {
		put(out, "<code>", node->name, "</code>");
	}
}

/* Both ends of the node's edges. */
static void put_neighbours(
	const struct catalogue *catalogue, enum node_kind kind, const char *name, struct buf *out)
{
	const struct node *node = catalogue_find(catalogue, kind, name);
	size_t self = (size_t)(node - catalogue->nodes);
	bool any = false;
	for (size_t i = 0; i < node->parent_count; i++) {
		buf_append_text(out, i ? ", " : "<tr><th scope=\"row\">from</th><td>");
		put_link(&catalogue->nodes[node->parents[i]], out);
	}
	buf_append_text(out, node->parent_count ? "</td></tr>" : "");
	for (size_t i = 0; i < catalogue->node_count; i++)
		for (size_t p = 0; p < catalogue->nodes[i].parent_count; p++)
			if (catalogue->nodes[i].parents[p] == self) {
				buf_append_text(
					out, any ? ", " : "<tr><th scope=\"row\">read by</th><td>");
				put_link(&catalogue->nodes[i], out);
				any = true;
			}
	buf_append_text(out, any ? "</td></tr>" : "");
}

static void begin_chapter(const struct catalogue *catalogue, enum node_kind kind, const char *name,
	const char *description, struct buf *out)
{
	const struct node *node = catalogue_find(catalogue, kind, name);
	put(out, "<h3 id=\"", node->anchor, "\">");
	put(out, "", name, "</h3>");
	if (description && *description)
		put(out, "<p>", description, "</p>");
	buf_append_text(out, "<table>");
}

/* ---- checks ---- */

static void put_check(const struct catalogue *catalogue, const struct check *check, struct buf *out)
{
	size_t row = 0;
	bool known = facts_find(catalogue->facts.checks, check->name, &row);
	const char *state = known ? database_text(catalogue->facts.checks, row, 1) : "";
	const char *message = known ? database_text(catalogue->facts.checks, row, 2) : "";
	put(out, "<span class=\"", state, "\" title=\"");
	put(out, "", *message ? message : check->name, "\">");
	put(out, "", check->kind == CHECK_SQL ? check->name : check_kind_name(check->kind), "");
	put(out, *state && strcmp(state, "pass") != 0 ? " (" : "",
		strcmp(state, "pass") != 0 ? state : "",
		*state && strcmp(state, "pass") != 0 ? ")" : "");
	buf_append_text(out, "</span>");
}

/* Those on one column of a relation; of the whole relation with column "". */
static void put_checks(const struct catalogue *catalogue, const char *relation, const char *column,
	struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < catalogue->project.check_count; i++) {
		const struct check *check = &catalogue->project.checks[i];
		if (check->off || strcmp(check->on, relation) != 0 ||
			strcmp(check->column, column) != 0)
			continue;
		buf_append_text(out, any ? ", " : "");
		put_check(catalogue, check, out);
		any = true;
	}
}

static void put_table_checks(
	const struct catalogue *catalogue, const char *relation, struct buf *out)
{
	size_t before = out->len;
	buf_append_text(out, "<tr><th scope=\"row\">checks</th><td>");
	size_t empty = out->len;
	put_checks(catalogue, relation, "", out);
	if (out->len == empty)
		out->len = before;
	else
		buf_append_text(out, "</td></tr>");
}

/* ---- datasets ---- */

static void put_loaded(const struct catalogue *catalogue, const char *name, struct buf *out)
{
	const struct database_rows *rows = catalogue->facts.datasets;
	size_t row = 0;
	if (!facts_find(rows, name, &row))
		return;
	const char *last = database_text(rows, row, 5);
	buf_printf(out,
		"<tr><th scope=\"row\">loaded</th><td>rows: %lld, rejects: %lld, files: %lld, "
		"quarantined: "
		"%lld%s%s%s</td></tr>",
		(long long)database_int(rows, row, 3), (long long)database_int(rows, row, 4),
		(long long)database_int(rows, row, 1), (long long)database_int(rows, row, 2),
		last ? "; last complete " : "", last ? last : "", last ? " UTC" : "");
}

static const struct source_table *find_source(const struct project *project, const char *name)
{
	for (size_t i = 0; i < project->source_count; i++)
		if (strcmp(project->sources[i].name, name) == 0)
			return &project->sources[i];
	return NULL;
}

static const char *column_description(
	const struct model_column *columns, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(columns[i].name, name) == 0)
			return columns[i].description;
	return "";
}

static const char column_head[] =
	"</table><table><tr><th scope=\"col\">column</th><th scope=\"col\">type</th><th "
	"scope=\"col\">description</th><th scope=\"col\">checks</th></tr>\n";

static void put_column(const struct catalogue *catalogue, const char *relation, const char *name,
	const char *type, bool nullable, const char *description, struct buf *out)
{
	put(out, "<tr><td><code>", name, "</code></td><td>");
	put(out, "", type, nullable ? " <span class=\"m\">null</span></td><td>" : "</td><td>");
	put(out, "", description, "</td><td>");
	put_checks(catalogue, relation, name, out);
	buf_append_text(out, "</td></tr>\n");
}

static void put_dataset(
	const struct catalogue *catalogue, const struct dataset *dataset, struct buf *out)
{
	const struct config_dataset *config = dataset->config;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	const char *table = arena_printf(&arena, "%s.%s", config->table_schema, config->table_name);
	const struct source_table *source = find_source(&catalogue->project, table);
	begin_chapter(catalogue, NODE_DATASET, config->name,
		source && *source->description ? source->description : dataset->schema->doc, out);
	put_fact(out, "table", table);
	put_fact(out, "owner", *config->owner ? config->owner : source ? source->owner : "");
	buf_append_text(out, "<tr><th scope=\"row\">key</th><td>");
	put_list(out, &config->reading.key);
	buf_append_text(
		out, config->append_only ? "<code>_file, _row</code></td></tr>" : "</td></tr>");
	put_neighbours(catalogue, NODE_DATASET, config->name, out);
	put_loaded(catalogue, config->name, out);
	put_table_checks(catalogue, table, out);
	buf_append_text(out, column_head);
	for (size_t i = 0; i < dataset->schema->field_count; i++) {
		const struct field *field = &dataset->schema->fields[i];
		const char *described = source ? column_description(source->columns,
							 source->column_count, field->column)
					       : "";
		put_column(catalogue, table, field->column, field->column_sql,
			field->type->nullable, *described ? described : field->doc, out);
	}
	buf_append_text(out, "</table>\n");
	arena_release(&arena);
}

/* ---- models ---- */

static void put_last_run(const struct catalogue *catalogue, const char *name, struct buf *out)
{
	const struct database_rows *rows = catalogue->facts.models;
	size_t row = 0;
	if (!facts_find(rows, name, &row))
		return;
	put(out, "<tr><th scope=\"row\">last run</th><td><span class=\"",
		database_text(rows, row, 1), "\">");
	put(out, "", database_text(rows, row, 1), "</span> ");
	buf_printf(out, "%s UTC, +%lld ~%lld &minus;%lld rows in %lld ms ",
		database_text(rows, row, 6), (long long)database_int(rows, row, 2),
		(long long)database_int(rows, row, 3), (long long)database_int(rows, row, 4),
		(long long)database_int(rows, row, 5));
	put(out, "", database_text(rows, row, 7), "</td></tr>");
}

/* As the database has them; else as far as they are described. */
static void put_model_columns(
	const struct catalogue *catalogue, const struct model *model, struct buf *out)
{
	const struct database_rows *rows = catalogue->facts.columns;
	size_t row = 0;
	buf_append_text(out, column_head);
	if (facts_find(rows, model->name, &row)) {
		for (; row < database_row_count(rows) &&
			strcmp(database_text(rows, row, 0), model->name) == 0;
			row++)
			put_column(catalogue, model->name, database_text(rows, row, 1),
				database_text(rows, row, 2), false,
				column_description(model->columns, model->column_count,
					database_text(rows, row, 1)),
				out);
		return;
	}
	for (size_t i = 0; i < model->column_count; i++)
		put_column(catalogue, model->name, model->columns[i].name, "", false,
			model->columns[i].description, out);
}

static void put_model(const struct catalogue *catalogue, const struct model *model, struct buf *out)
{
	begin_chapter(catalogue, NODE_MODEL, model->name,
		model->is_live ? "the last batch and what was loaded since" : model->description,
		out);
	put_fact(out, "made as", materialized_name(model->materialized));
	put_fact(out, "owner", model->owner);
	if (model->unique_key.count) {
		buf_append_text(out, "<tr><th scope=\"row\">key</th><td>");
		put_list(out, &model->unique_key);
		buf_append_text(out, "</td></tr>");
	}
	put_fact(out, "schedule", model->schedule);
	put_fact(out, "SQL", model->path);
	put_neighbours(catalogue, NODE_MODEL, model->name, out);
	put_last_run(catalogue, model->name, out);
	put_table_checks(catalogue, model->name, out);
	put_model_columns(catalogue, model, out);
	buf_append_text(out, "</table>\n");
}

/* ---- the rest ---- */

static void put_report(
	const struct catalogue *catalogue, const struct report *report, struct buf *out)
{
	begin_chapter(catalogue, NODE_REPORT, report->name,
		report->target.title != report->name ? report->target.title : "", out);
	put_fact(out, "format", report_format_name(report->target.format));
	put_fact(out, "SQL", report->path);
	put_neighbours(catalogue, NODE_REPORT, report->name, out);
	buf_append_text(out, "</table>\n");
}

/* Checks written as SQL are about no single table. */
static void put_sql_checks(const struct catalogue *catalogue, struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < catalogue->project.check_count; i++) {
		const struct check *check = &catalogue->project.checks[i];
		if (check->kind != CHECK_SQL || check->off)
			continue;
		buf_append_text(out, any ? "" : "<h2>Checks</h2>\n<table>");
		any = true;
		buf_append_text(out, "<tr><td>");
		put_check(catalogue, check, out);
		put(out, "</td><td>", check->description, "</td></tr>\n");
	}
	buf_append_text(out, any ? "</table>\n" : "");
}

static void put_runs(const struct catalogue *catalogue, struct buf *out)
{
	const struct database_rows *rows = catalogue->facts.runs;
	if (!rows || !database_row_count(rows))
		return;
	buf_append_text(out, "<h2>Last runs</h2>\n<table><tr><th scope=\"col\">run</th><th "
			     "scope=\"col\">by</th><th scope=\"col\">state</th>"
			     "<th scope=\"col\">begun (UTC)</th><th scope=\"col\">seconds</th><th "
			     "scope=\"col\">error</th></tr>\n");
	for (size_t i = 0; i < database_row_count(rows); i++) {
		buf_append_text(out, "<tr>");
		for (size_t c = 0; c < database_column_count(rows); c++) {
			put(out, "<td class=\"", c == 2 ? database_text(rows, i, c) : "", "\">");
			put(out, "", database_text(rows, i, c), "</td>");
		}
		buf_append_text(out, "</tr>\n");
	}
	buf_append_text(out, "</table>\n");
}

static void put_head(const struct catalogue *catalogue, struct buf *out)
{
	char now[CLOCK_ISO_SIZE];
	clock_iso(now, clock_wall_us());
	buf_printf(out,
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
		"name=\"viewport\" content=\"width=device-width\">" HTML_NO_SCRIPTS
		"<title>Data catalogue</title><style>\n%s</style></head>\n<body><h1>Data "
		"catalogue</h1><p class=\"m\">%.10s %.5s "
		"UTC",
		services_catalogue_style_css, now, now + 11);
	if (catalogue->blind)
		put(out, "; without what the database knows: ", catalogue->blind, "");
	buf_append_text(out, "</p>\n<div class=\"scroll\">");
	catalogue_draw(catalogue, out);
	buf_append_text(out, "</div>\n");
}

void catalogue_write(const struct catalogue *catalogue, struct buf *out)
{
	const struct project *project = &catalogue->project;
	put_head(catalogue, out);
	buf_append_text(out, catalogue->datasets->count ? "<h2>Datasets</h2>\n" : "");
	for (size_t i = 0; i < catalogue->datasets->count; i++)
		put_dataset(catalogue, &catalogue->datasets->items[i], out);
	buf_append_text(out, project->model_count ? "<h2>Models</h2>\n" : "");
	for (size_t i = 0; i < project->model_count; i++)
		put_model(catalogue, &project->models[i], out);
	buf_append_text(out, catalogue->reports.count ? "<h2>Reports</h2>\n" : "");
	for (size_t i = 0; i < catalogue->reports.count; i++)
		put_report(catalogue, &catalogue->reports.items[i], out);
	put_sql_checks(catalogue, out);
	put_runs(catalogue, out);
	buf_append_text(out, "</body></html>\n");
}
