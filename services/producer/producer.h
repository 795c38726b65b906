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
#include "kafka/client.h"

struct producer_options {
	const struct config *config;
	const struct datasets *datasets;
	struct kafka_settings kafka;
	const char *listen; /* --listen; NULL: no HTTP */
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
	char reason[1500];
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

/* Publishes one file (each member, for an archive) and calls `published` for every publication. */
MUST_CHECK bool publish_file(const struct publish_options *options, const char *path,
	void (*published)(void *context, const struct publication_result *result), struct err *err);

#endif
