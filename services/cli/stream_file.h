/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from a URL or from standard input, as a file, for commands that read files. */
#ifndef PENSTOCK_CLI_STREAM_FILE_H
#define PENSTOCK_CLI_STREAM_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct stream_file {
	const char *name; /* what the file is to be called; NULL: the last part of the URL's path */
	void (*progress)(void *context, int64_t bytes); /* may be NULL */
	void *context;
};

/* Whether an argument is "-", http:// or https://. */
bool stream_file_is(const char *argument);

/*
 * Writes all of it into a folder of its own, as object_file_get does; object_file_remove
 * afterwards. A download that fails is tried again a few times.
 */
MUST_CHECK bool stream_file_get(const struct stream_file *stream, const char *argument,
	char ret_path[PATH_MAX], struct err *err);

#endif
