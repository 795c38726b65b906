/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/guess.h"

#include <string.h>
#include <strings.h>

#include "record/temporal.h"

#define PATTERNS_MAX_BYTES (1 << 20)
#define DECIMAL_DIGITS	   1000

enum may {
	MAY_BOOLEAN = 1,
	MAY_NUMBER = 2,
	MAY_DATE = 4,
	MAY_TIME = 8,
	MAY_STAMP = 16,
	MAY_UUID = 32,
	MAY_ALL = 63,
};

/* In order of preference: where several fit all texts, the first is meant and the next is named. */
static const char *const dates[] = {"%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
	"%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y",
	"%d %B %Y", "%b %d, %Y", "%B %d, %Y"};
static const char *const times[] = {"", " %H:%M", " %H:%M:%S", " %I:%M %p"};
#define DATES	 (sizeof(dates) / sizeof(dates[0]))
#define TIMES	 (sizeof(times) / sizeof(times[0]))
#define PATTERNS (DATES * TIMES)

static const char *pattern_text(struct arena *arena, size_t i)
{
	return arena_printf(arena, "%s%s", dates[i % DATES], times[i / DATES]);
}

void guesser_init(struct guesser *guesser)
{
	_Static_assert(PATTERNS < 64, "a bit each");
	struct err err = {0};
	arena_init(&guesser->arena, PATTERNS_MAX_BYTES);
	guesser->patterns = arena_calloc(&guesser->arena, PATTERNS, sizeof(*guesser->patterns));
	for (size_t i = 0; i < PATTERNS; i++)
		if (!pattern_compile(&guesser->arena, pattern_text(&guesser->arena, i),
			    &guesser->patterns[i], &err))
			BUG("%s", err.message);
}

void guesser_release(struct guesser *guesser)
{
	arena_release(&guesser->arena);
}

void guess_init(struct guess *guess)
{
	*guess = (struct guess){.may = MAY_ALL, .patterns = (UINT64_C(1) << PATTERNS) - 1};
}

/* ---- numbers ---- */

static size_t count_digits(const char *p, const char *end)
{
	size_t n = 0;
	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* Digits with or without groups of three; *p behind them. 0: none. */
static int take_integer(const char **p, const char *end, const char *thousands)
{
	size_t sign = strlen(thousands);
	size_t n = count_digits(*p, end);
	int digits = (int)n;
	bool zeros = n > 1 && **p == '0';
	*p += n;
	while (sign && n && n <= 3 && (size_t)(end - *p) >= sign + 3 &&
		memcmp(*p, thousands, sign) == 0) {
		if (count_digits(*p + sign, end) != 3)
			return 0;
		*p += sign + 3;
		digits += 3;
		n = 3;
	}
	return zeros ? 0 : digits;
}

static bool take_exponent(const char **p, const char *end)
{
	const char *at = *p + 1;
	if (at < end && (*at == '-' || *at == '+'))
		at++;
	size_t n = count_digits(at, end);
	*p = at + n;
	return n > 0 && n <= 2;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

/* What begins with a zero that says nothing, or with a plus, is no number but a name. */
static bool note_number(
	struct guess *guess, const struct signs *signs, const char *text, size_t len)
{
	const char *p = text;
	const char *end = text + len;
	int scale = 0;
	p += p < end && *p == '-';
	int digits = take_integer(&p, end, signs->thousands);
	if (digits == 0)
		return false;
	if (p < end && *p == signs->decimal) {
		scale = (int)count_digits(p + 1, end);
		p += 1 + scale;
		if (scale == 0)
			return false;
	}
	bool exponent = p < end && (*p == 'e' || *p == 'E');
	if (exponent && !take_exponent(&p, end))
		return false;
	if (p != end)
		return false;
	guess->exponent |= exponent;
	guess->int_digits = larger(guess->int_digits, digits);
	guess->scale = larger(guess->scale, scale);
	return true;
}

/* ---- the rest ---- */

static bool is_boolean(const char *text, size_t len)
{
	static const char *const words[] = {"true", "false", "t", "f", "yes", "no"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && strncasecmp(words[i], text, len) == 0)
			return true;
	return false;
}

static bool is_uuid(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
		if (hyphen ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	}
	return len == 36;
}

static bool is_date(const char *text, size_t len)
{
	int32_t days;
	return temporal_date(text, len, &days) == TEMPORAL_OK;
}

static bool is_time(const char *text, size_t len)
{
	int64_t us;
	return temporal_time(text, len, 6, &us) == TEMPORAL_OK;
}

static bool note_stamp(struct guess *guess, const char *text, size_t len)
{
	int64_t us;
	if (temporal_stamp(text, len, 6, false, &us) == TEMPORAL_OK)
		return true;
	if (temporal_stamp(text, len, 6, true, &us) != TEMPORAL_OK)
		return false;
	guess->zone = true;
	return true;
}

static void note_patterns(
	struct guess *guess, const struct guesser *guesser, const char *text, size_t len)
{
	struct moment moment;
	const char *why = NULL;
	for (size_t i = 0; i < PATTERNS && guess->patterns; i++) {
		uint64_t bit = UINT64_C(1) << i;
		if ((guess->patterns & bit) && pattern_read(&guesser->patterns[i], text, len, 6,
						       &moment, &why) != PATTERN_OK)
			guess->patterns &= ~bit;
	}
}

void guess_text(struct guess *guess, const struct guesser *guesser, const struct signs *signs,
	const char *text, size_t len)
{
	guess->count++;
	if (len > guess->longest)
		guess->longest = len;
	if ((guess->may & MAY_NUMBER) && !note_number(guess, signs, text, len))
		guess->may &= ~(uint32_t)MAY_NUMBER;
	if ((guess->may & MAY_BOOLEAN) && !is_boolean(text, len))
		guess->may &= ~(uint32_t)MAY_BOOLEAN;
	if ((guess->may & MAY_DATE) && !is_date(text, len))
		guess->may &= ~(uint32_t)MAY_DATE;
	if ((guess->may & MAY_TIME) && !is_time(text, len))
		guess->may &= ~(uint32_t)MAY_TIME;
	if ((guess->may & MAY_STAMP) && !note_stamp(guess, text, len))
		guess->may &= ~(uint32_t)MAY_STAMP;
	if ((guess->may & MAY_UUID) && !is_uuid(text, len))
		guess->may &= ~(uint32_t)MAY_UUID;
	note_patterns(guess, guesser, text, len);
}

void guess_merge(struct guess *guess, const struct guess *other)
{
	guess->may &= other->may;
	guess->patterns &= other->patterns;
	guess->count += other->count;
	guess->int_digits = larger(guess->int_digits, other->int_digits);
	guess->scale = larger(guess->scale, other->scale);
	guess->exponent |= other->exponent;
	guess->zone |= other->zone;
	guess->longest = guess->longest > other->longest ? guess->longest : other->longest;
}

/* Room for larger ones than those of the sample. */
static const char *number_type(const struct guess *guess, struct arena *arena)
{
	int digits = guess->int_digits + guess->scale;
	if (guess->exponent || digits > DECIMAL_DIGITS)
		return "\"double\"";
	if (guess->scale == 0 && digits <= 6)
		return "\"int\"";
	if (guess->scale == 0 && digits <= 18)
		return "\"long\"";
	return arena_printf(arena,
		"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":%d,\"scale\":%d}",
		digits < 16		      ? 18
		: digits < DECIMAL_DIGITS - 2 ? digits + 2
					      : digits,
		guess->scale);
}

static struct guessed by_pattern(const struct guess *guess, struct arena *arena)
{
	size_t first = (size_t)__builtin_ctzll(guess->patterns);
	uint64_t others = guess->patterns & (guess->patterns - 1);
	/* "%d %b %Y" and "%d %B %Y" read "1 May 2024" alike: no doubt. */
	bool doubt = others && !strcasestr(dates[first % DATES], "%b");
	return (struct guessed){.type = first / DATES
						? "{\"type\":\"long\",\"logicalType\":"
						  "\"local-timestamp-micros\"}"
						: "{\"type\":\"int\",\"logicalType\":\"date\"}",
		.pattern = pattern_text(arena, first),
		.doubt = doubt ? pattern_text(arena, (size_t)__builtin_ctzll(others)) : NULL,
		.exact = true,
		.moment = true};
}

bool guess_is_text(const struct guess *guess)
{
	return guess->count == 0 || (!guess->may && !guess->patterns);
}

struct guessed guess_result(const struct guess *guess, bool quoted, struct arena *arena)
{
	static const struct {
		uint32_t may;
		const char *type;
	} types[] = {{MAY_DATE, "{\"type\":\"int\",\"logicalType\":\"date\"}"},
		{MAY_TIME, "{\"type\":\"long\",\"logicalType\":\"time-micros\"}"},
		{MAY_UUID, "{\"type\":\"string\",\"logicalType\":\"uuid\"}"}};
	struct guessed text = {.type = "\"string\"", .text = true, .exact = guess->longest <= 64};
	if (guess->count == 0)
		return text;
	if ((guess->may & MAY_BOOLEAN) && !quoted)
		return (struct guessed){.type = "\"boolean\""};
	if ((guess->may & MAY_NUMBER) && !quoted)
		return (struct guessed){.type = number_type(guess, arena),
			.exact = guess->scale == 0 && !guess->exponent};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (guess->may & types[i].may)
			return (struct guessed){.type = types[i].type,
				.exact = true,
				.moment = types[i].may != MAY_UUID};
	if (guess->may & MAY_STAMP)
		return (struct guessed){.type = guess->zone ? "{\"type\":\"long\",\"logicalType\":"
							      "\"timestamp-micros\"}"
							    : "{\"type\":\"long\",\"logicalType\":"
							      "\"local-timestamp-micros\"}",
			.exact = true,
			.moment = true};
	return guess->patterns ? by_pattern(guess, arena) : text;
}
