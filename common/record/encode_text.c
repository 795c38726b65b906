/* SPDX-License-Identifier: Apache-2.0 */
/* One function a type: a cell's text -> Avro. The text forms stand in encoder.h. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "record/binary.h"
#include "record/decimal.h"
#include "record/number.h"
#include "record/plan.h"
#include "record/temporal.h"

static bool fail(struct encode_state *state, const char *why)
{
	state->why = why;
	return false;
}

static bool full(struct encode_state *state)
{
	return fail(state, "the row is larger than a message may be");
}

static bool put_long(struct encode_state *state, struct buf *out, int64_t value)
{
	unsigned char *p = buf_reserve(out, BINARY_LONG_MAX);
	if (!p)
		return full(state);
	out->len = (size_t)(binary_put_long(p, value) - out->data);
	return true;
}

static bool put_bytes(struct encode_state *state, struct buf *out, const void *data, size_t n)
{
	unsigned char *p = buf_reserve(out, n + BINARY_LONG_MAX);
	if (!p)
		return full(state);
	p = binary_put_long(p, (int64_t)n);
	if (n)
		memcpy(p, data, n);
	out->len = (size_t)(p - out->data) + n;
	return true;
}

static bool put_raw(struct encode_state *state, struct buf *out, const void *data, size_t n)
{
	unsigned char *p = buf_reserve(out, n);
	if (!p)
		return full(state);
	memcpy(p, data, n);
	out->len += n;
	return true;
}

/* What is about to be encoded has the same bytes here: Avro is little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian hosts only");

static bool encode_boolean(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	static const struct {
		const char *word;
		unsigned char value;
	} words[] = {{"true", 1}, {"false", 0}, {"t", 1}, {"f", 0}, {"1", 1}, {"0", 0}, {"yes", 1},
		{"no", 0}};
	(void)op;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && strncasecmp(words[i].word, text, len) == 0)
			return put_raw(state, out, &words[i].value, 1);
	return fail(state, "expected true or false");
}

static bool encode_integer(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	int64_t value = 0;
	enum number_status status = number_int64(text, len, &value);
	if (status == NUMBER_SYNTAX)
		return fail(state, "expected a whole number");
	if (status == NUMBER_RANGE || value < op->min || value > op->max)
		return fail(state, op->max == INT16_MAX ? "out of range of a 2-byte integer"
				   : op->max == INT32_MAX
					   ? "out of range of a 4-byte integer (int)"
					   : "out of range of an 8-byte integer (long)");
	return put_long(state, out, value);
}

static bool encode_double(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	double value;
	enum number_status status = number_double(text, len, &value);
	(void)op;
	if (status != NUMBER_OK)
		return fail(state,
			status == NUMBER_SYNTAX ? "expected a number" : "out of range of a double");
	return put_raw(state, out, &value, sizeof(value));
}

static bool encode_float(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	float value;
	enum number_status status = number_float(text, len, &value);
	(void)op;
	if (status != NUMBER_OK)
		return fail(state,
			status == NUMBER_SYNTAX ? "expected a number" : "out of range of a float");
	return put_raw(state, out, &value, sizeof(value));
}

static bool text_failed(struct encode_state *state, const char *text, size_t len)
{
	return fail(state, memchr(text, '\0', len) ? "a NUL byte, Postgres has none in text"
						   : "not valid UTF-8");
}

static size_t count_characters(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xC0) != 0x80;
	return count;
}

static bool check_json(
	struct encode_state *state, const struct op *op, const char *text, size_t len)
{
	struct json_value value;
	const char *why;
	size_t at;
	if (!json_validate(&state->scanner, text, len, &value, &why, &at))
		return fail(state, "expected JSON");
	if (op->json == JSON_TEXT_JSONB && !json_fits_jsonb(text, len))
		return fail(
			state, "JSON that jsonb cannot hold (\\u0000 or a number beyond numeric)");
	return true;
}

static bool encode_string(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	if (!text_fits_postgres(text, len))
		return text_failed(state, text, len);
	if (op->limit && len > op->limit && count_characters(text, len) > op->limit)
		return fail(state, "longer than the column");
	if (op->json && !check_json(state, op, text, len))
		return false;
	return put_bytes(state, out, text, len);
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case, hyphens where they belong. */
static bool read_uuid(const char *text, size_t len, char ret_text[36])
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
		if (hyphen ? text[i] != '-' : hex_of(text[i]) < 0)
			return false;
		ret_text[i] = (char)(hyphen ? '-' : text[i] | 32);
	}
	return true;
}

static bool encode_uuid(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	char uuid[36];
	(void)op;
	if (!read_uuid(text, len, uuid))
		return fail(state, "expected a uuid, 8-4-4-4-12 hexadecimal digits");
	return put_bytes(state, out, uuid, sizeof(uuid));
}

static bool encode_uuid_fixed(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	char uuid[36];
	unsigned char bytes[16];
	size_t n = 0;
	(void)op;
	if (!read_uuid(text, len, uuid))
		return fail(state, "expected a uuid, 8-4-4-4-12 hexadecimal digits");
	for (size_t i = 0; i < 36; i += uuid[i] == '-' ? 1 : 2)
		if (uuid[i] != '-')
			bytes[n++] = (unsigned char)(hex_of(uuid[i]) << 4 | hex_of(uuid[i + 1]));
	return put_raw(state, out, bytes, sizeof(bytes));
}

static bool put_hex(struct encode_state *state, const char *hex, size_t len, struct buf *out)
{
	unsigned char *p = buf_reserve(out, len / 2);
	if (!p)
		return full(state);
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_of(hex[i]);
		int low = hex_of(hex[i + 1]);
		if (high < 0 || low < 0)
			return fail(state, "expected pairs of hexadecimal digits behind \\x");
		p[i / 2] = (unsigned char)(high << 4 | low);
	}
	out->len += len / 2;
	return true;
}

static bool encode_bytes(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	bool hex = len >= 2 && text[0] == '\\' && text[1] == 'x';
	size_t size = hex ? (len - 2) / 2 : len;
	if (hex && len % 2)
		return fail(state, "expected pairs of hexadecimal digits behind \\x");
	if (op->type->kind == TYPE_FIXED && size != op->type->size)
		return fail(state, "not as many bytes as the fixed type has");
	if (op->type->kind == TYPE_BYTES && !put_long(state, out, (int64_t)size))
		return false;
	return hex ? put_hex(state, text + 2, len - 2, out) : put_raw(state, out, text, len);
}

/* The bytes stand one behind `p`, where they stay when their length takes one byte. */
static size_t put_sized(unsigned char *p, const unsigned char *bytes, size_t n)
{
	if (n < 64) {
		*p = (unsigned char)(n << 1);
		return n + 1;
	}
	memmove(p + 2, bytes, n);
	binary_put_long(p, (int64_t)n);
	return n + 2;
}

/* They go to the end of `size` bytes, the sign fills those before. */
static size_t put_fixed(unsigned char *p, size_t size, const unsigned char *bytes, size_t n)
{
	int sign = bytes[0] >= 0x80 ? 0xFF : 0;
	memmove(p + size - n, bytes, n);
	memset(p, sign, size - n);
	return size;
}

static bool encode_decimal(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	static const char *const reasons[] = {[DECIMAL_SYNTAX] = "expected a decimal number",
		[DECIMAL_SCALE] = "more digits behind the point than the scale",
		[DECIMAL_RANGE] = "more digits than the precision"};
	bool fixed = op->type->kind == TYPE_FIXED;
	size_t size = fixed ? op->type->size : DECIMAL_MAX_BYTES;
	unsigned char *p = buf_reserve(out, size + DECIMAL_MAX_BYTES + BINARY_LONG_MAX);
	size_t n = 0;
	if (!p)
		return full(state);
	unsigned char *bytes = p + 1;
	enum decimal_status status = decimal_parse(text, len, op->precision, op->scale, bytes, &n);
	if (status != DECIMAL_OK)
		return fail(state, reasons[status]);
	out->len += fixed ? put_fixed(p, size, bytes, n) : put_sized(p, bytes, n);
	return true;
}

static bool temporal_failed(
	struct encode_state *state, enum temporal_status status, const char *expected)
{
	static const char *const reasons[] = {[TEMPORAL_RANGE] = "no such day or time",
		[TEMPORAL_PRECISION] = "more digits of a second than the type keeps",
		[TEMPORAL_ZONE] = "a zone, the type has none"};
	return fail(state, status == TEMPORAL_SYNTAX ? expected : reasons[status]);
}

static bool encode_date(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	int32_t days = 0;
	enum temporal_status status = temporal_date(text, len, &days);
	(void)op;
	if (status != TEMPORAL_OK)
		return temporal_failed(state, status, "expected a date, YYYY-MM-DD");
	return put_long(state, out, days);
}

static bool encode_time(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	int64_t us = 0;
	enum temporal_status status = temporal_time(text, len, op->digits, &us);
	if (status != TEMPORAL_OK)
		return temporal_failed(state, status, "expected a time, HH:MM[:SS[.ffffff]]");
	return put_long(state, out, op->digits == 3 ? us / 1000 : us);
}

static bool encode_stamp(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	int64_t us = 0;
	bool zone = op->type->logical == LOGICAL_TIMESTAMP_MILLIS ||
		    op->type->logical == LOGICAL_TIMESTAMP_MICROS;
	enum temporal_status status = temporal_stamp(text, len, op->digits, zone, &us);
	if (status != TEMPORAL_OK)
		return temporal_failed(state, status,
			zone ? "expected a timestamp, YYYY-MM-DD HH:MM[:SS[.ffffff]], UTC unless Z "
			       "or +-HH:MM follows"
			     : "expected a timestamp, YYYY-MM-DD HH:MM[:SS[.ffffff]]");
	/* Exact: temporal_stamp lets no digit below a millisecond pass. */
	return put_long(state, out, op->digits == 3 ? us / 1000 : us);
}

static size_t hash_symbol(const char *text, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static void build_symbols(struct arena *arena, struct op *op)
{
	size_t size = 8;
	while (size < 2 * op->type->symbol_count)
		size *= 2;
	op->slots = arena_calloc(arena, size, sizeof(*op->slots));
	op->slot_mask = size - 1;
	for (size_t i = 0; i < op->type->symbol_count; i++) {
		const char *symbol = op->type->symbols[i];
		size_t at = hash_symbol(symbol, strlen(symbol)) & op->slot_mask;
		while (op->slots[at])
			at = (at + 1) & op->slot_mask;
		op->slots[at] = (uint16_t)(i + 1);
	}
}

static bool encode_enum(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out)
{
	for (size_t at = hash_symbol(text, len) & op->slot_mask; op->slots[at];
		at = (at + 1) & op->slot_mask) {
		const char *symbol = op->type->symbols[op->slots[at] - 1];
		if (strlen(symbol) == len && memcmp(symbol, text, len) == 0)
			return put_long(state, out, op->slots[at] - 1);
	}
	return fail(state, "expected one of the enum's symbols");
}

static encode_text_fn integer_for(struct op *op)
{
	enum column_type column = op->field ? op->field->column_type : COLUMN_INT8;
	bool small = op->type->kind == TYPE_INT || column == COLUMN_INT4;
	op->takes_number = true;
	op->min = column == COLUMN_INT2 ? INT16_MIN : small ? INT32_MIN : INT64_MIN;
	op->max = column == COLUMN_INT2 ? INT16_MAX : small ? INT32_MAX : INT64_MAX;
	return encode_integer;
}

static encode_text_fn string_for(struct op *op)
{
	static const char varchar[] = "character varying(";
	if (!op->field || !op->field->column_sql)
		return encode_string;
	if (op->field->column_type == COLUMN_UUID)
		return encode_uuid;
	op->json = op->field->column_type == COLUMN_JSON    ? JSON_TEXT_JSON
		   : op->field->column_type == COLUMN_JSONB ? JSON_TEXT_JSONB
							    : JSON_TEXT_NO;
	if (strncmp(op->field->column_sql, varchar, sizeof(varchar) - 1) == 0)
		op->limit = strtoul(op->field->column_sql + sizeof(varchar) - 1, NULL, 10);
	return encode_string;
}

static encode_text_fn plain_for(struct arena *arena, struct op *op)
{
	switch (op->type->kind) {
	case TYPE_BOOLEAN:
		return encode_boolean;
	case TYPE_INT:
	case TYPE_LONG:
		return integer_for(op);
	case TYPE_FLOAT:
		op->takes_number = true;
		return encode_float;
	case TYPE_DOUBLE:
		op->takes_number = true;
		return encode_double;
	case TYPE_STRING:
		return string_for(op);
	case TYPE_FIXED:
		return op->field && op->field->column_type == COLUMN_UUID ? encode_uuid_fixed
									  : encode_bytes;
	case TYPE_BYTES:
		return encode_bytes;
	case TYPE_ENUM:
		build_symbols(arena, op);
		return encode_enum;
	default:
		return NULL;
	}
}

encode_text_fn encode_text_for(struct arena *arena, struct op *op)
{
	op->digits = 6;
	switch (op->type->logical) {
	case LOGICAL_NONE:
		return plain_for(arena, op);
	case LOGICAL_DATE:
		return encode_date;
	case LOGICAL_TIME_MILLIS:
		op->digits = 3;
		return encode_time;
	case LOGICAL_TIME_MICROS:
		return encode_time;
	case LOGICAL_TIMESTAMP_MILLIS:
	case LOGICAL_LOCAL_TIMESTAMP_MILLIS:
		op->digits = 3;
		return encode_stamp;
	case LOGICAL_TIMESTAMP_MICROS:
	case LOGICAL_LOCAL_TIMESTAMP_MICROS:
		return encode_stamp;
	case LOGICAL_DECIMAL:
		op->takes_number = true;
		op->precision = op->type->precision;
		op->scale = op->type->scale;
		return encode_decimal;
	case LOGICAL_UUID:
		return encode_uuid;
	}
	BUG("logical type %d", (int)op->type->logical);
}
