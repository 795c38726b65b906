/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dataset's table as its publications say it should be, built aside; what differs from the table;
 * and the table made so. What `verify`, `retract` and corrections share. One transaction, one
 * session, one thread: whatever ends early leaves all as it was.
 *
 * Order: open; leave out what is taken back; until nothing is wanted, add the chunks of the files
 * that are; to change anything, lock, and add what came meanwhile; compare; apply.
 */
#ifndef PENSTOCK_WORKER_REBUILD_H
#define PENSTOCK_WORKER_REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dataset/dataset.h"
#include "postgres/database.h"
#include "worker/loader.h"

struct rebuild;

/*
 * Begins the transaction. `look`: table and ledger as they are at this moment (REPEATABLE READ),
 * nothing is to be changed. Else workers go on until rebuild_lock. All is borrowed.
 */
MUST_CHECK bool rebuild_open(struct database *database, const struct dataset *dataset, bool look,
	struct rebuild **ret_rebuild, struct err *err);
/* Rolls back what was not committed. */
void rebuild_close(struct rebuild *rebuild);

/* A publication that is taken back: its rows count no more, those they replaced do. */
MUST_CHECK bool rebuild_leave_out(struct rebuild *rebuild, int64_t file_id, const char *sha256,
	const char *name, const char *reason, struct err *err);

/* Rows of (file id, sha256, name): at most 500 files of which chunks are wanted; caller frees. */
MUST_CHECK bool rebuild_wanted(
	struct rebuild *rebuild, struct database_rows **ret_files, struct err *err);
/*
 * Adds those of the chunks that are wanted; *added grows by how many. FATAL when one is not the
 * chunk the ledger has: then the archive does not hold what was loaded.
 */
MUST_CHECK bool rebuild_add(struct rebuild *rebuild, struct load_item *items, size_t count,
	int64_t *added, struct err *err);

/* Takes the dataset's lock exclusively: no worker loads until the end. RETRY: they hold on to it.
 */
MUST_CHECK bool rebuild_lock(struct rebuild *rebuild, struct err *err);

struct rebuild_difference {
	int64_t missing; /* rows the table lacks */
	int64_t surplus; /* rows no file has, or only files that do not count */
	int64_t different;
	int64_t rows; /* that should be there */
	int64_t files;
};
/* Whether no row has replaced another: then what is left out need only be taken out. */
MUST_CHECK bool rebuild_is_additive(struct rebuild *rebuild, bool *ret_additive, struct err *err);
/* In rebuild_compare's place where that is so, with nothing added. */
MUST_CHECK bool rebuild_take_out(
	struct rebuild *rebuild, struct rebuild_difference *ret_difference, struct err *err);
MUST_CHECK bool rebuild_compare(
	struct rebuild *rebuild, struct rebuild_difference *ret_difference, struct err *err);
/* Rows of (kind, key, file id, file name, record), `limit` of each kind at most; caller frees. */
MUST_CHECK bool rebuild_examples(
	struct rebuild *rebuild, int64_t limit, struct database_rows **ret_rows, struct err *err);

/* After lock and compare: applies the difference, and notes in the ledger what was taken back. */
MUST_CHECK bool rebuild_apply(
	struct rebuild *rebuild, const struct rebuild_difference *difference, struct err *err);
/*
 * After apply: loads chunks that the ledger may not have yet as a worker would, in the same
 * transaction. *ret_refused grows by the rows the table refused.
 */
MUST_CHECK bool rebuild_load(struct rebuild *rebuild, struct load_item *items, size_t count,
	int64_t *ret_refused, struct err *err);
MUST_CHECK bool rebuild_commit(struct rebuild *rebuild, struct err *err);

#endif
