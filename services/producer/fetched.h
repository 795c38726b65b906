/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger is told of fetched files where batch runs wait for sources
 * (schedule.recalculate.wait_for_sources): that a fetch is about to be seen, and what became of
 * each file before it leaves the inbox. Elsewhere all of it does nothing. One thread.
 */
#ifndef PENSTOCK_PRODUCER_FETCHED_H
#define PENSTOCK_PRODUCER_FETCHED_H

#include "producer/producer.h"

struct database;

struct fetched {
	const struct config *config;
	struct database *database; /* NULL until needed, and after trouble */
	/* Of the file in hand. */
	const char *source;  /* NULL: it is none that is waited for */
	struct buf datasets; /* arrays, as parameters */
	struct buf file_ids;
	struct buf chunks;
};

/* Nothing is held before the first file. `config` is borrowed. */
void fetched_init(struct fetched *fetched, const struct config *config);
void fetched_release(struct fetched *fetched);

/* A file's publishing begins, tells what it becomes, and has ended: RETRY while Postgres is away.
 */
void fetched_begin(struct fetched *fetched, const char *path);
void fetched_add(struct fetched *fetched, const struct publication_result *result);
MUST_CHECK bool fetched_note(struct fetched *fetched, const char *path, struct err *err);

#endif
