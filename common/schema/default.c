/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a field's default is a value of its type (specification 1.11, "Complex Types"). */
#include <string.h>

#include "base/text.h"
#include "schema/parser.h"

static bool wrong(struct parser *p, const struct type *type)
{
	return parse_fail(p, "the default is no value of type %s", type_kind_names[type->kind]);
}

/* The spec writes bytes as a string of code points 0-255, one a byte; *ret_count is how many. */
static bool count_bytes(const json_t *value, size_t *ret_count)
{
	const unsigned char *text = (const unsigned char *)json_string_value(value);
	size_t len = json_string_length(value);
	size_t count = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] > 0xC3)
			return false;
		count += (text[i] & 0xC0) != 0x80;
	}
	*ret_count = count;
	return true;
}

static bool check_bytes(struct parser *p, const struct type *type, const json_t *value)
{
	size_t count = 0;
	if (!json_is_string(value) || !count_bytes(value, &count))
		return parse_fail(
			p, "the default of bytes is a string of characters \\u0000 to \\u00ff");
	if (type->kind == TYPE_FIXED && count != type->size)
		return parse_fail(p, "the default has %zu bytes, the type %zu", count, type->size);
	return true;
}

static bool check_string(struct parser *p, const struct type *type, const json_t *value)
{
	if (!json_is_string(value))
		return wrong(p, type);
	const char *text = json_string_value(value);
	if (memchr(text, '\0', json_string_length(value)))
		return parse_fail(
			p, "the default holds a NUL character, Postgres has none in text");
	if (type->kind != TYPE_ENUM)
		return true;
	for (size_t i = 0; i < type->symbol_count; i++)
		if (strcmp(type->symbols[i], text) == 0)
			return true;
	return parse_fail(p, "the default '%.100s' is none of the symbols", text);
}

static bool check_integer(struct parser *p, const struct type *type, const json_t *value)
{
	json_int_t number = json_integer_value(value);
	bool ok = json_is_integer(value) &&
		  (type->kind == TYPE_LONG || (number >= INT32_MIN && number <= INT32_MAX));
	return ok || wrong(p, type);
}

static bool check_record(struct parser *p, const struct type *type, const json_t *value)
{
	if (!json_is_object(value))
		return wrong(p, type);
	size_t found = 0;
	for (size_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		const json_t *member = json_object_get(value, field->name);
		found += member != NULL;
		if (!member && !field->default_json)
			return parse_fail(p, "the default lacks '%s'", field->name);
		if (member && !parse_check_default(p, field->type, member))
			return false;
	}
	return found == json_object_size(value) ||
	       parse_fail(p, "the default has members the record does not");
}

static bool check_items(struct parser *p, const struct type *type, const json_t *value)
{
	if (type->kind == TYPE_ARRAY) {
		if (!json_is_array(value))
			return wrong(p, type);
		for (size_t i = 0; i < json_array_size(value); i++)
			if (!parse_check_default(p, type->items, json_array_get(value, i)))
				return false;
		return true;
	}
	if (!json_is_object(value))
		return wrong(p, type);
	const char *key;
	json_t *item;
	json_object_foreach((json_t *)value, key, item)
	{
		if (!parse_check_default(p, type->items, item))
			return false;
	}
	return true;
}

bool parse_check_default(struct parser *p, const struct type *type, const json_t *value)
{
	if (type->nullable && type->null_branch == 0)
		return json_is_null(value) ||
		       parse_fail(
			       p, "the default must be null: \"null\" stands first in the union");
	switch (type->kind) {
	case TYPE_BOOLEAN:
		return json_is_boolean(value) || wrong(p, type);
	case TYPE_INT:
	case TYPE_LONG:
		return check_integer(p, type, value);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return json_is_number(value) || wrong(p, type);
	case TYPE_BYTES:
	case TYPE_FIXED:
		return check_bytes(p, type, value);
	case TYPE_STRING:
	case TYPE_ENUM:
		return check_string(p, type, value);
	case TYPE_RECORD:
		return check_record(p, type, value);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return check_items(p, type, value);
	case TYPE_NULL:
		break;
	}
	BUG("type kind %d", (int)type->kind);
}
