/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file somebody else may still be working on, held by descriptor: what is read counts only if
 * inode, size and time of change are the same before and after.
 */
#ifndef PENSTOCK_PRODUCER_CLAIM_H
#define PENSTOCK_PRODUCER_CLAIM_H

#include <limits.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"

/* What a file must keep to be the same file. */
struct identity {
	dev_t device;
	ino_t inode;
	int64_t size;
	struct timespec changed; /* mtime */
};

struct claim {
	char path[PATH_MAX];
	int fd;
	struct identity identity;
};

bool identity_equal(const struct identity *a, const struct identity *b);

/* FATAL, with the reason, for what is missing, unreadable or no regular file. Never blocks. */
MUST_CHECK bool claim_open(
	const char *path, bool follow_symlink, struct claim *ret_claim, struct err *err);
void claim_close(struct claim *claim);

/*
 * Whether some process has the file open for writing. Only an answer of yes is certain: the system
 * tells nobody but the file's owner, and not on every file system.
 */
bool claim_is_written(const struct claim *claim);
/* RETRY when the file is not what it was at claim_open. */
MUST_CHECK bool claim_check(const struct claim *claim, struct err *err);
/* archive_put's `read`; the handle is the claim. FATAL: this file's trouble, no other's. */
bool claim_read(void *handle, void *to, size_t n, size_t *ret_n, struct err *err);

/* Whether the claimed file, unchanged, stands at `path`. */
bool claim_is_at(const struct claim *claim, const char *path);
/* Renames without ever replacing; false, with errno, when it cannot. */
MUST_CHECK bool claim_move(const char *from, const char *to);
/*
 * Removes the file from its folder unless it changed or another took its name: *ret_removed. It is
 * moved to a hidden name first and looked at there, so nothing newer is ever lost.
 */
MUST_CHECK bool claim_remove(const struct claim *claim, bool *ret_removed, struct err *err);
/* Whether a name is a hidden one of claim_remove. */
bool claim_is_leftover(const char *name);
/* Gives a file that a crash left under its hidden name the visible one back. */
void claim_restore(const char *hidden_path);

#endif
