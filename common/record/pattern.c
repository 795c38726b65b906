/* SPDX-License-Identifier: Apache-2.0 */
#include "record/pattern.h"

#include <string.h>
#include <strings.h>

#include "record/number.h"
#include "record/temporal.h"

/* What a directive tells; two directives of one pattern never tell the same. */
enum {
	TELLS_YEAR = 1,
	TELLS_MONTH = 2,
	TELLS_DAY = 4,
	TELLS_HOUR = 8,
	TELLS_HALF = 16,
	TELLS_MINUTE = 32,
	TELLS_SECOND = 64,
	TELLS_FRACTION = 128,
	TELLS_ZONE = 256,
	TELLS_DATE = TELLS_YEAR | TELLS_MONTH | TELLS_DAY,
};

/* A text on its way through a pattern. */
struct scan {
	const char *at;
	const char *end;
	unsigned year;
	unsigned month;
	unsigned day;
	unsigned year_day;
	unsigned hour;
	unsigned half; /* 0: a clock of 24 hours; else 1 for AM, 2 for PM */
	unsigned minute;
	unsigned second;
	int64_t us;
	int fraction; /* its digits up to the last that is not 0 */
	int zone;
};

struct directive {
	bool (*read)(struct scan *scan, const struct pattern_item *item);
	size_t offset; /* of the number in struct scan */
	unsigned tells;
	char letter;
	unsigned char digits; /* at most; 0: no number */
};

struct pattern_item {
	const struct directive *directive; /* NULL: `text` stands there */
	const char *text;
	size_t len;
	bool all_digits; /* other digits stand beside it: no leading zero may be missing */
};

static bool read_number(struct scan *scan, const struct pattern_item *item)
{
	const struct directive *directive = item->directive;
	unsigned value = 0;
	unsigned count = 0;
	while (count < directive->digits && scan->at < scan->end && digit_of(*scan->at) <= 9) {
		value = value * 10 + digit_of(*scan->at++);
		count++;
	}
	if (count == 0 || (item->all_digits && count < directive->digits))
		return false;
	memcpy((char *)scan + directive->offset, &value, sizeof(value));
	return true;
}

static bool read_year(struct scan *scan, const struct pattern_item *item)
{
	const char *start = scan->at;
	return read_number(scan, item) && scan->at - start == 4;
}

static bool read_short_year(struct scan *scan, const struct pattern_item *item)
{
	const char *start = scan->at;
	if (!read_number(scan, item) || scan->at - start != 2)
		return false;
	scan->year += scan->year < PATTERN_PIVOT % 100 ? 2000 : 1900;
	return true;
}

static bool read_fraction(struct scan *scan, const struct pattern_item *item)
{
	int count = 0;
	(void)item;
	for (; scan->at < scan->end && digit_of(*scan->at) <= 9 && count < 9; scan->at++, count++) {
		unsigned digit = digit_of(*scan->at);
		if (count < 6)
			scan->us = scan->us * 10 + digit;
		if (digit)
			scan->fraction = count + 1;
	}
	for (int i = count; i < 6; i++)
		scan->us *= 10;
	return count > 0;
}

static bool takes_word(struct scan *scan, const char *word, size_t len)
{
	if ((size_t)(scan->end - scan->at) < len || strncasecmp(scan->at, word, len) != 0)
		return false;
	scan->at += len;
	return true;
}

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};

static bool read_month(struct scan *scan, const struct pattern_item *item)
{
	bool whole = item->directive->letter == 'B';
	for (unsigned i = 0; i < 12; i++) {
		if (takes_word(scan, months[i], whole ? strlen(months[i]) : 3)) {
			scan->month = i + 1;
			return true;
		}
	}
	return false;
}

static bool read_half(struct scan *scan, const struct pattern_item *item)
{
	(void)item;
	scan->half = takes_word(scan, "AM", 2) ? 1 : takes_word(scan, "PM", 2) ? 2 : 0;
	return scan->half != 0;
}

/* The digits at p, at most two. */
static size_t two_digits(const char *p, const char *end)
{
	size_t n = 0;
	while (n < 2 && p + n < end && digit_of(p[n]) <= 9)
		n++;
	return n;
}

/* Z, +HH, +HHMM or +HH:MM; an impossible offset is no zone at all. */
static bool read_zone(struct scan *scan, const struct pattern_item *item)
{
	const char *p = scan->at;
	size_t n = 1;
	(void)item;
	if (p == scan->end || (*p != 'Z' && *p != '+' && *p != '-'))
		return false;
	if (*p != 'Z') {
		n += two_digits(p + n, scan->end);
		size_t colon = p + n < scan->end && p[n] == ':';
		if (two_digits(p + n + colon, scan->end) == 2)
			n += colon + 2;
	}
	scan->at += n;
	return temporal_zone(p, n, &scan->zone) == TEMPORAL_OK;
}

#define AT(member) offsetof(struct scan, member)

static const struct directive directives[] = {
	{read_year, AT(year), TELLS_YEAR, 'Y', 4},
	{read_short_year, AT(year), TELLS_YEAR, 'y', 2},
	{read_number, AT(month), TELLS_MONTH, 'm', 2},
	{read_month, 0, TELLS_MONTH, 'b', 0},
	{read_month, 0, TELLS_MONTH, 'B', 0},
	{read_number, AT(day), TELLS_DAY, 'd', 2},
	{read_number, AT(year_day), TELLS_MONTH | TELLS_DAY, 'j', 3},
	{read_number, AT(hour), TELLS_HOUR, 'H', 2},
	{read_number, AT(hour), TELLS_HOUR, 'I', 2},
	{read_half, 0, TELLS_HALF, 'p', 0},
	{read_number, AT(minute), TELLS_MINUTE, 'M', 2},
	{read_number, AT(second), TELLS_SECOND, 'S', 2},
	{read_fraction, 0, TELLS_FRACTION, 'f', 9},
	{read_zone, 0, TELLS_ZONE, 'z', 0},
};

static const struct directive *find_directive(char letter)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (directives[i].letter == letter)
			return &directives[i];
	return NULL;
}

/* What is wrong with a pattern that tells these things; NULL: nothing. */
static const char *judge(unsigned tells, bool clock12)
{
	if ((tells & TELLS_DATE) && (tells & TELLS_DATE) != TELLS_DATE)
		return "a date needs year, month and day (%Y %m %d, or %Y %j)";
	if (clock12 != ((tells & TELLS_HALF) != 0))
		return "%I and %p need each other";
	if ((tells & (TELLS_MINUTE | TELLS_HALF)) && !(tells & TELLS_HOUR))
		return "a time needs an hour (%H, or %I and %p)";
	if ((tells & TELLS_SECOND) && !(tells & TELLS_MINUTE))
		return "seconds need minutes (%M)";
	if ((tells & TELLS_FRACTION) && !(tells & TELLS_SECOND))
		return "a fraction needs seconds (%S)";
	if ((tells & TELLS_ZONE) && (!(tells & TELLS_HOUR) || !(tells & TELLS_DATE)))
		return "a zone needs a date and a time";
	return tells ? NULL : "it tells neither a date nor a time";
}

/* Appends the item that begins at *p and moves on; NULL, or what is wrong there. */
static const char *compile_item(const char **p, struct pattern_item *item, unsigned *tells)
{
	const char *text = *p;
	if (*text != '%' || text[1] == '%') {
		size_t n = *text == '%' ? 1 : strcspn(text, "%");
		*item = (struct pattern_item){.text = text, .len = n};
		*p = text + n + (*text == '%');
		return NULL;
	}
	item->directive = text[1] ? find_directive(text[1]) : NULL;
	if (!item->directive)
		return "after % stands one of Y y m b B d j H I p M S f z %";
	if (*tells & item->directive->tells)
		return "it tells the same thing twice";
	*tells |= item->directive->tells;
	*p = text + 2;
	return NULL;
}

static bool is(const struct pattern_item *item, char letter)
{
	return item->directive && item->directive->letter == letter;
}

static bool is_number(const struct pattern_item *item)
{
	return item->directive && item->directive->digits > 0;
}

/* Marks numbers that stand beside digits; false when it cannot be told where a number ends. */
static bool join_numbers(struct pattern_item *items, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++) {
		const struct pattern_item *next = &items[i + 1];
		bool digits = is_number(next) || (next->text && digit_of(next->text[0]) <= 9);
		if (!is_number(&items[i]) || !digits)
			continue;
		if (is(&items[i], 'f'))
			return false;
		items[i].all_digits = true;
		items[i + 1].all_digits = is_number(next);
	}
	return true;
}

bool pattern_compile(
	struct arena *arena, const char *text, struct pattern *ret_pattern, struct err *err)
{
	size_t len = strlen(text);
	if (len > PATTERN_MAX_BYTES)
		return err_config(err, "longer than %d bytes", PATTERN_MAX_BYTES);
	const char *p = arena_strdup(arena, text);
	struct pattern_item *items = arena_calloc(arena, len + 1, sizeof(*items));
	const char *why = NULL;
	unsigned tells = 0;
	size_t count = 0;
	bool clock12 = false;
	bool year_day = false;
	for (; *p && !why; count++) {
		why = compile_item(&p, &items[count], &tells);
		clock12 |= is(&items[count], 'I');
		year_day |= is(&items[count], 'j');
	}
	if (!why && !join_numbers(items, count))
		why = "digits cannot follow %f";
	why = why ? why : judge(tells, clock12);
	if (why)
		return err_config(err, "'%s': %s", text, why);
	*ret_pattern = (struct pattern){.items = items,
		.count = count,
		.has_date = (tells & TELLS_DATE) != 0,
		.by_year_day = year_day,
		.has_time = (tells & TELLS_HOUR) != 0,
		.has_zone = (tells & TELLS_ZONE) != 0};
	return true;
}

static bool fits(const struct pattern *pattern, struct scan *scan)
{
	for (size_t i = 0; i < pattern->count; i++) {
		const struct pattern_item *item = &pattern->items[i];
		if (item->directive) {
			if (!item->directive->read(scan, item))
				return false;
			continue;
		}
		if ((size_t)(scan->end - scan->at) < item->len ||
			memcmp(scan->at, item->text, item->len) != 0)
			return false;
		scan->at += item->len;
	}
	return scan->at == scan->end;
}

/* NULL, or why there is no such day. */
static const char *read_day(const struct scan *scan, bool by_year_day, int32_t *ret_days)
{
	int32_t first = 0;
	int32_t last = 0;
	if (scan->year == 0)
		return "years go from 0001 to 9999";
	if (by_year_day) {
		bool known = temporal_days(scan->year, 1, 1, &first) &&
			     temporal_days(scan->year, 12, 31, &last);
		*ret_days = first + (int32_t)scan->year_day - 1;
		return known && *ret_days >= first && *ret_days <= last
			       ? NULL
			       : "the year has no such day";
	}
	if (scan->month < 1 || scan->month > 12)
		return "months go from 1 to 12";
	return temporal_days(scan->year, scan->month, scan->day, ret_days)
		       ? NULL
		       : "the month has no such day";
}

/* NULL, or why there is no such time. */
static const char *read_time(const struct scan *scan, int digits, int64_t *ret_us)
{
	unsigned hour = scan->hour;
	if (scan->half) {
		if (hour < 1 || hour > 12)
			return "hours before AM and PM go from 1 to 12";
		hour = hour % 12 + (scan->half == 2 ? 12 : 0);
	}
	if (hour > 23)
		return "hours go from 0 to 23: 24:00 is 00:00 of the next day";
	if (scan->minute > 59)
		return "minutes go from 0 to 59";
	if (scan->second > 59)
		return "seconds go from 0 to 59: there is no room for leap seconds";
	if (scan->fraction > digits)
		return "more digits of a second than the type keeps";
	*ret_us = (int64_t)(hour * 3600 + scan->minute * 60 + scan->second) * 1000000 + scan->us;
	return NULL;
}

enum pattern_status pattern_read(const struct pattern *pattern, const char *text, size_t len,
	int digits, struct moment *ret_moment, const char **ret_why)
{
	struct scan scan = {.at = text, .end = text + len};
	struct moment moment = {0};
	const char *why = NULL;
	if (!fits(pattern, &scan))
		return PATTERN_MISMATCH;
	if (pattern->has_date)
		why = read_day(&scan, pattern->by_year_day, &moment.days);
	if (!why)
		why = read_time(&scan, digits, &moment.us);
	if (why) {
		*ret_why = why;
		return PATTERN_IMPOSSIBLE;
	}
	moment.zone = scan.zone;
	*ret_moment = moment;
	return PATTERN_OK;
}
