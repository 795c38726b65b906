/* SPDX-License-Identifier: Apache-2.0 */
/* Private: the monitor's metrics, from one const table that docs/monitoring.md is held against. */
#ifndef PENSTOCK_MONITOR_METRICS_H
#define PENSTOCK_MONITOR_METRICS_H

#include "base/metric.h"
#include "monitor/monitor.h"

const struct metric *monitor_metrics(size_t *ret_count);

/* NULL: could not be read; its series are then forgotten, for a stale number is worse than none. */
void monitor_metrics_lag(struct metrics *metrics, const struct lag *lag);
void monitor_metrics_status(struct metrics *metrics, const struct status *status);

#endif
