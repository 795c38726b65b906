/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's metrics; docs/monitoring.md lists them. */
#ifndef PENSTOCK_WORKER_METRICS_H
#define PENSTOCK_WORKER_METRICS_H

#include "base/metric.h"

extern const struct metric worker_chunks_total;
extern const struct metric worker_rows_total;
extern const struct metric worker_rejects_total;
extern const struct metric worker_replaced_total;
extern const struct metric worker_loads_total;
extern const struct metric worker_load_seconds_total;
extern const struct metric worker_dead_letters_total;
extern const struct metric worker_retries_total;
extern const struct metric worker_paused;

#endif
