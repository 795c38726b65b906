/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a schedule is due: five cron fields in one time zone per process.
 *
 * Fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday); each is *, a value,
 * a range a-b, a step (star/n, a-b/n) or a list of those; months and weekdays have names too (jan,
 * mon). Where both day fields are restricted (do not begin with *), either suffices. Also @hourly
 * @daily @midnight @weekly @monthly @yearly @annually.
 *
 * When clocks change: a schedule that names every hour goes on by elapsed time. Any other one runs
 * once in an hour that is repeated (the first time round), and what falls into skipped time runs
 * once, at the first minute after it.
 */
#ifndef PENSTOCK_CRON_CRON_H
#define PENSTOCK_CRON_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cron {
	uint64_t minutes; /* bit n: minute n */
	uint64_t hours;
	uint64_t days;	   /* bits 1 to 31 */
	uint64_t months;   /* bits 1 to 12 */
	uint64_t weekdays; /* bits 0 to 6, 0 is Sunday */
	bool any_day;	   /* the field began with * */
	bool any_weekday;
	bool every_hour;
};

/* Configuration errors that name the field; dates that never come (31 2) are refused too. */
MUST_CHECK bool cron_parse(const char *text, struct cron *ret_cron, struct err *err);

/* Whether there is a zone of that name (IANA, "Europe/Berlin"); a configuration error if not. */
MUST_CHECK bool cron_zone_is_known(const char *name, struct err *err);

/*
 * Makes `name` (IANA, "Europe/Berlin") the process's time zone, which cron_next reads. Before
 * threads start: it changes the environment. A configuration error when there is no such zone.
 */
MUST_CHECK bool cron_use_zone(const char *name, struct err *err);

/* The first time after `after` (both in seconds since 1970); always there within 40 years. */
int64_t cron_next(const struct cron *cron, int64_t after);

#endif
