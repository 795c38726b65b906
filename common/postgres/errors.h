/* SPDX-License-Identifier: Apache-2.0 */
/* SQLSTATE -> error class: design's table of errors, in one place. */
#ifndef PENSTOCK_POSTGRES_ERRORS_H
#define PENSTOCK_POSTGRES_ERRORS_H

#include "base/err.h"

/*
 * `constraint` and `column` are what the server names (may be NULL or ""): a check violation is
 * DATA only with a constraint's name, a not-null violation only with a column's.
 */
enum err_class postgres_error_class(
	const char *sqlstate, const char *constraint, const char *column);

#endif
