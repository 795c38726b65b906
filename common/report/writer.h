/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into a file, as CSV, JSON, Markdown or an HTML page, in constant memory; the file, or the
 * object of a bucket, appears under its name when it is whole.
 */
#ifndef PENSTOCK_REPORT_WRITER_H
#define PENSTOCK_REPORT_WRITER_H

#include "base/buf.h"
#include "config/config.h"
#include "postgres/database.h"
#include "report/chart.h"
#include "s3/s3.h"

/* What is written where; borrowed by the writer. */
struct report_target {
	const char *path; /* a file's, or s3://bucket/key */
	enum report_format format;
	const char *title;
	struct chart_wanted chart; /* drawn into HTML only */
};

struct report_writer {
	const struct report_target *target;
	const char *path;
	struct s3 *s3; /* where `path` is s3://; NULL for a file */
	char temporary[4096 + 64];
	int fd;
	struct buf buf;
	const struct report_style *style;
	struct chart chart;
	int64_t rows;
};

/* `.csv`, `.json`, `.md` or `.html`. */
const char *report_ending(enum report_format format);

/*
 * `columns` (only names and types are read) write the head. `s3` is the session that uploads to a
 * bucket, from a file in TMPDIR (or /var/tmp). report_writer_close follows, whatever it returns.
 */
MUST_CHECK bool report_writer_open(struct report_writer *writer, const struct report_target *target,
	struct s3 *s3, const struct database_rows *columns, struct err *err);
MUST_CHECK bool report_writer_row(
	struct report_writer *writer, const struct database_rows *row, struct err *err);
/* The whole under its name, durably. */
MUST_CHECK bool report_writer_publish(struct report_writer *writer, struct err *err);
/* Removes what was not published; always the last call. */
void report_writer_close(struct report_writer *writer);

#endif
