/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database's side of a worker: a group of chunks of one dataset becomes rows, rejects and
 * ledger entries in one transaction (READ COMMITTED). Knows nothing of Kafka. One thread, one
 * session.
 *
 * Order inside a load: file rows in a short transaction of their own; BEGIN; shared advisory lock
 * on the dataset; file states; table columns compared with the plan; ledger rows under lock_timeout
 * (chunks the ledger has are skipped); COPY inside a savepoint; on a key conflict the merge path;
 * rejects; COMMIT; completed files marked and notified.
 */
#ifndef PENSTOCK_WORKER_LOADER_H
#define PENSTOCK_WORKER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dataset/dataset.h"
#include "postgres/database.h"
#include "record/chunk.h"
#include "record/transcoder.h"

struct loader;

/* `database` and `dataset` are borrowed; `worker` ("host:pid:job") is written into the ledger. */
struct loader *loader_new(
	struct database *database, const struct dataset *dataset, const char *worker);
void loader_free(struct loader *loader);
/* Called between the many tries that a chunk full of bad rows may take. */
void loader_on_progress(struct loader *loader, void (*progress)(void *context), void *context);

/* One message of a group: opened with chunk_open, its bytes alive until the load returns. */
struct load_item {
	struct chunk chunk;
	const char *topic;
	int32_t partition;
	int64_t offset;
	/* set by loader_load when it returns true: */
	enum load_outcome {
		LOAD_APPLIED, /* rows and ledger entry committed */
		LOAD_SKIPPED, /* the ledger had it, or its file is superseded or retracted */
		LOAD_DEAD,    /* can never load: `reason`; nothing of it was committed */
	} outcome;
	const char *stage; /* of a dead one: "decode" or "ledger" */
	char reason[500];
};

struct load_totals {
	int64_t chunks;	 /* applied */
	int64_t rows;	 /* sent and kept */
	int64_t rejects; /* the producer's and the table's */
	int64_t replaced;
	int64_t files_completed;
	bool merged; /* went the merge path */
};

/*
 * Loads the group: true when every item has its outcome and what was applied is committed. False,
 * with everything rolled back and every item to be offered again: RETRY (back off; the session may
 * be lost: ask database_usable), PAUSE (this dataset waits: a constraint, a newer writer schema),
 * FATAL (table or schema do not fit: what to do is in the message). A reply lost at COMMIT is
 * RETRY: the ledger knows.
 */
MUST_CHECK bool loader_load(struct loader *loader, struct load_item *items, size_t count,
	struct load_totals *ret_totals, struct err *err);

/*
 * Notes a dead letter in the ledger (idempotent). `dataset`, `file_id`, `chunk` as far as known:
 * NULL, 0 and -1 when the message does not tell.
 */
struct dead_note {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *dataset;
	int64_t file_id;
	int64_t chunk;
	const char *stage; /* "chunk", "decode", "ledger" */
	const char *reason;
	const char *worker;
};
MUST_CHECK bool loader_note_dead(
	struct database *database, const struct dead_note *note, struct err *err);

#endif
