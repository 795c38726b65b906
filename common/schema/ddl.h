/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as a Postgres table: CREATE TABLE, COMMENTs, and what must change when the schema grows.
 */
#ifndef PENSTOCK_SCHEMA_DDL_H
#define PENSTOCK_SCHEMA_DDL_H

#include "base/buf.h"
#include "format/reading.h"
#include "schema/schema.h"

struct ddl_table {
	const char *schema;	/* Postgres schema, unquoted */
	const char *name;	/* unquoted */
	struct string_list key; /* column names; empty: primary key (_file, _row) */
};

/* CREATE SCHEMA IF NOT EXISTS + CREATE TABLE with `_file bigint, _row bigint` at the end. */
void ddl_create_table(const struct schema *schema, const struct ddl_table *table, struct buf *out);
/* COMMENT ON TABLE and on every column, from `doc` (NULL removes the comment). */
void ddl_comments(const struct schema *schema, const struct ddl_table *table, struct buf *out);

/* A column as the catalogue tells it (pg_attribute + format_type). */
struct ddl_column {
	const char *name;
	const char *type; /* format_type(atttypid, atttypmod) */
	uint32_t oid;	  /* atttypid */
	bool not_null;
	bool has_default; /* default, identity or generated */
};

/*
 * Compares the table with the schema and appends the ALTER TABLE statements that add what is new
 * (fields with a default, or nullable). Class FATAL, listing every difference that cannot be added:
 * another type, a missing or surplus NOT NULL column, a missing lineage column.
 */
MUST_CHECK bool ddl_upgrade(const struct schema *schema, const struct ddl_table *table,
	const struct ddl_column *columns, size_t count, struct buf *out, struct err *err);

/*
 * Appends the ALTER TABLE statements that let a column be null whose field is nullable: it may have
 * become so. A table without them fits all the same; its nulls are rejects.
 */
void ddl_relax(const struct schema *schema, const struct ddl_table *table,
	const struct ddl_column *columns, size_t count, struct buf *out);

/* As Postgres' quote_ident, but always quoted; a name over 63 bytes is a bug here. */
void ddl_quote_identifier(struct buf *out, const char *name);
/* "schema"."name" */
void ddl_quote_table(struct buf *out, const struct ddl_table *table);

#endif
