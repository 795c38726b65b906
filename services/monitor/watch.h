/* SPDX-License-Identifier: Apache-2.0 */
/* Private: the monitor's connections, made when first needed and again when lost. One thread. */
#ifndef PENSTOCK_MONITOR_WATCH_H
#define PENSTOCK_MONITOR_WATCH_H

#include "kafka/admin.h"
#include "monitor/monitor.h"
#include "postgres/database.h"

/* How long one question to Kafka or Postgres may take: a busy server's answer comes, a dead one is
 * soon told. */
#define WATCH_MS 3000

struct watch {
	const struct monitor_options *options;
	struct kafka_admin *admin;
	struct database *database;
};

void watch_init(struct watch *watch, const struct monitor_options *options);
void watch_release(struct watch *watch);
MUST_CHECK bool watch_kafka(struct watch *watch, struct kafka_admin **ret_admin, struct err *err);
MUST_CHECK bool watch_ledger(struct watch *watch, struct database **ret_database, struct err *err);

/* lag_read and status_read over connections that stay. */
MUST_CHECK bool watch_lag(
	struct watch *watch, struct arena *arena, struct lag *ret_lag, struct err *err);
MUST_CHECK bool watch_status(
	struct watch *watch, struct arena *arena, struct status *ret_status, struct err *err);

/* Runs the shape's SQL. */
MUST_CHECK bool listing_query(struct database *database, const struct listing_shape *shape,
	const char *const *parameters, size_t count, struct arena *arena,
	struct listing *ret_listing, struct err *err);
/* Of the inbox that this process can see; times by cron are those of the process's time zone. */
void sources_listing(const struct config *config, struct arena *arena, struct listing *ret_listing);
/* The cell under `key`; BUG when there is no such column. */
const char *listing_cell(const struct listing *listing, size_t row, const char *key);

#endif
