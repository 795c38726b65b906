/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks -> tables and ledger. */
#ifndef PENSTOCK_WORKER_WORKER_H
#define PENSTOCK_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "kafka/client.h"

struct worker_options {
	const struct config *config;
	const struct datasets *datasets;
	struct kafka_settings kafka;
	const char *listen;	 /* --listen; NULL: no HTTP */
	int64_t jobs;		 /* threads, each a group member with a connection of its own */
	int64_t max_group_bytes; /* of one transaction; 0: 4 MiB */
	int64_t max_group_ms;	 /* how long a message may wait for others; 0: 20 ms */
};

/* Loads until a stop is requested. Fails only for what stops the process (class FATAL). */
MUST_CHECK bool worker_run(const struct worker_options *options, struct err *err);

#endif
