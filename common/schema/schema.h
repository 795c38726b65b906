/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Avro record schema (specification 1.11, "Schema Declaration") as penstock understands it: a
 * tree of types with what avro-c drops (logical types, defaults, aliases), checked, immutable.
 * Refused with a reason: recursion, unions other than [null, T] or [T, null], a top level that is
 * no record, names that collide as Postgres columns (63 bytes), `_file` and `_row`.
 */
#ifndef PENSTOCK_SCHEMA_SCHEMA_H
#define PENSTOCK_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum type_kind {
	TYPE_NULL,
	TYPE_BOOLEAN,
	TYPE_INT,
	TYPE_LONG,
	TYPE_FLOAT,
	TYPE_DOUBLE,
	TYPE_BYTES,
	TYPE_STRING,
	TYPE_FIXED,
	TYPE_ENUM,
	TYPE_RECORD,
	TYPE_ARRAY,
	TYPE_MAP,
};

enum logical_type {
	LOGICAL_NONE,
	LOGICAL_DATE,			/* int: days since 1970-01-01 */
	LOGICAL_TIME_MILLIS,		/* int */
	LOGICAL_TIME_MICROS,		/* long */
	LOGICAL_TIMESTAMP_MILLIS,	/* long, UTC */
	LOGICAL_TIMESTAMP_MICROS,	/* long, UTC */
	LOGICAL_LOCAL_TIMESTAMP_MILLIS, /* long, no zone */
	LOGICAL_LOCAL_TIMESTAMP_MICROS, /* long, no zone */
	LOGICAL_DECIMAL,		/* bytes or fixed: big-endian two's complement, unscaled */
	LOGICAL_UUID,			/* string */
};

/* What a value is in Postgres' binary COPY format. */
enum column_type {
	COLUMN_BOOL,
	COLUMN_INT2,
	COLUMN_INT4,
	COLUMN_INT8,
	COLUMN_FLOAT4,
	COLUMN_FLOAT8,
	COLUMN_NUMERIC,
	COLUMN_TEXT, /* text, varchar */
	COLUMN_BYTEA,
	COLUMN_DATE,
	COLUMN_TIME,
	COLUMN_TIMESTAMP,
	COLUMN_TIMESTAMPTZ,
	COLUMN_UUID,
	COLUMN_JSON,
	COLUMN_JSONB,
	COLUMN_KEY, /* integer: the key of the text in a table of texts */
};

struct field;

struct type {
	enum type_kind kind;
	enum logical_type logical;
	bool nullable;	      /* a union with null */
	uint8_t null_branch;  /* 0 or 1 when nullable */
	const char *name;     /* full name of records, enums, fixed; NULL for others */
	const char **aliases; /* full names */
	size_t alias_count;
	size_t size;   /* fixed */
	int precision; /* decimal */
	int scale;
	const char **symbols; /* enum */
	size_t symbol_count;
	const char *enum_default; /* NULL: none */
	struct field *fields;	  /* record */
	size_t field_count;
	const struct type *items; /* array items, map values */
};

struct field {
	const char *name;
	const char **aliases;
	size_t alias_count;
	const char *doc; /* NULL: none */
	struct type *type;
	const char *default_json; /* JSON text of the default; NULL: none */
	/* for fields of the top-level record only: */
	const char *column; /* its name: the field's, unless texts are looked up */
	enum column_type column_type;
	const char *column_sql; /* type as in CREATE TABLE: "numeric(12,2)" */
	uint32_t column_oid;
};

struct schema {
	struct arena arena;   /* owns everything below */
	const char *name;     /* full name of the record */
	const char *doc;      /* NULL: none */
	struct type *root;    /* TYPE_RECORD */
	struct field *fields; /* root's, for short */
	size_t field_count;   /* at most 1,600 - 2: Postgres' limit on columns */
	const char *text;     /* compact JSON with every attribute, sorted as written */
	size_t text_len;
	char fingerprint[17]; /* hex of the first 8 bytes of text's SHA-256: equal text, equal
				 schema */
};

/* `origin` (a path) stands in errors, with the line. Text up to 1 MiB. Class FATAL, exit code 2. */
MUST_CHECK bool schema_parse(const char *text, size_t len, const char *origin,
	struct schema **ret_schema, struct err *err);
MUST_CHECK bool schema_load(const char *path, struct schema **ret_schema, struct err *err);
void schema_free(struct schema *schema);

/* Index of the field with this name (or, with aliases true, this name or alias); -1: none. Exact.
 */
int schema_find_field(const struct schema *schema, const char *name, size_t len, bool aliases);

/* Index of the field whose column is called so; -1: none. */
int schema_find_column(const struct schema *schema, const char *column);

/*
 * From now on the field's column, called `column`, holds keys of its texts (COLUMN_KEY). FATAL,
 * exit code 2, when the field is no plain text or the name is taken.
 */
MUST_CHECK bool schema_look_up(
	struct schema *schema, size_t field, const char *column, struct err *err);

/* The writer record's field that feeds this field of the reader: by name, then by the reader's
 * aliases; -1: none, the default stands in. */
int schema_source_field(const struct type *writer, const struct field *reader);

/*
 * Whether data written with `writer` can be read as `reader` (specification 1.11, "Schema
 * Resolution", promotion, defaults and aliases included); if not, err (FATAL, exit code 2) says
 * which field and why. Stricter than the specification where its rules could fail at a value or
 * change a meaning: a nullable writer needs a nullable reader, every symbol needs a reader's symbol
 * or default, logical types agree (millis and micros convert), and a column narrower than its type
 * (int2, varchar, json of a string) needs the same one in the writer.
 */
MUST_CHECK bool schema_can_read(
	const struct schema *writer, const struct schema *reader, struct err *err);

#endif
