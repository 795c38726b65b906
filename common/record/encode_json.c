/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validated JSON -> Avro: scalars by their text forms, nested types by recursion, which the
 * schema's depth bounds.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "record/binary.h"
#include "record/plan.h"

static bool fail(struct encode_state *state, const char *why)
{
	state->why = why;
	return false;
}

/* Puts a step before the path; called while the recursion unwinds after a failure. */
static bool fail_in(struct encode_state *state, const char *step, size_t len)
{
	char deeper[sizeof(state->where)];
	memcpy(deeper, state->where, sizeof(deeper));
	snprintf(state->where, sizeof(state->where), "%.*s%s%.180s", (int)(len < 64 ? len : 64),
		step, deeper[0] ? "." : "", deeper);
	return false;
}

bool text_fits_postgres(const char *text, size_t n)
{
	static const uint64_t ones = 0x0101010101010101u;
	static const uint64_t highs = 0x8080808080808080u;
	size_t i = 0;
	/* Eight bytes at once while all are ASCII and none is zero. */
	for (; i + 8 <= n; i += 8) {
		uint64_t word;
		memcpy(&word, text + i, 8);
		if ((word | (word - ones)) & highs)
			return !memchr(text + i, '\0', n - i) && utf8_valid(text + i, n - i, NULL);
	}
	for (; i < n; i++)
		if (text[i] <= 0)
			return !memchr(text + i, '\0', n - i) && utf8_valid(text + i, n - i, NULL);
	return true;
}

/* numeric has 131,072 digits before the point and 16,383 behind it; these bounds are far inside. */
static bool number_fits(const char *p, const char *end)
{
	const char *start = p;
	while (p < end && (*p | 32) != 'e')
		p++;
	if (p - start > 16000)
		return false;
	if (p == end)
		return true;
	p += 1 + (p[1] == '-' || p[1] == '+');
	while (p < end && *p == '0')
		p++;
	int64_t exponent = 0;
	for (; p < end && exponent < 100000; p++)
		exponent = exponent * 10 + (*p - '0');
	return exponent <= 300;
}

bool json_fits_jsonb(const char *text, size_t len)
{
	const char *end = text + len;
	for (const char *p = text; p < end;) {
		if (*p == '"') {
			for (p++; *p != '"'; p += 1 + (*p == '\\'))
				if (memcmp(p, "\\u0000", end - p < 6 ? (size_t)(end - p) : 6) == 0)
					return false;
			p++;
		} else if (*p == '-' || (*p >= '0' && *p <= '9')) {
			const char *start = p;
			while (p < end && ((*p >= '0' && *p <= '9') || strchr("+-.eE", *p)))
				p++;
			if (!number_fits(start, p))
				return false;
		} else {
			p++;
		}
	}
	return true;
}

static bool encode_scalar(struct encode_state *state, const struct op *op,
	const struct json_value *value, struct buf *out)
{
	switch (value->kind) {
	case JSON_STRING:
		buf_clear(&state->text);
		json_unescape(value, &state->text);
		if (state->text.overflow)
			return fail(state, "the row is larger than a message may be");
		return op->encode(state, op, buf_text(&state->text), state->text.len, out);
	case JSON_NUMBER:
		if (!op->takes_number)
			return fail(state, "a JSON number, expected a string");
		return op->encode(state, op, value->text, value->len, out);
	case JSON_TRUE:
	case JSON_FALSE:
		if (op->type->kind != TYPE_BOOLEAN)
			return fail(state, "true or false, the field is no boolean");
		buf_append_byte(out, value->kind == JSON_TRUE);
		return true;
	default:
		return fail(state, "a JSON object or array, the field is no nested type");
	}
}

/* The member's field, looked for from `hint` on: members mostly come in the schema's order. */
static size_t find_child(const struct op *op, const struct json_value *key, size_t hint)
{
	for (size_t i = 0; i < op->child_count; i++) {
		size_t at = hint + i < op->child_count ? hint + i : hint + i - op->child_count;
		const char *name = op->children[at].field->name;
		if (json_equals(key, name, strlen(name)))
			return at;
	}
	return op->child_count;
}

static bool check_members(
	struct encode_state *state, const struct op *op, const struct json_value *value)
{
	struct json_value key;
	struct json_value member;
	size_t hint = 0;
	const char *at = value->text + 1;
	while (json_next_member(value, &at, &key, &member)) {
		size_t child = find_child(op, &key, hint);
		if (child == op->child_count) {
			fail(state, "the record has no such member");
			return fail_in(state, key.text + 1, key.len - 2);
		}
		hint = child + 1 < op->child_count ? child + 1 : 0;
	}
	return true;
}

static bool encode_member(struct encode_state *state, const struct op *op,
	const struct json_value *record, struct buf *out)
{
	struct json_value value;
	bool ok = true;
	if (json_find(record, op->field->name, &value))
		ok = encode_json(state, op, &value, out);
	else if (op->default_bytes)
		buf_append(out, op->default_bytes, op->default_len);
	else if (op->nullable)
		buf_append_byte(out, op->null_byte);
	else
		ok = fail(state, "missing");
	return ok || fail_in(state, op->field->name, strlen(op->field->name));
}

static bool encode_record(struct encode_state *state, const struct op *op,
	const struct json_value *value, struct buf *out)
{
	if (value->kind != JSON_OBJECT)
		return fail(state, "expected a JSON object");
	if (!check_members(state, op, value))
		return false;
	for (size_t i = 0; i < op->child_count; i++)
		if (!encode_member(state, &op->children[i], value, out))
			return false;
	return true;
}

static bool encode_array(struct encode_state *state, const struct op *op,
	const struct json_value *value, struct buf *out)
{
	struct json_value item;
	int64_t count = 0;
	if (value->kind != JSON_ARRAY)
		return fail(state, "expected a JSON array");
	for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
		count++;
	if (count)
		binary_append_long(out, count);
	for (const char *at = value->text + 1; json_next_element(value, &at, &item);)
		if (!encode_json(state, op->children, &item, out))
			return fail_in(state, "[]", 2);
	binary_append_long(out, 0);
	return true;
}

static bool encode_map(struct encode_state *state, const struct op *op,
	const struct json_value *value, struct buf *out)
{
	struct json_value key;
	struct json_value item;
	int64_t count = 0;
	if (value->kind != JSON_OBJECT)
		return fail(state, "expected a JSON object");
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);)
		count++;
	if (count)
		binary_append_long(out, count);
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &item);) {
		buf_clear(&state->text);
		json_unescape(&key, &state->text);
		if (state->text.len && memchr(state->text.data, '\0', state->text.len))
			return fail(state,
				"a NUL character in a member name, Postgres has none in text");
		binary_append_bytes(out, state->text.data, state->text.len);
		if (!encode_json(state, op->children, &item, out))
			return fail_in(state, key.text + 1, key.len - 2);
	}
	binary_append_long(out, 0);
	return true;
}

bool encode_json(struct encode_state *state, const struct op *op, const struct json_value *value,
	struct buf *out)
{
	if (value->kind == JSON_NULL) {
		if (!op->nullable)
			return fail(state, "null, the field is not nullable");
		buf_append_byte(out, op->null_byte);
		return true;
	}
	if (op->nullable)
		buf_append_byte(out, op->value_byte);
	switch (op->type->kind) {
	case TYPE_RECORD:
		return encode_record(state, op, value, out);
	case TYPE_ARRAY:
		return encode_array(state, op, value, out);
	case TYPE_MAP:
		return encode_map(state, op, value, out);
	default:
		return encode_scalar(state, op, value, out);
	}
}
