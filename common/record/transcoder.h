/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro binary -> Postgres COPY BINARY tuples, by a plan compiled once from (writer schema, reader
 * schema): resolution, promotion and defaults are decided at compile time. One thread each.
 */
#ifndef PENSTOCK_RECORD_TRANSCODER_H
#define PENSTOCK_RECORD_TRANSCODER_H

#include "base/buf.h"
#include "base/err.h"
#include "record/chunk.h"
#include "record/lookup.h"
#include "schema/schema.h"

struct transcoder;

/* A row with a text that has no key. */
struct unkeyed_row {
	size_t index;
	const struct field *field;
	const struct lookup_text *text; /* NULL: it was never wanted */
};

/* A whole chunk as COPY tuples (without the file header and trailer). Reused from chunk to chunk.
 */
struct copy_rows {
	struct buf bytes;	/* at most 64 MiB: one byte of Avro may become a long enum symbol */
	uint32_t *starts;	/* count + 1 offsets into bytes */
	int64_t *row_numbers;	/* count */
	uint32_t *block_starts; /* count + 1 offsets into the chunk's block */
	size_t count;
	size_t capacity;
	struct unkeyed_row *unkeyed; /* by index; their bytes are not for the table */
	size_t unkeyed_count;
	size_t unkeyed_capacity;
};

void copy_rows_init(struct copy_rows *rows);
void copy_rows_release(struct copy_rows *rows);

/* Class PAUSE when the schemas do not resolve; err names the field. Both schemas must outlive it.
 */
MUST_CHECK bool transcoder_new(const struct schema *writer, const struct schema *reader,
	struct transcoder **ret_transcoder, struct err *err);
void transcoder_free(struct transcoder *transcoder);

/*
 * Where the texts of COLUMN_KEY fields are looked up: one a field of the reader, borrowed, NULL for
 * the others. Without them every key is 0: good for showing rows only.
 */
void transcoder_set_lookups(struct transcoder *transcoder, struct lookup *const *lookups);
/* Notes the chunk's texts as wanted; stops at bytes that are no row, as transcoder_chunk will. */
void transcoder_want(struct transcoder *transcoder, const struct chunk *chunk);

/*
 * Decodes the whole block strictly, replacing what `rows` held. Columns: the reader's fields in
 * order, then _file, _row (so count of columns = field_count + 2). Class DATA, nothing kept, when
 * the bytes are not exactly chunk->info.rows rows of the writer schema.
 */
MUST_CHECK bool transcoder_chunk(struct transcoder *transcoder, const struct chunk *chunk,
	struct copy_rows *rows, struct err *err);

/* Appends row `index` of what transcoder_chunk decoded last as a JSON object, by column name; _file
 * and _row are not in it. */
void transcoder_row_json(struct transcoder *transcoder, const struct chunk *chunk,
	const struct copy_rows *rows, size_t index, struct buf *out);
/* The same as CSV cells (RFC 4180, null = nothing, "" = empty text), without line end. */
void transcoder_row_csv(struct transcoder *transcoder, const struct chunk *chunk,
	const struct copy_rows *rows, size_t index, struct buf *out);

/* The 19 bytes before the first tuple and the 2 bytes after the last (PostgreSQL, "COPY", Binary
 * Format). */
extern const unsigned char copy_binary_header[19];
extern const unsigned char copy_binary_trailer[2];

#endif
