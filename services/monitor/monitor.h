/* SPDX-License-Identifier: Apache-2.0 */
/* The truth about lag, files and workers: as rows for commands and as metrics for others. */
#ifndef PENSTOCK_MONITOR_MONITOR_H
#define PENSTOCK_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "dataset/dataset.h"
#include "kafka/client.h"

struct monitor_options {
	const struct config *config;
	const struct datasets *datasets;
	struct kafka_settings kafka;
	const char *listen; /* NULL: config's monitor.listen */
};

/* Serves /metrics, /livez, /readyz and the JSON and HTML pages until a stop is requested. */
MUST_CHECK bool monitor_run(const struct monitor_options *options, struct err *err);

struct lag_row {
	const char *topic;
	int32_t partition;
	const char *group;
	int64_t committed; /* -1: nothing committed yet */
	int64_t end;
	int64_t lag;		 /* messages; exact */
	int64_t rows_estimate;	 /* -1: no basis */
	double seconds_to_drain; /* negative: unknown (nothing moves, or no ledger) */
	double oldest_seconds;	 /* age of the oldest waiting message; negative: none waits */
};

struct lag {
	struct lag_row *rows; /* by topic, then partition */
	size_t count;
	bool ledger; /* Postgres answered: the estimates have a basis */
};

/* Asks Kafka (and Postgres, where there is one, for the estimates). Memory from `arena`. */
MUST_CHECK bool lag_read(const struct monitor_options *options, struct arena *arena,
	struct lag *ret_lag, struct err *err);

#endif
