/* SPDX-License-Identifier: Apache-2.0 */
#include "record/copy_op.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/binary.h"
#include "record/decimal.h"
#include "record/temporal.h"

bool sink_grow(struct sink *sink, size_t n)
{
	sink->buf->len = (size_t)(sink->p - sink->buf->data);
	unsigned char *p = buf_reserve(sink->buf, n + sink->bound);
	if (!p)
		return false;
	sink->p = p;
	sink->limit = sink->buf->data + sink->buf->capacity;
	return true;
}

static const unsigned char *emit_bool(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	(void)op;
	if (at == end || *at > 1)
		return NULL;
	sink_put4(sink, 1);
	*sink->p++ = *at;
	return at + 1;
}

static const unsigned char *emit_int2(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t value;
	(void)op;
	if (!binary_read_long(&at, end, &value) || value != (int16_t)value)
		return NULL;
	sink_put4(sink, 2);
	sink_put2(sink, (uint16_t)value);
	return at;
}

/* Integers and dates. */
static const unsigned char *emit_int4(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t value;
	if (!binary_read_long(&at, end, &value) || value != (int32_t)value)
		return NULL;
	sink_put4(sink, 4);
	sink_put4(sink, (uint32_t)(value - op->shift));
	return at;
}

static const unsigned char *emit_int8(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t value;
	(void)op;
	if (!binary_read_long(&at, end, &value))
		return NULL;
	sink_put4(sink, 8);
	sink_put8(sink, (uint64_t)value);
	return at;
}

/* Times and timestamps: microseconds since Postgres' epoch. */
static const unsigned char *emit_us(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t value;
	if (!binary_read_long(&at, end, &value) ||
		__builtin_mul_overflow(value, op->factor, &value) ||
		__builtin_sub_overflow(value, op->shift, &value))
		return NULL;
	sink_put4(sink, 8);
	sink_put8(sink, (uint64_t)value);
	return at;
}

static void put_real(const struct copy_op *op, double value, struct sink *sink)
{
	uint32_t bits4;
	uint64_t bits8;
	float single = (float)value;
	if (op->field->type->kind == TYPE_FLOAT)
		value = (double)single;
	if (op->field->column_type == COLUMN_FLOAT4) {
		memcpy(&bits4, &single, sizeof(bits4));
		sink_put4(sink, 4);
		sink_put4(sink, bits4);
	} else {
		memcpy(&bits8, &value, sizeof(bits8));
		sink_put4(sink, 8);
		sink_put8(sink, bits8);
	}
}

static const unsigned char *emit_real_of_integer(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t value;
	if (!binary_read_long(&at, end, &value))
		return NULL;
	/* Straight to float where that is wanted: double between would round twice. */
	put_real(op, op->field->type->kind == TYPE_FLOAT ? (double)(float)value : (double)value,
		sink);
	return at;
}

static const unsigned char *emit_real(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	bool single = op->writer->kind == TYPE_FLOAT;
	float value4;
	double value8;
	if ((size_t)(end - at) < (single ? 4 : 8))
		return NULL;
	if (single)
		memcpy(&value4, at, sizeof(value4));
	else
		memcpy(&value8, at, sizeof(value8));
	put_real(op, single ? (double)value4 : value8, sink);
	return at + (single ? 4 : 8);
}

static void put_numeric(const struct decimal_groups *groups, int scale, struct sink *sink)
{
	sink_put4(sink, (uint32_t)(8 + 2 * groups->count));
	sink_put2(sink, (uint16_t)groups->count);
	sink_put2(sink, (uint16_t)(groups->count ? groups->weight : 0));
	sink_put2(sink, groups->negative && groups->count ? 0x4000 : 0);
	sink_put2(sink, (uint16_t)scale);
	for (int i = 0; i < groups->count; i++)
		sink_put2(sink, groups->digits[i]);
}

static const unsigned char *emit_numeric(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	const struct type *type = op->writer;
	const unsigned char *data = at;
	size_t len = type->size;
	struct decimal_groups groups;
	if (type->kind == TYPE_FIXED) {
		if ((size_t)(end - at) < len)
			return NULL;
		at += len;
	} else if (!binary_read_bytes(&at, end, &data, &len)) {
		return NULL;
	}
	if (len == 0 || !decimal_groups(data, len, type->precision, type->scale, &groups))
		return NULL;
	put_numeric(&groups, type->scale, sink);
	return at;
}

static const unsigned char *emit_numeric_of_integer(const struct copy_op *op,
	const unsigned char *at, const unsigned char *end, struct sink *sink)
{
	int64_t value;
	struct decimal_groups groups;
	(void)op;
	if (!binary_read_long(&at, end, &value))
		return NULL;
	uint64_t big = __builtin_bswap64((uint64_t)value);
	if (!decimal_groups((const unsigned char *)&big, sizeof(big), 19, 0, &groups))
		return NULL;
	put_numeric(&groups, 0, sink);
	return at;
}

static const unsigned char *emit_text_of_integer(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t value;
	char text[24];
	(void)op;
	if (!binary_read_long(&at, end, &value))
		return NULL;
	int n = snprintf(text, sizeof(text), "%" PRId64, value);
	sink_put4(sink, (uint32_t)n);
	memcpy(sink->p, text, (size_t)n);
	sink->p += n;
	return at;
}

/* text, varchar, bytea and json are their bytes. */
static const unsigned char *emit_bytes(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	const unsigned char *data;
	size_t len;
	(void)op;
	if (!binary_read_bytes(&at, end, &data, &len) || !sink_room(sink, len + 4))
		return NULL;
	sink_put4(sink, (uint32_t)len);
	memcpy(sink->p, data, len);
	sink->p += len;
	return at;
}

/* jsonb has a version byte before its text. */
static const unsigned char *emit_jsonb_text(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	const unsigned char *data;
	size_t len;
	(void)op;
	if (!binary_read_bytes(&at, end, &data, &len) || !sink_room(sink, len + 5))
		return NULL;
	sink_put4(sink, (uint32_t)len + 1);
	*sink->p++ = 1;
	memcpy(sink->p, data, len);
	sink->p += len;
	return at;
}

/* bytea, and uuid of 16 bytes. */
static const unsigned char *emit_fixed(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	size_t len = op->writer->size;
	if ((size_t)(end - at) < len || !sink_room(sink, len + 4))
		return NULL;
	sink_put4(sink, (uint32_t)len);
	memcpy(sink->p, at, len);
	sink->p += len;
	return at + len;
}

static int hex_of(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const unsigned char *emit_uuid_text(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	const unsigned char *data;
	size_t len;
	(void)op;
	if (!binary_read_bytes(&at, end, &data, &len) || len != 36)
		return NULL;
	sink_put4(sink, 16);
	for (size_t i = 0; i < 36; i += 2) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (data[i++] != '-')
				return NULL;
		}
		int high = hex_of(data[i]);
		int low = hex_of(data[i + 1]);
		if (high < 0 || low < 0)
			return NULL;
		*sink->p++ = (unsigned char)(high << 4 | low);
	}
	return at;
}

static const unsigned char *emit_enum(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	int64_t index;
	if (!binary_read_long(&at, end, &index) || index < 0 ||
		(uint64_t)index >= op->writer->symbol_count)
		return NULL;
	const struct symbol *symbol = &op->symbols[index];
	if (!sink_room(sink, symbol->len + 4))
		return NULL;
	sink_put4(sink, symbol->len);
	memcpy(sink->p, symbol->text, symbol->len);
	sink->p += symbol->len;
	return at;
}

static const unsigned char *emit_nested(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	struct json_writer json;
	struct buf *buf = sink->buf;
	size_t start = (size_t)(sink->p - buf->data);
	sink_put4(sink, 0);
	if (op->field->column_type == COLUMN_JSONB)
		*sink->p++ = 1;
	buf->len = (size_t)(sink->p - buf->data);
	json_begin(&json, buf);
	if (!value_json_present(op->json, &at, end, &json) || buf->overflow)
		return NULL;
	uint32_t len = __builtin_bswap32((uint32_t)(buf->len - start - 4));
	memcpy(buf->data + start, &len, sizeof(len));
	sink->p = buf->data + buf->len;
	sink->limit = buf->data + buf->capacity;
	return sink_room(sink, 0) ? at : NULL;
}

static const struct symbol *make_symbols(
	struct arena *arena, const struct type *writer, const struct type *reader)
{
	const char **texts = symbols_resolved(arena, writer, reader);
	struct symbol *symbols = arena_calloc(arena, writer->symbol_count, sizeof(*symbols));
	for (size_t i = 0; i < writer->symbol_count; i++)
		symbols[i] = (struct symbol){texts[i], (uint32_t)strlen(texts[i])};
	return symbols;
}

/* Which function makes a column of a written kind; the first row that fits. */
static const struct emit_row {
	uint32_t kinds;
	uint32_t columns;
	copy_emit_fn emit;
	size_t bound; /* without the length word */
} emit_rows[] = {
#define K(kind)	  (1u << TYPE_##kind)
#define C(column) (1u << COLUMN_##column)
	{K(BOOLEAN), C(BOOL), emit_bool, 1},
	{K(INT) | K(LONG), C(INT2), emit_int2, 2},
	{K(INT) | K(LONG), C(INT4) | C(DATE), emit_int4, 4},
	{K(INT) | K(LONG), C(INT8), emit_int8, 8},
	{K(INT) | K(LONG), C(TIME) | C(TIMESTAMP) | C(TIMESTAMPTZ), emit_us, 8},
	{K(INT) | K(LONG), C(FLOAT4) | C(FLOAT8), emit_real_of_integer, 8},
	{K(INT) | K(LONG), C(NUMERIC), emit_numeric_of_integer, 8 + 2 * 5},
	{K(INT) | K(LONG), C(TEXT), emit_text_of_integer, 20},
	{K(FLOAT) | K(DOUBLE), C(FLOAT4) | C(FLOAT8), emit_real, 8},
	{K(BYTES) | K(FIXED), C(NUMERIC), emit_numeric, 8 + 2 * (DECIMAL_MAX_DIGITS / 4 + 4)},
	{K(FIXED), C(BYTEA) | C(UUID), emit_fixed, 0},
	{K(BYTES) | K(STRING), C(UUID), emit_uuid_text, 16},
	{K(BYTES) | K(STRING), C(JSONB), emit_jsonb_text, 0},
	{K(BYTES) | K(STRING), C(TEXT) | C(BYTEA) | C(JSON), emit_bytes, 0},
	{K(ENUM), C(TEXT), emit_enum, 0},
	{K(BYTES) | K(STRING) | K(ENUM), C(KEY), copy_emit_key, 4},
	{K(RECORD) | K(ARRAY) | K(MAP), C(JSON) | C(JSONB), emit_nested, 1},
#undef K
#undef C
};

static const struct emit_row *find_row(enum type_kind kind, enum column_type column)
{
	for (size_t i = 0; i < sizeof(emit_rows) / sizeof(emit_rows[0]); i++)
		if (emit_rows[i].kinds >> kind & 1 && emit_rows[i].columns >> column & 1)
			return &emit_rows[i];
	BUG("no way from type kind %d to column type %d", (int)kind, (int)column);
}

static void set_units(struct copy_op *op)
{
	enum logical_type logical = op->writer->logical;
	bool millis = logical == LOGICAL_TIME_MILLIS || logical == LOGICAL_TIMESTAMP_MILLIS ||
		      logical == LOGICAL_LOCAL_TIMESTAMP_MILLIS;
	op->factor = millis ? 1000 : 1;
	if (op->field->column_type == COLUMN_DATE)
		op->shift = TEMPORAL_PG_DAYS;
	else if (op->emit == emit_us && op->field->column_type != COLUMN_TIME)
		op->shift = TEMPORAL_PG_US;
}

bool copy_op_init(struct arena *arena, const struct type *writer, const struct field *field,
	struct copy_op *ret_op, size_t *ret_bound, struct err *err)
{
	const struct emit_row *row = find_row(writer->kind, field->column_type);
	struct copy_op op = {.emit = row->emit, .writer = writer, .field = field};
	op.nullable = writer->nullable;
	op.null_byte = writer->null_branch ? 2 : 0;
	set_units(&op);
	if (writer->kind == TYPE_ENUM)
		op.symbols = make_symbols(arena, writer, field->type);
	if (row->emit == emit_nested &&
		!json_op_new(arena, writer, field->type, field, &op.json, err))
		return false;
	*ret_op = op;
	*ret_bound = 4 + row->bound;
	if (row->emit == emit_numeric)
		*ret_bound = 4 + 8 + 2 * ((size_t)writer->precision / 4 + 4);
	return true;
}

const unsigned char *copy_op_run(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	bool null;
	if (!copy_op_branch(op, &at, end, &null))
		return NULL;
	if (!null)
		return op->emit(op, at, end, sink);
	sink_put4(sink, UINT32_MAX);
	return at;
}
