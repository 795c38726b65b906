/* SPDX-License-Identifier: Apache-2.0 */
/* Columns named after periods of time, of which a table has one more each year. Private to the
 * room.
 */
#ifndef PENSTOCK_INFER_PERIOD_H
#define PENSTOCK_INFER_PERIOD_H

#include <stdbool.h>
#include <stddef.h>

/* What such names are written like: "2020", "2020-01", "Q1 2020", "Jan" ...; static. */
struct period;

/* What most of the `count` names are written like; NULL: fewer than three of them, or a third. */
const struct period *period_of_names(const char *const *names, size_t count);
bool period_matches(const struct period *period, const char *name);
/* "year", "quarter", "month" or "day". */
const char *period_unit(const struct period *period);

#endif
