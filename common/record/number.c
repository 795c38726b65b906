/* SPDX-License-Identifier: Apache-2.0 */
#include "record/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum number_status number_int64(const char *text, size_t len, int64_t *ret_value)
{
	const char *p = text;
	const char *end = text + len;
	bool negative = p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	if (p == end)
		return NUMBER_SYNTAX;
	uint64_t value = 0;
	bool overflow = false;
	/* As many digits fit whatever they are. */
	const char *sure = end - p > 19 ? p + 19 : end;
	for (; p < sure; p++) {
		unsigned digit = digit_of(*p);
		if (digit > 9)
			return NUMBER_SYNTAX;
		value = value * 10 + digit;
	}
	for (; p < end; p++) {
		unsigned digit = digit_of(*p);
		if (digit > 9)
			return NUMBER_SYNTAX;
		overflow |= value > (UINT64_MAX - 9) / 10;
		value = value * 10 + digit;
	}
	if (overflow || value > (uint64_t)INT64_MAX + negative)
		return NUMBER_RANGE;
	*ret_value = (int64_t)(negative ? 0 - value : value);
	return NUMBER_OK;
}

bool number_exponent(const char *text, const char *end, int64_t *ret_exponent)
{
	const char *p = text;
	bool negative = p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	if (p == end)
		return false;
	int64_t exponent = 0;
	for (; p < end; p++) {
		if (digit_of(*p) > 9)
			return false;
		if (exponent < 100000000)
			exponent = exponent * 10 + digit_of(*p);
	}
	*ret_exponent = negative ? -exponent : exponent;
	return true;
}

/* A decimal number taken apart; `exact` while every digit is in the mantissa. */
struct parts {
	uint64_t mantissa;
	int64_t exponent;
	bool negative;
	bool exact;
};

static bool take_apart(const char *p, const char *end, struct parts *ret_parts)
{
	struct parts parts = {.exact = true};
	size_t digits = 0;
	bool point = false;
	parts.negative = p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	for (; p < end; p++) {
		unsigned digit = digit_of(*p);
		if (digit > 9) {
			if (*p != '.' || point)
				break;
			point = true;
			continue;
		}
		digits++;
		if (parts.mantissa < UINT64_MAX / 10 - 1) {
			parts.mantissa = parts.mantissa * 10 + digit;
			parts.exponent -= point;
		} else {
			parts.exact = false;
			parts.exponent += !point;
		}
	}
	if (digits == 0)
		return false;
	int64_t exponent = 0;
	if (p < end && ((*p | 32) != 'e' || !number_exponent(p + 1, end, &exponent)))
		return false;
	parts.exponent += exponent;
	*ret_parts = parts;
	return true;
}

static bool special(const char *p, size_t len, double *ret_value)
{
	static const struct {
		const char *name;
		double value;
	} names[] = {{"nan", NAN}, {"infinity", INFINITY}, {"inf", INFINITY}};
	bool negative = len > 0 && *p == '-';
	size_t sign = len > 0 && (*p == '-' || *p == '+');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) != len - sign ||
			strncasecmp(p + sign, names[i].name, len - sign) != 0)
			continue;
		if (sign && i == 0)
			return false;
		*ret_value = negative ? -names[i].value : names[i].value;
		return true;
	}
	return false;
}

/* For what needs more than one exact operation. The process never leaves the C locale. */
static double slow_double(const char *text, size_t len, bool single)
{
	char small[128];
	char *copy = len < sizeof(small) ? small : malloc(len + 1);
	if (!copy)
		abort();
	memcpy(copy, text, len);
	copy[len] = '\0';
	double value = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
	if (copy != small)
		free(copy);
	return value;
}

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/*
 * When mantissa and power of ten are both exact in the type, one division or multiplication rounds
 * correctly (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 */
enum number_status number_double(const char *text, size_t len, double *ret_value)
{
	struct parts parts;
	if (!take_apart(text, text + len, &parts))
		return special(text, len, ret_value) ? NUMBER_OK : NUMBER_SYNTAX;
	double value;
	if (parts.exact && parts.mantissa <= (uint64_t)1 << 53 && parts.exponent >= -22 &&
		parts.exponent <= 22) {
		double m = (double)parts.mantissa;
		value = parts.exponent < 0 ? m / powers[-parts.exponent]
					   : m * powers[parts.exponent];
		value = parts.negative ? -value : value;
	} else {
		value = slow_double(text, len, false);
		if (isinf(value) || (value == 0 && parts.mantissa != 0))
			return NUMBER_RANGE;
	}
	*ret_value = value;
	return NUMBER_OK;
}

enum number_status number_float(const char *text, size_t len, float *ret_value)
{
	struct parts parts;
	double value;
	if (!take_apart(text, text + len, &parts)) {
		if (!special(text, len, &value))
			return NUMBER_SYNTAX;
	} else {
		/* Not through double: that would round twice. */
		value = slow_double(text, len, true);
		if (isinf(value) || (value == 0 && parts.mantissa != 0))
			return NUMBER_RANGE;
	}
	*ret_value = (float)value;
	return NUMBER_OK;
}
