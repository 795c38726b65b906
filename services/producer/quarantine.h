/* SPDX-License-Identifier: Apache-2.0 */
/* Where refused files go: the folder `quarantine` beside the inbox, each with its reason. */
#ifndef PENSTOCK_PRODUCER_QUARANTINE_H
#define PENSTOCK_PRODUCER_QUARANTINE_H

#include "producer/claim.h"

/*
 * Moves the claimed file there and writes `<name>.reason.txt` beside it; a name that is taken gets
 * ".<file id>" behind it. *ret_moved false: it changed meanwhile and stays in the inbox. FATAL when
 * the folder cannot take it (another file system, permissions); the file stays, too.
 */
MUST_CHECK bool quarantine_move(const char *inbox, const struct claim *claim, int64_t file_id,
	const char *reason, bool *ret_moved, struct err *err);

/*
 * The file was taken up from the archive after all: what quarantine_move put there goes, unless it
 * has other content by now.
 */
void quarantine_forget(
	const char *inbox, const char *name, int64_t file_id, const char *sha256, int64_t size);

#endif
