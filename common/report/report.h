/* SPDX-License-Identifier: Apache-2.0 */
/* sql/reports/<name>.sql -> output/<name>.csv, .json, .md or .html, in a folder or a bucket. */
#ifndef PENSTOCK_REPORT_REPORT_H
#define PENSTOCK_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"

/* Writes the named reports (all when count is 0) to the configured folder; one line each to stdout.
 */
MUST_CHECK bool report_once(const struct config *config, const char *const *names, size_t count,
	size_t *ret_written, struct err *err);

#endif
