/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into a file, as CSV, JSON or Markdown, in constant memory; the file, or the object of a
 * bucket, appears under its name when it is whole.
 */
#ifndef PENSTOCK_SCHEDULER_REPORT_WRITER_H
#define PENSTOCK_SCHEDULER_REPORT_WRITER_H

#include "base/buf.h"
#include "config/config.h"
#include "postgres/database.h"
#include "s3/s3.h"

struct report_writer {
	const char *path;
	struct s3 *s3; /* where `path` is s3://; NULL for a file */
	char temporary[4096 + 64];
	int fd;
	struct buf buf;
	const struct report_style *style;
	int64_t rows;
};

/* `.csv`, `.json` or `.md`. */
const char *report_ending(enum report_format format);

/*
 * `columns` (only names and types are read) write the head. `path` is borrowed: a file's, or
 * s3://bucket/key with the session that uploads it, from a file in TMPDIR (or /var/tmp).
 */
MUST_CHECK bool report_writer_open(struct report_writer *writer, const char *path, struct s3 *s3,
	enum report_format format, const struct database_rows *columns, struct err *err);
MUST_CHECK bool report_writer_row(
	struct report_writer *writer, const struct database_rows *row, struct err *err);
/* The whole under its name, durably. */
MUST_CHECK bool report_writer_publish(struct report_writer *writer, struct err *err);
/* Removes what was not published; always the last call. */
void report_writer_close(struct report_writer *writer);

#endif
