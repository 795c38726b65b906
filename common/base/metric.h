/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers others watch. A service declares its metrics in a const table; values live in a registry
 * that any thread may change and /metrics renders (Prometheus text format 0.0.4, or
 * OpenMetrics 1.0).
 */
#ifndef PENSTOCK_BASE_METRIC_H
#define PENSTOCK_BASE_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

#define METRIC_MAX_LABELS 4

/* `name` of a counter ends in _total. Unused label slots are NULL. Static storage. */
struct metric {
	const char *name;
	enum metric_type type;
	const char *help;
	const char *labels[METRIC_MAX_LABELS];
};

struct metrics; /* the registry */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* Values in the order of metric->labels (copied); as many as it has labels. */
void metric_add(struct metrics *metrics, const struct metric *metric, double value, ...);
void metric_set(struct metrics *metrics, const struct metric *metric, double value, ...);
/* Forgets every series of the metric (a partition that is gone must not be shown for ever). */
void metric_forget(struct metrics *metrics, const struct metric *metric);

/* Appends every series, families in order of first use. */
void metrics_render(struct metrics *metrics, bool openmetrics, struct buf *out);

#endif
