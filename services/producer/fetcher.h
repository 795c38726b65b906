/* SPDX-License-Identifier: Apache-2.0 */
/* The sources that have a schedule, each fetched by a thread of its own. */
#ifndef PENSTOCK_PRODUCER_FETCHER_H
#define PENSTOCK_PRODUCER_FETCHER_H

#include "base/metric.h"
#include "config/config.h"

struct fetcher;

/*
 * Starts the threads; NULL when no source has a schedule. Both are borrowed until fetcher_stop. A
 * configuration error when there is no such time zone.
 */
MUST_CHECK bool fetcher_start(const struct config *config, struct metrics *metrics,
	struct fetcher **ret_fetcher, struct err *err);
/* Once a stop was requested: waits for the threads. NULL is fine. */
void fetcher_stop(struct fetcher *fetcher);

#endif
