/* SPDX-License-Identifier: Apache-2.0 */
/* Files that lie in the inbox for too long: whatever the reason, somebody should look. */
#ifndef PENSTOCK_PRODUCER_STALE_H
#define PENSTOCK_PRODUCER_STALE_H

#include "config/config.h"
#include "producer/inbox.h"

struct stale {
	const struct config *config;
	char inbox[512];  /* "host:folder" */
	uint32_t noted;	  /* checksum of the names the ledger knows of; 0: not told yet */
	uint32_t logged;  /* of those the log knows of */
	int64_t retry_us; /* the ledger was away: not before */
	unsigned attempts;
};

/* `config` is borrowed. */
void stale_init(struct stale *stale, const struct config *config);
/*
 * After a scan: warns of files older than `alerts.stale_file` in the log and, where Postgres is
 * configured, in penstock.alert; once each time the set of them changes. Age counts from the
 * file's last change, its arrival included.
 */
void stale_note(struct stale *stale, const struct inbox_snapshot *snapshot);

#endif
