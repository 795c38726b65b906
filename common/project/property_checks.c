/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks below a column, a model or a raw table: `- unique`, `- unique: {severity: warn}`,
 * `- {test_name: unique, severity: warn}`. Packages' prefixes ("dbt_utils.") may stay.
 */
#include <string.h>

#include "base/nearest.h"
#include "project/property_reader.h"

static const struct property_kind *kind_of(const struct property_reader *reader)
{
	return &property_kinds[reader->check->kind];
}

static bool read_option(struct property_reader *reader, const struct tree_node *node)
{
	const char *text = NULL;
	if (!property_text(reader, node, &text))
		return false;
	for (size_t i = 0; i < check_option_count; i++)
		if (strcmp(check_options[i].name, node->key) == 0)
			return check_options[i].set(reader->check, text) ||
			       err_config(reader->err, "%s:%d: %s: expected %s, not '%s'",
				       reader->path, node->line, node->key,
				       check_options[i].expected, text);
	BUG("no option %s", node->key);
}

static bool read_where(struct property_reader *reader, const struct tree_node *node)
{
	return property_sql(reader, node, "", &reader->check->where);
}

#define OPTIONS                                                                                    \
	{"severity", read_option}, {"warn_if", read_option}, {"error_if", read_option},            \
		{"where", read_where}, {"limit", read_option}, {"store_failures", read_option},    \
	{                                                                                          \
		"enabled", read_option                                                             \
	}

static const struct property_key config_keys[] = {OPTIONS, {NULL, NULL}};

static bool read_config(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(reader, node, config_keys, "config");
}

static bool read_arguments(struct property_reader *reader, const struct tree_node *node)
{
	return property_map(reader, node, kind_of(reader)->arguments, "the arguments");
}

/* Read before, to know the kind; of use only where it was. */
static bool read_test_name(struct property_reader *reader, const struct tree_node *node)
{
	return (node->kind == TREE_SCALAR && strcmp(reader->word, node->text) == 0) ||
	       property_fail(reader, node, "test_name stands beside the check's name, not below");
}

static const struct property_key check_keys[] = {{"name", read_option},
	{"description", read_option}, OPTIONS, {"config", read_config},
	{"arguments", read_arguments}, {"test_name", read_test_name}, {NULL, NULL}};

/* "dbt_utils.accepted_range" -> "accepted_range". */
static const char *without_package(const char *kind)
{
	static const char *const packages[] = {"dbt_utils.", "dbt_expectations.", "dbt."};
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strncmp(kind, packages[i], strlen(packages[i])) == 0)
			return kind + strlen(packages[i]);
	return kind;
}

static bool unknown_kind(
	struct property_reader *reader, const struct tree_node *node, const char *kind)
{
	struct buf known;
	struct nearest nearest;
	buf_init(&known, 1024);
	nearest_begin(&nearest, kind);
	for (size_t i = 0; i < CHECK_KINDS; i++) {
		if (!property_kinds[i].column && !property_kinds[i].table)
			continue;
		nearest_try(&nearest, property_kinds[i].name);
		buf_printf(&known, "%s%s", known.len ? ", " : "", property_kinds[i].name);
	}
	err_config(reader->err,
		"%s:%d: unknown check '%s':%s%s%s expected one of %s (others are written as SQL in "
		"the folder checks)",
		reader->path, node->line, kind, nearest.best ? " did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?" : "", buf_text(&known));
	buf_release(&known);
	return false;
}

static bool find_kind(struct property_reader *reader, const struct tree_node *node,
	const char *word, enum check_kind *ret_kind)
{
	const char *name = without_package(word);
	const struct property_kind *kind = NULL;
	for (size_t i = 0; i < CHECK_KINDS && !kind; i++)
		if (strcmp(property_kinds[i].name, name) == 0 ||
			(property_kinds[i].also && strcmp(property_kinds[i].also, name) == 0))
			kind = &property_kinds[i];
	if (!kind || (!kind->column && !kind->table))
		return unknown_kind(reader, node, word);
	if (reader->column ? !kind->column : !kind->table)
		return err_config(reader->err, "%s:%d: %s is about %s: it stands below %s",
			reader->path, node->line, name, kind->table ? "a whole table" : "a column",
			kind->table ? "the model or table itself" : "that column");
	*ret_kind = (enum check_kind)(kind - property_kinds);
	return true;
}

struct check *property_new_check(
	struct property_reader *reader, const struct tree_node *node, enum check_kind kind)
{
	struct arena *arena = &reader->project->arena;
	const struct property_relation *relation = reader->relation;
	struct check *check = project_add_check(reader->project);
	check->kind = kind;
	check->on = relation->name;
	check->schema = relation->schema;
	check->table = relation->table;
	check->model = relation->model;
	check->column = reader->column ? reader->column->name : "";
	check->origin = arena_printf(arena, "%s:%d", reader->path, node->line);
	check->name = arena_printf(arena, "%s_%s_%s%s%s", check_kind_name(kind), relation->schema,
		relation->table, *check->column ? "_" : "", check->column);
	return check;
}

bool property_check_named(struct property_reader *reader, const struct tree_node *node)
{
	const struct project *project = reader->project;
	const struct check *check = &project->checks[project->check_count - 1];
	for (size_t i = 0; i + 1 < project->check_count; i++)
		if (strcmp(project->checks[i].name, check->name) == 0)
			return err_config(reader->err,
				"%s:%d: check %s is there already (%s): give one of them a name",
				reader->path, node->line, check->name, project->checks[i].origin);
	return true;
}

/* What a check that finds a number has to tell stands in its message. */
static bool settle_store(struct property_reader *reader, const struct tree_node *node)
{
	struct check *check = reader->check;
	bool possible = check_finds_rows(check->kind);
	if (!check->store_given)
		check->store = reader->project->store_failures;
	else if (check->store && !possible)
		return err_config(reader->err,
			"%s:%d: store_failures: %s finds a number, there are no rows to keep",
			reader->path, node->line, check_kind_name(check->kind));
	check->store = check->store && possible;
	return true;
}

/* What stands behind `kind:`; `options` is NULL when nothing does. */
static bool read_options(struct property_reader *reader, const struct tree_node *options)
{
	const struct property_kind *kind = kind_of(reader);
	if (!options || tree_is_null(options))
		return true;
	if (options->kind != TREE_MAP && kind->shorthand)
		return kind->shorthand(reader, options);
	return property_map_both(reader, options, kind->arguments, check_keys, kind->name);
}

/* Takes the last check back. */
static bool drop_check(struct property_reader *reader)
{
	reader->project->check_count--;
	return true;
}

/* `node` is the list's element; it names its kind by a key, a test_name or by being one. */
static bool read_check(struct property_reader *reader, const struct tree_node *node)
{
	const struct tree_node *options = NULL;
	const struct tree_node *named =
		node->kind == TREE_MAP ? tree_find(node, "test_name", 9) : NULL;
	const char *word = NULL;
	enum check_kind kind = CHECK_SQL;
	if (node->kind == TREE_SCALAR) {
		word = node->text;
	} else if (named && named->kind == TREE_SCALAR) {
		word = named->text;
		options = node;
	} else if (node->kind == TREE_MAP && node->count == 1) {
		word = node->first->key;
		options = node->first;
	} else {
		return property_fail(
			reader, node, "expected a check: `- unique` or `- unique: {...}`");
	}
	if (!find_kind(reader, node, word, &kind))
		return false;
	reader->check = property_new_check(reader, node, kind);
	reader->word = word;
	if (!read_options(reader, options) ||
		(property_kinds[kind].whole && !property_kinds[kind].whole(reader, node)) ||
		!settle_store(reader, node))
		return false;
	return reader->check->off ? drop_check(reader) : property_check_named(reader, node);
}

bool property_checks(struct property_reader *reader, const struct tree_node *node)
{
	return property_list(reader, node, read_check);
}
