/* SPDX-License-Identifier: Apache-2.0 */
#include "record/temporal.h"

#include <stdio.h>

#include "record/number.h"

/* Two digits, or at least 100 when they are none. */
static inline unsigned two(const char *p)
{
	unsigned high = digit_of(p[0]);
	unsigned low = digit_of(p[1]);
	return high > 9 || low > 9 ? 100 : high * 10 + low;
}

static inline bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days before each month of a common year, and of the whole year. */
static const unsigned days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

bool temporal_days(unsigned year, unsigned month, unsigned day, int32_t *ret_days)
{
	if (year - 1 > 9998 || month - 1 > 11 || day == 0)
		return false;
	bool leap = is_leap(year);
	unsigned length = days_before[month] - days_before[month - 1] + (month == 2 && leap);
	if (day > length)
		return false;
	unsigned past = year - 1;
	unsigned days = past * 365 + past / 4 - past / 100 + past / 400 + days_before[month - 1] +
			(month > 2 && leap) + day - 1;
	*ret_days = (int32_t)days - 719162;
	return true;
}

enum temporal_status temporal_date(const char *text, size_t len, int32_t *ret_days)
{
	if (len != 10 || text[4] != '-' || text[7] != '-')
		return TEMPORAL_SYNTAX;
	unsigned century = two(text);
	unsigned rest = two(text + 2);
	unsigned month = two(text + 5);
	unsigned day = two(text + 8);
	if (century > 99 || rest > 99 || month > 99 || day > 99)
		return TEMPORAL_SYNTAX;
	return temporal_days(century * 100 + rest, month, day, ret_days) ? TEMPORAL_OK
									 : TEMPORAL_RANGE;
}

/* The fraction's digits behind the point, in microseconds. */
static enum temporal_status read_fraction(
	const char *p, const char *end, int digits, int64_t *ret_us)
{
	int64_t us = 0;
	int count = 0;
	if (p == end)
		return TEMPORAL_SYNTAX;
	enum temporal_status status = TEMPORAL_OK;
	for (; p < end; p++, count++) {
		if (digit_of(*p) > 9)
			return TEMPORAL_SYNTAX;
		if (count >= digits && *p != '0')
			status = TEMPORAL_PRECISION;
		if (count < 6)
			us = us * 10 + digit_of(*p);
	}
	for (; count < 6; count++)
		us *= 10;
	*ret_us = us;
	return status;
}

enum temporal_status temporal_time(const char *text, size_t len, int digits, int64_t *ret_us)
{
	unsigned seconds = 0;
	int64_t fraction = 0;
	enum temporal_status status = TEMPORAL_OK;
	if (len < 5 || text[2] != ':')
		return TEMPORAL_SYNTAX;
	unsigned hours = two(text);
	unsigned minutes = two(text + 3);
	if (len > 5) {
		if (len < 8 || text[5] != ':')
			return TEMPORAL_SYNTAX;
		seconds = two(text + 6);
	}
	if (hours > 99 || minutes > 99 || seconds > 99)
		return TEMPORAL_SYNTAX;
	if (len > 8) {
		if (text[8] != '.')
			return TEMPORAL_SYNTAX;
		status = read_fraction(text + 9, text + len, digits, &fraction);
	}
	if (status != TEMPORAL_OK)
		return status;
	if (hours > 23 || minutes > 59 || seconds > 59)
		return TEMPORAL_RANGE;
	*ret_us = (int64_t)(hours * 3600 + minutes * 60 + seconds) * 1000000 + fraction;
	return TEMPORAL_OK;
}

/* Where the zone begins: behind the time; `len` when there is none. */
static size_t find_zone(const char *text, size_t len)
{
	for (size_t i = 11; i < len; i++)
		if (text[i] == 'Z' || text[i] == '+' || text[i] == '-')
			return i;
	return len;
}

enum temporal_status temporal_zone(const char *text, size_t n, int *ret_minutes)
{
	*ret_minutes = 0;
	if (n == 1 && text[0] == 'Z')
		return TEMPORAL_OK;
	bool colon = n == 6 && text[3] == ':';
	if (text[0] == 'Z' || (n != 3 && n != 5 && !colon))
		return TEMPORAL_SYNTAX;
	unsigned hours = two(text + 1);
	unsigned minutes = n == 3 ? 0 : two(text + (colon ? 4 : 3));
	if (hours > 99 || minutes > 99)
		return TEMPORAL_SYNTAX;
	if (hours > 15 || minutes > 59)
		return TEMPORAL_RANGE;
	int total = (int)(hours * 60 + minutes);
	*ret_minutes = text[0] == '-' ? -total : total;
	return TEMPORAL_OK;
}

enum temporal_status temporal_stamp(
	const char *text, size_t len, int digits, bool zone, int64_t *ret_us)
{
	int32_t days;
	int64_t us;
	int minutes = 0;
	if (len < 16 || (text[10] != 'T' && text[10] != ' '))
		return TEMPORAL_SYNTAX;
	size_t zone_at = find_zone(text, len);
	enum temporal_status status = temporal_date(text, 10, &days);
	if (status == TEMPORAL_OK)
		status = temporal_time(text + 11, zone_at - 11, digits, &us);
	if (status == TEMPORAL_OK && zone_at < len)
		status = zone ? temporal_zone(text + zone_at, len - zone_at, &minutes)
			      : TEMPORAL_ZONE;
	if (status == TEMPORAL_OK)
		*ret_us = days * TEMPORAL_DAY_US + us - minutes * INT64_C(60000000);
	return status;
}

/* Proleptic Gregorian date of a day; year 0 is 1 BC. */
static void civil_of(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	int64_t since = days + 719162; /* 0001-01-01 */
	int64_t cycles = (since >= 0 ? since : since - 146096) / 146097;
	unsigned rest = (unsigned)(since - cycles * 146097);
	unsigned centuries = rest / 36524 < 3 ? rest / 36524 : 3;
	rest -= centuries * 36524;
	unsigned fours = rest / 1461;
	rest -= fours * 1461;
	unsigned years = rest / 365 < 3 ? rest / 365 : 3;
	rest -= years * 365;
	unsigned year = centuries * 100 + fours * 4 + years + 1;
	bool leap = is_leap(year);
	unsigned month = 1;
	while (rest >= days_before[month] + (unsigned)(month >= 2 && leap))
		month++;
	*ret_year = cycles * 400 + year;
	*ret_month = month;
	*ret_day = rest - days_before[month - 1] - (month > 2 && leap) + 1;
}

static size_t put_date(int64_t days, char *text, bool *ret_bc)
{
	int64_t year;
	unsigned month;
	unsigned day;
	civil_of(days, &year, &month, &day);
	*ret_bc = year <= 0;
	return (size_t)snprintf(text, TEMPORAL_TEXT_SIZE, "%04lld-%02u-%02u",
		(long long)(year <= 0 ? 1 - year : year), month, day);
}

static size_t put_bc(bool bc, char *text, size_t n)
{
	return bc ? n + (size_t)snprintf(text + n, TEMPORAL_TEXT_SIZE - n, " BC") : n;
}

size_t temporal_format_date(int64_t days, char *ret_text)
{
	bool bc;
	size_t n = put_date(days, ret_text, &bc);
	return put_bc(bc, ret_text, n);
}

static size_t put_time(int64_t us, char *text, size_t n)
{
	int64_t seconds = us / 1000000;
	int fraction = (int)(us % 1000000);
	n += (size_t)snprintf(text + n, TEMPORAL_TEXT_SIZE - n, "%02d:%02d:%02d",
		(int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
	if (fraction == 0)
		return n;
	n += (size_t)snprintf(text + n, TEMPORAL_TEXT_SIZE - n, ".%06d", fraction);
	while (text[n - 1] == '0')
		text[--n] = '\0';
	return n;
}

size_t temporal_format_time(int64_t us, char *ret_text)
{
	return put_time(us, ret_text, 0);
}

size_t temporal_format_stamp(int64_t us, bool zone, char *ret_text)
{
	bool bc;
	int64_t days = us / TEMPORAL_DAY_US;
	int64_t rest = us % TEMPORAL_DAY_US;
	if (rest < 0) {
		rest += TEMPORAL_DAY_US;
		days--;
	}
	size_t n = put_date(days, ret_text, &bc);
	ret_text[n++] = 'T';
	n = put_time(rest, ret_text, n);
	if (zone)
		n += (size_t)snprintf(ret_text + n, TEMPORAL_TEXT_SIZE - n, "+00:00");
	return put_bc(bc, ret_text, n);
}
