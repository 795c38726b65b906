/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a folder and the folders in it, in one order everywhere. */
#ifndef PENSTOCK_PROJECT_FOLDER_H
#define PENSTOCK_PROJECT_FOLDER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "format/reading.h"

#define FOLDER_MAX_FILES 10000
#define FOLDER_MAX_DEPTH 16

/*
 * Paths relative to `folder` of all plain files whose names end in `ending`, sorted by bytes; names
 * that begin with '.' are passed over. No such folder: an empty list. Configuration error when
 * there are too many files or levels.
 */
MUST_CHECK bool folder_list(const char *folder, const char *ending, struct arena *arena,
	struct string_list *ret_files, struct err *err);

/* A SQL file's whole text from the arena; a configuration error when it cannot be read. */
MUST_CHECK bool folder_read_sql(
	const char *path, struct arena *arena, const char **ret_sql, struct err *err);

#endif
