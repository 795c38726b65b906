/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro JSON -> the tree of types. Every rule of the specification is checked here, before avro-c
 * sees the text: it accepts much that is wrong and recurses without bound.
 */
#include <stdio.h>
#include <string.h>

#include "schema/parser.h"

static const size_t max_columns = 1600 - 2;

static size_t path_push(struct parser *p, const char *name)
{
	size_t before = p->path_len;
	size_t room = sizeof(p->path) - before;
	int n = snprintf(p->path + before, room, "%s%s", before ? "." : "", name);
	p->path_len = (size_t)n < room ? before + (size_t)n : sizeof(p->path) - 1;
	return before;
}

static void path_pop(struct parser *p, size_t before)
{
	p->path_len = before;
	p->path[before] = '\0';
}

static bool full_name(struct parser *p, const char *name, const char *space, const char **ret_name)
{
	if (!parse_is_name(name, true))
		return parse_fail(
			p, "'%.100s' is no Avro name: letters, digits and _, no digit first", name);
	*ret_name = strchr(name, '.') || !space[0] ? name
						   : arena_printf(p->arena, "%s.%s", space, name);
	return true;
}

static const char *namespace_of(struct parser *p, const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? arena_strndup(p->arena, name, (size_t)(dot - name)) : "";
}

static struct named *find_named(struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->named_count; i++)
		if (strcmp(p->named[i].name, name) == 0)
			return &p->named[i];
	return NULL;
}

static bool count_nodes(struct parser *p, size_t nodes, unsigned height)
{
	if (p->depth + height > SCHEMA_MAX_DEPTH)
		return parse_fail(p, "types are nested more than %d deep", SCHEMA_MAX_DEPTH);
	p->nodes += nodes;
	if (p->nodes > SCHEMA_MAX_NODES)
		return parse_fail(
			p, "the schema unfolds into more than %d types", SCHEMA_MAX_NODES);
	if (p->depth + height > p->deepest)
		p->deepest = p->depth + height;
	return true;
}

static bool parse_type(struct parser *p, const json_t *json, const char *space, struct type *type);

static bool find_kind(const char *name, enum type_kind *ret_kind)
{
	for (size_t i = 0; i < TYPE_KINDS; i++) {
		if (strcmp(type_kind_names[i], name) == 0) {
			*ret_kind = (enum type_kind)i;
			return true;
		}
	}
	return false;
}

/* Adds a name; returns its index, since the table moves when it grows. */
static bool define(struct parser *p, const json_t *json, const char *space, struct type *type,
	size_t *ret_index)
{
	const char *name;
	const char *own_space;
	if (!parse_text(p, json, "name", &name) || !parse_text(p, json, "namespace", &own_space))
		return false;
	if (!name)
		return parse_fail(p, "a %s needs a \"name\"", type_kind_names[type->kind]);
	if (own_space && own_space[0] && !parse_is_name(own_space, true))
		return parse_fail(p, "\"namespace\" '%.100s' is no Avro name", own_space);
	if (!full_name(p, name, own_space ? own_space : space, &type->name))
		return false;
	const char *inner = namespace_of(p, type->name);
	if (!parse_list(p, json, "aliases", &type->aliases, &type->alias_count))
		return false;
	for (size_t i = 0; i < type->alias_count; i++)
		if (!full_name(p, type->aliases[i], inner, &type->aliases[i]))
			return false;
	enum type_kind builtin;
	if (find_kind(type->name, &builtin))
		return parse_fail(p, "'%s' is the name of a built-in type", type->name);
	if (find_named(p, type->name))
		return parse_fail(p, "type '%s' is defined twice", type->name);
	if (p->named_count == p->named_capacity) {
		size_t capacity = p->named_capacity ? p->named_capacity * 2 : 16;
		struct named *named = arena_calloc(p->arena, capacity, sizeof(*named));
		if (p->named_count)
			memcpy(named, p->named, p->named_count * sizeof(*named));
		p->named = named;
		p->named_capacity = capacity;
	}
	*ret_index = p->named_count++;
	p->named[*ret_index] = (struct named){.name = type->name, .open = true};
	return true;
}

static bool parse_reference(
	struct parser *p, const char *name, const char *space, struct type *type)
{
	const char *wanted;
	if (!full_name(p, name, space, &wanted))
		return false;
	struct named *named = find_named(p, wanted);
	if (!named)
		named = find_named(p, name);
	if (!named)
		return parse_fail(p, "unknown type '%.100s'", name);
	if (named->open)
		return parse_fail(p, "type '%s' contains itself; a recursive schema makes no table",
			named->name);
	*type = named->type;
	return count_nodes(p, named->nodes, named->height);
}

static bool keep_default(struct parser *p, const json_t *object, struct field *field)
{
	const json_t *value = json_object_get(object, "default");
	if (!value)
		return true;
	if (!parse_check_default(p, field->type, value))
		return false;
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		return parse_fail(p, "the default cannot be written as JSON");
	field->default_json = arena_strdup(p->arena, text);
	free(text);
	return true;
}

static bool parse_field_name(struct parser *p, const json_t *json, struct field *field)
{
	if (!json_is_object(json))
		return parse_fail(p, "each field must be an object");
	if (!parse_text(p, json, "name", &field->name))
		return false;
	if (!field->name)
		return parse_fail(p, "a field needs a \"name\"");
	if (!parse_is_name(field->name, false))
		return parse_fail(p,
			"'%.100s' is no Avro name: letters, digits and _, no digit first; other "
			"headers fit as \"aliases\"",
			field->name);
	return true;
}

static bool parse_field(
	struct parser *p, const json_t *json, const char *space, bool column, struct field *field)
{
	if (!parse_field_name(p, json, field))
		return false;
	size_t before = path_push(p, field->name);
	if (!json_object_get(json, "type"))
		return parse_fail(p, "a field needs a \"type\"");
	if (json_object_get(json, "logicalType"))
		return parse_fail(p, "\"logicalType\" belongs inside the type: "
				     "\"type\": {\"type\": ..., \"logicalType\": ...}");
	field->type = arena_calloc(p->arena, 1, sizeof(*field->type));
	if (!parse_text(p, json, "doc", &field->doc) ||
		!parse_list(p, json, "aliases", &field->aliases, &field->alias_count) ||
		!parse_type(p, json_object_get(json, "type"), space, field->type) ||
		!keep_default(p, json, field))
		return false;
	if (column && !parse_column(p, json, field))
		return false;
	if (!column && json_object_get(json, "penstock.type"))
		return parse_fail(p, "\"penstock.type\" works on fields of the top-level record");
	path_pop(p, before);
	return true;
}

/* Notes that `field` goes by this name; no other field may. */
static bool take_name(
	struct parser *p, json_t *taken, const char *name, const char *field, bool alias)
{
	const json_t *other = json_object_get(taken, name);
	if (other && strcmp(json_string_value(other), field) != 0)
		return parse_fail(p, "'%s' names field '%s' and field '%s'", name,
			json_string_value(other), field);
	if (other && !alias)
		return parse_fail(p, "field '%s' stands twice", name);
	return json_object_set_new(taken, name, json_string(field)) == 0 ||
	       parse_fail(p, "'%.100s' is no UTF-8 text", name);
}

static bool check_distinct(struct parser *p, const struct type *type)
{
	json_t *taken = json_object();
	bool ok = true;
	for (size_t i = 0; ok && i < type->field_count; i++)
		ok = take_name(p, taken, type->fields[i].name, type->fields[i].name, false);
	for (size_t i = 0; ok && i < type->field_count; i++)
		for (size_t k = 0; ok && k < type->fields[i].alias_count; k++)
			ok = take_name(
				p, taken, type->fields[i].aliases[k], type->fields[i].name, true);
	json_decref(taken);
	return ok;
}

static bool parse_record(
	struct parser *p, const json_t *json, const char *space, bool root, struct type *type)
{
	const json_t *fields = json_object_get(json, "fields");
	size_t count = json_array_size(fields);
	if (!json_is_array(fields) || count == 0)
		return parse_fail(p, "a record needs \"fields\", one at least");
	if (count > max_columns)
		return parse_fail(
			p, "a record has %zu fields at most, not %zu", max_columns, count);
	type->fields = arena_calloc(p->arena, count, sizeof(*type->fields));
	for (size_t i = 0; i < count; i++, type->field_count++)
		if (!parse_field(p, json_array_get(fields, i), space, root, &type->fields[i]))
			return false;
	return check_distinct(p, type);
}

static bool parse_named(
	struct parser *p, const json_t *json, const char *space, bool root, struct type *type)
{
	size_t index = 0;
	size_t nodes = p->nodes;
	unsigned deepest = p->deepest;
	p->deepest = p->depth;
	if (!define(p, json, space, type, &index))
		return false;
	bool ok = type->kind == TYPE_RECORD
			  ? parse_record(p, json, namespace_of(p, type->name), root, type)
		  : type->kind == TYPE_ENUM ? parse_enum(p, json, type)
					    : parse_fixed(p, json, type);
	if (!ok || !parse_logical(p, json, type))
		return false;
	struct named *named = &p->named[index];
	*named = (struct named){.name = type->name,
		.type = *type,
		.nodes = p->nodes - nodes + 1,
		.height = p->deepest - p->depth};
	p->deepest = deepest > p->deepest ? deepest : p->deepest;
	return true;
}

static bool parse_items(struct parser *p, const json_t *json, const char *space, struct type *type)
{
	const char *member = type->kind == TYPE_ARRAY ? "items" : "values";
	const json_t *items = json_object_get(json, member);
	if (!items)
		return parse_fail(p, "a %s needs \"%s\"", type_kind_names[type->kind], member);
	struct type *inner = arena_calloc(p->arena, 1, sizeof(*inner));
	type->items = inner;
	return parse_type(p, items, space, inner);
}

/* A type by name alone, as "int" or as {"type": "int", ...}: json NULL or the object. */
static bool parse_by_name(struct parser *p, const char *name, const json_t *json, const char *space,
	struct type *type)
{
	if (!find_kind(name, &type->kind))
		return parse_reference(p, name, space, type);
	if (type->kind < TYPE_FIXED)
		return parse_logical(p, json, type);
	if (!json)
		return parse_fail(
			p, "type '%s' needs an object: {\"type\": \"%s\", ...}", name, name);
	if (type->kind == TYPE_ARRAY || type->kind == TYPE_MAP)
		return parse_items(p, json, space, type) && parse_logical(p, json, type);
	return parse_named(p, json, space, false, type);
}

static bool parse_union(struct parser *p, const json_t *json, const char *space, struct type *type)
{
	if (json_array_size(json) != 2)
		return parse_fail(p, "a union must be [\"null\", T] or [T, \"null\"]");
	struct type branches[2] = {0};
	for (size_t i = 0; i < 2; i++) {
		const json_t *branch = json_array_get(json, i);
		if (json_is_array(branch))
			return parse_fail(p, "a union stands directly in a union");
		const char *name = json_string_value(
			json_is_object(branch) ? json_object_get(branch, "type") : branch);
		if (name && strcmp(name, "null") == 0)
			branches[i].kind = TYPE_NULL;
		else if (!parse_type(p, branch, space, &branches[i]))
			return false;
	}
	if ((branches[0].kind == TYPE_NULL) == (branches[1].kind == TYPE_NULL))
		return parse_fail(p, "a union must be [\"null\", T] or [T, \"null\"]");
	*type = branches[branches[0].kind == TYPE_NULL];
	type->nullable = true;
	type->null_branch = branches[0].kind != TYPE_NULL;
	return true;
}

static bool parse_type(struct parser *p, const json_t *json, const char *space, struct type *type)
{
	p->depth++;
	if (!count_nodes(p, 1, 0))
		return false;
	const json_t *name = json_is_object(json) ? json_object_get(json, "type") : json;
	bool ok = false;
	if (json_is_array(json))
		ok = parse_union(p, json, space, type);
	else if (!json_is_string(name))
		ok = parse_fail(p, "a type must be a name, an object with a \"type\" or a union");
	else if (json_object_get(json, "penstock.type"))
		ok = parse_fail(p, "\"penstock.type\" belongs beside the field's name, not inside "
				   "its type");
	else
		ok = parse_by_name(p, json_string_value(name), json_is_object(json) ? json : NULL,
			space, type);
	if (ok && type->kind == TYPE_NULL)
		ok = parse_fail(p, "\"null\" stands only in a union: [\"null\", T]");
	p->depth--;
	return ok;
}

bool parse_root(struct parser *p, const json_t *json, struct type *ret_type)
{
	const char *name = json_string_value(json_object_get(json, "type"));
	if (!name || strcmp(name, "record") != 0)
		return parse_fail(p, "the top level must be {\"type\": \"record\", ...}");
	*ret_type = (struct type){.kind = TYPE_RECORD};
	return parse_named(p, json, "", true, ret_type);
}
