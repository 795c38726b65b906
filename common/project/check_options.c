/* SPDX-License-Identifier: Apache-2.0 */
#include "project/check.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\n");
}

/* A whole number at *p, which moves behind it. */
static bool read_number(const char **p, int64_t *ret_number)
{
	char digits[24];
	*p = skip_blanks(*p);
	size_t n = strspn(*p, "-0123456789");
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, *p, n);
	digits[n] = '\0';
	*p += n;
	return text_int64(digits, ret_number);
}

static bool read_word(const char **p, const char *word)
{
	const char *start = skip_blanks(*p);
	size_t n = strlen(word);
	if (strncasecmp(start, word, n) != 0)
		return false;
	*p = start + n;
	return true;
}

/* Longer operators before those they begin with. */
static const struct {
	const char *sign;
	enum threshold_op op;
} signs[] = {
	{"!=", THRESHOLD_NOT_EQUAL},
	{"<>", THRESHOLD_NOT_EQUAL},
	{"==", THRESHOLD_EQUAL},
	{"=", THRESHOLD_EQUAL},
	{"<=", THRESHOLD_AT_MOST},
	{"<", THRESHOLD_LESS},
	{">=", THRESHOLD_AT_LEAST},
	{">", THRESHOLD_GREATER},
};

bool threshold_parse(const char *text, struct threshold *ret_threshold)
{
	struct threshold threshold = {.text = text};
	const char *p = text;
	bool ok = false;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]) && !ok; i++)
		if (read_word(&p, signs[i].sign)) {
			threshold.op = signs[i].op;
			ok = true;
		}
	if (!ok) {
		threshold.op = read_word(&p, "not") ? THRESHOLD_NOT_BETWEEN : THRESHOLD_BETWEEN;
		ok = read_word(&p, "between") && read_number(&p, &threshold.low) &&
		     read_word(&p, "and") && read_number(&p, &threshold.high);
	} else {
		ok = read_number(&p, &threshold.low);
	}
	if (!ok || *skip_blanks(p))
		return false;
	*ret_threshold = threshold;
	return true;
}

bool threshold_met(const struct threshold *threshold, int64_t failures)
{
	int64_t low = threshold->low;
	bool between = failures >= low && failures <= threshold->high;
	const bool met[] = {
		[THRESHOLD_NOT_EQUAL] = failures != low,
		[THRESHOLD_EQUAL] = failures == low,
		[THRESHOLD_LESS] = failures<
			low, [THRESHOLD_AT_MOST] = failures <= low, [THRESHOLD_GREATER] = failures>
			low,
		[THRESHOLD_AT_LEAST] = failures >= low,
		[THRESHOLD_BETWEEN] = between,
		[THRESHOLD_NOT_BETWEEN] = !between,
	};
	return met[threshold->op];
}

static bool set_name(struct check *check, const char *text)
{
	check->name = text;
	return *text != '\0';
}

static bool set_description(struct check *check, const char *text)
{
	check->description = text;
	return true;
}

static bool set_severity(struct check *check, const char *text)
{
	check->warn = strcasecmp(text, "warn") == 0;
	return check->warn || strcasecmp(text, "error") == 0;
}

static bool set_warn_if(struct check *check, const char *text)
{
	return threshold_parse(text, &check->warn_if);
}

static bool set_error_if(struct check *check, const char *text)
{
	return threshold_parse(text, &check->error_if);
}

static bool set_limit(struct check *check, const char *text)
{
	return text_int64(text, &check->limit) && check->limit > 0;
}

static bool read_bool(const char *text, bool *ret_value)
{
	*ret_value = strcmp(text, "true") == 0;
	return *ret_value || strcmp(text, "false") == 0;
}

static bool set_store(struct check *check, const char *text)
{
	check->store_given = true;
	return read_bool(text, &check->store);
}

static bool set_enabled(struct check *check, const char *text)
{
	bool enabled = false;
	bool ok = read_bool(text, &enabled);
	check->off = !enabled;
	return ok;
}

#define THRESHOLD "such as \"> 10\", \"!= 0\" or \"between 1 and 5\""

const struct check_option check_options[] = {
	{"name", set_name, "a name"},
	{"description", set_description, "a text"},
	{"severity", set_severity, "error or warn"},
	{"warn_if", set_warn_if, THRESHOLD},
	{"error_if", set_error_if, THRESHOLD},
	{"limit", set_limit, "a whole number, at least 1"},
	{"store_failures", set_store, "true or false"},
	{"enabled", set_enabled, "true or false"},
};
const size_t check_option_count = sizeof(check_options) / sizeof(check_options[0]);
