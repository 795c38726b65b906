/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, made before it and removed with all that is in it. */
#ifndef PENSTOCK_TESTS_FOLDER_H
#define PENSTOCK_TESTS_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static inline int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int make_folder(void **state)
{
	*state = mkdtemp(strdup("/tmp/penstock-test-XXXXXX"));
	return *state ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

#endif
