/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property files, laid out as in dbt: descriptions of models and columns, and the checks on them.
 */
#include <string.h>

#include "base/file.h"
#include "scheduler/folder.h"
#include "scheduler/property_reader.h"

static bool ignore_version(struct property_reader *reader, const struct tree_node *node)
{
	return (node->kind == TREE_SCALAR && strcmp(node->text, "2") == 0) ||
	       property_fail(reader, node, "version: expected 2");
}

/* What `name: x` of the map is; required. */
static bool find_name(struct property_reader *reader, const struct tree_node *map, const char *what,
	const char **ret_name)
{
	const struct tree_node *name = map->kind == TREE_MAP ? tree_find(map, "name", 4) : NULL;
	if (!name || name->kind != TREE_SCALAR || !*name->text)
		return err_config(reader->err, "%s:%d: %s begins with `- name: ...`", reader->path,
			map->line, what);
	*ret_name = name->text;
	return true;
}

static bool name_read_already(struct property_reader *reader, const struct tree_node *node)
{
	(void)reader;
	(void)node;
	return true;
}

static bool refuse_model_checks(struct property_reader *reader, const struct tree_node *node)
{
	return property_fail(reader, node,
		"checks stand below a column; write one on the whole model as SQL in the folder "
		"checks");
}

static bool read_column_description(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->column->description);
}

static const struct property_key column_keys[] = {
	{"name", name_read_already},
	{"description", read_column_description},
	{"data_tests", property_checks},
	{"tests", property_checks},
	{NULL, NULL},
};

static bool read_column(struct property_reader *reader, const struct tree_node *node)
{
	const char *name = NULL;
	if (!find_name(reader, node, "a column", &name))
		return false;
	for (size_t i = 0; i < reader->model->column_count; i++)
		if (strcmp(reader->model->columns[i].name, name) == 0)
			return property_fail(reader, node, "this column is described already");
	reader->column = &reader->model->columns[reader->model->column_count++];
	*reader->column = (struct model_column){name, ""};
	return property_map(reader, node, column_keys, "a column");
}

static bool read_columns(struct property_reader *reader, const struct tree_node *node)
{
	reader->model->columns = arena_calloc(
		&reader->project->arena, node->count + 1, sizeof(*reader->model->columns));
	return property_list(reader, node, read_column);
}

static bool read_model_description(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->model->description);
}

static const struct property_key model_keys[] = {
	{"name", name_read_already},
	{"description", read_model_description},
	{"columns", read_columns},
	{"data_tests", refuse_model_checks},
	{"tests", refuse_model_checks},
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
	if (!find_name(reader, node, "a model", &name))
		return false;
	reader->model = find_model(reader, name);
	if (!reader->model)
		return err_config(reader->err,
			"%s:%d: no SQL file, or more than one, makes a model called '%s'",
			reader->path, node->line, name);
	if (reader->model->documented)
		return err_config(reader->err, "%s:%d: model %s is described in %s already",
			reader->path, node->line, reader->model->name, reader->model->documented);
	reader->model->documented = reader->path;
	return property_map(reader, node, model_keys, "a model");
}

static bool read_models(struct property_reader *reader, const struct tree_node *node)
{
	return property_list(reader, node, read_model);
}

static const struct property_key file_keys[] = {
	{"version", ignore_version},
	{"models", read_models},
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
