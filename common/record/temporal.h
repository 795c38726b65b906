/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and times between text, Avro (1970) and Postgres (2000). For `infer`, no other folder. */
#ifndef PENSTOCK_RECORD_TEMPORAL_H
#define PENSTOCK_RECORD_TEMPORAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEMPORAL_DAY_US	   INT64_C(86400000000)
#define TEMPORAL_PG_DAYS   10957 /* 2000-01-01 */
#define TEMPORAL_PG_US	   (TEMPORAL_PG_DAYS * TEMPORAL_DAY_US)
/* Postgres 15's limits (datatype/timestamp.h), counted from 1970. */
#define TEMPORAL_DATE_MIN  (-2440588)
#define TEMPORAL_DATE_MAX  2145042905
#define TEMPORAL_STAMP_MIN INT64_C(-210866803200000000)

enum temporal_status {
	TEMPORAL_OK,
	TEMPORAL_SYNTAX,
	TEMPORAL_RANGE,	    /* no such day or time */
	TEMPORAL_PRECISION, /* a digit of the second would be lost */
	TEMPORAL_ZONE,	    /* a zone where there is none to be */
};

/* The day's number since 1970-01-01, years 0001 to 9999; false when there is no such day. */
bool temporal_days(unsigned year, unsigned month, unsigned day, int32_t *ret_days);
/* Z, +-HH, +-HHMM or +-HH:MM of n bytes (1 at least); minutes east of Greenwich. */
enum temporal_status temporal_zone(const char *text, size_t n, int *ret_minutes);
/* YYYY-MM-DD; the years 0001 to 9999. Days since 1970-01-01. */
enum temporal_status temporal_date(const char *text, size_t len, int32_t *ret_days);
/* HH:MM[:SS[.fraction]] with at most `digits` significant digits of fraction. Microseconds. */
enum temporal_status temporal_time(const char *text, size_t len, int digits, int64_t *ret_us);
/* date[T ]time, then Z or +-HH[[:]MM] when `zone`; microseconds since 1970 (UTC without a zone). */
enum temporal_status temporal_stamp(
	const char *text, size_t len, int digits, bool zone, int64_t *ret_us);

#define TEMPORAL_TEXT_SIZE 48
/* ISO 8601 as Postgres prints it, "BC" included; returns the length. */
size_t temporal_format_date(int64_t days, char *ret_text);
size_t temporal_format_time(int64_t us, char *ret_text);
/* "2026-01-31T12:00:00.5", "+00:00" behind it when `zone`. */
size_t temporal_format_stamp(int64_t us, bool zone, char *ret_text);

#endif
