/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job of a worker: one group member, one database session, one thread. Its loop: poll, group,
 * load, commit offsets. Several jobs share nothing but read-only configuration and the metrics.
 */
#ifndef PENSTOCK_WORKER_JOB_H
#define PENSTOCK_WORKER_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/metric.h"
#include "worker/dead.h"
#include "worker/duty.h"
#include "worker/group.h"
#include "worker/worker.h"

struct job {
	/* set by the worker */
	const struct worker_options *options;
	struct metrics *metrics;
	char name[128];		     /* host:pid:job */
	_Atomic int64_t progress_us; /* monotonic: the last step made; the watchdog reads it */
	_Atomic bool database_good;  /* the last try to talk to Postgres went well */
	_Atomic bool ended;
	bool failed; /* after `ended`: `error` says why */
	struct err error;
	/* the job's own */
	struct datasets datasets; /* read again while one of them waits */
	struct database *database;
	struct kafka_consumer *consumer;
	struct dead_letters *dead;
	struct duties duties;
	struct group *groups;	 /* one a dataset */
	struct loader **loaders; /* one a dataset; NULL without a database */
	size_t grouped_bytes;	 /* in all groups */
	char sick[400];		 /* not empty: all is paused until the database is well; why */
	unsigned sick_attempt;
	int64_t beat_us; /* when the next heartbeat is due */
	int64_t tell_us; /* when a damaged message is told again */
	int64_t chunks;
	int64_t rows;
	int64_t rejects;
	bool loaded_since_beat;
};

/* Runs until a stop is requested, or until nothing is left to do but fail. The thread's function.
 */
void *job_run(void *job);

/* Bytes of one transaction and how long a message may wait for others, with the defaults filled in.
 */
size_t worker_group_bytes(const struct worker_options *options);
int64_t worker_group_ms(const struct worker_options *options);

#endif
