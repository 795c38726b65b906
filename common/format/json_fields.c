/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_path.h"
#include "base/text.h"

#define NAME_SHOWN 200

static const char *const kind_names[] = {
	[JSON_NULL] = "null",
	[JSON_FALSE] = "false",
	[JSON_TRUE] = "true",
	[JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string",
	[JSON_ARRAY] = "an array",
	[JSON_OBJECT] = "an object",
};

/* ---- the tree of columns ---- */

static struct json_node *find_child(struct json_node *node, const char *name)
{
	for (size_t i = 0; i < node->child_count; i++)
		if (strcmp(node->children[i].name, name) == 0)
			return &node->children[i];
	return NULL;
}

/* The child of this name, made when there is none. `most` children at most. */
static struct json_node *get_child(
	struct json_node *node, const char *name, size_t most, struct arena *arena)
{
	struct json_node *child = find_child(node, name);
	if (child)
		return child;
	if (!node->children) {
		node->children = arena_calloc(arena, most, sizeof(*node->children));
		node->guesses = arena_calloc(arena, most, sizeof(*node->guesses));
	}
	child = &node->children[node->child_count++];
	*child = (struct json_node){.name = name, .name_len = strlen(name), .column = -1};
	return child;
}

static bool is_path(const struct reading *reading, const char *column)
{
	for (size_t i = 0; i < reading->field_count; i++) {
		const char *path = reading->fields[i].path;
		if (path && *path && strcmp(path, column) == 0)
			return true;
	}
	return false;
}

static void add_column(struct json_fields *fields, struct reader *reader, size_t column)
{
	const char *name = reader->columns.items[column];
	size_t most = reader->columns.count;
	struct json_node *node = &fields->root;
	if (is_path(reader->reading, name)) {
		struct json_path path = json_path_split(name, &reader->arena);
		for (size_t i = 0; i < path.count; i++)
			node = get_child(node, path.names[i], most, &reader->arena);
	} else {
		node = get_child(node, name, most, &reader->arena);
	}
	node->column = (int)column;
}

void json_fields_init(struct json_fields *fields, struct reader *reader)
{
	size_t count = reader->columns.count;
	json_scanner_init(&fields->scanner);
	buf_init(&fields->name, RECORD_MAX_BYTES);
	fields->root = (struct json_node){.name = "", .column = -1};
	fields->cells = calloc(count + 1, sizeof(*fields->cells));
	if (!fields->cells)
		BUG("out of memory: %zu columns", count);
	for (size_t i = 0; i < count; i++)
		add_column(fields, reader, i);
}

void json_fields_release(struct json_fields *fields)
{
	json_scanner_release(&fields->scanner);
	buf_release(&fields->name);
	free(fields->cells);
}

/* ---- a record ---- */

/* The child called `key`, looked for first where the record before had it. */
static struct json_node *find_member(
	struct json_node *node, size_t place, const struct json_value *key)
{
	if (place < node->guess_count) {
		struct json_node *guess = &node->children[node->guesses[place]];
		if (json_equals(key, guess->name, guess->name_len))
			return guess;
	}
	for (size_t i = 0; i < node->child_count; i++) {
		if (!json_equals(key, node->children[i].name, node->children[i].name_len))
			continue;
		if (place < node->child_count) {
			node->guesses[place] = i;
			if (place == node->guess_count)
				node->guess_count++;
		}
		return &node->children[i];
	}
	return NULL;
}

/* "customer.address": the steps down to here, for messages. */
static void enter_name(struct buf *name, const char *step, size_t len)
{
	if (name->len)
		buf_append_byte(name, '.');
	buf_append(name, step, len);
}

static bool fail_here(struct json_fields *fields, struct reader *reader, const char *why)
{
	struct buf shown;
	buf_init(&shown, sizeof(reader->column));
	text_excerpt(&shown, (const char *)fields->name.data, fields->name.len, NAME_SHOWN);
	memcpy(reader->column, buf_text(&shown), shown.len + 1);
	buf_release(&shown);
	reader_bad(reader, reader->column, "%s", why);
	return false;
}

static bool unknown_member(
	struct json_fields *fields, struct reader *reader, const struct json_value *key)
{
	if (fields->name.len)
		buf_append_byte(&fields->name, '.');
	json_unescape(key, &fields->name);
	return fail_here(fields, reader, "a member the schema does not name");
}

static struct cell cell_of(const struct json_value *value)
{
	return (struct cell){.data = value->text,
		.len = (uint32_t)value->len,
		.kind = value->kind == JSON_NULL ? CELL_NULL : CELL_JSON};
}

static bool walk(struct json_fields *fields, struct reader *reader, struct json_node *node,
	const struct json_value *value);

static bool walk_object(struct json_fields *fields, struct reader *reader, struct json_node *node,
	const struct json_value *object)
{
	const char *at = object->text + 1;
	/* A column of its own keeps the whole: then nothing in it is unknown. */
	bool refuse = reader->reading->unknown == UNKNOWN_REFUSE && node->column < 0;
	struct json_value key;
	struct json_value value;
	for (size_t place = 0; json_next_member(object, &at, &key, &value); place++) {
		struct json_node *child = find_member(node, place, &key);
		if (child ? !walk(fields, reader, child, &value)
			  : refuse && !unknown_member(fields, reader, &key))
			return false;
	}
	return true;
}

static bool walk_array(struct json_fields *fields, struct reader *reader, struct json_node *node,
	const struct json_value *array)
{
	const char *at = array->text + 1;
	struct json_value value;
	for (size_t place = 0; json_next_element(array, &at, &value); place++) {
		for (size_t i = 0; i < node->child_count; i++) {
			size_t index = 0;
			if (json_path_index(node->children[i].name, &index) && index == place &&
				!walk(fields, reader, &node->children[i], &value))
				return false;
		}
	}
	return true;
}

/* The way leads on into `value`; depth is a path's, JSON_PATH_MAX_NAMES. */
static bool walk_into(struct json_fields *fields, struct reader *reader, struct json_node *node,
	const struct json_value *value)
{
	if (value->kind == JSON_OBJECT)
		return walk_object(fields, reader, node, value);
	if (value->kind == JSON_ARRAY && node != &fields->root)
		return walk_array(fields, reader, node, value);
	/* Where there is nothing, nothing lies deeper. */
	if (value->kind == JSON_NULL && node != &fields->root)
		return true;
	char why[64];
	snprintf(why, sizeof(why), "%s, expected an object", kind_names[value->kind]);
	return fail_here(fields, reader, why);
}

static bool walk(struct json_fields *fields, struct reader *reader, struct json_node *node,
	const struct json_value *value)
{
	size_t len = fields->name.len;
	if (node->column >= 0)
		fields->cells[node->column] = cell_of(value);
	if (node->child_count == 0)
		return true;
	enter_name(&fields->name, node->name, node->name_len);
	if (!walk_into(fields, reader, node, value))
		return false;
	fields->name.len = len;
	return true;
}

void json_fields_read(
	struct json_fields *fields, struct reader *reader, const char *text, size_t len)
{
	size_t count = reader->columns.count;
	struct json_value record;
	const char *why = NULL;
	size_t at = 0;
	if (!json_validate(&fields->scanner, text, len, &record, &why, &at)) {
		reader_bad(reader, "", "%s at byte %zu of the record", why, at);
		return;
	}
	for (size_t i = 0; i < count; i++)
		fields->cells[i] = (struct cell){.data = "", .kind = CELL_MISSING};
	buf_clear(&fields->name);
	if (!walk_into(fields, reader, &fields->root, &record))
		return;
	reader->record.cells = fields->cells;
	reader->record.cell_count = count;
}
