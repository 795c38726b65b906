/* SPDX-License-Identifier: Apache-2.0 */
/* The files sql/reports/<name>.sql, read and checked without a database. */
#ifndef PENSTOCK_REPORT_FILES_H
#define PENSTOCK_REPORT_FILES_H

#include "base/arena.h"
#include "config/config.h"
#include "query/query.h"
#include "report/writer.h"

struct report {
	const char *name;
	const char *path; /* of the SQL */
	struct report_target target;
	struct query query;
	bool selected;
};

struct report_files {
	struct report *items;
	size_t count;
};

/* Configuration errors with file and line. Memory from `arena`. */
MUST_CHECK bool report_files_load(const struct config *config, struct arena *arena,
	struct report_files *ret_files, struct err *err);
/* "csv", "html" ... */
const char *report_format_name(enum report_format format);

#endif
