/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before every file that `make lint` analyses, but err.c: clang-tidy sees one file at a
 * time and cannot know that err_fail() and its kin always return false.
 */
#ifndef PENSTOCK_ANALYZER_H
#define PENSTOCK_ANALYZER_H

#include "base/err.h"

static inline bool analyzer_false(bool failed)
{
	(void)failed;
	return false;
}

#undef err_fail
#define err_fail(err, class, ...)                                                                  \
	analyzer_false(err_fail_at((err), (class), __FILE__, __LINE__, __VA_ARGS__))
#undef err_fail_errno
#define err_fail_errno(err, class, ...)                                                            \
	analyzer_false(err_fail_errno_at((err), (class), __FILE__, __LINE__, __VA_ARGS__))
#define err_usage(...)	analyzer_false((err_usage)(__VA_ARGS__))
#define err_config(...) analyzer_false((err_config)(__VA_ARGS__))
#define err_prefix(...) analyzer_false((err_prefix)(__VA_ARGS__))

#endif
