/* SPDX-License-Identifier: Apache-2.0 */
/* A whole run around batch_run: tries again, logs, lines for people. */
#ifndef PENSTOCK_SCHEDULER_ONCE_H
#define PENSTOCK_SCHEDULER_ONCE_H

#include "scheduler/batch.h"

struct once {
	const struct config *config;
	struct project *project; /* models selected */
	const char *trigger;
	const struct model *rebuild;
	bool full;
	enum overlap_rule overlap;
	bool wait_for_sources;
	bool fenced;
	int64_t generation;
	void (*line)(void *context, const struct run_line *line);
	void *context;
};

/* As run_once. *ret_end (may be NULL) is written in any case. */
MUST_CHECK bool once_run(const struct once *once, struct run_summary *ret_summary,
	enum batch_end *ret_end, struct err *err);

#endif
