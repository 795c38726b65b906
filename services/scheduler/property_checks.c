/* SPDX-License-Identifier: Apache-2.0 */
/* The checks below a column: one table says which kinds there are and which keys each takes. */
#include <string.h>

#include "scheduler/property_reader.h"

static bool read_severity(struct property_reader *reader, const struct tree_node *node)
{
	if (node->kind == TREE_SCALAR && severity_parse(node->text, &reader->check->warn))
		return true;
	return property_fail(reader, node, "severity: expected error or warn");
}

static bool read_where(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->check->where);
}

static bool read_check_name(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->check->name);
}

static bool add_value(struct property_reader *reader, const struct tree_node *node)
{
	struct string_list *values = &reader->check->values;
	return property_text(reader, node, &values->items[values->count++]);
}

static bool read_values(struct property_reader *reader, const struct tree_node *node)
{
	reader->check->values.items = arena_calloc(
		&reader->project->arena, node->count + 1, sizeof(*reader->check->values.items));
	return property_list(reader, node, add_value);
}

/* "ref('x')", "ref('schema', 'x')", "source('schema', 'x')", "schema.x" or "x". */
static bool read_to(struct property_reader *reader, const struct tree_node *node)
{
	const char *text = NULL;
	if (!property_text(reader, node, &text))
		return false;
	struct arena *arena = &reader->project->arena;
	const char *parts[3] = {NULL, NULL, NULL};
	size_t count = 0;
	const char *open = strchr(text, '(');
	char *save = NULL;
	char *copy = arena_strdup(arena, open ? open + 1 : text);
	for (char *part = strtok_r(copy, open ? "'\", )" : ".", &save); part && count < 3;
		part = strtok_r(NULL, open ? "'\", )" : ".", &save))
		parts[count++] = part;
	bool call = open && (strncmp(text, "ref(", 4) == 0 || strncmp(text, "source(", 7) == 0);
	if (count < 1 || count > 2 || (open && !call))
		return property_fail(reader, node, "to: expected ref('model') or schema.table");
	reader->check->to_schema = count == 2 ? parts[0] : "";
	reader->check->to_table = parts[count - 1];
	return true;
}

static bool read_field(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->check->to_field);
}

static const struct property_key config_keys[] = {
	{"severity", read_severity},
	{"where", read_where},
	{NULL, NULL},
};

static bool read_config(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(reader, node, config_keys, "config");
}

#define KEYS_OF_EVERY_CHECK                                                                        \
	{"name", read_check_name}, {"severity", read_severity}, {"where", read_where},             \
	{                                                                                          \
		"config", read_config                                                              \
	}

static const struct property_key plain_keys[] = {KEYS_OF_EVERY_CHECK, {NULL, NULL}};

static const struct property_key value_arguments[] = {{"values", read_values}, {NULL, NULL}};
static const struct property_key relation_arguments[] = {
	{"to", read_to}, {"field", read_field}, {NULL, NULL}};

static bool read_value_arguments(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(reader, node, value_arguments, "the arguments of accepted_values");
}

static bool read_relation_arguments(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(reader, node, relation_arguments, "the arguments of relationships");
}

static const struct property_key value_keys[] = {{"values", read_values},
	{"arguments", read_value_arguments}, KEYS_OF_EVERY_CHECK, {NULL, NULL}};
static const struct property_key relation_keys[] = {{"to", read_to}, {"field", read_field},
	{"arguments", read_relation_arguments}, KEYS_OF_EVERY_CHECK, {NULL, NULL}};

static const struct {
	const char *name;
	const struct property_key *keys;
} kinds[] = {
	[CHECK_UNIQUE] = {"unique", plain_keys},
	[CHECK_NOT_NULL] = {"not_null", plain_keys},
	[CHECK_ACCEPTED_VALUES] = {"accepted_values", value_keys},
	[CHECK_RELATIONSHIPS] = {"relationships", relation_keys},
	[CHECK_SQL] = {"sql", NULL},
};

const char *check_kind_name(enum check_kind kind)
{
	return kinds[kind].name;
}

static bool check_is_whole(struct property_reader *reader, const struct tree_node *node)
{
	const struct check *check = reader->check;
	if (check->kind == CHECK_ACCEPTED_VALUES && !check->values.count)
		return property_fail(reader, node, "accepted_values needs values: [a, b]");
	if (check->kind == CHECK_RELATIONSHIPS && (!check->to_table || !check->to_field))
		return property_fail(
			reader, node, "relationships needs to: ref('model') and field: its column");
	for (size_t i = 0; i + 1 < reader->project->check_count; i++)
		if (strcmp(reader->project->checks[i].name, check->name) == 0)
			return err_config(reader->err,
				"%s:%d: check %s is there already (%s): give one of them a name",
				reader->path, node->line, check->name,
				reader->project->checks[i].origin);
	return true;
}

/* "- unique" or "- unique: {severity: warn}" */
static bool read_check(struct property_reader *reader, const struct tree_node *node)
{
	const struct tree_node *options = NULL;
	const char *kind = NULL;
	if (node->kind == TREE_SCALAR) {
		kind = node->text;
	} else if (node->kind == TREE_MAP && node->count == 1) {
		kind = node->first->key;
		options = node->first;
	} else {
		return property_fail(
			reader, node, "expected a check: `- unique` or `- unique: {...}`");
	}
	size_t at = 0;
	while (at < CHECK_SQL && strcmp(kinds[at].name, kind) != 0)
		at++;
	if (at == CHECK_SQL)
		return err_config(reader->err,
			"%s:%d: unknown check '%s': expected unique, not_null, accepted_values or "
			"relationships (others are written as SQL in the folder checks)",
			reader->path, node->line, kind);
	struct arena *arena = &reader->project->arena;
	struct check *check = reader->check = project_add_check(reader->project);
	check->kind = (enum check_kind)at;
	check->model = reader->model;
	check->column = reader->column->name;
	check->description = "";
	check->origin = arena_printf(arena, "%s:%d", reader->path, node->line);
	check->name = arena_printf(arena, "%s_%s_%s_%s", kind, check->model->schema,
		check->model->table, check->column);
	if (options && !tree_is_null(options) &&
		!property_map(reader, options, kinds[at].keys, kind))
		return false;
	return check_is_whole(reader, node);
}

bool property_checks(struct property_reader *reader, const struct tree_node *node)
{
	return property_list(reader, node, read_check);
}
