/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which datasets a job works on, waits for, or has given up. Lives as long as the process, across
 * rebalances: after each assignment the partitions of waiting datasets are paused again.
 */
#ifndef PENSTOCK_WORKER_DUTY_H
#define PENSTOCK_WORKER_DUTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "dataset/dataset.h"
#include "kafka/consumer.h"

enum duty_state {
	DUTY_WORKING,
	DUTY_WAITING, /* PAUSE: tried again at retry_us */
	DUTY_STOPPED, /* FATAL: until the process is started again */
};

struct duty {
	const struct dataset *dataset;
	enum duty_state state;
	unsigned attempt;
	int64_t retry_us; /* monotonic */
	char reason[400]; /* why it waits, or is tried again, or was stopped; "" when all is well */
	bool halted;	  /* chunks of it wait in this job for that reason */
	bool counted;	  /* in the metric */
};

struct duties {
	struct duty *items; /* in the order of datasets->items */
	size_t count;
};

void duties_init(struct duties *duties, const struct datasets *datasets);
void duties_release(struct duties *duties);
struct duty *duties_of_topic(const struct duties *duties, const char *topic);

/* Notes the error: its class decides between waiting and stopped. Logs it once per change of
 * reason. */
void duty_fail(struct duty *duty, const struct err *err);
/* Whether that ends a wait. */
bool duty_succeed(struct duty *duty);
/* Sets `halted` of each; without a partition of it nothing of a dataset waits here. */
void duties_judge(
	struct duties *duties, const struct kafka_partition *assigned, size_t assigned_count);
/*
 * Of those halted the stopped ones, or the others, as an array literal of "orders: reason", a
 * hundred at most; whether there are any. `out` holds DUTIES_MAX_TEXT.
 */
#define DUTIES_MAX_TEXT ((size_t)128 << 10)
bool duties_describe(const struct duties *duties, bool stopped, struct buf *out);

/* Pauses what belongs to datasets not working, resumes the rest of the assignment. */
MUST_CHECK bool duties_apply(
	const struct duties *duties, struct kafka_consumer *consumer, struct err *err);
/*
 * Turns waiting datasets whose time has come into working ones; *ret_changed when any did. What
 * made one wait and did not come again for a while (others have it, or it was deleted) is
 * forgotten.
 */
void duties_wake(struct duties *duties, bool *ret_changed);

#endif
