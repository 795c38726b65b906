/* SPDX-License-Identifier: Apache-2.0 */
/* What stands inside one type or field: names, texts, lists, and the rules of logical types. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema/parser.h"

const char *const type_kind_names[TYPE_KINDS] = {
	[TYPE_NULL] = "null",
	[TYPE_BOOLEAN] = "boolean",
	[TYPE_INT] = "int",
	[TYPE_LONG] = "long",
	[TYPE_FLOAT] = "float",
	[TYPE_DOUBLE] = "double",
	[TYPE_BYTES] = "bytes",
	[TYPE_STRING] = "string",
	[TYPE_FIXED] = "fixed",
	[TYPE_ENUM] = "enum",
	[TYPE_RECORD] = "record",
	[TYPE_ARRAY] = "array",
	[TYPE_MAP] = "map",
};

/* Logical types and the types they may stand on. */
static const struct logical_row {
	const char *name;
	enum logical_type logical;
	enum type_kind kind;
	enum type_kind other_kind;
} logical_rows[] = {
	{"date", LOGICAL_DATE, TYPE_INT, TYPE_INT},
	{"time-millis", LOGICAL_TIME_MILLIS, TYPE_INT, TYPE_INT},
	{"time-micros", LOGICAL_TIME_MICROS, TYPE_LONG, TYPE_LONG},
	{"timestamp-millis", LOGICAL_TIMESTAMP_MILLIS, TYPE_LONG, TYPE_LONG},
	{"timestamp-micros", LOGICAL_TIMESTAMP_MICROS, TYPE_LONG, TYPE_LONG},
	{"local-timestamp-millis", LOGICAL_LOCAL_TIMESTAMP_MILLIS, TYPE_LONG, TYPE_LONG},
	{"local-timestamp-micros", LOGICAL_LOCAL_TIMESTAMP_MICROS, TYPE_LONG, TYPE_LONG},
	{"decimal", LOGICAL_DECIMAL, TYPE_BYTES, TYPE_FIXED},
	{"uuid", LOGICAL_UUID, TYPE_STRING, TYPE_STRING},
};

static const char logical_list[] = "date, time-millis, time-micros, timestamp-millis, "
				   "timestamp-micros, local-timestamp-millis, "
				   "local-timestamp-micros, decimal, uuid";

/* Postgres' numeric(p, s) takes no more. */
static const int max_precision = 1000;
static const size_t max_fixed = 1000000;
static const size_t max_symbols = 10000;

bool parse_fail(struct parser *p, const char *fmt, ...)
{
	char message[1000];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	if (p->path_len == 0)
		return err_config(p->err, "%s: %s", p->origin, message);
	return err_config(p->err, "%s: field '%s': %s", p->origin, p->path, message);
}

bool parse_text(struct parser *p, const json_t *object, const char *member, const char **ret_text)
{
	const json_t *json = json_object_get(object, member);
	if (!json) {
		*ret_text = NULL;
		return true;
	}
	if (!json_is_string(json))
		return parse_fail(p, "\"%s\" must be a string", member);
	if (strlen(json_string_value(json)) != json_string_length(json))
		return parse_fail(p, "\"%s\" holds a NUL character", member);
	*ret_text = arena_strdup(p->arena, json_string_value(json));
	return true;
}

/* [A-Za-z_][A-Za-z0-9_]*, several of them joined by dots when `dots`. */
bool parse_is_name(const char *text, bool dots)
{
	bool start = true;
	for (; *text; text++) {
		bool letter = ((*text | 32) >= 'a' && (*text | 32) <= 'z') || *text == '_';
		bool digit = *text >= '0' && *text <= '9';
		if (letter || (digit && !start))
			start = false;
		else if (*text == '.' && dots && !start)
			start = true;
		else
			return false;
	}
	return !start;
}

bool parse_list(struct parser *p, const json_t *object, const char *member, const char ***ret_items,
	size_t *ret_count)
{
	const json_t *list = json_object_get(object, member);
	size_t count = json_array_size(list);
	if (list && !json_is_array(list))
		return parse_fail(p, "\"%s\" must be an array of strings", member);
	const char **items = arena_calloc(p->arena, count + 1, sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		const char *item = json_string_value(json_array_get(list, i));
		if (!item || strlen(item) != json_string_length(json_array_get(list, i)))
			return parse_fail(p, "\"%s\" must be an array of strings", member);
		items[i] = arena_strdup(p->arena, item);
	}
	*ret_items = items;
	*ret_count = count;
	return true;
}

/* Decimal digits a two's complement number of `size` bytes always holds. */
static int fixed_digits(size_t size)
{
	double digits = ((double)size * 8 - 1) * 0.30102999566398119521;
	return digits > max_precision ? max_precision : (int)digits;
}

static bool read_int(
	struct parser *p, const json_t *json, const char *member, json_int_t *value, bool required)
{
	const json_t *json_value = json_object_get(json, member);
	if (!json_value && !required)
		return true;
	if (!json_is_integer(json_value))
		return parse_fail(p, "\"%s\" must be a whole number", member);
	*value = json_integer_value(json_value);
	return true;
}

static bool parse_decimal(struct parser *p, const json_t *json, struct type *type)
{
	json_int_t precision = 0;
	json_int_t scale = 0;
	if (!read_int(p, json, "precision", &precision, true) ||
		!read_int(p, json, "scale", &scale, false))
		return false;
	if (precision < 1 || precision > max_precision)
		return parse_fail(p, "a decimal's \"precision\" must be 1 to %d", max_precision);
	if (scale < 0 || scale > precision)
		return parse_fail(
			p, "a decimal's \"scale\" must be 0 to its precision (%d)", (int)precision);
	if (type->kind == TYPE_FIXED && precision > fixed_digits(type->size))
		return parse_fail(p, "a fixed of %zu bytes holds %d decimal digits, not %d",
			type->size, fixed_digits(type->size), (int)precision);
	type->precision = (int)precision;
	type->scale = (int)scale;
	return true;
}

bool parse_logical(struct parser *p, const json_t *json, struct type *type)
{
	const char *name;
	if (!parse_text(p, json, "logicalType", &name))
		return false;
	if (!name)
		return true;
	for (size_t i = 0; i < sizeof(logical_rows) / sizeof(logical_rows[0]); i++) {
		const struct logical_row *row = &logical_rows[i];
		if (strcmp(row->name, name) != 0)
			continue;
		if (type->kind != row->kind && type->kind != row->other_kind)
			return parse_fail(p, "logicalType '%s' stands on %s%s%s, not on %s", name,
				type_kind_names[row->kind],
				row->kind == row->other_kind ? "" : " or ",
				row->kind == row->other_kind ? ""
							     : type_kind_names[row->other_kind],
				type_kind_names[type->kind]);
		type->logical = row->logical;
		return row->logical != LOGICAL_DECIMAL || parse_decimal(p, json, type);
	}
	return parse_fail(p, "logicalType '%.100s' is not known; known are %s", name, logical_list);
}

bool parse_fixed(struct parser *p, const json_t *json, struct type *type)
{
	json_int_t size = 0;
	if (!read_int(p, json, "size", &size, true))
		return false;
	if (size < 1 || size > (json_int_t)max_fixed)
		return parse_fail(p, "the \"size\" of a fixed must be 1 to %zu", max_fixed);
	type->size = (size_t)size;
	return true;
}

static const char *repeated(const char *const *items, size_t count)
{
	const char *twice = NULL;
	json_t *seen = json_object();
	for (size_t i = 0; i < count && !twice; i++) {
		if (json_object_get(seen, items[i]))
			twice = items[i];
		json_object_set_new(seen, items[i], json_true());
	}
	json_decref(seen);
	return twice;
}

bool parse_enum(struct parser *p, const json_t *json, struct type *type)
{
	if (!parse_list(p, json, "symbols", &type->symbols, &type->symbol_count) ||
		!parse_text(p, json, "default", &type->enum_default))
		return false;
	if (type->symbol_count < 1 || type->symbol_count > max_symbols)
		return parse_fail(p, "an enum has 1 to %zu \"symbols\"", max_symbols);
	bool found = !type->enum_default;
	for (size_t i = 0; i < type->symbol_count; i++) {
		if (!parse_is_name(type->symbols[i], false))
			return parse_fail(
				p, "enum symbol '%.100s' is no Avro name", type->symbols[i]);
		found |= type->enum_default && strcmp(type->enum_default, type->symbols[i]) == 0;
	}
	const char *twice = repeated(type->symbols, type->symbol_count);
	if (twice)
		return parse_fail(p, "enum symbol '%s' stands twice", twice);
	return found ||
	       parse_fail(p, "enum default '%.100s' is none of its symbols", type->enum_default);
}
