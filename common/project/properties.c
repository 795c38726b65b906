/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property files, laid out as in dbt: descriptions of models, raw tables and columns, and the
 * checks on them.
 */
#include <string.h>

#include "base/file.h"
#include "project/folder.h"
#include "project/property_reader.h"

static bool ignore_version(struct property_reader *reader, const struct tree_node *node)
{
	return (node->kind == TREE_SCALAR && strcmp(node->text, "2") == 0) ||
	       property_fail(reader, node, "version: expected 2");
}

static bool read_column_description(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->column->description);
}

static const struct property_key column_keys[] = {
	{"name", property_skip},
	{"description", read_column_description},
	{"data_tests", property_checks},
	{"tests", property_checks},
	{NULL, NULL},
};

static bool read_column(struct property_reader *reader, const struct tree_node *node)
{
	const char *name = NULL;
	struct property_relation *relation = reader->relation;
	if (!property_name(reader, node, "a column", &name))
		return false;
	for (size_t i = 0; i < relation->column_count; i++)
		if (strcmp(relation->columns[i].name, name) == 0)
			return property_fail(reader, node, "this column is described already");
	reader->column = &relation->columns[relation->column_count++];
	*reader->column = (struct model_column){name, ""};
	bool ok = property_map(reader, node, column_keys, "a column");
	reader->column = NULL;
	return ok;
}

bool property_columns(struct property_reader *reader, const struct tree_node *node)
{
	struct property_relation *relation = reader->relation;
	relation->columns =
		arena_calloc(&reader->project->arena, node->count + 1, sizeof(*relation->columns));
	relation->column_count = 0;
	return property_list(reader, node, read_column);
}

bool property_description(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->relation->description);
}

/* dbt's free map: the owner is what this program knows. */
bool property_meta(struct property_reader *reader, const struct tree_node *node)
{
	if (node->kind != TREE_MAP)
		return property_fail(
			reader, node, "meta: expected a map, as {owner: the data team}");
	const struct tree_node *owner = tree_find(node, "owner", 5);
	return !owner || property_text(reader, owner, &reader->relation->owner);
}

static const struct property_key config_keys[] = {{"meta", property_meta}, {NULL, NULL}};

static bool read_config(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(
		reader, node, config_keys, "config (what a model becomes its SQL file says)");
}

static const struct property_key model_keys[] = {
	{"name", property_skip},
	{"meta", property_meta},
	{"config", read_config},
	{"description", property_description},
	{"columns", property_columns},
	{"data_tests", property_checks},
	{"tests", property_checks},
	{NULL, NULL},
};

/* "orders" means the model of the folder the file stands in, or the only one of that name. */
static struct model *find_model(const struct property_reader *reader, const char *name)
{
	struct model *found = NULL;
	for (size_t i = 0; i < reader->project->model_count; i++) {
		struct model *model = &reader->project->models[i];
		if (strcmp(model->name, name) == 0)
			return model;
		if (strcmp(model->table, name) != 0 ||
			(*reader->schema && strcmp(model->schema, reader->schema) != 0))
			continue;
		if (found)
			return NULL;
		found = model;
	}
	return found;
}

static bool read_model(struct property_reader *reader, const struct tree_node *node)
{
	const char *name = NULL;
	if (!property_name(reader, node, "a model", &name))
		return false;
	struct model *model = find_model(reader, name);
	if (!model)
		return err_config(reader->err,
			"%s:%d: no SQL file, or more than one, makes a model called '%s'",
			reader->path, node->line, name);
	if (model->documented)
		return err_config(reader->err, "%s:%d: model %s is described in %s already",
			reader->path, node->line, model->name, model->documented);
	model->documented = reader->path;
	struct property_relation relation = {.name = model->name,
		.schema = model->schema,
		.table = model->table,
		.description = model->description,
		.owner = model->owner,
		.model = model};
	reader->relation = &relation;
	if (!property_map(reader, node, model_keys, "a model"))
		return false;
	model->description = relation.description;
	model->owner = relation.owner;
	model->columns = relation.columns;
	model->column_count = relation.column_count;
	return true;
}

static bool read_models(struct property_reader *reader, const struct tree_node *node)
{
	return property_list(reader, node, read_model);
}

static const struct property_key file_keys[] = {
	{"version", ignore_version},
	{"models", read_models},
	{"sources", property_sources},
	{NULL, NULL},
};

static bool load_file(
	const char *folder, const char *file, struct project *project, struct err *err)
{
	struct property_reader reader = {.project = project, .err = err};
	const char *slash = strchr(file, '/');
	size_t schema_length = slash ? (size_t)(slash - file) : 0;
	reader.path = file_join(&project->arena, folder, file);
	reader.schema = arena_strndup(&project->arena, file, schema_length);
	struct buf text;
	struct tree_node *root = NULL;
	buf_init(&text, TREE_MAX_BYTES);
	bool ok = file_read(reader.path, &text, err);
	if (!ok)
		err->from = ERR_FROM_CONFIG;
	ok = ok &&
	     tree_parse(buf_text(&text), text.len, reader.path, &project->arena, &root, err) &&
	     property_map(&reader, root, file_keys, "a property file");
	buf_release(&text);
	return ok;
}

bool properties_load(const char *folder, struct project *project, struct err *err)
{
	static const char *const endings[] = {".yml", ".yaml"};
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct string_list files = {0};
		if (!folder_list(folder, endings[i], &project->arena, &files, err))
			return false;
		for (size_t j = 0; j < files.count; j++)
			if (!load_file(folder, files.items[j], project, err))
				return false;
	}
	return true;
}
