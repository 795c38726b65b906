/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON object's members as the cells of a record: what NDJSON and JSON documents share. Private.
 */
#ifndef PENSTOCK_FORMAT_JSON_FIELDS_H
#define PENSTOCK_FORMAT_JSON_FIELDS_H

#include "base/buf.h"
#include "base/json_scan.h"
#include "format/reader_impl.h"

struct json_fields {
	struct json_scanner scanner;
	struct cell *cells;
	/* The column that stood at this place in the record before: nearly always it does again. */
	size_t *guesses;
	size_t guess_count;
	struct buf name; /* of a member no column knows */
};

/* For the columns of `reader`, which are known by now. */
void json_fields_init(struct json_fields *fields, const struct reader *reader);
void json_fields_release(struct json_fields *fields);

/* Fills reader->record's cells from `text` (borrowed by them), or makes it a bad record. */
void json_fields_read(
	struct json_fields *fields, struct reader *reader, const char *text, size_t len);

#endif
