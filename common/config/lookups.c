/* SPDX-License-Identifier: Apache-2.0 */
/* `lookups` of a dataset: which texts become keys, of which table. */
#include <string.h>

#include "config/keys.h"

#define IDENTIFIER_MAX 63

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

/* What a table of towns calls its texts: dim.town and dim.dim_town hold towns. */
static const char *noun_of(const char *table)
{
	return strncmp(table, "dim_", 4) == 0 && table[4] ? table + 4 : table;
}

static void fill_in(struct arena *arena, struct config_lookup *lookup)
{
	const char *noun = noun_of(lookup->table.name);
	if (!lookup->column)
		lookup->column = arena_printf(arena, "%s_id", lookup->field);
	if (!lookup->id)
		lookup->id = arena_printf(arena, "%s_id", noun);
	if (!lookup->text)
		lookup->text = noun;
}

static bool read_long(
	struct arena *arena, const struct tree_node *map, struct config_lookup *lookup)
{
	for (const struct tree_node *n = map->first; n; n = n->next) {
		const char *text = n->kind == TREE_SCALAR ? n->text : NULL;
		const char **name = strcmp(n->key, "column") == 0 ? &lookup->column
				    : strcmp(n->key, "id") == 0	  ? &lookup->id
				    : strcmp(n->key, "text") == 0 ? &lookup->text
								  : NULL;
		bool table = strcmp(n->key, "table") == 0;
		if (table ? !table_name_read(arena, text, &lookup->table)
			  : !name || !is_identifier(text))
			return false;
		if (name)
			*name = text;
	}
	return lookup->table.name != NULL;
}

static void check_names(const struct value *value, const struct config_lookup *lookup)
{
	if (table_is_ours(&lookup->table))
		value_problem(value, "schema %s is not for tables of yours", lookup->table.schema);
	if (!is_identifier(lookup->column) || !is_identifier(lookup->id))
		value_problem(value,
			"%s: a column's name has 63 bytes at most; name it with column and id",
			lookup->field);
	else if (strcmp(lookup->id, lookup->text) == 0)
		value_problem(value, "%s: id and text are the same column", lookup->field);
}

static bool read_lookups(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	struct arena *arena = &value->loader->config->arena;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	dataset->lookups = arena_calloc(arena, value->node->count, sizeof(*dataset->lookups));
	for (const struct tree_node *n = value->node->first; n; n = n->next) {
		struct config_lookup *lookup = &dataset->lookups[dataset->lookup_count++];
		*lookup = (struct config_lookup){.field = n->key, .line = n->line};
		bool good = n->kind == TREE_MAP
				    ? read_long(arena, n, lookup)
				    : n->kind == TREE_SCALAR &&
					      table_name_read(arena, n->text, &lookup->table);
		if (!good) {
			dataset->lookup_count = 0;
			return false;
		}
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
		const struct config_lookup *lookup = &dataset->lookups[i];
		char table[2 * IDENTIFIER_MAX + 2];
		snprintf(table, sizeof(table), "%s.%s", lookup->table.schema, lookup->table.name);
		printer_map(printer, lookup->field);
		printer_key(printer, "table");
		printer_text(printer, table);
		printer_key(printer, "column");
		printer_text(printer, lookup->column);
		printer_key(printer, "id");
		printer_text(printer, lookup->id);
		printer_key(printer, "text");
		printer_text(printer, lookup->text);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_lookups = {
	.read = read_lookups, .print = print_lookups, .prints_key = true};

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
