/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text -> numbers: the whole text or nothing, no locale, correctly rounded. Not for other folders.
 */
#ifndef PENSTOCK_RECORD_NUMBER_H
#define PENSTOCK_RECORD_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number_status {
	NUMBER_OK,
	NUMBER_SYNTAX,
	NUMBER_RANGE,
};

/* 0 to 9, or more for what is no digit. */
static inline unsigned digit_of(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

/* [+-]digits to `end`, at least one; what is far beyond any number stays far beyond, either way. */
bool number_exponent(const char *text, const char *end, int64_t *ret_exponent);

/* [+-]digits; leading zeros are fine. */
enum number_status number_int64(const char *text, size_t len, int64_t *ret_value);

/*
 * [+-]digits[.digits][e[+-]digits], .5 and 5. too; nan, infinity, inf in any case. A value too
 * large for the type, or so small that it would become zero, is out of range.
 */
enum number_status number_double(const char *text, size_t len, double *ret_value);
enum number_status number_float(const char *text, size_t len, float *ret_value);

#endif
