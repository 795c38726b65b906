/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of checks: one table says where each may stand and which arguments it takes. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "project/property_reader.h"

static bool add_text(
	struct property_reader *reader, const struct tree_node *node, struct string_list *list)
{
	return property_text(reader, node, &list->items[list->count++]);
}

static bool add_value(struct property_reader *reader, const struct tree_node *node)
{
	return add_text(reader, node, &reader->check->values);
}

static bool add_column(struct property_reader *reader, const struct tree_node *node)
{
	return add_text(reader, node, &reader->check->columns);
}

static bool read_texts(struct property_reader *reader, const struct tree_node *node,
	struct string_list *list, property_read *add)
{
	if (node->count > CHECK_VALUES_MAX)
		return property_fail(reader, node, "more than 10,000 elements");
	*list = (struct string_list){.items = arena_calloc(&reader->project->arena, node->count + 1,
					     sizeof(*list->items))};
	return property_list(reader, node, add);
}

static bool read_values(struct property_reader *reader, const struct tree_node *node)
{
	return read_texts(reader, node, &reader->check->values, add_value);
}

static bool read_columns(struct property_reader *reader, const struct tree_node *node)
{
	return read_texts(reader, node, &reader->check->columns, add_column);
}

static bool read_bool(struct property_reader *reader, const struct tree_node *node, bool *ret_value)
{
	const char *text = NULL;
	if (!property_text(reader, node, &text))
		return false;
	*ret_value = strcmp(text, "true") == 0;
	return *ret_value || strcmp(text, "false") == 0 ||
	       err_config(reader->err, "%s:%d: %s: expected true or false", reader->path,
		       node->line, node->key);
}

static bool read_quote(struct property_reader *reader, const struct tree_node *node)
{
	bool quote = true;
	bool ok = read_bool(reader, node, &quote);
	reader->check->bare = !quote;
	return ok;
}

static bool read_inclusive(struct property_reader *reader, const struct tree_node *node)
{
	bool inclusive = true;
	bool ok = read_bool(reader, node, &inclusive);
	reader->check->exclusive = !inclusive;
	return ok;
}

static bool read_strictly(struct property_reader *reader, const struct tree_node *node)
{
	return read_bool(reader, node, &reader->check->exclusive);
}

static bool read_trim(struct property_reader *reader, const struct tree_node *node)
{
	bool trim = true;
	bool ok = read_bool(reader, node, &trim);
	reader->check->untrimmed = !trim;
	return ok;
}

/* "ref('x')", "ref('schema.x')", "ref('schema', 'x')", "source('schema', 'x')", "schema.x" or "x".
 */
static bool read_relation(struct property_reader *reader, const struct tree_node *node,
	struct check_relation *ret_relation)
{
	const char *text = NULL;
	if (!property_text(reader, node, &text))
		return false;
	struct arena *arena = &reader->project->arena;
	const char *parts[3] = {NULL, NULL, NULL};
	size_t count = 0;
	const char *open = strchr(text, '(');
	char *save = NULL;
	const char *between = open ? "'\", )." : ".";
	char *copy = arena_strdup(arena, open ? open + 1 : text);
	for (char *part = strtok_r(copy, between, &save); part && count < 3;
		part = strtok_r(NULL, between, &save))
		parts[count++] = part;
	bool source = strncmp(text, "source(", 7) == 0;
	bool call = open && (source || strncmp(text, "ref(", 4) == 0);
	if (count < 1 || count > 2 || (open && !call))
		return err_config(reader->err, "%s:%d: %s: expected ref('model') or schema.table",
			reader->path, node->line, node->key);
	*ret_relation =
		(struct check_relation){count == 2 ? parts[0] : "", parts[count - 1], source};
	return true;
}

static bool read_to(struct property_reader *reader, const struct tree_node *node)
{
	return read_relation(reader, node, &reader->check->to);
}

static bool read_field(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->check->field);
}

/* "schema.table.column" or "table.column" */
static bool add_field(struct property_reader *reader, const struct tree_node *node)
{
	const char *text = NULL;
	if (!property_text(reader, node, &text))
		return false;
	struct arena *arena = &reader->project->arena;
	const char *last = strrchr(text, '.');
	const char *first = strchr(text, '.');
	if (!last || last == text || !last[1])
		return property_fail(reader, node, "fields: expected schema.table.column");
	struct check_field *field = &reader->check->fields[reader->check->field_count++];
	bool bare = first == last;
	const char *table = bare ? text : first + 1;
	field->relation.schema = bare ? "" : arena_strndup(arena, text, (size_t)(first - text));
	field->relation.table = arena_strndup(arena, table, (size_t)(last - table));
	field->column = last + 1;
	return true;
}

static bool read_fields(struct property_reader *reader, const struct tree_node *node)
{
	reader->check->field_count = 0;
	reader->check->fields = arena_calloc(
		&reader->project->arena, node->count + 1, sizeof(*reader->check->fields));
	return property_list(reader, node, add_field);
}

/* A SQL expression; a date needs no quotes. */
static bool read_boundary(
	struct property_reader *reader, const struct tree_node *node, const char **ret_sql)
{
	const char *text = NULL;
	static const char shape[] = "dddd-dd-dd";
	if (!property_text(reader, node, &text))
		return false;
	size_t i = 0;
	while (shape[i] && (shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == '-'))
		i++;
	if (shape[i])
		return property_sql(reader, node, "", ret_sql);
	if (strchr(text, '\''))
		return property_fail(reader, node, "a date has no quotes in it");
	*ret_sql = arena_printf(&reader->project->arena, "'%s'", text);
	return true;
}

static bool read_low(struct property_reader *reader, const struct tree_node *node)
{
	return read_boundary(reader, node, &reader->check->low);
}

static bool read_high(struct property_reader *reader, const struct tree_node *node)
{
	return read_boundary(reader, node, &reader->check->high);
}

static bool read_count(
	struct property_reader *reader, const struct tree_node *node, const char **ret_number)
{
	int64_t number = 0;
	if (!property_text(reader, node, ret_number))
		return false;
	return (text_int64(*ret_number, &number) && number >= 0) ||
	       property_fail(reader, node, "expected a whole number, not negative");
}

static bool read_min(struct property_reader *reader, const struct tree_node *node)
{
	return read_count(reader, node, &reader->check->low);
}

static bool read_max(struct property_reader *reader, const struct tree_node *node)
{
	return read_count(reader, node, &reader->check->high);
}

static bool read_equals(struct property_reader *reader, const struct tree_node *node)
{
	return read_min(reader, node) && read_max(reader, node);
}

static bool read_share(
	struct property_reader *reader, const struct tree_node *node, const char **ret_share)
{
	if (!property_text(reader, node, ret_share))
		return false;
	char *end = NULL;
	double share = strtod(*ret_share, &end);
	bool plain = strspn(*ret_share, "0123456789.") == strlen(*ret_share);
	return (plain && end != *ret_share && !*end && share <= 1) ||
	       property_fail(reader, node, "expected a share from 0 to 1, such as 0.95");
}

static bool read_at_least(struct property_reader *reader, const struct tree_node *node)
{
	return read_share(reader, node, &reader->check->low);
}

static bool read_at_most(struct property_reader *reader, const struct tree_node *node)
{
	return read_share(reader, node, &reader->check->high);
}

static bool read_regex(struct property_reader *reader, const struct tree_node *node)
{
	return property_text(reader, node, &reader->check->text);
}

/* Below a column the column stands before it: "> 0". */
static bool read_expression(struct property_reader *reader, const struct tree_node *node)
{
	return property_sql(reader, node, reader->column ? "x" : "", &reader->check->text);
}

static bool read_datepart(struct property_reader *reader, const struct tree_node *node)
{
	static const char *const units[] = {"minute", "hour", "day", "week", "month", "year"};
	if (!property_text(reader, node, &reader->check->text))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(reader->check->text, units[i]) == 0)
			return true;
	return property_fail(
		reader, node, "datepart: expected minute, hour, day, week, month or year");
}

/* dbt_utils has recency on a model, with the column as an argument. */
static bool read_recency_field(struct property_reader *reader, const struct tree_node *node)
{
	return (!reader->column && property_text(reader, node, &reader->check->column)) ||
	       property_fail(reader, node, "field: recency stands below that column already");
}

static bool has_interval(struct property_reader *reader, const struct tree_node *node)
{
	const struct check *check = reader->check;
	return (check->low && check->text && *check->column) ||
	       property_fail(reader, node,
		       "recency needs interval: 1 and datepart: day, and on a whole table field: "
		       "its column");
}

static bool has_values(struct property_reader *reader, const struct tree_node *node)
{
	return reader->check->values.count ||
	       property_fail(reader, node, "this check needs values: [a, b]");
}

static bool has_relation(struct property_reader *reader, const struct tree_node *node)
{
	return (reader->check->to.table && reader->check->field) ||
	       property_fail(
		       reader, node, "relationships needs to: ref('model') and field: its column");
}

static bool has_range(struct property_reader *reader, const struct tree_node *node)
{
	return reader->check->low || reader->check->high ||
	       property_fail(reader, node, "this check needs a least value, a greatest, or both");
}

static bool has_text(struct property_reader *reader, const struct tree_node *node)
{
	return reader->check->text || property_fail(reader, node, "this check needs its text");
}

static bool has_columns(struct property_reader *reader, const struct tree_node *node)
{
	return reader->check->columns.count >= 2 ||
	       property_fail(reader, node,
		       "unique_combination_of_columns needs two columns or more; one is unique");
}

static bool has_fields(struct property_reader *reader, const struct tree_node *node)
{
	return reader->check->field_count ||
	       property_fail(reader, node, "unique_across needs fields: [schema.table.column]");
}

static bool has_other(struct property_reader *reader, const struct tree_node *node)
{
	return reader->check->to.table ||
	       property_fail(reader, node, "equal_rowcount needs compare_model: ref('model')");
}

#define KEYS(...)    ((const struct property_key[]){__VA_ARGS__, {NULL, NULL}})
#define NO_ARGUMENTS ((const struct property_key[]){{NULL, NULL}})
#define VALUES	     KEYS({"values", read_values}, {"quote", read_quote})
#define COUNT_BETWEEN                                                                              \
	KEYS({"min", read_min}, {"max", read_max}, {"equals", read_equals},                        \
		{"min_value", read_min}, {"max_value", read_max}, {"value", read_equals})

const struct property_kind property_kinds[CHECK_KINDS] = {
	[CHECK_UNIQUE] = {"unique", NULL, true, false, NO_ARGUMENTS, NULL, NULL},
	[CHECK_NOT_NULL] = {"not_null", NULL, true, false, NO_ARGUMENTS, NULL, NULL},
	[CHECK_ACCEPTED_VALUES] = {"accepted_values", NULL, true, false, VALUES, read_values,
		has_values},
	[CHECK_REJECTED_VALUES] = {"not_accepted_values", NULL, true, false, VALUES, read_values,
		has_values},
	[CHECK_RELATIONSHIPS] = {"relationships", NULL, true, false,
		KEYS({"to", read_to}, {"field", read_field}), NULL, has_relation},
	[CHECK_RANGE] = {"accepted_range", "expect_column_values_to_be_between", true, false,
		KEYS({"min_value", read_low}, {"max_value", read_high},
			{"inclusive", read_inclusive}, {"strictly", read_strictly}),
		NULL, has_range},
	[CHECK_REGEX] = {"regex", "expect_column_values_to_match_regex", true, false,
		KEYS({"regex", read_regex}), read_regex, has_text},
	[CHECK_NOT_EMPTY_STRING] = {"not_empty_string", NULL, true, false,
		KEYS({"trim_whitespace", read_trim}), NULL, NULL},
	[CHECK_PROPORTION] = {"not_null_proportion", NULL, true, false,
		KEYS({"at_least", read_at_least}, {"at_most", read_at_most}), NULL, has_range},
	[CHECK_EXPRESSION] = {"expression_is_true", NULL, true, true,
		KEYS({"expression", read_expression}), read_expression, has_text},
	[CHECK_RECENCY] = {"recency", NULL, true, true,
		KEYS({"interval", read_min}, {"datepart", read_datepart},
			{"field", read_recency_field}),
		NULL, has_interval},
	[CHECK_UNIQUE_ACROSS] = {"unique_across", NULL, true, false, KEYS({"fields", read_fields}),
		read_fields, has_fields},
	[CHECK_UNIQUE_COMBINATION] = {"unique_combination_of_columns",
		"expect_compound_columns_to_be_unique", false, true,
		KEYS({"combination_of_columns", read_columns}, {"column_list", read_columns}),
		read_columns, has_columns},
	[CHECK_ROW_COUNT] = {"row_count", "expect_table_row_count_to_be_between", false, true,
		COUNT_BETWEEN, read_equals, has_range},
	[CHECK_NOT_EMPTY] = {"not_empty", NULL, false, true, NO_ARGUMENTS, NULL, NULL},
	[CHECK_EQUAL_ROWCOUNT] = {"equal_rowcount", "expect_table_row_count_to_equal_other_table",
		false, true, KEYS({"compare_model", read_to}), NULL, has_other},
	[CHECK_FRESHNESS] = {"freshness", NULL, false, false, NO_ARGUMENTS, NULL, NULL},
	[CHECK_SQL] = {"sql", NULL, false, false, NO_ARGUMENTS, NULL, NULL},
};

const char *check_kind_name(enum check_kind kind)
{
	return property_kinds[kind].name;
}

bool check_finds_rows(enum check_kind kind)
{
	static const enum check_kind numbers[] = {CHECK_PROPORTION, CHECK_RECENCY, CHECK_ROW_COUNT,
		CHECK_NOT_EMPTY, CHECK_EQUAL_ROWCOUNT, CHECK_FRESHNESS};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i] == kind)
			return false;
	return true;
}
