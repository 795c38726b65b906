/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in the inbox, scan by scan: since when each file stands still, and what was said about
 * it. Nested folders included; names of hidden and temporary files are passed over.
 */
#ifndef PENSTOCK_PRODUCER_INBOX_H
#define PENSTOCK_PRODUCER_INBOX_H

#include <stdint.h>

#include "base/arena.h"
#include "producer/claim.h"

#define INBOX_NEVER INT64_MAX

struct inbox_file {
	const char *path;
	struct identity identity;
	struct timespec touched; /* ctime: permissions and names count as changes, too */
	int64_t since_us;	 /* monotonic: unchanged since */
	int64_t retry_us;	 /* not before; INBOX_NEVER: not until it changes */
	unsigned attempts;
	uint32_t told; /* checksum of the last message logged about it */
};

struct inbox_snapshot {
	struct arena arena;
	struct inbox_file *files; /* by path */
	size_t count;
};

struct inbox {
	const char *folder;
	struct inbox_snapshot snapshots[2];
	unsigned current;
	bool full; /* more files than a scan takes: the rest come when these are gone */
	/* Called for every folder of a scan, so that it can be watched. May be NULL. */
	void (*folder_seen)(void *context, const char *path);
	void *context;
};

/* `folder` is borrowed. */
void inbox_init(struct inbox *inbox, const char *folder);
void inbox_release(struct inbox *inbox);

/* Looks again. RETRY, naming it, when a folder cannot be read; the others were. */
MUST_CHECK bool inbox_scan(struct inbox *inbox, int64_t now_us, struct err *err);

/*
 * The files that have stood still for `settle_us` and may be tried now, oldest first; an array
 * valid until the next scan. *ret_next_us is when the next one will be (INBOX_NEVER: none).
 */
size_t inbox_ready(struct inbox *inbox, int64_t now_us, int64_t settle_us,
	struct inbox_file ***ret_files, int64_t *ret_next_us);

#endif
