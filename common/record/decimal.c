/* SPDX-License-Identifier: Apache-2.0 */
#include "record/decimal.h"

#include <stdio.h>
#include <string.h>

#include "record/number.h"

static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
	1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000};

/* Digits that fit int64 whatever they are. */
#define SMALL_DIGITS 18

/* The shortest two's complement of `value`, big-endian. */
static size_t put_small(int64_t value, unsigned char *bytes)
{
	uint64_t magnitude = (uint64_t)(value ^ (value >> 63));
	size_t n = magnitude ? (size_t)(64 - __builtin_clzll(magnitude)) / 8 + 1 : 1;
	uint64_t shifted = __builtin_bswap64((uint64_t)value << (64 - 8 * n));
	memcpy(bytes, &shifted, sizeof(shifted));
	return n;
}

/* Where the digits are: text between first and last non-zero digit, and the last one's power. */
struct shape {
	const char *first;
	const char *last;
	int64_t digits; /* from first to last, the point not counted */
	int64_t power;
	bool negative;
};

static bool read_shape(const char *text, size_t len, struct shape *ret_shape)
{
	const char *p = text;
	const char *end = text + len;
	struct shape shape = {0};
	int64_t seen = 0;   /* digits so far */
	int64_t first = 0;  /* digits before `first` */
	int64_t last = 0;   /* digits up to and with `last` */
	int64_t point = -1; /* digits before the point */
	int64_t exponent = 0;
	shape.negative = p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	for (; p < end; p++) {
		if (*p == '.' && point < 0) {
			point = seen;
			continue;
		}
		if (digit_of(*p) > 9)
			break;
		if (*p != '0') {
			if (!shape.first) {
				shape.first = p;
				first = seen;
			}
			shape.last = p;
			last = seen + 1;
		}
		seen++;
	}
	if (seen == 0)
		return false;
	if (p < end && ((*p | 32) != 'e' || !number_exponent(p + 1, end, &exponent)))
		return false;
	shape.digits = last - first;
	shape.power = (point < 0 ? seen : point) - last + exponent;
	*ret_shape = shape;
	return true;
}

/* Little-endian words; value = value x factor + add. */
static size_t multiply_add(uint32_t *words, size_t n, uint32_t factor, uint32_t add)
{
	uint64_t carry = add;
	for (size_t i = 0; i < n; i++) {
		carry += (uint64_t)words[i] * factor;
		words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		words[n++] = (uint32_t)carry;
	return n;
}

#define MAX_WORDS (DECIMAL_MAX_BYTES / 4)

/* The words, little-endian, as the shortest two's complement, big-endian. */
static size_t put_words(const uint32_t *words, size_t n, bool negative, unsigned char *bytes)
{
	unsigned char little[DECIMAL_MAX_BYTES + 4] = {0};
	unsigned carry = negative;
	size_t size = n * 4 + 1;
	for (size_t i = 0; i < size; i++) {
		unsigned byte = i < n * 4 ? words[i / 4] >> (8 * (i % 4)) & 0xFF : 0;
		carry += negative ? ~byte & 0xFF : byte;
		little[i] = (unsigned char)carry;
		carry >>= 8;
	}
	unsigned char sign = negative ? 0xFF : 0;
	while (size > 1 && little[size - 1] == sign && (little[size - 2] ^ sign) < 0x80)
		size--;
	for (size_t i = 0; i < size; i++)
		bytes[i] = little[size - 1 - i];
	return size;
}

static size_t put_large(const struct shape *shape, int64_t zeros, unsigned char *bytes)
{
	uint32_t words[MAX_WORDS + 1];
	size_t n = 0;
	for (const char *p = shape->first; p <= shape->last; p++)
		if (*p != '.')
			n = multiply_add(words, n, 10, digit_of(*p));
	for (int64_t i = 0; i < zeros; i++)
		n = multiply_add(words, n, 10, 0);
	return put_words(words, n, shape->negative, bytes);
}

static int64_t small_value(const struct shape *shape, int64_t zeros)
{
	uint64_t value = 0;
	for (const char *p = shape->first; p <= shape->last; p++)
		if (*p != '.')
			value = value * 10 + digit_of(*p);
	value *= powers[zeros];
	return shape->negative ? -(int64_t)value : (int64_t)value;
}

static enum decimal_status parse_any(const char *text, size_t len, int precision, int scale,
	unsigned char *ret_bytes, size_t *ret_len)
{
	struct shape shape;
	if (!read_shape(text, len, &shape))
		return DECIMAL_SYNTAX;
	if (!shape.first) {
		*ret_len = put_small(0, ret_bytes);
		return DECIMAL_OK;
	}
	int64_t zeros = shape.power + scale;
	if (zeros < 0)
		return DECIMAL_SCALE;
	if (shape.digits + zeros > precision)
		return DECIMAL_RANGE;
	*ret_len = shape.digits + zeros <= SMALL_DIGITS
			   ? put_small(small_value(&shape, zeros), ret_bytes)
			   : put_large(&shape, zeros, ret_bytes);
	return DECIMAL_OK;
}

enum decimal_status decimal_parse(const char *text, size_t len, int precision, int scale,
	unsigned char *ret_bytes, size_t *ret_len)
{
	/* The common case in one pass: [-]digits[.digits], short, no digit beyond the scale. */
	const char *p = text;
	const char *end = text + len;
	uint64_t value = 0;
	bool negative = len > 0 && *p == '-';
	p += negative;
	if (end - p > SMALL_DIGITS || p == end)
		return parse_any(text, len, precision, scale, ret_bytes, ret_len);
	const char *digits = p;
	unsigned digit;
	for (; p < end && (digit = digit_of(*p)) <= 9; p++)
		value = value * 10 + digit;
	int64_t count = p - digits;
	int64_t zeros = scale;
	if (p < end && *p == '.') {
		digits = ++p;
		for (; p < end && (digit = digit_of(*p)) <= 9; p++)
			value = value * 10 + digit;
		count += p - digits;
		zeros -= p - digits;
	}
	if (p < end || count == 0 || zeros < 0 || zeros + count > SMALL_DIGITS)
		return parse_any(text, len, precision, scale, ret_bytes, ret_len);
	value *= powers[zeros];
	if (precision <= SMALL_DIGITS && value >= powers[precision])
		return DECIMAL_RANGE;
	*ret_len = put_small(negative ? -(int64_t)value : (int64_t)value, ret_bytes);
	return DECIMAL_OK;
}

/* Base-10000 digits of words x factor, last first; the words are used up. */
static int split_words(uint32_t *words, size_t n, uint32_t factor, uint16_t *reversed, int max)
{
	int count = 0;
	n = multiply_add(words, n, factor, 0);
	while (n > 0 && words[n - 1] == 0)
		n--;
	while (n > 0 && count < max) {
		uint64_t rest = 0;
		for (size_t i = n; i-- > 0;) {
			rest = rest << 32 | words[i];
			words[i] = (uint32_t)(rest / 10000);
			rest %= 10000;
		}
		reversed[count++] = (uint16_t)rest;
		while (n > 0 && words[n - 1] == 0)
			n--;
	}
	return n > 0 ? -1 : count;
}

static size_t take_words(const unsigned char *bytes, size_t len, bool negative, uint32_t *words)
{
	unsigned carry = negative;
	memset(words, 0, (len / 4 + 1) * sizeof(*words));
	for (size_t i = 0; i < len; i++) {
		unsigned byte = bytes[len - 1 - i];
		carry += negative ? ~byte & 0xFF : byte;
		words[i / 4] |= (carry & 0xFF) << (8 * (i % 4));
		carry >>= 8;
	}
	words[len / 4] |= len % 4 || !carry ? 0 : carry;
	return len / 4 + 1;
}

/* Digits of a number with this many base-10000 digits, the padding not counted. */
static int count_digits(const uint16_t *reversed, int count, int padding)
{
	if (count == 0)
		return 0;
	uint16_t top = reversed[count - 1];
	return (count - 1) * 4 + 1 + (top > 9) + (top > 99) + (top > 999) - padding;
}

/* Of up to six bytes: no number beyond uint64_t appears on the way. */
static bool groups_of_small(const unsigned char *bytes, size_t len, int precision, int scale,
	struct decimal_groups *ret_groups)
{
	static const uint16_t paddings[] = {1, 1000, 100, 10};
	int64_t value = -(int64_t)(bytes[0] >> 7);
	for (size_t i = 0; i < len; i++)
		value = (int64_t)((uint64_t)value << 8 | bytes[i]);
	uint64_t rest = (uint64_t)(value < 0 ? -value : value);
	if (precision <= SMALL_DIGITS && rest >= powers[precision])
		return false;
	rest *= paddings[scale % 4];
	int count = 0;
	while (count < 5 && rest >= powers[4 * count])
		count++;
	ret_groups->negative = value < 0;
	ret_groups->weight = count > 0 ? count - 1 - (scale + 3) / 4 : 0;
	ret_groups->count = 0;
	for (int i = count - 1; i >= 0; i--) {
		ret_groups->digits[i] = (uint16_t)(rest % 10000);
		rest /= 10000;
		if (ret_groups->count == 0 && ret_groups->digits[i])
			ret_groups->count = i + 1;
	}
	return true;
}

static bool groups_of_large(const unsigned char *bytes, size_t len, int precision, int scale,
	struct decimal_groups *ret_groups)
{
	static const uint32_t paddings[] = {1, 1000, 100, 10};
	uint16_t reversed[DECIMAL_MAX_DIGITS / 4 + 4];
	uint32_t words[MAX_WORDS + 3];
	int padding = (4 - scale % 4) % 4;
	bool negative = bytes[0] >= 0x80;
	if (len > DECIMAL_MAX_BYTES)
		return false;
	size_t n = take_words(bytes, len, negative, words);
	int count =
		split_words(words, n, paddings[scale % 4], reversed, DECIMAL_MAX_DIGITS / 4 + 2);
	if (count < 0 || count_digits(reversed, count, padding) > precision)
		return false;
	int low = 0;
	while (low < count && reversed[low] == 0)
		low++;
	ret_groups->negative = negative;
	ret_groups->weight = count > 0 ? count - 1 - (scale + padding) / 4 : 0;
	ret_groups->count = count - low;
	for (int i = 0; i < count - low; i++)
		ret_groups->digits[i] = reversed[count - 1 - i];
	return true;
}

bool decimal_groups(const unsigned char *bytes, size_t len, int precision, int scale,
	struct decimal_groups *ret_groups)
{
	/* Sign bytes carry nothing; a fixed may hold many. */
	while (len > 1 && bytes[0] == (bytes[1] >= 0x80 ? 0xFF : 0)) {
		bytes++;
		len--;
	}
	if (len > 0 && len < 7)
		return groups_of_small(bytes, len, precision, scale, ret_groups);
	return len > 0 && groups_of_large(bytes, len, precision, scale, ret_groups);
}

size_t decimal_format(const struct decimal_groups *groups, int scale, char *ret_text)
{
	char *p = ret_text;
	if (groups->negative)
		*p++ = '-';
	char whole[8];
	int at = groups->count > 0 ? groups->weight : -1;
	if (at < 0)
		*p++ = '0';
	for (int i = at; i >= 0; i--) {
		unsigned group = at - i < groups->count ? groups->digits[at - i] : 0;
		int n = snprintf(whole, sizeof(whole), i == at ? "%u" : "%04u", group);
		memcpy(p, whole, (size_t)n);
		p += n;
	}
	if (scale == 0)
		return (size_t)(p - ret_text);
	*p++ = '.';
	for (int done = 0, power = -1; done < scale; done += 4, power--) {
		int i = groups->weight - power;
		unsigned group = i >= 0 && i < groups->count ? groups->digits[i] : 0;
		snprintf(whole, sizeof(whole), "%04u", group);
		int n = scale - done < 4 ? scale - done : 4;
		memcpy(p, whole, (size_t)n);
		p += n;
	}
	return (size_t)(p - ret_text);
}
