/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the CSV reader share. Private. */
#ifndef PENSTOCK_FORMAT_CSV_IMPL_H
#define PENSTOCK_FORMAT_CSV_IMPL_H

#include "format/csv_split.h"
#include "format/encoding.h"
#include "format/reader_impl.h"

/* What the last lines that are no records have together at most. */
#define FOOTER_MAX_BYTES (64 << 10)

struct csv {
	struct reader reader;
	struct csv_splitter splitter;
	enum encoding encoding;
	bool blank_lines; /* a blank line is a record */
	bool in_records;  /* the header is behind: a footer may come */
};

static inline const struct csv_dialect *csv_dialect_of(const struct csv *csv)
{
	return &csv->reader.reading->csv;
}

/*
 * Splits the next record that is neither a blank line nor a comment; *ret_end when there is none,
 * or only the footer, which is consumed. CSV_MORE stands for a record that is too long.
 */
MUST_CHECK bool csv_next_split(struct csv *csv, enum csv_split *ret_split,
	struct csv_record *ret_record, bool *ret_end, struct err *err);
/* Consumes the line at the window's start, whatever it holds; its text and range go to record. */
MUST_CHECK bool csv_take_line(struct csv *csv, struct err *err);

/*
 * Makes the first `count` cells UTF-8; the index of the first that cannot be, with the byte that
 * means nothing; `count` when all can.
 */
size_t csv_decode_cells(struct csv *csv, size_t count, unsigned *ret_byte);

/* Skips the preamble and reads the header, or does without. */
MUST_CHECK bool csv_read_columns(
	struct csv *csv, const struct string_list *wanted, struct err *err);

#endif
