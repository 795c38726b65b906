/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One interface over every input format: a stream of records, each a run of cells with its byte
 * range. A format is one file and one row of the table in reader.c.
 */
#ifndef PENSTOCK_FORMAT_READER_H
#define PENSTOCK_FORMAT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "format/input.h"
#include "format/reading.h"
#include "record/cell.h"

/* A record (line, JSON value) longer than this is a reject; memory stays bounded whatever its
 * length. */
#define RECORD_MAX_BYTES (1 << 20)

struct record {
	int64_t number; /* from 1 */
	int64_t start;	/* byte range in the decompressed input, [start, end) */
	int64_t end;
	const char *text; /* original bytes, of Avro as JSON; at most RECORD_MAX_BYTES (the start of
			     longer ones) */
	size_t text_len;
	struct cell *cells; /* in the order of reader_columns; NULL when `bad` */
	size_t cell_count;
	bool bad;	    /* could not be split into cells: `reason` says why, `column` where */
	const char *reason; /* valid until the next record */
	const char *column; /* "" when the whole record is meant */
};

struct reader;

/*
 * Opens a reader over `input` (borrowed). `wanted` are the names the schema knows (fields and
 * aliases): JSON formats use them as their columns, CSV without a header as its header; Avro has
 * names of its own. A header that cannot be read is class DATA: quarantine.
 */
MUST_CHECK bool reader_open(const struct reading *reading, struct input *input,
	const struct string_list *wanted, struct reader **ret_reader, struct err *err);
void reader_close(struct reader *reader);

/* The columns of every record, as named in the input. Borrowed. */
const struct string_list *reader_columns(const struct reader *reader);

/*
 * The next record; *ret_record NULL at the end. Bad records come as records with `bad` set; an
 * error (class DATA: truncated gzip, a document that breaks off; RETRY: the disk) ends the file.
 * Borrowed until the next call.
 */
MUST_CHECK bool reader_next(
	struct reader *reader, const struct record **ret_record, struct err *err);

/* Where the header ended, and (at the end) how long the whole input is. */
int64_t reader_position(const struct reader *reader);

/* The format a file name asks for (".csv", ".tsv", ".ndjson", ".jsonl", ".json", ".avro",
 * compression suffixes ignored); false when the name tells nothing. */
bool format_from_name(const char *name, enum file_format *ret_format);

#endif
