/* SPDX-License-Identifier: Apache-2.0 */
/* Models, checks, reports: by schedule and load as a service, or once by hand. */
#ifndef PENSTOCK_SCHEDULER_SCHEDULER_H
#define PENSTOCK_SCHEDULER_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

struct scheduler_options {
	const struct config *config;
	const char *listen; /* --listen; NULL: no HTTP */
};

/* Stands for election, then runs what is due until a stop is requested. */
MUST_CHECK bool scheduler_run(const struct scheduler_options *options, struct err *err);

/* What happened to one model or check, for printing. */
struct run_line {
	const char *model; /* "marts.orders"; "" for a check on no model */
	const char *check; /* NULL: the line is about the model itself */
	const char *state; /* published, unchanged, failed, skipped; pass, warn, fail, error */
	int64_t inserted;  /* of a model */
	int64_t updated;
	int64_t deleted;
	int64_t failures; /* of a check: rows or values */
	int64_t milliseconds;
	const char *message; /* "" */
	const char *origin;  /* of a check: "sql/models/marts.yml:12" */
};

struct run_options {
	const struct config *config;
	struct string_list models; /* as project_select: "orders", "marts.*", "+x+"; none: all */
	struct string_list excluded;
	const char *rebuild; /* --rebuild MODEL; NULL: none */
	bool full;	     /* --full: incremental models, too */
	/* Called for each model and check when the run is over, also after a failure; may be NULL.
	 */
	void (*line)(void *context, const struct run_line *line);
	void *context;
};

struct run_summary {
	int64_t run_id;
	int64_t models;
	int64_t inserted;
	int64_t updated;
	int64_t deleted;
	int64_t checks;
	int64_t warnings;
	int64_t failures; /* error-level checks that failed: nothing was published */
	int64_t milliseconds;
};

/* Reads models, checks and what describes them, without a server; *ret_models: how many models. */
MUST_CHECK bool scheduler_check(const struct config *config, size_t *ret_models, struct err *err);

/*
 * One batch run, now; false also when a model failed. Failed checks: true, with summary.failures:
 * nothing was published.
 */
MUST_CHECK bool run_once(
	const struct run_options *options, struct run_summary *ret_summary, struct err *err);
/*
 * Ends a run that is under way or waits for its turn, wherever its process is; 0: the one that has
 * its turn. Waits until it has ended, 30 s at most. *ret_run_id: which it was.
 */
MUST_CHECK bool cancel_once(
	const struct config *config, int64_t run_id, int64_t *ret_run_id, struct err *err);
/* Every check against the tables as they are. */
MUST_CHECK bool check_once(
	const struct run_options *options, struct run_summary *ret_summary, struct err *err);

#endif
