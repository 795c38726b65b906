/* SPDX-License-Identifier: Apache-2.0 */
#include "query/node.h"

#include <stdlib.h>
#include <string.h>

int node_line(const char *sql, size_t offset)
{
	int line = 1;
	for (size_t i = 0; i < offset && sql[i]; i++)
		line += sql[i] == '\n';
	return line;
}

bool node_is(const struct json_value *string, const char *text)
{
	return json_equals(string, text, strlen(text));
}

char *node_text(struct arena *arena, const struct json_value *string)
{
	struct buf buf;
	buf_init(&buf, string->len + 1);
	json_unescape(string, &buf);
	char *text = arena_strndup(arena, buf_text(&buf), buf.len);
	buf_release(&buf);
	return text;
}

char *node_member_text(struct arena *arena, const struct json_value *object, const char *name)
{
	struct json_value value;
	return json_find(object, name, &value) ? node_text(arena, &value) : arena_strdup(arena, "");
}

size_t node_member_size(const struct json_value *object, const char *name)
{
	struct json_value value;
	if (!json_find(object, name, &value) || value.kind != JSON_NUMBER || value.text[0] == '-')
		return 0;
	return (size_t)strtoull(value.text, NULL, 10);
}

size_t node_location(const struct json_value *node)
{
	struct json_value key;
	struct json_value value;
	size_t found = 0;
	if (node->kind == JSON_OBJECT) {
		found = node_member_size(node, "location");
		for (const char *at = node->text + 1;
			!found && json_next_member(node, &at, &key, &value);)
			found = node_location(&value);
	} else if (node->kind == JSON_ARRAY) {
		for (const char *at = node->text + 1;
			!found && json_next_element(node, &at, &value);)
			found = node_location(&value);
	}
	return found;
}

static bool next_saying(const struct json_value *object, const char **at,
	struct json_value *ret_key, struct json_value *ret_value)
{
	while (json_next_member(object, at, ret_key, ret_value))
		if (!node_is(ret_key, "location"))
			return true;
	return false;
}

static bool same_objects(const struct json_value *one, const struct json_value *other)
{
	const char *at[2] = {one->text + 1, other->text + 1};
	struct json_value keys[2];
	struct json_value values[2];
	for (;;) {
		bool more = next_saying(one, &at[0], &keys[0], &values[0]);
		if (more != next_saying(other, &at[1], &keys[1], &values[1]))
			return false;
		if (!more)
			return true;
		if (!node_same(&keys[0], &keys[1]) || !node_same(&values[0], &values[1]))
			return false;
	}
}

static bool same_arrays(const struct json_value *one, const struct json_value *other)
{
	const char *at[2] = {one->text + 1, other->text + 1};
	struct json_value values[2];
	for (;;) {
		bool more = json_next_element(one, &at[0], &values[0]);
		if (more != json_next_element(other, &at[1], &values[1]))
			return false;
		if (!more)
			return true;
		if (!node_same(&values[0], &values[1]))
			return false;
	}
}

bool node_same(const struct json_value *one, const struct json_value *other)
{
	if (one->kind != other->kind)
		return false;
	if (one->kind == JSON_OBJECT)
		return same_objects(one, other);
	if (one->kind == JSON_ARRAY)
		return same_arrays(one, other);
	return one->len == other->len && memcmp(one->text, other->text, one->len) == 0;
}
