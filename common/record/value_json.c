/* SPDX-License-Identifier: Apache-2.0 */
#include "record/value_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "record/binary.h"
#include "record/decimal.h"
#include "record/plan.h"
#include "record/temporal.h"

const char **symbols_resolved(
	struct arena *arena, const struct type *writer, const struct type *reader)
{
	const char **symbols = arena_calloc(arena, writer->symbol_count, sizeof(*symbols));
	for (size_t i = 0; i < writer->symbol_count; i++) {
		symbols[i] = reader->enum_default;
		for (size_t k = 0; k < reader->symbol_count; k++)
			if (strcmp(writer->symbols[i], reader->symbols[k]) == 0)
				symbols[i] = reader->symbols[k];
	}
	return symbols;
}

bool default_avro(struct arena *arena, const struct field *field, const unsigned char **ret_bytes,
	size_t *ret_len, struct err *err)
{
	struct op op;
	if (!plan_op(arena, field->type, field, &op, err))
		return false;
	if (!op.default_bytes)
		BUG("field '%s' without source and default", field->name);
	*ret_bytes = op.default_bytes;
	*ret_len = op.default_len;
	return true;
}

static bool is_source(const struct type *writer, const struct type *reader, size_t at)
{
	for (size_t i = 0; i < reader->field_count; i++)
		if (schema_source_field(writer, &reader->fields[i]) == (int)at)
			return true;
	return false;
}

/* The reader's fields that the writer has, in the writer's order; then those it lacks. */
static bool record_members(struct arena *arena, struct json_op *op, struct err *err)
{
	const struct type *writer = op->writer;
	const struct type *reader = op->reader;
	size_t max = writer->field_count + reader->field_count;
	struct json_member *members = arena_calloc(arena, max, sizeof(*members));
	for (size_t i = 0; i < writer->field_count; i++)
		if (!is_source(writer, reader, i))
			members[i].skipped = writer->fields[i].type;
	op->member_count = writer->field_count;
	for (size_t i = 0; i < reader->field_count; i++) {
		const struct field *field = &reader->fields[i];
		int source = schema_source_field(writer, field);
		const struct type *from = source < 0 ? field->type : writer->fields[source].type;
		struct json_member *member =
			&members[source < 0 ? op->member_count++ : (size_t)source];
		member->name = field->name;
		if (!json_op_new(arena, from, field->type, NULL, &member->op, err))
			return false;
		if (source < 0 &&
			!default_avro(arena, field, &member->defaults, &member->default_len, err))
			return false;
	}
	op->members = members;
	return true;
}

bool json_op_new(struct arena *arena, const struct type *writer, const struct type *reader,
	const struct field *field, const struct json_op **ret_op, struct err *err)
{
	struct json_op *op = arena_calloc(arena, 1, sizeof(*op));
	op->writer = writer;
	op->reader = reader;
	op->raw = field && reader->kind == TYPE_STRING &&
		  (field->column_type == COLUMN_JSON || field->column_type == COLUMN_JSONB);
	if (reader->kind == TYPE_ENUM)
		op->symbols = symbols_resolved(arena, writer, reader);
	if (reader->kind == TYPE_RECORD && !record_members(arena, op, err))
		return false;
	if (reader->items &&
		!json_op_new(arena, writer->items, reader->items, NULL, &op->items, err))
		return false;
	*ret_op = op;
	return true;
}

bool value_is_null(
	const struct type *type, const unsigned char **at, const unsigned char *end, bool *ret_null)
{
	if (*at == end || (**at != 0 && **at != 2))
		return false;
	*ret_null = *(*at)++ == type->null_branch * 2;
	return true;
}

static bool skip_bytes(const unsigned char **at, const unsigned char *end, size_t n)
{
	if ((size_t)(end - *at) < n)
		return false;
	*at += n;
	return true;
}

/* The number of items that follow; a negative one has their bytes behind it. */
static bool read_count(const unsigned char **at, const unsigned char *end, int64_t *ret_count)
{
	int64_t size = 0;
	if (!binary_read_long(at, end, ret_count) || *ret_count == INT64_MIN)
		return false;
	if (*ret_count >= 0)
		return true;
	*ret_count = -*ret_count;
	return binary_read_long(at, end, &size) && size >= 0 && size <= end - *at;
}

static bool skip_items(const struct type *type, const unsigned char **at, const unsigned char *end)
{
	const unsigned char *key;
	size_t len;
	int64_t count;
	while (read_count(at, end, &count)) {
		if (count == 0)
			return true;
		for (int64_t i = 0; i < count; i++)
			if ((type->kind == TYPE_MAP && !binary_read_bytes(at, end, &key, &len)) ||
				!value_skip(type->items, at, end))
				return false;
	}
	return false;
}

static bool skip_record(const struct type *type, const unsigned char **at, const unsigned char *end)
{
	for (size_t i = 0; i < type->field_count; i++)
		if (!value_skip(type->fields[i].type, at, end))
			return false;
	return true;
}

bool value_skip(const struct type *type, const unsigned char **at, const unsigned char *end)
{
	const unsigned char *data;
	size_t len;
	int64_t number;
	bool null = false;
	if (type->nullable && !value_is_null(type, at, end, &null))
		return false;
	if (null)
		return true;
	switch (type->kind) {
	case TYPE_BOOLEAN:
		return skip_bytes(at, end, 1);
	case TYPE_INT:
	case TYPE_LONG:
	case TYPE_ENUM:
		return binary_read_long(at, end, &number);
	case TYPE_FLOAT:
		return skip_bytes(at, end, 4);
	case TYPE_DOUBLE:
		return skip_bytes(at, end, 8);
	case TYPE_FIXED:
		return skip_bytes(at, end, type->size);
	case TYPE_BYTES:
	case TYPE_STRING:
		return binary_read_bytes(at, end, &data, &len);
	case TYPE_RECORD:
		return skip_record(type, at, end);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return skip_items(type, at, end);
	case TYPE_NULL:
		break;
	}
	BUG("type kind %d", (int)type->kind);
}

static void put_hex(struct json_writer *json, const unsigned char *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	struct buf text;
	buf_init(&text, 2 * len + 8);
	buf_append_text(&text, "\\x");
	for (size_t i = 0; i < len; i++) {
		buf_append_byte(&text, (unsigned char)digits[data[i] >> 4]);
		buf_append_byte(&text, (unsigned char)digits[data[i] & 15]);
	}
	json_string_n(json, (const char *)text.data, text.len);
	buf_release(&text);
}

/* The shortest text that reads back as the same value; JSON has no word for what is not finite. */
static void put_real(struct json_writer *json, double value, bool single)
{
	char text[40];
	if (!isfinite(value)) {
		json_string(json, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
		return;
	}
	for (int digits = single ? 6 : 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
			break;
	}
	json_raw(json, text, strlen(text));
}

static bool put_decimal(
	struct json_writer *json, const struct type *type, const unsigned char *data, size_t len)
{
	struct decimal_groups groups;
	char text[DECIMAL_TEXT_SIZE];
	if (len == 0 || !decimal_groups(data, len, type->precision, type->scale, &groups))
		return false;
	json_raw(json, text, decimal_format(&groups, type->scale, text));
	return true;
}

/* Milliseconds and microseconds of logical types, as microseconds. */
static bool to_us(const struct type *writer, int64_t value, int64_t *ret_us)
{
	bool millis = writer->logical == LOGICAL_TIME_MILLIS ||
		      writer->logical == LOGICAL_TIMESTAMP_MILLIS ||
		      writer->logical == LOGICAL_LOCAL_TIMESTAMP_MILLIS;
	return !__builtin_mul_overflow(value, millis ? 1000 : 1, ret_us);
}

static bool put_integer(const struct json_op *op, int64_t value, struct json_writer *json)
{
	char text[TEMPORAL_TEXT_SIZE];
	int64_t us = 0;
	size_t n;
	switch (op->writer->logical) {
	case LOGICAL_NONE:
		if (op->reader->kind == TYPE_FLOAT || op->reader->kind == TYPE_DOUBLE)
			put_real(json,
				op->reader->kind == TYPE_FLOAT ? (double)(float)value
							       : (double)value,
				op->reader->kind == TYPE_FLOAT);
		else
			json_int(json, value);
		return op->writer->kind != TYPE_INT || value == (int32_t)value;
	case LOGICAL_DATE:
		if (value != (int32_t)value)
			return false;
		n = temporal_format_date(value, text);
		break;
	case LOGICAL_TIME_MILLIS:
	case LOGICAL_TIME_MICROS:
		if (!to_us(op->writer, value, &us) || us < 0 || us > TEMPORAL_DAY_US)
			return false;
		n = temporal_format_time(us, text);
		break;
	default:
		if (!to_us(op->writer, value, &us))
			return false;
		n = temporal_format_stamp(us,
			op->writer->logical == LOGICAL_TIMESTAMP_MILLIS ||
				op->writer->logical == LOGICAL_TIMESTAMP_MICROS,
			text);
		break;
	}
	json_string_n(json, text, n);
	return true;
}

static bool put_bytes(
	const struct json_op *op, const unsigned char *data, size_t len, struct json_writer *json)
{
	if (op->writer->logical == LOGICAL_DECIMAL)
		return put_decimal(json, op->writer, data, len);
	if (op->raw)
		json_raw(json, (const char *)data, len);
	else if (op->reader->kind == TYPE_STRING && !utf8_valid(data, len, NULL))
		return false;
	else if (op->reader->kind == TYPE_STRING)
		json_string_n(json, (const char *)data, len);
	else
		put_hex(json, data, len);
	return true;
}

static bool put_default(const struct json_member *member, struct json_writer *json)
{
	const unsigned char *at = member->defaults;
	return value_json(member->op, &at, member->defaults + member->default_len, json);
}

static bool put_record(const struct json_op *op, const unsigned char **at, const unsigned char *end,
	struct json_writer *json)
{
	json_object(json);
	for (size_t i = 0; i < op->member_count; i++) {
		const struct json_member *member = &op->members[i];
		if (!member->op) {
			if (!value_skip(member->skipped, at, end))
				return false;
			continue;
		}
		json_key(json, member->name);
		if (member->defaults ? !put_default(member, json)
				     : !value_json(member->op, at, end, json))
			return false;
	}
	json_object_end(json);
	return true;
}

static bool put_key(const unsigned char **at, const unsigned char *end, struct json_writer *json)
{
	const unsigned char *data;
	size_t len;
	if (!binary_read_bytes(at, end, &data, &len) || memchr(data, '\0', len) ||
		!utf8_valid(data, len, NULL))
		return false;
	struct buf key;
	buf_init(&key, len + 1);
	buf_append(&key, data, len);
	json_key(json, buf_text(&key));
	buf_release(&key);
	return true;
}

static bool put_items(const struct json_op *op, const unsigned char **at, const unsigned char *end,
	struct json_writer *json)
{
	bool map = op->reader->kind == TYPE_MAP;
	int64_t count;
	if (map)
		json_object(json);
	else
		json_array(json);
	while (read_count(at, end, &count)) {
		if (count == 0) {
			if (map)
				json_object_end(json);
			else
				json_array_end(json);
			return true;
		}
		for (int64_t i = 0; i < count; i++)
			if ((map && !put_key(at, end, json)) ||
				!value_json(op->items, at, end, json))
				return false;
	}
	return false;
}

static bool put_plain_real(const struct json_op *op, const unsigned char **at,
	const unsigned char *end, struct json_writer *json)
{
	const unsigned char *data = *at;
	bool single = op->writer->kind == TYPE_FLOAT;
	float value4;
	double value8;
	if (!skip_bytes(at, end, single ? 4 : 8))
		return false;
	if (single)
		memcpy(&value4, data, sizeof(value4));
	else
		memcpy(&value8, data, sizeof(value8));
	put_real(json, single ? (double)value4 : value8, single && op->reader->kind == TYPE_FLOAT);
	return true;
}

static bool put_scalar(const struct json_op *op, const unsigned char **at, const unsigned char *end,
	struct json_writer *json)
{
	const unsigned char *data = *at;
	size_t len = op->writer->size;
	int64_t number = 0;
	switch (op->writer->kind) {
	case TYPE_BOOLEAN:
		if (!skip_bytes(at, end, 1) || *data > 1)
			return false;
		json_bool(json, *data);
		return true;
	case TYPE_INT:
	case TYPE_LONG:
		return binary_read_long(at, end, &number) && put_integer(op, number, json);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return put_plain_real(op, at, end, json);
	case TYPE_ENUM:
		if (!binary_read_long(at, end, &number) || number < 0 ||
			(uint64_t)number >= op->writer->symbol_count)
			return false;
		json_string(json, op->symbols[number]);
		return true;
	case TYPE_FIXED:
		return skip_bytes(at, end, len) && put_bytes(op, data, len, json);
	default:
		return binary_read_bytes(at, end, &data, &len) && put_bytes(op, data, len, json);
	}
}

bool value_json_present(const struct json_op *op, const unsigned char **at,
	const unsigned char *end, struct json_writer *json)
{
	switch (op->reader->kind) {
	case TYPE_RECORD:
		return put_record(op, at, end, json);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return put_items(op, at, end, json);
	default:
		return put_scalar(op, at, end, json);
	}
}

bool value_json(const struct json_op *op, const unsigned char **at, const unsigned char *end,
	struct json_writer *json)
{
	bool null = false;
	if (op->writer->nullable && !value_is_null(op->writer, at, end, &null))
		return false;
	if (!null)
		return value_json_present(op, at, end, json);
	json_null(json);
	return true;
}
