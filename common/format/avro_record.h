/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of an Avro container file, by the schema it was written with, as JSON text and the cells
 * in it. Private.
 */
#ifndef PENSTOCK_FORMAT_AVRO_RECORD_H
#define PENSTOCK_FORMAT_AVRO_RECORD_H

#include "base/json_scan.h"
#include "format/reader_impl.h"
#include "schema/schema.h"

struct json_op;

struct avro_records {
	struct schema *schema; /* the writer's */
	struct arena arena;
	const struct json_op **ops; /* a field each */
	struct cell *cells;
	size_t *starts; /* of the cells in `text` */
	struct buf text;
	struct json_scanner scanner;
};

/* The writer's schema, whose fields become the reader's columns. Class DATA when it is none, or
 * none that makes a table. */
MUST_CHECK bool avro_records_init(struct avro_records *records, struct reader *reader,
	const char *schema, size_t len, struct err *err);
void avro_records_release(struct avro_records *records);

/*
 * Fills reader->record from the bytes at *at and moves behind them; a value that its field's type
 * cannot hold makes the record a bad one. False: the bytes are no record.
 */
MUST_CHECK bool avro_records_read(struct avro_records *records, struct reader *reader,
	const unsigned char **at, const unsigned char *end);

#endif
