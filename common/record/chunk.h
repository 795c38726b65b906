/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunk: one Kafka message, one Avro Object Container File (specification 1.11, "Object
 * Container Files", codec null), rows and rejects together. docs/message.md is the contract.
 */
#ifndef PENSTOCK_RECORD_CHUNK_H
#define PENSTOCK_RECORD_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CHUNK_MAX_BYTES	  1000000 /* librdkafka's message.max.bytes default, uncompressed */
#define CHUNK_MAX_ROWS	  65536	  /* a row may be one byte here and forty where it is loaded */
#define CHUNK_MAX_DATASET 100
#define CHUNK_MAX_NAME	  1024
#define REJECT_MAX_TEXT	  4096

struct chunk_info {
	char dataset[CHUNK_MAX_DATASET + 1];
	char sha256[65];
	char name[CHUNK_MAX_NAME + 1];
	int64_t file_id;
	int64_t chunk; /* 0-based number */
	int64_t start; /* byte range in the decompressed input, [start, end) */
	int64_t end;
	int64_t first;	 /* row number of the first record's position 1 */
	int64_t width;	 /* rows per record */
	int64_t records; /* rejects included */
	int64_t rows;
	int64_t chunks; /* how many there are, on the last one; 0 on the others */
};

struct reject {
	int64_t record; /* record number in the file, from 1 */
	int64_t start;	/* byte range of the record */
	int64_t end;
	const char *column; /* "" when the record as a whole is bad */
	const char *reason;
	const char *text; /* original text, at most REJECT_MAX_TEXT bytes; any bytes */
	size_t text_len;
};

/* Sets info->name: cut to fit, what is no UTF-8 replaced (a file's name may hold any bytes). */
void chunk_set_name(struct chunk_info *info, const char *name);

/* ---- writing; one writer is reused for every chunk of a file ---- */

struct chunk_writer {
	struct buf block;   /* encoded rows: append with encoder_row, then chunk_add_row */
	struct buf skipped; /* Avro longs */
	struct buf rejects; /* Avro records, schemas/penstock/reject.avsc */
	int64_t skipped_count;
	int64_t reject_count;
	int64_t rows;
	int64_t last_skipped;
};

void chunk_writer_init(struct chunk_writer *writer);
void chunk_writer_release(struct chunk_writer *writer);
void chunk_writer_clear(struct chunk_writer *writer);
/* One row was appended to `block`. */
static inline void chunk_add_row(struct chunk_writer *writer)
{
	writer->rows++;
}
/* In ascending order. */
void chunk_add_skipped(struct chunk_writer *writer, int64_t row_number);
/* The reject alone; its row numbers are added with chunk_add_skipped. What is no UTF-8 in column or
 * reason is replaced, text beyond REJECT_MAX_TEXT cut. */
void chunk_add_reject(struct chunk_writer *writer, const struct reject *reject);
/* Bytes the message would have now, metadata included (an upper bound, within 2 KiB + schema). */
size_t chunk_writer_size(const struct chunk_writer *writer, size_t schema_len);
/*
 * Appends the whole message to `out`. info->rows must equal writer->rows; records x width must
 * equal rows + skipped; texts are UTF-8; a violation is a bug and aborts. The bytes are a function
 * of the arguments alone (the sync marker too).
 */
void chunk_finish(const struct chunk_writer *writer, const struct chunk_info *info,
	const char *schema_text, size_t schema_len, struct buf *out);

/* The Kafka headers of a chunk: names and decimal or text values. */
#define CHUNK_HEADERS 12
struct chunk_header {
	const char *name;
	char value[CHUNK_MAX_NAME + 1];
};
/* Fills ret_headers, returns how many (penstock.chunks is there on the last chunk only). */
size_t chunk_headers(const struct chunk_info *info, struct chunk_header ret_headers[CHUNK_HEADERS]);

/* ---- reading ---- */

struct chunk {
	struct chunk_info info;
	char crc[9];
	const char *schema_text; /* borrowed from the payload, not terminated */
	size_t schema_len;
	const unsigned char *block; /* the rows' Avro bytes; NULL when 0 rows */
	size_t block_len;
	const unsigned char *skipped; /* validated Avro array of long */
	size_t skipped_len;
	int64_t skipped_count;
	const unsigned char *rejects; /* validated Avro array of reject */
	size_t rejects_len;
	int64_t reject_count;
};

/*
 * Reads a message strictly. Anything that is not a well-formed penstock chunk (truncated, surplus
 * bytes, wrong CRC, counts that disagree, another codec, an unknown or repeated key) is class DATA:
 * a dead letter. Everything in *ret_chunk is borrowed from the payload. The rows themselves are
 * checked by the transcoder.
 */
MUST_CHECK bool chunk_open(
	const void *payload, size_t len, struct chunk *ret_chunk, struct err *err);

/* Iterating; `at` starts as {0}. Text in *ret_reject is terminated and owned by `scratch`. */
struct chunk_cursor {
	size_t offset;
	int64_t block_left;
};
bool chunk_next_skipped(
	const struct chunk *chunk, struct chunk_cursor *at, int64_t *ret_row_number);
bool chunk_next_reject(const struct chunk *chunk, struct chunk_cursor *at, struct buf *scratch,
	struct reject *ret_reject);

#endif
