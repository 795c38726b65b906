/* SPDX-License-Identifier: Apache-2.0 */
/* What the producer asks the ledger and tells it. Publishing never depends on any of it. */
#ifndef PENSTOCK_PRODUCER_LEDGER_H
#define PENSTOCK_PRODUCER_LEDGER_H

#include "archive/manifest.h"
#include "config/config.h"
#include "postgres/database.h"

/*
 * Notes a quarantined publication, or a retracted one unless the ledger has rows of it: those take
 * more to go (services/worker/rebuild.h).
 */
MUST_CHECK bool ledger_note_quarantine(
	struct database *database, const struct manifest *manifest, struct err *err);
/* The same where Postgres is configured and answers soon; else nothing happens. */
void ledger_try_note_quarantine(const struct config *config, const struct manifest *manifest);

struct ledger_wanted {
	int64_t file_id;
	int64_t chunks;
	bool missing; /* set by ledger_find_missing */
};
/* Marks the publications that lack a chunk which has no dead letter. */
MUST_CHECK bool ledger_find_missing(struct database *database, const char *dataset,
	struct ledger_wanted *wanted, size_t count, struct err *err);
/* How many files of the dataset, up to this id, the ledger knows. */
MUST_CHECK bool ledger_count_files(struct database *database, const char *dataset, int64_t file_id,
	int64_t *ret_count, struct err *err);

#endif
