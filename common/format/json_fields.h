/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON object's members as the cells of a record: what NDJSON and JSON documents share. The
 * columns, names and paths alike, are one tree that is walked beside the object. Private.
 */
#ifndef PENSTOCK_FORMAT_JSON_FIELDS_H
#define PENSTOCK_FORMAT_JSON_FIELDS_H

#include "base/buf.h"
#include "base/json_scan.h"
#include "format/reader_impl.h"

/* A name in an object, or a number in an array, on the way to columns. */
struct json_node {
	const char *name;
	size_t name_len;
	int column; /* its value's; -1: only the way leads here */
	struct json_node *children;
	size_t child_count;
	/* The child that stood at this place in the record before: nearly always it does again. */
	size_t *guesses;
	size_t guess_count;
};

struct json_fields {
	struct json_scanner scanner;
	struct cell *cells;
	struct json_node root;
	struct buf name; /* where the walk is, for messages */
};

/*
 * For the columns of `reader`, which are known by now: a column that is the `path` of one of the
 * reading's fields is looked for there, any other is a member of the record. Memory is the
 * reader's.
 */
void json_fields_init(struct json_fields *fields, struct reader *reader);
void json_fields_release(struct json_fields *fields);

/* Fills reader->record's cells from `text` (borrowed by them), or makes it a bad record. */
void json_fields_read(
	struct json_fields *fields, struct reader *reader, const char *text, size_t len);

#endif
