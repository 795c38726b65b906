/* SPDX-License-Identifier: Apache-2.0 */
/* Passing over a record too long to be held; as strict about its bytes as value_skip. */
#include "format/avro_block.h"
#include "record/binary.h"

static bool fail(const struct avro_block *block, struct err *err)
{
	return avro_block_fail(block, "a record does not fit the schema in the file", err);
}

/* Moves over n bytes. */
static bool skip_bytes(struct avro_block *block, int64_t n, struct err *err)
{
	bool more = true;
	while (n > 0) {
		size_t held = block->data.len - block->at;
		size_t taken = (uint64_t)n < held ? (size_t)n : held;
		block->at += taken;
		n -= (int64_t)taken;
		if (n > 0 && !avro_block_more(block, &more, err))
			return false;
		if (!more)
			return fail(block, err);
	}
	return true;
}

static bool read_long(struct avro_block *block, int64_t *ret_value, struct err *err)
{
	bool more = true;
	if (block->data.len - block->at < BINARY_LONG_MAX && !avro_block_more(block, &more, err))
		return false;
	const unsigned char *start = block->data.data + block->at;
	const unsigned char *at = start;
	if (!binary_read_long(&at, block->data.data + block->data.len, ret_value))
		return fail(block, err);
	block->at += (size_t)(at - start);
	return true;
}

static bool skip_text(struct avro_block *block, struct err *err)
{
	int64_t len = 0;
	if (!read_long(block, &len, err))
		return false;
	return len >= 0 ? skip_bytes(block, len, err) : fail(block, err);
}

static bool skip_items(struct avro_block *block, const struct type *type, struct err *err)
{
	for (;;) {
		int64_t count = 0;
		int64_t size = 0;
		if (!read_long(block, &count, err))
			return false;
		if (count == 0)
			return true;
		if (count < 0 && !read_long(block, &size, err))
			return false;
		if (count == INT64_MIN || size < 0)
			return fail(block, err);
		count = count < 0 ? -count : count;
		for (int64_t i = 0; i < count; i++)
			if ((type->kind == TYPE_MAP && !skip_text(block, err)) ||
				!avro_block_skip(block, type->items, err))
				return false;
	}
}

static bool skip_record(struct avro_block *block, const struct type *type, struct err *err)
{
	for (size_t i = 0; i < type->field_count; i++)
		if (!avro_block_skip(block, type->fields[i].type, err))
			return false;
	return true;
}

/* Recursion is bounded by the schema's depth. */
bool avro_block_skip(struct avro_block *block, const struct type *type, struct err *err)
{
	int64_t number = 0;
	if (type->nullable) {
		if (!read_long(block, &number, err))
			return false;
		if (number != 0 && number != 1)
			return fail(block, err);
		if (number == type->null_branch)
			return true;
	}
	switch (type->kind) {
	case TYPE_BOOLEAN:
		return skip_bytes(block, 1, err);
	case TYPE_INT:
	case TYPE_LONG:
	case TYPE_ENUM:
		return read_long(block, &number, err);
	case TYPE_FLOAT:
		return skip_bytes(block, 4, err);
	case TYPE_DOUBLE:
		return skip_bytes(block, 8, err);
	case TYPE_FIXED:
		return skip_bytes(block, (int64_t)type->size, err);
	case TYPE_BYTES:
	case TYPE_STRING:
		return skip_text(block, err);
	case TYPE_RECORD:
		return skip_record(block, type, err);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return skip_items(block, type, err);
	case TYPE_NULL:
		break;
	}
	BUG("type kind %d", (int)type->kind);
}
