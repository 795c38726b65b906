/* SPDX-License-Identifier: Apache-2.0 */
/* What archive.c and manifest.c share: where things lie. */
#ifndef PENSTOCK_ARCHIVE_STORE_H
#define PENSTOCK_ARCHIVE_STORE_H

#include <limits.h>

#include "base/err.h"

struct archive {
	char root[PATH_MAX];
};

/* printf into a path of PATH_MAX bytes, below the root; FATAL when it is too long. */
MUST_CHECK bool archive_path(const struct archive *archive, char ret_path[PATH_MAX],
	struct err *err, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
