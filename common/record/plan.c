/* SPDX-License-Identifier: Apache-2.0 */
#include "record/plan.h"

#include <string.h>

static const size_t max_default = 2 << 20;

static bool plan_default(struct arena *arena, struct op *op, struct err *err)
{
	const char *text = op->field->default_json;
	struct json_scanner scanner;
	struct json_value value;
	struct buf bytes;
	const char *why;
	size_t at;
	json_scanner_init(&scanner);
	buf_init(&bytes, max_default);
	bool ok = json_validate(&scanner, text, strlen(text), &value, &why, &at) ||
		  err_config(err, "field '%s': the default is no JSON: %s", op->field->name, why);
	ok = ok && encode_default(op, &value, &bytes, err);
	if (ok && bytes.overflow)
		ok = err_config(err, "field '%s': the default is too large", op->field->name);
	if (ok) {
		unsigned char *copy = arena_alloc(arena, bytes.len);
		memcpy(copy, bytes.data, bytes.len);
		op->default_bytes = copy;
		op->default_len = bytes.len;
	}
	buf_release(&bytes);
	json_scanner_release(&scanner);
	return ok;
}

static bool plan_children(struct arena *arena, struct op *op, struct err *err)
{
	const struct type *type = op->type;
	op->child_count = type->kind == TYPE_RECORD ? type->field_count : 1;
	op->children = arena_calloc(arena, op->child_count, sizeof(*op->children));
	if (type->kind != TYPE_RECORD)
		return plan_op(arena, type->items, NULL, op->children, err);
	for (size_t i = 0; i < type->field_count; i++)
		if (!plan_op(arena, type->fields[i].type, &type->fields[i], &op->children[i], err))
			return false;
	return true;
}

bool plan_op(struct arena *arena, const struct type *type, const struct field *field,
	struct op *ret_op, struct err *err)
{
	struct op op = {.type = type, .field = field, .nullable = type->nullable};
	op.null_byte = type->null_branch ? 2 : 0;
	op.value_byte = type->null_branch ? 0 : 2;
	op.encode = encode_text_for(arena, &op);
	if (!op.encode && !plan_children(arena, &op, err))
		return false;
	if (field && field->default_json && !plan_default(arena, &op, err))
		return false;
	*ret_op = op;
	return true;
}
