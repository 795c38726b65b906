/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a source's files wait until all of them are there: <inbox>/.sources/<name>/, a folder the
 * inbox's scan passes over, on the same file system. Whoever holds its lock fetches.
 */
#ifndef PENSTOCK_FETCH_STAGE_H
#define PENSTOCK_FETCH_STAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct stage {
	char folder[PATH_MAX];
	char state[PATH_MAX];  /* the state's document */
	char target[PATH_MAX]; /* <inbox>/@<name>: where the files go */
	int lock;	       /* -1: not held */
};

/* Names the paths; touches nothing. */
MUST_CHECK bool stage_name(
	const char *inbox, const char *source, struct stage *ret_stage, struct err *err);
/* Makes the folders and takes the lock; *ret_busy, and no error, when another process has it. */
MUST_CHECK bool stage_open(struct stage *stage, bool *ret_busy, struct err *err);
void stage_close(struct stage *stage);

/* An empty file, open for writing, to become a page. */
MUST_CHECK bool stage_begin(const struct stage *stage, int *ret_fd, struct err *err);
/* Makes what was written page number `page`, durably. Closes nothing. */
MUST_CHECK bool stage_keep(const struct stage *stage, int fd, int64_t page, struct err *err);
/* Moves page number `page` into the inbox as `name`; fine when that was done before. */
MUST_CHECK bool stage_release(
	const struct stage *stage, int64_t page, const char *name, struct err *err);
/* As stage_release, but as `other` where a file called `name` waits there already. */
MUST_CHECK bool stage_release_beside(const struct stage *stage, int64_t page, const char *name,
	const char *other, struct err *err);
/* Makes the moves durable. */
MUST_CHECK bool stage_released(const struct stage *stage, struct err *err);
/* Removes every page. */
void stage_clear(const struct stage *stage);

#endif
