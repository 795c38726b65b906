/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro -> JSON text, resolved from the writer's to the reader's type: what nested columns, rejected
 * rows, previews and the records of Avro files are made of. For `format`, no other folder.
 *
 * Decimals become JSON numbers, dates and times ISO 8601 strings, bytes "\\x..." strings, NaN and
 * the infinities strings.
 */
#ifndef PENSTOCK_RECORD_VALUE_JSON_H
#define PENSTOCK_RECORD_VALUE_JSON_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "schema/schema.h"

struct json_op;

struct json_member {
	const char *name;	       /* of the reader's field; NULL: skipped */
	const struct json_op *op;      /* of the writer's type; NULL: skipped or default */
	const struct type *skipped;    /* the writer's type, when `op` is NULL */
	const unsigned char *defaults; /* Avro bytes of the default, when there is no source */
	size_t default_len;
};

struct json_op {
	const struct type *writer;
	const struct type *reader;
	bool raw;			   /* the text is JSON already */
	const struct json_member *members; /* of a record: the writer's in order, then defaults */
	size_t member_count;
	const struct json_op *items;
	const char **symbols; /* of an enum: the reader's, by the writer's index */
};

/* `field` is the reader's top-level field, NULL below it. The schemas were found to resolve. */
MUST_CHECK bool json_op_new(struct arena *arena, const struct type *writer,
	const struct type *reader, const struct field *field, const struct json_op **ret_op,
	struct err *err);

/* Writes one value and moves *at behind it; false when the bytes are not one. */
MUST_CHECK bool value_json(const struct json_op *op, const unsigned char **at,
	const unsigned char *end, struct json_writer *json);

/* The same behind the union's branch, which said that there is a value. */
MUST_CHECK bool value_json_present(const struct json_op *op, const unsigned char **at,
	const unsigned char *end, struct json_writer *json);

/* Moves *at behind a value; false when the bytes are not one. */
MUST_CHECK bool value_skip(
	const struct type *type, const unsigned char **at, const unsigned char *end);

/* The union's branch: *ret_null; false when it is neither. */
bool value_is_null(const struct type *type, const unsigned char **at, const unsigned char *end,
	bool *ret_null);

/* The reader's symbols by the writer's index. */
const char **symbols_resolved(
	struct arena *arena, const struct type *writer, const struct type *reader);
/* Avro bytes of the field's default (null for a nullable field without one). */
MUST_CHECK bool default_avro(struct arena *arena, const struct field *field,
	const unsigned char **ret_bytes, size_t *ret_len, struct err *err);

#endif
