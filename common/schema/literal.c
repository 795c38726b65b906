/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/literal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void literal_append_text(struct buf *out, const char *text, size_t len)
{
	buf_append_text(out, memchr(text, '\\', len) ? "E'" : "'");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'' || text[i] == '\\')
			buf_append_byte(out, (unsigned char)text[i]);
		buf_append_byte(out, (unsigned char)text[i]);
	}
	buf_append_byte(out, '\'');
}

/* The bytes of an Avro default: code points 0 to 255, in place. */
static size_t take_bytes(const json_t *value, unsigned char *bytes)
{
	const unsigned char *text = (const unsigned char *)json_string_value(value);
	size_t len = json_string_length(value);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = text[i];
		if (byte >= 0x80) {
			i++;
			byte = (unsigned char)(byte << 6 | (text[i] & 0x3F));
		}
		bytes[n++] = byte;
	}
	return n;
}

static void append_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
	buf_append_text(out, "decode('");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", bytes[i]);
	buf_append_text(out, "', 'hex')");
}

/* Divides the big-endian number by ten in place; returns the remainder. */
static unsigned divide_by_ten(unsigned char *bytes, size_t n)
{
	unsigned rest = 0;
	for (size_t i = 0; i < n; i++) {
		rest = rest << 8 | bytes[i];
		bytes[i] = (unsigned char)(rest / 10);
		rest %= 10;
	}
	return rest;
}

static void negate(unsigned char *bytes, size_t n)
{
	unsigned carry = 1;
	for (size_t i = n; i-- > 0;) {
		carry += (unsigned char)~bytes[i];
		bytes[i] = (unsigned char)carry;
		carry >>= 8;
	}
}

/* Two's complement -> "-12.50"; the digits come out last first. */
static void append_decimal(struct buf *out, unsigned char *bytes, size_t n, int scale)
{
	char text[2048];
	size_t at = sizeof(text);
	bool negative = n > 0 && bytes[0] >= 0x80;
	if (negative)
		negate(bytes, n);
	bool zero = false;
	for (int digit = 0; (!zero || digit <= scale) && at > 2; digit++) {
		if (digit == scale && scale > 0)
			text[--at] = '.';
		text[--at] = (char)('0' + divide_by_ten(bytes, n));
		zero = true;
		for (size_t i = 0; i < n; i++)
			zero = zero && bytes[i] == 0;
	}
	buf_append_text(out, negative ? "-" : "");
	buf_append(out, text + at, sizeof(text) - at);
}

static void append_bytes(struct buf *out, const struct type *type, const json_t *value)
{
	unsigned char *bytes = malloc(json_string_length(value) + 1);
	if (!bytes)
		abort();
	size_t n = take_bytes(value, bytes);
	if (type->logical == LOGICAL_DECIMAL)
		append_decimal(out, bytes, n, type->scale);
	else
		append_hex(out, bytes, n);
	free(bytes);
}

/* Every temporal type is a count of units since an epoch; 'epoch' is read in the type itself. */
static const struct temporal {
	const char *epoch;
	const char *unit;
} temporals[] = {
	[LOGICAL_DATE] = {"DATE 'epoch'", "days"},
	[LOGICAL_TIME_MILLIS] = {"TIME '00:00'", "milliseconds"},
	[LOGICAL_TIME_MICROS] = {"TIME '00:00'", "microseconds"},
	[LOGICAL_TIMESTAMP_MILLIS] = {"TIMESTAMPTZ 'epoch'", "milliseconds"},
	[LOGICAL_TIMESTAMP_MICROS] = {"TIMESTAMPTZ 'epoch'", "microseconds"},
	[LOGICAL_LOCAL_TIMESTAMP_MILLIS] = {"TIMESTAMP 'epoch'", "milliseconds"},
	[LOGICAL_LOCAL_TIMESTAMP_MICROS] = {"TIMESTAMP 'epoch'", "microseconds"},
};

static void append_integer(struct buf *out, const struct field *field, json_int_t value)
{
	enum logical_type logical = field->type->logical;
	if (logical == LOGICAL_NONE) {
		const char *quote = field->column_type == COLUMN_TEXT ? "'" : "";
		buf_printf(out, "%s%" JSON_INTEGER_FORMAT "%s", quote, value, quote);
		return;
	}
	bool utc = field->column_type == COLUMN_TIMESTAMP &&
		   (logical == LOGICAL_TIMESTAMP_MILLIS || logical == LOGICAL_TIMESTAMP_MICROS);
	buf_printf(out, "(%s + INTERVAL '%" JSON_INTEGER_FORMAT " %s')",
		utc ? "TIMESTAMP 'epoch'" : temporals[logical].epoch, value,
		temporals[logical].unit);
}

static bool append_value(struct buf *out, const struct field *field, const json_t *value)
{
	switch (field->type->kind) {
	case TYPE_BOOLEAN:
		buf_append_text(out, json_is_true(value) ? "true" : "false");
		return true;
	case TYPE_INT:
	case TYPE_LONG:
		append_integer(out, field, json_integer_value(value));
		return true;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		buf_printf(out, "'%.17g'", json_number_value(value));
		return true;
	case TYPE_STRING:
	case TYPE_ENUM:
		literal_append_text(out, json_string_value(value), json_string_length(value));
		return true;
	case TYPE_BYTES:
	case TYPE_FIXED:
		append_bytes(out, field->type, value);
		return true;
	default:
		if (field->type->kind == TYPE_RECORD || json_array_size(value) ||
			json_object_size(value))
			return false;
		buf_append_text(out, field->type->kind == TYPE_ARRAY ? "'[]'" : "'{}'");
		return true;
	}
}

bool literal_append_default(struct buf *out, const struct field *field)
{
	json_t *value = json_loads(
		field->default_json, JSON_DECODE_ANY | JSON_ALLOW_NUL, &(json_error_t){0});
	if (!value)
		BUG("default of '%s' is no JSON", field->name);
	bool ok = append_value(out, field, value);
	json_decref(value);
	return ok;
}
