/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder's plan: one op a type, in a tree that mirrors the schema, made once. Not for other
 * folders.
 */
#ifndef PENSTOCK_RECORD_PLAN_H
#define PENSTOCK_RECORD_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_scan.h"
#include "format/reading.h"
#include "schema/schema.h"

struct op;

/* What an op needs besides its op: scratch memory, and where it says why it failed. */
struct encode_state {
	struct json_scanner scanner;
	struct buf text; /* an unescaped JSON string */
	const char *why; /* static, "expected ..." */
	char where[256]; /* path inside a nested value; "" at its top */
};

/* Appends the value of `text`; false with state->why. `out` may be left longer. */
typedef bool (*encode_text_fn)(struct encode_state *state, const struct op *op, const char *text,
	size_t len, struct buf *out);

enum json_text { JSON_TEXT_NO, JSON_TEXT_JSON, JSON_TEXT_JSONB };

struct form; /* encode_form.c */

struct op {
	encode_text_fn encode;	 /* NULL for nested types */
	const struct form *form; /* how its text is read, where not as the type says; or NULL */
	const struct type *type;
	const struct field *field; /* NULL for items of arrays and maps */
	bool nullable;
	unsigned char null_byte; /* the union's branch, encoded */
	unsigned char value_byte;
	bool takes_number; /* a JSON number's text may go to `encode` */
	int precision;
	int scale;
	int digits; /* of a second's fraction */
	int64_t min;
	int64_t max;
	size_t limit;	     /* characters of a varchar; 0: none */
	enum json_text json; /* the text must be JSON */
	uint16_t *slots;     /* of an enum: open addressing, symbol index + 1 */
	size_t slot_mask;
	const unsigned char *default_bytes; /* NULL: none */
	size_t default_len;
	struct op *children; /* fields of a record; one for items */
	size_t child_count;
};

/* Fills `op` for the type; ops, tables and defaults live in the arena. */
MUST_CHECK bool plan_op(struct arena *arena, const struct type *type, const struct field *field,
	struct op *ret_op, struct err *err);

/* The op's encode function and its numbers, by type; NULL for nested types. */
encode_text_fn encode_text_for(struct arena *arena, struct op *op);

/* Makes the op of a top-level field, and those below it, read texts as the configuration says. */
MUST_CHECK bool encode_form(
	struct arena *arena, const struct field_reading *reading, struct op *op, struct err *err);

/* Makes the op of a top-level field read a CSV cell's number with the dialect's signs. */
void encode_number_form(struct arena *arena, const struct csv_dialect *dialect, struct op *op);

/*
 * Appends the value of validated JSON text, the union's branch included; false with state->why and
 * state->where.
 */
MUST_CHECK bool encode_json(struct encode_state *state, const struct op *op,
	const struct json_value *value, struct buf *out);

/*
 * Appends a default (specification 1.11, "Complex Types": plain ints for dates, code points for
 * bytes), checked against Postgres' limits.
 */
MUST_CHECK bool encode_default(
	const struct op *op, const struct json_value *value, struct buf *out, struct err *err);

/* Whether JSON text is fit for Postgres' jsonb: no \u0000, no number beyond numeric. */
bool json_fits_jsonb(const char *text, size_t len);
/* Whether the n bytes are UTF-8 without NUL. */
bool text_fits_postgres(const char *text, size_t n);

#endif
