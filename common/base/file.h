/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders, durably. Paths are C strings; sizes are bytes; errors name the path. */
#ifndef PENSTOCK_BASE_FILE_H
#define PENSTOCK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Appends the whole file; FATAL when it is longer than the buf's maximum. */
MUST_CHECK bool file_read(const char *path, struct buf *out, struct err *err);
/* Writes all n bytes (restarting after signals and short writes). RETRY on a full disk. */
MUST_CHECK bool file_write_all(int fd, const void *data, size_t n, struct err *err);
/* Whole new content or the old one, also after a power cut: temporary file, fsync, rename, fsync.
 */
MUST_CHECK bool file_replace(const char *path, const void *data, size_t n, struct err *err);
/*
 * As file_replace, but only when nothing stands at `path`: *ret_created says whether it did.
 * Exclusive among any number of processes (link(2)).
 */
MUST_CHECK bool file_create_once(
	const char *path, const void *data, size_t n, bool *ret_created, struct err *err);
/* The folder and its parents, mode 0777 less umask; existing ones are fine. */
MUST_CHECK bool file_make_folder(const char *path, struct err *err);
/* Makes a rename or link in the folder of `path` durable. */
MUST_CHECK bool file_sync_folder_of(const char *path, struct err *err);

/* Where copies lie that nobody else needs: TMPDIR, or /var/tmp. */
const char *file_scratch_folder(void);
/* base/name; `name` itself when absolute; `base` when name is ".". */
char *file_join(struct arena *arena, const char *base, const char *name);
/* Whether a file of this name is hidden, or by its ending not yet whole or no longer wanted. */
bool file_is_passed_over(const char *name);
/* What follows the last '/'. */
const char *file_name(const char *path);

#endif
