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
	bool fenced;
	int64_t generation;
	void (*line)(void *context, const struct run_line *line);
	void *context;
};

/* As run_once. *ret_deposed (may be NULL): another scheduler leads now; written in any case. */
MUST_CHECK bool once_run(const struct once *once, struct run_summary *ret_summary,
	bool *ret_deposed, struct err *err);

#endif
