/* SPDX-License-Identifier: Apache-2.0 */
/* `lookups` of a dataset: which texts become keys, of which table. */
#include <stddef.h>
#include <string.h>

#include "config/keys.h"

#define IDENTIFIER_MAX 63
#define OF(member)     offsetof(struct config_lookup, member)

static const struct key lookup_rows[] = {
	{.path = "table",
		.type = &value_table_name,
		.offset = OF(table),
		.expected = "SCHEMA.TABLE",
		.doc = "The table of texts; `FIELD: SCHEMA.TABLE` says no more than this."},
	{.path = "column",
		.type = &value_text,
		.offset = OF(column),
		.fallback = "",
		.expected = "a column's name",
		.doc = "The column of the dataset's table that holds the key. Empty: the field's "
		       "name and `_id`."},
	{.path = "id",
		.type = &value_text,
		.offset = OF(id),
		.fallback = "",
		.expected = "a column's name",
		.doc = "The key's column in the table of texts. Empty: the table's name, without "
		       "`dim_`, and `_id`."},
	{.path = "text",
		.type = &value_text,
		.offset = OF(text),
		.fallback = "",
		.expected = "a column's name",
		.doc = "The text's column there. Empty: the table's name, without `dim_`."},
};

static const struct key_table lookup_keys = {
	lookup_rows, sizeof(lookup_rows) / sizeof(lookup_rows[0])};

static bool is_identifier(const char *text)
{
	return text && *text && strlen(text) <= IDENTIFIER_MAX;
}

bool table_name_read(struct arena *arena, const char *text, struct config_table *ret_table)
{
	const char *dot = text ? strchr(text, '.') : NULL;
	const char *name = dot ? dot + 1 : text;
	const char *schema = dot ? arena_strndup(arena, text, (size_t)(dot - text)) : "public";
	if (!is_identifier(name) || !is_identifier(schema) || strchr(name, '.'))
		return false;
	*ret_table = (struct config_table){schema, name};
	return true;
}

bool table_is_ours(const struct config_table *table)
{
	return strcmp(table->schema, "penstock") == 0 || strncmp(table->schema, "pg_", 3) == 0;
}

static bool read_table_name(const struct value *value)
{
	const struct tree_node *node = value->node;
	return table_name_read(&value->loader->config->arena,
		node->kind == TREE_SCALAR ? node->text : NULL, value->target);
}

static void print_table_name(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_table *table = target;
	char text[2 * IDENTIFIER_MAX + 2];
	(void)key;
	snprintf(text, sizeof(text), "%s.%s", table->schema, table->name);
	printer_text(printer, text);
}

const struct value_type value_table_name = {.read = read_table_name, .print = print_table_name};

/* What a table of towns calls its texts: dim.town and dim.dim_town hold towns. */
static const char *noun_of(const char *table)
{
	return strncmp(table, "dim_", 4) == 0 && table[4] ? table + 4 : table;
}

static void fill_in(struct arena *arena, struct config_lookup *lookup)
{
	const char *noun = noun_of(lookup->table.name);
	if (!*lookup->column)
		lookup->column = arena_printf(arena, "%s_id", lookup->field);
	if (!*lookup->id)
		lookup->id = arena_printf(arena, "%s_id", noun);
	if (!*lookup->text)
		lookup->text = noun;
}

static void check_names(const struct value *value, const struct config_lookup *lookup)
{
	if (table_is_ours(&lookup->table))
		value_problem(value, "schema %s is not for tables of yours", lookup->table.schema);
	if (!is_identifier(lookup->column) || !is_identifier(lookup->id) ||
		!is_identifier(lookup->text))
		value_problem(value,
			"%s: a column's name has 63 bytes at most; name it with column, id and "
			"text",
			lookup->field);
	else if (strcmp(lookup->id, lookup->text) == 0)
		value_problem(value, "%s: id and text are the same column", lookup->field);
}

static bool read_lookups(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	struct loader *loader = value->loader;
	struct arena *arena = &loader->config->arena;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	dataset->lookups = arena_calloc(arena, value->node->count + 1, sizeof(*dataset->lookups));
	for (const struct tree_node *n = value->node->first; n; n = n->next) {
		struct config_lookup *lookup = &dataset->lookups[dataset->lookup_count++];
		size_t problems = loader->problem_count;
		*lookup = (struct config_lookup){.field = n->key, .line = n->line};
		keys_read_entry(value, n, "table", lookup);
		if (loader->problem_count > problems)
			continue;
		fill_in(arena, lookup);
		check_names(value, lookup);
	}
	return true;
}

static void print_lookups(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_dataset *dataset = target;
	if (!dataset->lookup_count)
		return;
	printer_map(printer, key->path);
	for (size_t i = 0; i < dataset->lookup_count; i++) {
		printer_map(printer, dataset->lookups[i].field);
		keys_print(&lookup_keys, &dataset->lookups[i], printer);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_lookups = {.read = read_lookups,
	.print = print_lookups,
	.prints_key = true,
	.entries = &lookup_keys,
	.entry_prefix = "datasets.NAME.lookups.FIELD."};

static bool same_table(const struct config_table *one, const struct config_table *other)
{
	return strcmp(one->schema, other->schema) == 0 && strcmp(one->name, other->name) == 0;
}

static void compare(struct loader *loader, const struct config_dataset *dataset,
	const struct config_lookup *lookup, const struct config_lookup *other)
{
	if (!same_table(&lookup->table, &other->table) ||
		(strcmp(lookup->id, other->id) == 0 && strcmp(lookup->text, other->text) == 0))
		return;
	loader_problem(loader, lookup->line,
		arena_printf(&loader->config->arena, "datasets.%s.lookups.%s", dataset->name,
			lookup->field),
		"%s.%s has columns %s and %s here, %s and %s on line %d", lookup->table.schema,
		lookup->table.name, lookup->id, lookup->text, other->id, other->text, other->line);
}

static void check_not_loaded(struct loader *loader, const struct config_dataset *dataset,
	const struct config_lookup *lookup)
{
	const struct config *config = loader->config;
	for (size_t i = 0; i < config->dataset_count; i++) {
		const struct config_dataset *other = &config->datasets[i];
		const struct config_table table = {other->table_schema, other->table_name};
		if (other->table_name && same_table(&table, &lookup->table))
			loader_problem(loader, lookup->line,
				arena_printf(&loader->config->arena, "datasets.%s.lookups.%s",
					dataset->name, lookup->field),
				"%s.%s is the table of dataset %s", table.schema, table.name,
				other->name);
	}
}

/* Several datasets may share a table: then they agree on its columns. */
void check_lookups(struct loader *loader)
{
	const struct config *config = loader->config;
	const struct config_lookup *first = NULL;
	for (size_t i = 0; i < config->dataset_count; i++) {
		const struct config_dataset *dataset = &config->datasets[i];
		for (size_t k = 0; k < dataset->lookup_count; k++) {
			first = config_find_lookup(config, &dataset->lookups[k].table);
			compare(loader, dataset, &dataset->lookups[k], first);
			check_not_loaded(loader, dataset, &dataset->lookups[k]);
		}
	}
}

const struct config_lookup *config_find_lookup(
	const struct config *config, const struct config_table *table)
{
	for (size_t i = 0; i < config->dataset_count; i++)
		for (size_t k = 0; k < config->datasets[i].lookup_count; k++)
			if (same_table(&config->datasets[i].lookups[k].table, table))
				return &config->datasets[i].lookups[k];
	return NULL;
}
