/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimals of up to 1,000 digits: text <-> Avro's big-endian two's complement of the unscaled
 * value, and base-10000 digits for Postgres' numeric. Not for other folders.
 */
#ifndef PENSTOCK_RECORD_DECIMAL_H
#define PENSTOCK_RECORD_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_MAX_DIGITS 1000
#define DECIMAL_MAX_BYTES  424 /* 1,000 digits and the sign need 416 */

enum decimal_status {
	DECIMAL_OK,
	DECIMAL_SYNTAX,
	DECIMAL_SCALE, /* a digit behind the scale would be lost */
	DECIMAL_RANGE, /* more digits before the point than precision and scale leave */
};

/*
 * Fixed point or exponent; writes the shortest two's complement, big-endian, to ret_bytes
 * (DECIMAL_MAX_BYTES of them).
 */
enum decimal_status decimal_parse(const char *text, size_t len, int precision, int scale,
	unsigned char *ret_bytes, size_t *ret_len);

/* A number as Postgres' numeric has it: sum of digits[i] x 10000^(weight - i). */
struct decimal_groups {
	bool negative;
	int weight;
	int count;
	uint16_t digits[DECIMAL_MAX_DIGITS / 4 + 4];
};
/* Any two's complement of up to `precision` digits; false when it has more, or no byte. */
bool decimal_groups(const unsigned char *bytes, size_t len, int precision, int scale,
	struct decimal_groups *ret_groups);

#define DECIMAL_TEXT_SIZE (DECIMAL_MAX_DIGITS + 8)
/* "-12.50"; ret_text holds DECIMAL_TEXT_SIZE bytes; returns the length. */
size_t decimal_format(const struct decimal_groups *groups, int scale, char *ret_text);

#endif
