/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input -> records -> rows -> chunks. Deterministic: the same bytes, schema and struct reading give
 * the same chunks, byte for byte, in any process at any time. What publishing, resending, preview
 * and verification share.
 */
#ifndef PENSTOCK_CUTTER_CUTTER_H
#define PENSTOCK_CUTTER_CUTTER_H

#include "base/buf.h"
#include "base/err.h"
#include "format/input.h"
#include "format/reading.h"
#include "record/chunk.h"
#include "schema/schema.h"

struct cutter;

/*
 * Opens the input and judges its header: an unknown, missing, duplicated or ambiguous column is
 * class DATA (quarantine), with every difference named. `origin` gives dataset, sha256, name and
 * file_id; its other members are ignored. Input, schema and reading are borrowed and must outlive
 * the cutter.
 */
MUST_CHECK bool cutter_open(const struct reading *reading, const struct schema *schema,
	struct input *input, const struct chunk_info *origin, struct cutter **ret_cutter,
	struct err *err);
void cutter_close(struct cutter *cutter);

/* Judges the columns `csv.columns` names as cutter_open judges those of a header. */
MUST_CHECK bool cutter_check_columns(
	const struct reading *reading, const struct schema *schema, struct err *err);
/* Whether each column is a field's and each field has one column: nothing ignored, no default. */
bool cutter_is_exact(const struct cutter *cutter);

/*
 * Appends the next message to `out` and describes it; *ret_done true when there was none left. The
 * last message has info.chunks set; every input gives at least one. Class DATA: the file breaks off
 * (truncated gzip, cut JSON document), nothing more comes.
 */
MUST_CHECK bool cutter_next(struct cutter *cutter, struct buf *out, struct chunk_info *ret_info,
	bool *ret_done, struct err *err);

struct cutter_totals {
	int64_t records;
	int64_t rows;
	int64_t rejects;
};
/* What was cut so far. */
struct cutter_totals cutter_totals(const struct cutter *cutter);

/* Reads to the end without keeping chunks: judges `max_rejects`. Class DATA when passed, with
 * numbers and the first reasons. */
MUST_CHECK bool cutter_judge(struct cutter *cutter, const struct reading *reading,
	struct cutter_totals *ret_totals, struct err *err);

/* Where a row came from; text is borrowed until the next call into the cutter. */
struct cutter_record {
	int64_t number;
	int64_t start; /* byte range in the decompressed input, [start, end) */
	int64_t end;
	const char *text; /* original bytes, at most RECORD_MAX_BYTES of them */
	size_t text_len;
};
/*
 * The record of row number `row`, by a cutter that was just opened: reads on until it is there.
 * *ret_found false: the input has fewer records.
 */
MUST_CHECK bool cutter_find_row(struct cutter *cutter, int64_t row,
	struct cutter_record *ret_record, bool *ret_found, struct err *err);

/* For rejects as they come (preview); NULL to stop. Called from cutter_next. */
void cutter_on_reject(struct cutter *cutter,
	void (*call)(void *context, const struct reject *reject), void *context);

#endif
