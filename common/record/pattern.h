/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and times by a pattern of strptime's kind, compiled once a file: %Y %y %m %b %B %d %j, %H
 * %I %p %M %S %f, %z, %%; everything else stands for itself. English names, no locale. For
 * `infer`, no other folder.
 */
#ifndef PENSTOCK_RECORD_PATTERN_H
#define PENSTOCK_RECORD_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define PATTERN_MAX_BYTES 200
/* The first year %y means: 69 is 1969, 68 is 2068 (POSIX, strptime). */
#define PATTERN_PIVOT	  1969

struct pattern_item;

struct pattern {
	const struct pattern_item *items;
	size_t count;
	bool has_date;	  /* a whole one: year, month and day */
	bool by_year_day; /* %j */
	bool has_time;	  /* at least the hour */
	bool has_zone;
};

/* Everything lives in `arena`. Configuration error: what is wrong with the pattern. */
MUST_CHECK bool pattern_compile(
	struct arena *arena, const char *text, struct pattern *ret_pattern, struct err *err);

/* What a text says; parts its pattern does not have are 0. */
struct moment {
	int32_t days; /* since 1970-01-01 */
	int64_t us;   /* of the day */
	int zone;     /* minutes east of Greenwich */
};

enum pattern_status {
	PATTERN_OK,
	PATTERN_MISMATCH,   /* the text does not look like the pattern */
	PATTERN_IMPOSSIBLE, /* it does, but there is no such time: *ret_why, static, says why */
};

/*
 * Reads the whole text. Numbers may lack leading zeros where no digit follows in the pattern; at
 * most `digits` significant digits of a second's fraction.
 */
enum pattern_status pattern_read(const struct pattern *pattern, const char *text, size_t len,
	int digits, struct moment *ret_moment, const char **ret_why);

#endif
