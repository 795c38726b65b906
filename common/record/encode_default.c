/* SPDX-License-Identifier: Apache-2.0 */
/* A field's default, as the schema writes it, -> Avro. The schema checked its shape already. */
#include <string.h>

#include "record/binary.h"
#include "record/decimal.h"
#include "record/number.h"
#include "record/plan.h"
#include "record/temporal.h"

static const size_t max_default = 1 << 20;

static bool refuse(const struct op *op, const char *why, struct err *err)
{
	return err_config(
		err, "field '%s': the default %s", op->field ? op->field->name : "(item)", why);
}

/* Whole numbers of logical types have bounds of their own. */
static bool integer_fits(const struct type *type, int64_t value)
{
	switch (type->logical) {
	case LOGICAL_DATE:
		return value >= TEMPORAL_DATE_MIN && value <= TEMPORAL_DATE_MAX;
	case LOGICAL_TIME_MILLIS:
		return value >= 0 && value < TEMPORAL_DAY_US / 1000;
	case LOGICAL_TIME_MICROS:
		return value >= 0 && value < TEMPORAL_DAY_US;
	case LOGICAL_TIMESTAMP_MILLIS:
	case LOGICAL_LOCAL_TIMESTAMP_MILLIS:
		return value >= TEMPORAL_STAMP_MIN / 1000 && value <= INT64_MAX / 1000;
	case LOGICAL_TIMESTAMP_MICROS:
	case LOGICAL_LOCAL_TIMESTAMP_MICROS:
		return value >= TEMPORAL_STAMP_MIN;
	default:
		return true;
	}
}

static bool default_integer(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err)
{
	int64_t number = 0;
	if (number_int64(value->text, value->len, &number) != NUMBER_OK ||
		!integer_fits(op->type, number) ||
		(op->encode && op->takes_number && (number < op->min || number > op->max)))
		return refuse(op, "is out of range", err);
	binary_append_long(out, number);
	return true;
}

static bool default_real(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err)
{
	double number;
	float single;
	bool is_float = op->type->kind == TYPE_FLOAT;
	if (is_float ? number_float(value->text, value->len, &single) != NUMBER_OK
		     : number_double(value->text, value->len, &number) != NUMBER_OK)
		return refuse(op, "is out of range", err);
	if (is_float)
		buf_append(out, &single, sizeof(single));
	else
		buf_append(out, &number, sizeof(number));
	return true;
}

/* Code points 0 to 255, a byte each. */
static size_t take_bytes(struct buf *text)
{
	size_t n = 0;
	for (size_t i = 0; i < text->len; i++) {
		unsigned char byte = text->data[i];
		if (byte >= 0x80)
			byte = (unsigned char)(byte << 6 | (text->data[++i] & 0x3F));
		text->data[n++] = byte;
	}
	return n;
}

static bool default_bytes(const struct op *op, struct buf *text, struct buf *out, struct err *err)
{
	struct decimal_groups groups;
	size_t n = take_bytes(text);
	if (op->type->logical == LOGICAL_DECIMAL &&
		(n == 0 || !decimal_groups(
				   text->data, n, op->type->precision, op->type->scale, &groups)))
		return refuse(op, "is no decimal of this precision", err);
	if (op->type->kind == TYPE_BYTES)
		binary_append_bytes(out, text->data, n);
	else
		buf_append(out, text->data, n);
	return true;
}

static bool default_text(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err)
{
	struct encode_state state = {0};
	struct buf text;
	buf_init(&text, max_default);
	json_unescape(value, &text);
	bool ok;
	if (op->type->kind == TYPE_BYTES || op->type->kind == TYPE_FIXED) {
		ok = default_bytes(op, &text, out, err);
	} else {
		json_scanner_init(&state.scanner);
		ok = op->encode(&state, op, buf_text(&text), text.len, out) ||
		     refuse(op, state.why, err);
		json_scanner_release(&state.scanner);
	}
	buf_release(&text);
	return ok;
}

static bool default_record(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < op->child_count; i++) {
		const struct op *child = &op->children[i];
		struct json_value member;
		if (!json_find(value, child->field->name, &member))
			buf_append(out, child->default_bytes, child->default_len);
		else if (!encode_default(child, &member, out, err))
			return false;
	}
	return true;
}

static bool default_items(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err)
{
	const char *at = value->text + 1;
	struct json_value key;
	struct json_value item;
	bool map = op->type->kind == TYPE_MAP;
	/* One item a block: the count need not be known before. */
	while (map ? json_next_member(value, &at, &key, &item)
		   : json_next_element(value, &at, &item)) {
		binary_append_long(out, 1);
		if (map) {
			struct buf name;
			buf_init(&name, max_default);
			json_unescape(&key, &name);
			binary_append_bytes(out, name.data, name.len);
			buf_release(&name);
		}
		if (!encode_default(op->children, &item, out, err))
			return false;
	}
	binary_append_long(out, 0);
	return true;
}

bool encode_default(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err)
{
	if (value->kind == JSON_NULL) {
		buf_append_byte(out, op->null_byte);
		return true;
	}
	if (op->nullable)
		buf_append_byte(out, op->value_byte);
	switch (op->type->kind) {
	case TYPE_BOOLEAN:
		buf_append_byte(out, value->kind == JSON_TRUE);
		return true;
	case TYPE_INT:
	case TYPE_LONG:
		return default_integer(op, value, out, err);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return default_real(op, value, out, err);
	case TYPE_RECORD:
		return default_record(op, value, out, err);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return default_items(op, value, out, err);
	default:
		return default_text(op, value, out, err);
	}
}
