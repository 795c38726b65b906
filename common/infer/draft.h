/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a file so far. Private to the room. */
#ifndef PENSTOCK_INFER_DRAFT_H
#define PENSTOCK_INFER_DRAFT_H

#include "base/arena.h"
#include "base/buf.h"
#include "format/reader.h"
#include "infer/guess.h"
#include "infer/infer.h"
#include "infer/sample.h"

/* Postgres' 1,600 columns, less lineage (schema.h). */
#define DRAFT_MAX_FIELDS 1598

struct draft_field {
	const char *name;
	const char *header;  /* the column's or member's name, where it is another; NULL */
	const char *path;    /* in JSON; NULL: the member of its name */
	const char *type;    /* Avro, as JSON text, without null */
	const char *pattern; /* of its dates; NULL: none */
	const char *doubt;   /* another pattern that fits as well; NULL: none */
	bool nullable;
	bool key;      /* may be part of one */
	size_t column; /* of the sample's records */
};

struct draft {
	struct arena arena;
	const char *name;
	const char *files; /* pattern of the files' names */
	struct reading reading;
	struct draft_field *fields;
	size_t field_count;
	struct string_list headers; /* of all columns: names nobody else may get */
	const char *schema;	    /* an Avro file's own; NULL: made from the fields */
	size_t schema_len;
	const char **key; /* names; none: nothing is unique */
	size_t key_count;
	int64_t records;  /* in the sample */
	bool whole;	  /* the sample is all of the file */
	struct buf notes; /* lines of comment */
};

/* A line of comment above the entry. */
void draft_note(struct draft *draft, const char *fmt, ...) PRINTF_LIKE(2, 3);
void draft_set_type(struct draft_field *field, struct guessed guessed);
/* The next field, named after `header`, which is its column's `own` name or not; NULL when there
 * are too many. */
struct draft_field *draft_add_field(struct draft *draft, const char *header, bool own);

MUST_CHECK bool infer_csv(struct draft *draft, const struct sample *sample, struct err *err);
MUST_CHECK bool infer_json(struct draft *draft, const struct sample *sample, struct err *err);
MUST_CHECK bool infer_avro(struct draft *draft, const struct sample *sample, struct err *err);
/* Looks for the key, by the reading the draft has by now. */
MUST_CHECK bool infer_key(struct draft *draft, const struct sample *sample, struct err *err);

#endif
