/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dry run of one file's content: its path to the database, up to the rows as the worker would
 * copy them, without a server. Rows go to stdout, rejects to stderr.
 */
#ifndef PENSTOCK_CLI_PREVIEW_FILE_H
#define PENSTOCK_CLI_PREVIEW_FILE_H

#include "cli/cli.h"
#include "cli/lines.h"
#include "cutter/cutter.h"
#include "record/transcoder.h"

struct preview_name {
	const char *shown;   /* "a.zip!b.csv" */
	const char *own;     /* "b.csv" */
	const char *archive; /* "a.zip"; NULL: it is a file of its own */
};

struct preview {
	const struct config *config;
	const struct datasets *datasets;
	const char *wanted; /* dataset; NULL: the one a producer would choose */
	bool csv;	    /* rows as CSV, else as NDJSON */
	int64_t limit;	    /* rows of a file after which it is left; 0: none */
	int64_t rows_shown; /* rows of a file that are printed, all are read; 0: all */
	/* The content in hand. */
	const char *name; /* shown */
	int fd;
	const struct dataset *dataset;
	int64_t printed;
	struct lines *lines;
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct buf row;
	const struct dataset *headed; /* whose header was printed last */
	int64_t rejects;	      /* of all contents */
};

void preview_init(struct preview *preview);
void preview_release(struct preview *preview);

/*
 * Prints what stands in `fd` (borrowed, a regular file) and a summary. Class DATA: it would be
 * quarantined. Rejects are counted in preview->rejects.
 */
MUST_CHECK bool preview_content(
	struct preview *preview, int fd, const struct preview_name *name, struct err *err);

#endif
