/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that hold the key of a text instead of the text. */
#include "record/binary.h"
#include "record/copy_op.h"

static bool read_text(const struct copy_op *op, const unsigned char **at, const unsigned char *end,
	const char **ret_text, size_t *ret_len)
{
	const unsigned char *data;
	int64_t index;
	if (op->writer->kind != TYPE_ENUM) {
		if (!binary_read_bytes(at, end, &data, ret_len))
			return false;
		*ret_text = (const char *)data;
		return true;
	}
	if (!binary_read_long(at, end, &index) || index < 0 ||
		(uint64_t)index >= op->writer->symbol_count)
		return false;
	*ret_text = op->symbols[index].text;
	*ret_len = op->symbols[index].len;
	return true;
}

/* A row whose text has no key is written all the same, and noted: it must not be sent. */
const unsigned char *copy_emit_key(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink)
{
	const char *text;
	size_t len;
	int32_t id = 0;
	if (!read_text(op, &at, end, &text, &len))
		return NULL;
	if (op->lookup) {
		const struct lookup_text *found = lookup_find(op->lookup, text, len);
		bool keyed = found && !found->wanted && !found->native;
		if (keyed) {
			id = found->id;
		} else if (!sink->unkeyed) {
			sink->unkeyed = op;
			sink->unkeyed_text = found;
		}
	}
	sink_put4(sink, 4);
	sink_put4(sink, (uint32_t)id);
	return at;
}

bool copy_op_text(const struct copy_op *op, const unsigned char *at, const unsigned char *end,
	const char **ret_text, size_t *ret_len)
{
	bool null;
	if (!copy_op_branch(op, &at, end, &null))
		return false;
	if (!null)
		return read_text(op, &at, end, ret_text, ret_len);
	*ret_text = NULL;
	return true;
}
