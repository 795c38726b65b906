/* SPDX-License-Identifier: Apache-2.0 */
/* The truth about lag, files and workers: as rows for commands and as metrics for others. */
#ifndef PENSTOCK_MONITOR_MONITOR_H
#define PENSTOCK_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
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
	struct lag_row *rows; /* by dataset in the configuration's order, then partition */
	size_t count;
	const char *blind; /* why there are no estimates; NULL when the ledger answered */
};

/* Asks Kafka (and Postgres, where there is one, for the estimates). Memory from `arena`. Topics
 * that do not exist are left out; FATAL when none does. */
MUST_CHECK bool lag_read(const struct monitor_options *options, struct arena *arena,
	struct lag *ret_lag, struct err *err);

/* Rows as text, for a table or JSON: what lag, status and rejects show. */
enum listing_kind { LISTING_TEXT, LISTING_INT, LISTING_REAL };

struct listing_column {
	const char *title; /* for people */
	const char *key;   /* for programs */
	enum listing_kind kind;
};

struct listing_shape {
	const char *key;   /* "workers" */
	const char *title; /* "workers" */
	const char *sql;   /* one column of its result for each of `columns`; NULL: not from SQL */
	const struct listing_column *columns;
	size_t column_count;
};

struct listing {
	const struct listing_shape *shape;
	const char *const *cells; /* row by row; NULL: unknown */
	size_t rows;
};

/* An array of objects. */
void listing_json(const struct listing *listing, struct buf *out);

/* The rows of `lag --json`. */
void lag_listing(const struct lag *lag, struct arena *arena, struct listing *ret_listing);

enum status_part {
	STATUS_DATASETS,
	STATUS_FILES,
	STATUS_WORKERS,
	STATUS_RUNS,
	STATUS_DEAD_LETTERS,
	STATUS_ALERTS,
	STATUS_JOBS,
	STATUS_SOURCES,
	STATUS_PARTS,
};

struct status {
	struct listing parts[STATUS_PARTS];
	struct listing checks; /* every check's newest result: for metrics */
};

/* Asks the ledger. Memory from `arena`. */
MUST_CHECK bool status_read(const struct monitor_options *options, struct arena *arena,
	struct status *ret_status, struct err *err);
/* One object with an array for every part. */
void status_json(const struct status *status, struct buf *out);

/* Every check there is: how it stands, what it found before, since when. */
MUST_CHECK bool check_overview_read(const struct monitor_options *options, struct arena *arena,
	struct listing *ret_listing, struct err *err);
/* One check's last results, the newest first. A usage error when there are none. */
MUST_CHECK bool check_history_read(const struct monitor_options *options, const char *name,
	int64_t limit, struct arena *arena, struct listing *ret_listing, struct err *err);
/* Rows that failed a check when rows were last kept of it, and in which run that was. A usage error
 * when there are none. */
MUST_CHECK bool check_rows_read(const struct monitor_options *options, const char *name,
	int64_t limit, struct arena *arena, struct listing *ret_listing, int64_t *ret_run,
	struct err *err);
/* The same as a JSON array of the rows, with their types. */
MUST_CHECK bool check_rows_json(const struct monitor_options *options, const char *name,
	int64_t limit, struct arena *arena, struct buf *out, struct err *err);

#define REJECTS_MAX 10000

/* The rejects in the ledger, those of one dataset or file when these are not NULL or "". */
MUST_CHECK bool rejects_read(const struct monitor_options *options, const char *dataset,
	const char *file, int64_t limit, struct arena *arena, struct listing *ret_listing,
	struct err *err);

#endif
