/* SPDX-License-Identifier: Apache-2.0 */
/* What /metrics says about a producer. */
#ifndef PENSTOCK_PRODUCER_METRICS_H
#define PENSTOCK_PRODUCER_METRICS_H

#include "base/metric.h"
#include "producer/producer.h"

extern const struct metric metric_inbox_files;
extern const struct metric metric_kafka_up;
extern const struct metric metric_repaired;

/* Every counter at zero for every dataset, so that rates have a beginning. */
void metrics_begin(struct metrics *metrics, const struct datasets *datasets);
/* Counts a publication; one that was published before counts as such only. */
void metrics_count(struct metrics *metrics, const struct publication_result *result);

#endif
