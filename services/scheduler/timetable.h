/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is due when: the configured schedule for all models without one of their own, and one entry
 * for each model that has its own. What fell due while nobody led is made up for once.
 */
#ifndef PENSTOCK_SCHEDULER_TIMETABLE_H
#define PENSTOCK_SCHEDULER_TIMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postgres/database.h"
#include "project/project.h"

struct timetable {
	struct arena arena;
	struct timetable_entry {
		const char *model; /* NULL: all without a schedule of their own */
		int64_t next;	   /* seconds since 1970 */
	} * entries;
	size_t count;
	int64_t since;
	int64_t tried;
};

/*
 * Times count from the last run on record, or from `since` where there is none, but never from
 * before `tried`, this process's last attempt (0: none). All in seconds since 1970.
 */
MUST_CHECK bool timetable_make(const struct config *config, const struct project *project,
	struct database *database, int64_t since, int64_t tried, struct timetable *ret_timetable,
	struct err *err);
void timetable_release(struct timetable *timetable);
/* Whether anything is due at `now`. */
bool timetable_due(const struct timetable *timetable, int64_t now);
/* Selects the models of what is due, and with `loaded` those without a schedule of their own. */
void timetable_select(
	const struct timetable *timetable, int64_t now, bool loaded, struct project *project);

#endif
