/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sources:` as in dbt: raw tables by the schema they are in, their columns, checks and freshness.
 * When a table was last loaded is what the ledger says, unless loaded_at_field names a column.
 */
#include <string.h>

#include "base/text.h"
#include "project/property_reader.h"

#define PERIODS_MAX 1000000

struct freshness {
	const struct tree_node *node; /* NULL: nobody said anything */
	int64_t warn_after_s;	      /* 0: never */
	int64_t error_after_s;
	const char *field; /* loaded_at_field; NULL: the ledger */
	const char *where; /* filter */
};

struct property_source {
	const char *name;
	const char *schema;
	const struct tree_node *tables;
	struct freshness *freshness; /* the one in hand */
	struct freshness all;	     /* of tables that have none of their own */
};

/* {count: 12, period: hour} in seconds. */
static bool read_age(
	struct property_reader *reader, const struct tree_node *node, int64_t *ret_seconds)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} periods[] = {{"minute", 60}, {"hour", 3600}, {"day", 86400}};
	if (tree_is_null(node)) {
		*ret_seconds = 0;
		return true;
	}
	const struct tree_node *count = node->kind == TREE_MAP ? tree_find(node, "count", 5) : NULL;
	const struct tree_node *period = count ? tree_find(node, "period", 6) : NULL;
	int64_t number = 0;
	if (period && node->count == 2 && period->kind == TREE_SCALAR &&
		count->kind == TREE_SCALAR && text_int64(count->text, &number) && number > 0 &&
		number <= PERIODS_MAX)
		for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
			if (strcmp(periods[i].name, period->text) == 0) {
				*ret_seconds = number * periods[i].seconds;
				return true;
			}
	return err_config(reader->err,
		"%s:%d: %s: expected {count: 12, period: hour}; periods are minute, hour and day",
		reader->path, node->line, node->key);
}

static bool read_warn_after(struct property_reader *reader, const struct tree_node *node)
{
	return read_age(reader, node, &reader->source->freshness->warn_after_s);
}

static bool read_error_after(struct property_reader *reader, const struct tree_node *node)
{
	return read_age(reader, node, &reader->source->freshness->error_after_s);
}

static bool read_filter(struct property_reader *reader, const struct tree_node *node)
{
	return property_sql(reader, node, "", &reader->source->freshness->where);
}

static const struct property_key freshness_keys[] = {
	{"warn_after", read_warn_after},
	{"error_after", read_error_after},
	{"filter", read_filter},
	{NULL, NULL},
};

/* A table's goes before its source's, threshold by threshold; `freshness:` with nothing behind it
 * takes all of it back. */
static bool read_freshness(struct property_reader *reader, const struct tree_node *node)
{
	struct freshness *freshness = reader->source->freshness;
	if (tree_is_null(node)) {
		*freshness = (struct freshness){.field = freshness->field};
		return true;
	}
	freshness->node = node;
	if (!property_map(reader, node, freshness_keys, "freshness"))
		return false;
	return freshness->warn_after_s || freshness->error_after_s ||
	       property_fail(reader, node, "freshness needs warn_after, error_after or both");
}

static bool read_loaded_at(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->source->freshness->field);
}

static const struct property_key config_keys[] = {
	{"freshness", read_freshness},
	{"loaded_at_field", read_loaded_at},
	{NULL, NULL},
};

static bool read_config(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(reader, node, config_keys, "config");
}

static const struct property_key table_keys[] = {
	{"name", property_skip},
	{"meta", property_meta},
	{"identifier", property_skip},
	{"description", property_description},
	{"freshness", read_freshness},
	{"loaded_at_field", read_loaded_at},
	{"config", read_config},
	{"columns", property_columns},
	{"data_tests", property_checks},
	{"tests", property_checks},
	{NULL, NULL},
};

static bool add_freshness(struct property_reader *reader, const struct freshness *freshness)
{
	if (!freshness->warn_after_s && !freshness->error_after_s)
		return true;
	struct check *check = property_new_check(reader, freshness->node, CHECK_FRESHNESS);
	check->warn_after_s = freshness->warn_after_s;
	check->error_after_s = freshness->error_after_s;
	check->warn = !freshness->error_after_s;
	check->field = freshness->field;
	check->where = freshness->where;
	if (check->where && !check->field)
		return property_fail(reader, freshness->node,
			"filter: the ledger has no rows to filter; it needs a loaded_at_field");
	return property_check_named(reader, freshness->node);
}

static bool is_new(struct property_reader *reader, const struct tree_node *node, const char *name)
{
	const struct project *project = reader->project;
	for (size_t i = 0; i < project->model_count; i++)
		if (strcmp(project->models[i].name, name) == 0)
			return err_config(reader->err,
				"%s:%d: %s is a model: it stands below models, not sources",
				reader->path, node->line, name);
	for (size_t i = 0; i < project->source_count; i++)
		if (strcmp(project->sources[i].name, name) == 0)
			return err_config(reader->err, "%s:%d: %s is described already (%s)",
				reader->path, node->line, name, project->sources[i].origin);
	return true;
}

/* Where the table is: the identifier goes before the name. */
static bool place_table(
	struct property_reader *reader, const struct tree_node *node, const char **ret_table)
{
	const struct tree_node *identifier = tree_find(node, "identifier", 10);
	if (!identifier)
		return property_name(reader, node, "a table", ret_table);
	return property_text(reader, identifier, ret_table);
}

static bool read_table(struct property_reader *reader, const struct tree_node *node)
{
	struct project *project = reader->project;
	struct property_source *source = reader->source;
	struct freshness own = source->all;
	const char *called = NULL;
	const char *table = NULL;
	if (!property_name(reader, node, "a table", &called) || !place_table(reader, node, &table))
		return false;
	struct property_relation relation = {
		.name = arena_printf(&project->arena, "%s.%s", source->schema, table),
		.schema = source->schema,
		.table = table,
		.description = "",
		.owner = ""};
	if (!is_new(reader, node, relation.name))
		return false;
	reader->relation = &relation;
	source->freshness = &own;
	if (!property_map(reader, node, table_keys, "a table"))
		return false;
	*project_add_source(project) = (struct source_table){.source = source->name,
		.called = called,
		.name = relation.name,
		.schema = relation.schema,
		.table = relation.table,
		.description = relation.description,
		.owner = relation.owner,
		.columns = relation.columns,
		.column_count = relation.column_count,
		.origin = arena_printf(&project->arena, "%s:%d", reader->path, node->line)};
	return add_freshness(reader, &own);
}

static bool read_schema(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->source->schema);
}

/* Read last: tables take over what the source says, wherever it says it. */
static bool note_tables(struct property_reader *reader, const struct tree_node *node)
{
	reader->source->tables = node;
	return true;
}

static const struct property_key source_keys[] = {
	{"name", property_skip},
	{"schema", read_schema},
	{"description", property_skip},
	{"freshness", read_freshness},
	{"loaded_at_field", read_loaded_at},
	{"config", read_config},
	{"tables", note_tables},
	{NULL, NULL},
};

static bool read_source(struct property_reader *reader, const struct tree_node *node)
{
	struct property_source source = {0};
	if (!property_name(reader, node, "a source", &source.name))
		return false;
	source.schema = source.name;
	source.freshness = &source.all;
	reader->source = &source;
	if (!property_map(reader, node, source_keys, "a source"))
		return false;
	return !source.tables || property_list(reader, source.tables, read_table);
}

bool property_sources(struct property_reader *reader, const struct tree_node *node)
{
	return property_list(reader, node, read_source);
}
