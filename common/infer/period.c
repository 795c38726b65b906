/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/period.h"

#include <string.h>
#include <strings.h>

#define PERIODS_LEAST 3

/* In strptime's letters; also %M, a month of two digits, and %q, a quarter: Q1 to Q4. */
struct period {
	const char *form;
	const char *unit;
};

/* Of two that fit alike the first counts. */
static const struct period periods[] = {{"%Y", "year"}, {"%Y [YR%Y]", "year"}, {"YR%Y", "year"},
	{"FY%Y", "year"}, {"FY %Y", "year"}, {"%Y/%y", "year"}, {"%Y-%m", "month"},
	{"%Y/%m", "month"}, {"%Y.%m", "month"}, {"%YM%m", "month"}, {"%Y%M", "month"},
	{"%m/%Y", "month"}, {"%m-%Y", "month"}, {"%m.%Y", "month"}, {"%b", "month"},
	{"%b %Y", "month"}, {"%b-%Y", "month"}, {"%b %y", "month"}, {"%b-%y", "month"},
	{"%Y %b", "month"}, {"%Y-%b", "month"}, {"%q", "quarter"}, {"%Y%q", "quarter"},
	{"%Y-%q", "quarter"}, {"%Y %q", "quarter"}, {"%q %Y", "quarter"}, {"%q-%Y", "quarter"},
	{"%Y-%m-%d", "day"}, {"%Y/%m/%d", "day"}, {"%d.%m.%Y", "day"}, {"%d/%m/%Y", "day"},
	{"%m/%d/%Y", "day"}, {"%m/%d/%y", "day"}, {"%d/%m/%y", "day"}, {"%Y-%y", "year"}};

/* A number of `least` to `most` digits between two; *at behind it. */
static bool take_number(const char **at, size_t most, size_t least, long from, long to)
{
	long value = 0;
	size_t n = 0;
	for (; n < most && (*at)[n] >= '0' && (*at)[n] <= '9'; n++)
		value = value * 10 + ((*at)[n] - '0');
	*at += n;
	return n >= least && value >= from && value <= to;
}

static bool take_month_name(const char **at)
{
	static const char *const names[] = {"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		size_t taken = strncasecmp(*at, names[i], n) == 0   ? n
			       : strncasecmp(*at, names[i], 3) == 0 ? 3
								    : 0;
		*at += taken;
		if (taken)
			return true;
	}
	return false;
}

static bool take_quarter(const char **at)
{
	bool is_one = (**at == 'Q' || **at == 'q') && (*at)[1] >= '1' && (*at)[1] <= '4';
	*at += is_one ? 2 : 0;
	return is_one;
}

static bool take_letter(const char **at, char letter)
{
	switch (letter) {
	case 'Y':
		return take_number(at, 4, 4, 1000, 2999);
	case 'y':
		return take_number(at, 2, 2, 0, 99);
	case 'm':
		return take_number(at, 2, 1, 1, 12);
	case 'M':
		return take_number(at, 2, 2, 1, 12);
	case 'd':
		return take_number(at, 2, 1, 1, 31);
	case 'b':
		return take_month_name(at);
	default:
		return take_quarter(at);
	}
}

bool period_matches(const struct period *period, const char *name)
{
	for (const char *form = period->form; *form; form++) {
		if (*form != '%') {
			if (*name++ != *form)
				return false;
		} else if (!take_letter(&name, *++form)) {
			return false;
		}
	}
	return *name == '\0';
}

const struct period *period_of_names(const char *const *names, size_t count)
{
	const struct period *best = NULL;
	size_t most = PERIODS_LEAST - 1;
	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		size_t matches = 0;
		for (size_t i = 0; i < count; i++)
			matches += period_matches(&periods[p], names[i]);
		if (matches > most && matches * 3 >= count) {
			best = &periods[p];
			most = matches;
		}
	}
	return best;
}

const char *period_unit(const struct period *period)
{
	return period->unit;
}
