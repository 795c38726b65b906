/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "-- speed: group a, b; sum total" gives a model a second one: the view <name>_live, its last
 * publication put together with the rows loaded since. Here it is declared and checked without a
 * database; live.c writes its SQL.
 */
#include <string.h>

#include "project/head.h"
#include "project/parts.h"

#define MAX_TABLE (63 - (sizeof(LIVE_SUFFIX) - 1))

struct reader {
	struct project *project;
	struct model *model;
	struct speed *speed;
	bool *declared; /* as speed->query.columns */
	struct err *err;
};

static bool fail(struct reader *reader, int line, const char *why)
{
	return err_config(reader->err, "%s:%d: speed: %s", reader->model->path, line, why);
}

static const char *print(
	struct reader *reader, const char *before, const char *name, const char *after)
{
	return arena_printf(&reader->project->arena, "%s%s%s", before, name, after);
}

static bool declare(struct reader *reader, enum query_column_kind kind, const char *name)
{
	const struct query_aggregate *query = &reader->speed->query;
	size_t at = 0;
	while (at < query->column_count && strcmp(query->columns[at].name, name) != 0)
		at++;
	if (at == query->column_count)
		return fail(reader, reader->model->speed_line,
			print(reader, "the query has no column ", name, ""));
	if (query->columns[at].kind != kind)
		return fail(reader, reader->model->speed_line,
			arena_printf(&reader->project->arena,
				"column %s is %s, not %s, in the query", name,
				query_column_kind_name(query->columns[at].kind),
				query_column_kind_name(kind)));
	if (reader->declared[at])
		return fail(reader, reader->model->speed_line,
			print(reader, "column ", name, " is named twice"));
	reader->declared[at] = true;
	return true;
}

/* "sum total, tax" */
static bool read_part(struct reader *reader, const char *part)
{
	struct arena *arena = &reader->project->arena;
	size_t n = strcspn(part, " \t");
	const char *word = arena_strndup(arena, part, n);
	struct string_list names = {0};
	enum query_column_kind kind = QUERY_GROUP;
	if (strcmp(word, "avg") == 0)
		return fail(reader, reader->model->speed_line,
			"an average does not say of how many: keep sum and count");
	while (kind <= QUERY_MAX && strcmp(query_column_kind_name(kind), word) != 0)
		kind++;
	if (kind > QUERY_MAX)
		return fail(reader, reader->model->speed_line,
			print(reader, "expected group, sum, count, min or max, not '", word, "'"));
	if (!head_list(part + n, arena, &names))
		return fail(reader, reader->model->speed_line,
			print(reader, "expected columns a, b, each once, after ", word, ""));
	for (size_t i = 0; i < names.count; i++)
		if (!declare(reader, kind, names.items[i]))
			return false;
	return true;
}

static bool read_head(struct reader *reader)
{
	const struct query_aggregate *query = &reader->speed->query;
	const char *p = reader->model->speed_head;
	reader->declared = arena_calloc(&reader->project->arena, query->column_count, sizeof(bool));
	while (*p) {
		p += strspn(p, " \t");
		size_t n = strcspn(p, ";");
		if (!read_part(reader, arena_strndup(&reader->project->arena, p, n)))
			return false;
		p += n + (p[n] == ';');
	}
	for (size_t i = 0; i < query->column_count; i++)
		if (!reader->declared[i])
			return fail(reader, reader->model->speed_line,
				print(reader, "say what column ", query->columns[i].name,
					" is: group, sum, count, min or max"));
	return true;
}

/* Which dataset's rows may grow; all else the query reads has to be tables of datasets, too. */
static bool read_sources(struct reader *reader)
{
	const struct model *model = reader->model;
	struct speed *speed = reader->speed;
	speed->fixed.items = arena_calloc(&reader->project->arena, model->query.relation_count + 1,
		sizeof(*speed->fixed.items));
	for (size_t i = 0; i < model->query.relation_count; i++) {
		const struct query_relation *relation = &model->query.relations[i];
		const struct config_dataset *dataset =
			project_dataset(reader->project, model->schema, relation);
		bool first = strcmp(relation->name, speed->query.name) == 0 &&
			     strcmp(relation->schema, speed->query.schema) == 0;
		if (!dataset)
			return fail(reader, relation->line,
				print(reader, "", relation->name,
					" is not the table of a dataset: the ledger does not tell "
					"what is new in it"));
		if (first)
			speed->growing = dataset;
		else
			speed->fixed.items[speed->fixed.count++] = dataset->name;
	}
	for (size_t i = 0; i < speed->fixed.count; i++)
		if (strcmp(speed->fixed.items[i], speed->growing->name) == 0)
			return fail(reader, speed->query.line,
				"the query reads the first table in FROM more than once");
	return true;
}

static bool read_speed(struct reader *reader)
{
	struct model *model = reader->model;
	if (model->materialized == MODEL_VIEW || model->materialized == MODEL_MATVIEW)
		return fail(reader, model->speed_line,
			"only a model with a table of its own has a speed layer: materialized: "
			"table");
	if (strlen(model->table) > MAX_TABLE)
		return fail(reader, model->speed_line,
			"the name is too long for another with " LIVE_SUFFIX " behind it");
	return query_aggregate(&model->query, model->path, &reader->project->arena,
		       &reader->speed->query, reader->err) &&
	       read_sources(reader) && read_head(reader);
}

/* Its query is written when the database is there to tell the columns' types. */
static bool add_live(
	struct project *project, const struct model *model, struct speed *speed, struct err *err)
{
	struct arena *arena = &project->arena;
	struct model *live = &project->models[project->model_count];
	*live = (struct model){.schema = model->schema,
		.path = model->path,
		.materialized = MODEL_VIEW,
		.schedule = model->schedule,
		.cron = model->cron,
		.speed = speed,
		.is_live = true};
	live->table = arena_printf(arena, "%s" LIVE_SUFFIX, model->table);
	live->name = arena_printf(arena, "%s.%s", live->schema, live->table);
	live->description = arena_printf(
		arena, "%s, and what was loaded since it was last calculated", model->table);
	for (size_t i = 0; i < project->model_count; i++)
		if (strcmp(project->models[i].name, live->name) == 0)
			return err_config(err,
				"%s: %s is the speed layer of %s (%s:%d): name it "
				"otherwise",
				project->models[i].path, live->name, model->name, model->path,
				model->speed_line);
	live->query.text = "";
	live->query.relation_count = model->query.relation_count + 1;
	live->query.relations =
		arena_calloc(arena, live->query.relation_count, sizeof(*live->query.relations));
	memcpy(live->query.relations, model->query.relations,
		model->query.relation_count * sizeof(*live->query.relations));
	live->query.relations[model->query.relation_count] =
		(struct query_relation){model->schema, model->table, model->speed_line};
	project->model_count++;
	return true;
}

bool speed_load(struct project *project, struct err *err)
{
	size_t count = project->model_count;
	for (size_t i = 0; i < count; i++) {
		struct model *model = &project->models[i];
		if (!model->speed_head)
			continue;
		struct speed *speed = arena_calloc(&project->arena, 1, sizeof(*speed));
		struct reader reader = {
			.project = project, .model = model, .speed = speed, .err = err};
		if (!read_speed(&reader) || !add_live(project, model, speed, err))
			return false;
		model->speed = speed;
	}
	return true;
}
