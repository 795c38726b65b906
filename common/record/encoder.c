/* SPDX-License-Identifier: Apache-2.0 */
#include "record/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "record/plan.h"

static const size_t max_arena = (size_t)256 << 20;
/* A cell is never larger than a message. */
static const size_t max_text = 4 << 20;
static const size_t max_quote = 60;

struct encoder {
	struct arena arena;
	struct op *ops;
	size_t count;
	struct encode_state state;
};

static bool plan_fields(struct encoder *encoder, const struct schema *schema, struct err *err)
{
	encoder->count = schema->field_count;
	encoder->ops = arena_calloc(&encoder->arena, encoder->count, sizeof(*encoder->ops));
	for (size_t i = 0; i < encoder->count; i++) {
		const struct field *field = &schema->fields[i];
		if (!plan_op(&encoder->arena, field->type, field, &encoder->ops[i], err))
			return false;
	}
	return true;
}

static bool apply_forms(struct encoder *encoder, const struct schema *schema,
	const struct reading *reading, struct err *err)
{
	for (size_t i = 0; reading->format == FORMAT_CSV && i < encoder->count; i++)
		encode_number_form(&encoder->arena, &reading->csv, &encoder->ops[i]);
	for (size_t i = 0; i < reading->field_count; i++) {
		const struct field_reading *field = &reading->fields[i];
		int at = schema_find_field(schema, field->name, strlen(field->name), false);
		if (at < 0)
			return err_config(
				err, "fields: '%s' is no field of %s", field->name, schema->name);
		if (!encode_form(&encoder->arena, field, &encoder->ops[at], err))
			return err_prefix(err, "fields.%s", field->name);
	}
	return true;
}

bool encoder_new(const struct schema *schema, const struct reading *reading,
	struct encoder **ret_encoder, struct err *err)
{
	struct encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		abort();
	arena_init(&encoder->arena, max_arena);
	json_scanner_init(&encoder->state.scanner);
	buf_init(&encoder->state.text, max_text);
	if (!plan_fields(encoder, schema, err) ||
		(reading && !apply_forms(encoder, schema, reading, err))) {
		encoder_free(encoder);
		return false;
	}
	*ret_encoder = encoder;
	return true;
}

bool encoder_check_field(
	const struct field *field, const struct field_reading *reading, struct err *err)
{
	struct arena arena;
	struct op op;
	arena_init(&arena, max_arena);
	bool ok = plan_op(&arena, field->type, field, &op, err) &&
		  encode_form(&arena, reading, &op, err);
	arena_release(&arena);
	return ok;
}

void encoder_free(struct encoder *encoder)
{
	if (!encoder)
		return;
	json_scanner_release(&encoder->state.scanner);
	buf_release(&encoder->state.text);
	arena_release(&encoder->arena);
	free(encoder);
}

static bool encode_nested_text(
	struct encode_state *state, const struct op *op, const struct cell *cell, struct buf *out)
{
	struct json_value value;
	size_t at;
	if (json_validate(&state->scanner, cell->data, cell->len, &value, &state->why, &at))
		return encode_json(state, op, &value, out);
	state->why = "expected JSON";
	return false;
}

static bool encode_missing(struct encode_state *state, const struct op *op, struct buf *out)
{
	if (op->default_bytes)
		buf_append(out, op->default_bytes, op->default_len);
	else if (op->nullable)
		buf_append_byte(out, op->null_byte);
	else
		state->why = "missing, the field is not nullable and has no default";
	return op->default_bytes || op->nullable;
}

/* All but the common case, text of a scalar. */
static bool encode_other(
	struct encode_state *state, const struct op *op, const struct cell *cell, struct buf *out)
{
	switch ((enum cell_kind)cell->kind) {
	case CELL_MISSING:
		return encode_missing(state, op, out);
	case CELL_NULL:
		state->why = "null, the field is not nullable";
		if (op->nullable)
			buf_append_byte(out, op->null_byte);
		return op->nullable;
	case CELL_TEXT:
		return encode_nested_text(state, op, cell, out);
	case CELL_JSON: {
		static const enum json_kind kinds[256] = {['{'] = JSON_OBJECT,
			['['] = JSON_ARRAY,
			['"'] = JSON_STRING,
			['t'] = JSON_TRUE,
			['f'] = JSON_FALSE,
			['-'] = JSON_NUMBER};
		unsigned char first = (unsigned char)cell->data[0];
		struct json_value value = {kinds[first], cell->data, cell->len};
		if (first >= '0' && first <= '9')
			value.kind = JSON_NUMBER;
		return encode_json(state, op, &value, out);
	}
	}
	BUG("cell kind %d", cell->kind);
}

static bool encode_cell(
	struct encode_state *state, const struct op *op, const struct cell *cell, struct buf *out)
{
	if (cell->kind != CELL_TEXT || !op->encode)
		return encode_other(state, op, cell, out);
	if (op->nullable)
		buf_append_byte(out, op->value_byte);
	return op->encode(state, op, cell->data, cell->len, out);
}

static bool explain(const struct encode_state *state, const struct cell *cell, struct err *err)
{
	const char *in = state->where[0] ? " in " : "";
	struct buf quote;
	if (cell->kind == CELL_MISSING || cell->kind == CELL_NULL)
		return err_fail(err, ERR_DATA, "%s", state->why);
	buf_init(&quote, 4 * max_quote + 16);
	text_excerpt(&quote, cell->data, cell->len, max_quote);
	err_fail(err, ERR_DATA, "'%s'%s%s: %s", buf_text(&quote), in, state->where, state->why);
	buf_release(&quote);
	return false;
}

bool encoder_row(struct encoder *encoder, const struct cell *cells, struct buf *out, int *ret_field,
	struct err *err)
{
	struct encode_state *state = &encoder->state;
	size_t before = out->len;
	bool was_full = out->overflow;
	for (size_t i = 0; i < encoder->count; i++) {
		if (encode_cell(state, &encoder->ops[i], &cells[i], out) && !out->overflow)
			continue;
		if (out->overflow)
			state->why = "the row is larger than a message may be";
		out->len = before;
		out->overflow = was_full;
		*ret_field = (int)i;
		explain(state, &cells[i], err);
		state->where[0] = '\0';
		return false;
	}
	return true;
}
