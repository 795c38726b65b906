/* SPDX-License-Identifier: Apache-2.0 */
/* What the transcoder's files share. Not for other folders. */
#ifndef PENSTOCK_RECORD_TRANSCODE_H
#define PENSTOCK_RECORD_TRANSCODE_H

#include "base/arena.h"
#include "record/copy_op.h"
#include "record/transcoder.h"

struct transcode_column {
	struct copy_op op;
	const struct json_op *json;
	int source;		       /* the writer's field; -1: the default */
	const unsigned char *defaults; /* as Avro */
	size_t default_len;
	const unsigned char *cell; /* as a COPY field */
	size_t cell_len;
};

struct transcoder {
	struct arena arena;
	const struct schema *writer;
	const struct schema *reader;
	struct transcode_column *columns; /* one a field of the reader */
	const unsigned char **places; /* where each of the writer's values stands, and the end */
	size_t bound;		      /* bytes of a row's bounded parts */
	bool ordered;
	struct lookup *const *lookups; /* NULL: none */
	struct buf text;	       /* scratch of transcoder_row_csv */
	struct buf plain;
};

/* Fills t->places for the row at *at, which moves behind it. */
MUST_CHECK bool transcode_places(
	struct transcoder *t, const unsigned char **at, const unsigned char *end);

#endif
