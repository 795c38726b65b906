/* SPDX-License-Identifier: Apache-2.0 */
/* A dataset's `fields` map: how single fields are read. */
#include <stddef.h>

#include "config/keys.h"

#define OF(member) offsetof(struct field_reading, member)

static const struct key field_rows[] = {
	{.path = "path",
		.type = &value_json_path,
		.offset = OF(path),
		.fallback = "",
		.expected = "names joined by dots, such as customer.address.city",
		.doc = "Where its value is in a JSON record; digits count an array's elements from "
		       "0, a dot in a name is written `\\.`. Empty: the member of its own name."},
	{.path = "pattern",
		.type = &value_texts,
		.offset = OF(pattern),
		.fallback = "[]",
		.expected = "a pattern such as %d/%m/%Y, or a list of them",
		.doc = "How a date or time is written, in strptime's letters: `%Y %y %m %b %B %d "
		       "%j`, `%H %I %p %M %S %f`, `%z`, `%%`. Of several the first that fits "
		       "counts."},
	{.path = "true",
		.type = &value_texts,
		.offset = OF(yes),
		.fallback = "[]",
		.expected = "a list of words",
		.doc = "What means true, in any case, instead of the usual words. `false` is "
		       "needed "
		       "beside it."},
	{.path = "false",
		.type = &value_texts,
		.offset = OF(no),
		.fallback = "[]",
		.expected = "a list of words",
		.doc = "What means false, in any case."},
};

static const struct key_table field_keys = {field_rows, sizeof(field_rows) / sizeof(field_rows[0])};

static bool read_fields(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	struct reading *reading = &dataset->reading;
	struct arena *arena = &value->loader->config->arena;
	if (!value->given)
		return true;
	if (value->node->kind != TREE_MAP)
		return false;
	reading->fields = arena_calloc(arena, value->node->count + 1, sizeof(*reading->fields));
	for (const struct tree_node *n = value->node->first; n; n = n->next) {
		struct field_reading *field = &reading->fields[reading->field_count++];
		field->name = n->key;
		keys_read_entry(value, n, NULL, field);
	}
	return true;
}

static void print_fields(const struct key *key, const void *target, struct printer *printer)
{
	const struct reading *reading = &((const struct config_dataset *)target)->reading;
	if (reading->field_count == 0)
		return;
	printer_map(printer, key->path);
	for (size_t i = 0; i < reading->field_count; i++) {
		printer_map(printer, reading->fields[i].name);
		keys_print(&field_keys, &reading->fields[i], printer);
		printer_map_end(printer);
	}
	printer_map_end(printer);
}

const struct value_type value_fields = {.read = read_fields,
	.print = print_fields,
	.prints_key = true,
	.entries = &field_keys,
	.entry_prefix = "datasets.NAME.fields.FIELD."};
