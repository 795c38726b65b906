/* SPDX-License-Identifier: Apache-2.0 */
/* Files -> archive, manifest, chunks on the topic. `publish` does it once, `producer` for ever. */
#ifndef PENSTOCK_PRODUCER_PRODUCER_H
#define PENSTOCK_PRODUCER_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "fetch/fetch.h"
#include "kafka/client.h"

struct producer_options {
	const struct config *config;
	const struct datasets *datasets;
	struct kafka_settings kafka;
	const char *listen; /* --listen; NULL: no HTTP */
	bool no_fetch;	    /* sources are somebody else's */
	bool window;	    /* keep the unconsumed backlog under the embedded broker's limits */
	int64_t settle_ms;  /* a file's size and mtime must stand still this long; 0: 500 ms */
	int64_t rescan_ms;  /* 0: 5 s */
	int64_t repair_ms;  /* how often the ledger is compared; 0: 60 s */
};

/* Watches the inbox until a stop is requested. */
MUST_CHECK bool producer_run(const struct producer_options *options, struct err *err);

struct publication_result {
	const char *dataset;
	int64_t file_id;
	char sha256[65];
	char name[1025];
	bool already; /* this content was published before; nothing new was made */
	bool quarantined;
	bool retracted; /* it was published, and taken back: only `again` publishes it anew */
	char reason[1500];
	int64_t sent_ms; /* since 1970: when it was published; 0 when quarantined */
	int64_t size;	 /* bytes, as archived */
	int64_t chunks;
	int64_t records;
	int64_t rows;
	int64_t rejects;
};

struct publish_options {
	const struct config *config;
	const struct datasets *datasets;
	struct kafka_settings kafka;
	const char *dataset; /* --dataset; NULL: by name pattern */
	bool again;
	bool window;
	/* `done` and `total` in bytes of the file; may be NULL. */
	void (*progress)(void *context, int64_t done, int64_t total, int64_t rows);
	void *context;
};

/* What several files are published with: the archive and one Kafka producer. One thread. */
struct publisher;

/* Opens the archive; Kafka is reached for with the first chunk. Options are borrowed until close.
 */
MUST_CHECK bool publisher_open(
	const struct publish_options *options, struct publisher **ret_publisher, struct err *err);
void publisher_close(struct publisher *publisher);

/* Whether Kafka answers within `ms`; RETRY when not. */
MUST_CHECK bool publisher_ping(struct publisher *publisher, int64_t ms, struct err *err);

/*
 * Publishes one file (each member, for an archive) and calls `published` for every publication; a
 * quarantine is a result, not an error. RETRY: Kafka or the archive is away, or the file changed
 * while it was read; the same call again goes on where this one stopped.
 */
MUST_CHECK bool publish_file(struct publisher *publisher, const char *path,
	void (*published)(void *context, const struct publication_result *result), void *context,
	struct err *err);

/*
 * fetch_options.whole for everyone who fetches; the context is the struct config. The fetch is
 * noted in the ledger: RETRY while that is away.
 */
MUST_CHECK bool producer_note_fetch(
	void *context, const struct fetch_whole *whole, struct err *err);

/* How far a publication is in the ledger. */
struct publication_progress {
	int64_t chunks; /* loaded, or dead letters */
	int64_t rows;
	int64_t rejects; /* the producer's and the workers' */
	int64_t dead_letters;
	bool complete; /* loaded, or kept out because it is superseded or retracted */
	/* "orders: reason" of a worker that paused or stopped the dataset; "" when none did */
	char paused[500];
	char stopped[500];
};

struct database;
MUST_CHECK bool publication_progress_read(struct database *database, const char *dataset,
	int64_t file_id, int64_t chunks, struct publication_progress *ret_progress,
	struct err *err);

#endif
