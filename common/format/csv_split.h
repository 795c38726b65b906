/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting one CSV record that lies in a window into cells, by the marks csv_scan found. Stateless
 * between records: a record that is not all there is split again, from its start, when more was
 * read.
 */
#ifndef PENSTOCK_FORMAT_CSV_SPLIT_H
#define PENSTOCK_FORMAT_CSV_SPLIT_H

#include "format/csv_scan.h"
#include "format/reading.h"
#include "format/window.h"
#include "record/cell.h"

/* Cells kept of one record; a table of more columns is refused. */
#define CSV_MAX_COLUMNS 65536

struct csv_splitter;
struct csv_record;
enum csv_split { CSV_RECORD, CSV_MORE, CSV_MALFORMED };
typedef enum csv_split csv_split_fn(struct csv_splitter *splitter, struct csv_record *ret_record);

struct csv_splitter {
	struct window *window; /* borrowed */
	csv_scan_fn *scan;
	csv_split_fn *split;
	struct csv_bytes bytes;
	bool quoting;
	bool trim;
	uint64_t *marks; /* of window->data, one bit a byte */
	uint8_t *high;	 /* one a block */
	size_t scanned;	 /* marks are right up to here */
	struct cell *cells;
	char *scratch; /* cells that are not in the input as they are: unquoted, converted */
	size_t scratch_used;
	const char *delimiter; /* borrowed */
	size_t delimiter_len;
	/* csv_general.c only: */
	unsigned char escape; /* 0: none */
	uint8_t stops[256];   /* bytes to look at, in quotes and outside */
};

struct csv_record {
	size_t cells;	    /* how many there are; the first CSV_MAX_COLUMNS are kept */
	size_t text_len;    /* without the line end; of CSV_MALFORMED: up to where that showed */
	size_t length;	    /* with it */
	const char *reason; /* of CSV_MALFORMED; static */
	size_t column;	    /* the cell that is malformed, from 0 */
};

void csv_splitter_init(
	struct csv_splitter *splitter, struct window *window, const struct csv_dialect *dialect);
void csv_splitter_release(struct csv_splitter *splitter);

/* As window_more, and marks what came. */
MUST_CHECK bool csv_more(struct csv_splitter *splitter, struct err *err);

/*
 * Splits the record at the window's start (which is not empty). CSV_MORE: it does not end in the
 * window, and the input has not ended. Cells point into the window and the scratch memory: valid
 * until csv_more or the next split.
 */
static inline enum csv_split csv_split(struct csv_splitter *splitter, struct csv_record *ret_record)
{
	return splitter->split(splitter, ret_record);
}

/* The way of most dialects, by marks: a delimiter of one byte, no escape character. */
csv_split_fn csv_split_marks;
/* The way of all dialects, byte by byte; csv_general_init chooses it. */
void csv_general_init(struct csv_splitter *splitter, const struct csv_dialect *dialect);
csv_split_fn csv_split_general;

/*
 * The end of the first line of the window, wherever quotes stand: its length without and with its
 * line end. False when it is not in the window and the input has not ended.
 */
bool csv_line(const struct csv_splitter *splitter, size_t *ret_text_len, size_t *ret_length);

/* Whether a byte beyond ASCII may stand in the first n bytes of the window. */
bool csv_maybe_high(const struct csv_splitter *splitter, size_t n);

#endif
