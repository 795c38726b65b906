/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search walks real time, not the calendar: each step asks the C library for the local time of
 * an instant, so there is no instant it could skip or meet twice, whatever the zone's rules. Where
 * day or hour cannot match it goes on by quarters of an hour, the grain of all UTC offsets in use.
 */
#include "cron/cron.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define MINUTE	  60
#define QUARTER	  (15 * MINUTE)
#define HOUR	  (60 * MINUTE)
#define MAX_YEARS 40

struct field {
	const char *name;
	int min;
	int max;
	const char *const *names; /* of the values from `min` on; NULL: none */
	size_t name_count;
	size_t offset; /* of the mask in struct cron */
};

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct field fields[] = {
	{"minute", 0, 59, NULL, 0, offsetof(struct cron, minutes)},
	{"hour", 0, 23, NULL, 0, offsetof(struct cron, hours)},
	{"day of month", 1, 31, NULL, 0, offsetof(struct cron, days)},
	{"month", 1, 12, month_names, 12, offsetof(struct cron, months)},
	{"day of week", 0, 7, weekday_names, 7, offsetof(struct cron, weekdays)},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static const struct {
	const char *name;
	const char *fields;
} shorthands[] = {
	{"@hourly", "0 * * * *"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"},
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
};

/* A number of one or two digits or a name; *p moves behind it. */
static bool read_value(const struct field *field, const char **p, int *ret_value)
{
	size_t n = strcspn(*p, "-/,");
	int value = -1;
	for (size_t i = 0; i < field->name_count; i++)
		if (strlen(field->names[i]) == n && strncasecmp(*p, field->names[i], n) == 0)
			value = field->min + (int)i;
	if (value < 0) {
		if (n < 1 || n > 2 || strspn(*p, "0123456789") < n)
			return false;
		value = 0;
		for (size_t i = 0; i < n; i++)
			value = value * 10 + ((*p)[i] - '0');
	}
	*p += n;
	*ret_value = value;
	return true;
}

/* One element of a field's list: "*", "4", "1-5", each but the single value with a "/step". */
static bool read_element(const struct field *field, const char **p, uint64_t *mask)
{
	int low = field->min;
	int high = field->max;
	int step = 1;
	bool range = true;
	if (**p == '*') {
		++*p;
	} else {
		if (!read_value(field, p, &low))
			return false;
		high = low;
		range = **p == '-';
		if (range) {
			++*p;
			if (!read_value(field, p, &high))
				return false;
		}
	}
	/* Friday to Sunday is a range people write. */
	if (field->names == weekday_names && high == 0 && low > 0)
		high = 7;
	if (**p == '/') {
		++*p;
		size_t n = strspn(*p, "0123456789");
		if (!range || n < 1 || n > 2)
			return false;
		step = 0;
		for (; n; n--)
			step = step * 10 + (*(*p)++ - '0');
	}
	if (low < field->min || high > field->max || low > high || step < 1)
		return false;
	for (int value = low; value <= high; value += step)
		*mask |= (uint64_t)1 << value;
	return true;
}

static bool read_field(const struct field *field, const char *text, uint64_t *ret_mask)
{
	uint64_t mask = 0;
	for (const char *p = text;; p++) {
		if (!read_element(field, &p, &mask))
			return false;
		if (!*p)
			break;
		if (*p != ',')
			return false;
	}
	*ret_mask = mask;
	return true;
}

/* Whether some month of the schedule has one of its days; a weekday always comes. */
static bool ever_due(const struct cron *cron)
{
	static const int lengths[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (!cron->any_day && !cron->any_weekday)
		return true;
	for (int month = 1; month <= 12; month++)
		if (cron->months >> month & 1 &&
			cron->days & (((uint64_t)1 << (lengths[month] + 1)) - 2))
			return true;
	return false;
}

bool cron_parse(const char *text, struct cron *ret_cron, struct err *err)
{
	struct cron cron = {0};
	char copy[256];
	const char *spec = text;
	for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++)
		if (strcmp(text, shorthands[i].name) == 0)
			spec = shorthands[i].fields;
	if (*spec == '@')
		return err_config(err,
			"cron '%s': expected five fields or one of @hourly @daily @midnight "
			"@weekly "
			"@monthly @yearly",
			text);
	if (strlen(spec) >= sizeof(copy))
		return err_config(err, "cron: longer than %zu bytes", sizeof(copy) - 1);
	memcpy(copy, spec, strlen(spec) + 1);
	const char *words[FIELD_COUNT + 1] = {0};
	size_t count = 0;
	char *save = NULL;
	for (char *word = strtok_r(copy, " \t", &save); word && count <= FIELD_COUNT;
		word = strtok_r(NULL, " \t", &save))
		words[count++] = word;
	if (count != FIELD_COUNT)
		return err_config(err,
			"cron '%s': expected five fields: minute, hour, day of month, month, day "
			"of week",
			text);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		uint64_t *mask = (uint64_t *)((char *)&cron + fields[i].offset);
		if (!read_field(&fields[i], words[i], mask))
			return err_config(err,
				"cron '%s': '%s' is no %s: expected *, values from %d to %d, a-b, "
				"*/n or "
				"a list of those",
				text, words[i], fields[i].name, fields[i].min, fields[i].max);
	}
	cron.weekdays = (cron.weekdays | cron.weekdays >> 7) & 127;
	cron.any_day = *words[2] == '*';
	cron.any_weekday = *words[4] == '*';
	cron.every_hour = cron.hours == ((uint64_t)1 << 24) - 1;
	if (!ever_due(&cron))
		return err_config(err, "cron '%s': no month has such a day", text);
	*ret_cron = cron;
	return true;
}

bool cron_zone_is_known(const char *name, struct err *err)
{
	char path[300];
	int n = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	bool plain = *name && *name != '/' && !strstr(name, "..") && n < (int)sizeof(path);
	if (strcmp(name, "UTC") != 0 && (!plain || access(path, R_OK) != 0))
		return err_config(err,
			"time_zone '%s': no such zone in /usr/share/zoneinfo: expected an IANA "
			"name such "
			"as Europe/Berlin (package tzdata)",
			name);
	return true;
}

bool cron_use_zone(const char *name, struct err *err)
{
	if (!cron_zone_is_known(name, err))
		return false;
	/* ":" keeps the C library from reading a file's name as a POSIX rule. */
	char value[300];
	snprintf(value, sizeof(value), ":%s", name);
	if (setenv("TZ", value, 1) != 0)
		return err_fail_errno(err, ERR_FATAL, "setting the time zone");
	tzset();
	return true;
}

static bool bit(uint64_t mask, int value)
{
	return mask >> value & 1;
}

static bool matches_day(const struct cron *cron, const struct tm *local)
{
	bool day = bit(cron->days, local->tm_mday);
	bool weekday = bit(cron->weekdays, local->tm_wday);
	bool either = !cron->any_day && !cron->any_weekday;
	return bit(cron->months, local->tm_mon + 1) && (either ? day || weekday : day && weekday);
}

static bool matches(const struct cron *cron, const struct tm *local)
{
	return matches_day(cron, local) && bit(cron->hours, local->tm_hour) &&
	       bit(cron->minutes, local->tm_min);
}

static struct tm local_time(int64_t at)
{
	struct tm local;
	time_t seconds = (time_t)at;
	if (!localtime_r(&seconds, &local))
		BUG("no local time for %lld", (long long)at);
	return local;
}

/* Whether this local minute has been before: clocks were put back a few hours ago at most. */
static bool is_repeat(int64_t at, const struct tm *local)
{
	long before = local_time(at - 3 * HOUR).tm_gmtoff;
	return before > local->tm_gmtoff &&
	       local_time(at - (before - local->tm_gmtoff)).tm_gmtoff == before;
}

/* Whether a minute that clocks have just jumped over was due. */
static bool skipped_due(const struct cron *cron, int64_t at, const struct tm *local)
{
	long before = local_time(at - MINUTE).tm_gmtoff;
	for (int64_t wall = at + before; wall < at + local->tm_gmtoff; wall += MINUTE) {
		struct tm skipped;
		time_t seconds = (time_t)wall;
		if (gmtime_r(&seconds, &skipped) && matches(cron, &skipped))
			return true;
	}
	return false;
}

int64_t cron_next(const struct cron *cron, int64_t after)
{
	int64_t at = after - after % MINUTE + MINUTE;
	int64_t end = after + (int64_t)MAX_YEARS * 366 * 24 * HOUR;
	while (at < end) {
		struct tm local = local_time(at);
		if (!cron->every_hour && at % QUARTER == 0 && skipped_due(cron, at, &local))
			return at;
		if (!matches_day(cron, &local) || !bit(cron->hours, local.tm_hour)) {
			at += QUARTER - at % QUARTER;
			continue;
		}
		if (bit(cron->minutes, local.tm_min) &&
			(cron->every_hour || !is_repeat(at, &local)))
			return at;
		at += MINUTE;
	}
	BUG("a schedule that is never due");
}
