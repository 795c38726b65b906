/* SPDX-License-Identifier: Apache-2.0 */
/* A job's row in penstock.worker: that it lives, what it does, what it waits for. */
#ifndef PENSTOCK_WORKER_HEARTBEAT_H
#define PENSTOCK_WORKER_HEARTBEAT_H

#include "base/err.h"
#include "kafka/client.h"
#include "postgres/database.h"

#define HEARTBEAT_MS 5000

struct heartbeat {
	const char *worker;
	const char *state; /* "idle", "loading", "paused", "stopped" */
	int64_t chunks;	   /* since the start */
	int64_t rows;
	int64_t rejects;
	const struct kafka_partition *partitions; /* assigned now */
	size_t partition_count;
	const char *paused; /* array literals of "orders: reason" */
	const char *stopped;
};

/* Writes the row; removes those of workers not heard of for a day. */
MUST_CHECK bool heartbeat_write(
	struct database *database, const struct heartbeat *heartbeat, struct err *err);

#endif
