/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of an S3 server as files, for commands that read files. */
#ifndef PENSTOCK_CLI_OBJECT_FILE_H
#define PENSTOCK_CLI_OBJECT_FILE_H

#include <limits.h>

#include "base/arena.h"
#include "config/config.h"
#include "s3/s3.h"

struct object_files {
	const struct config *config;
	struct s3 *s3; /* NULL until needed */
};

/*
 * Appends what an argument means to `list` (of at most `max` items): s3://bucket/prefix/, or a
 * whole bucket, is every object below; anything else is itself. The strings are the arena's.
 */
MUST_CHECK bool object_files_expand(struct object_files *files, const char *argument,
	struct arena *arena, struct string_list *list, size_t max, struct err *err);

/*
 * Downloads the object into a folder of its own in TMPDIR (or /var/tmp), under the last part of its
 * key. object_file_remove afterwards.
 */
MUST_CHECK bool object_file_get(
	struct object_files *files, const char *url, char ret_path[PATH_MAX], struct err *err);
/* Makes that folder, and names a file in it like the last part of `key`. */
MUST_CHECK bool object_file_place(const char *key, char ret_path[PATH_MAX], struct err *err);
void object_file_remove(const char *path);

void object_files_release(struct object_files *files);

#endif
