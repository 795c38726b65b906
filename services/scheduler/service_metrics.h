/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler shows on /metrics. */
#ifndef PENSTOCK_SCHEDULER_SERVICE_METRICS_H
#define PENSTOCK_SCHEDULER_SERVICE_METRICS_H

#include <stdbool.h>

#include "base/metric.h"
#include "scheduler/scheduler.h"

void service_metrics_leads(struct metrics *metrics, bool leads);
/* A run is over: "published", "failed" or "cancelled". */
void service_metrics_run(
	struct metrics *metrics, const char *state, const struct run_summary *summary);

#endif
