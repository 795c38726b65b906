/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One column of the transcoder's plan: an Avro value -> a field of a COPY BINARY tuple, its length
 * word included (PostgreSQL, "COPY", Binary Format; each type's recv function). Not for other
 * folders.
 */
#ifndef PENSTOCK_RECORD_COPY_OP_H
#define PENSTOCK_RECORD_COPY_OP_H

#include "base/arena.h"
#include "base/buf.h"
#include "record/lookup.h"
#include "record/value_json.h"
#include "schema/schema.h"

/*
 * Where tuples go. `p` always has room for the row's parts of bounded size (`bound` bytes);
 * sink_room makes more for what has no bound.
 */
struct sink {
	unsigned char *p;
	unsigned char *limit;
	struct buf *buf;
	size_t bound;
	const struct copy_op *unkeyed; /* the first whose text has no key, since it was NULL */
	const struct lookup_text *unkeyed_text; /* NULL: nobody looked it up */
};

/* Room for n bytes beside the bound; false when the buf is at its maximum. */
bool sink_grow(struct sink *sink, size_t n);

static inline bool sink_room(struct sink *sink, size_t n)
{
	return (size_t)(sink->limit - sink->p) >= n + sink->bound || sink_grow(sink, n);
}

struct copy_op;

/* Reads a value (not null) at `at`, writes the field; returns the byte behind, NULL when it is bad.
 */
typedef const unsigned char *(*copy_emit_fn)(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink);

struct symbol {
	const char *text;
	uint32_t len;
};

struct copy_op {
	copy_emit_fn emit;
	bool nullable; /* as written */
	unsigned char null_byte;
	int64_t factor; /* of times: to microseconds */
	int64_t shift;	/* to Postgres' epoch */
	const struct type *writer;
	const struct field *field; /* the reader's */
	const struct symbol *symbols;
	const struct json_op *json;
	const struct lookup *lookup; /* of COLUMN_KEY; NULL: every key is 0 */
};

/* Fills the op and tells the most bytes its bounded part takes. */
MUST_CHECK bool copy_op_init(struct arena *arena, const struct type *writer,
	const struct field *field, struct copy_op *ret_op, size_t *ret_bound, struct err *err);

/* The union's branch, behind which *at moves; false when it is none. */
static inline bool copy_op_branch(const struct copy_op *op, const unsigned char **at,
	const unsigned char *end, bool *ret_null)
{
	*ret_null = false;
	if (!op->nullable)
		return true;
	if (*at == end || **at > 2 || **at == 1)
		return false;
	*ret_null = *(*at)++ == op->null_byte;
	return true;
}

/* copy_key.c: of COLUMN_KEY. */
const unsigned char *copy_emit_key(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink);
/* The text that a COLUMN_KEY op would look up, borrowed; *ret_text NULL: null. False when the bytes
 * are bad. */
MUST_CHECK bool copy_op_text(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, const char **ret_text, size_t *ret_len);

/* With the union's branch; NULL when the bytes are bad. */
const unsigned char *copy_op_run(const struct copy_op *op, const unsigned char *at,
	const unsigned char *end, struct sink *sink);

static inline void sink_put2(struct sink *sink, uint16_t value)
{
	value = __builtin_bswap16(value);
	memcpy(sink->p, &value, sizeof(value));
	sink->p += sizeof(value);
}

static inline void sink_put4(struct sink *sink, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(sink->p, &value, sizeof(value));
	sink->p += sizeof(value);
}

static inline void sink_put8(struct sink *sink, uint64_t value)
{
	value = __builtin_bswap64(value);
	memcpy(sink->p, &value, sizeof(value));
	sink->p += sizeof(value);
}

#endif
