/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, decimals and times against the C library and against themselves the other way round. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/binary.h"
#include "record/decimal.h"
#include "record/number.h"
#include "record/temporal.h"
#include "support/cmocka_all.h"

static uint64_t seed = 20260131;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void longs_survive_and_are_shortest(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t value = (int64_t)(next_random() >> next_random() % 64);
		unsigned char bytes[BINARY_LONG_MAX + 1];
		value = i % 2 ? value : -value;
		size_t n = (size_t)(binary_put_long(bytes, value) - bytes);
		const unsigned char *at = bytes;
		int64_t back;
		assert_true(binary_read_long(&at, bytes + n, &back));
		assert_true(back == value && at == bytes + n);
		at = bytes;
		assert_false(binary_read_long(&at, bytes + n - 1, &back));
		bytes[n - 1] |= 0x80;
		bytes[n] = 0;
		at = bytes;
		assert_false(binary_read_long(&at, bytes + n + 1, &back));
	}
}

static void integers_are_whole_and_bounded(void **state)
{
	(void)state;
	int64_t value;
	assert_int_equal(number_int64("-9223372036854775808", 20, &value), NUMBER_OK);
	assert_true(value == INT64_MIN);
	assert_int_equal(number_int64("9223372036854775808", 19, &value), NUMBER_RANGE);
	assert_int_equal(number_int64("99999999999999999999", 20, &value), NUMBER_RANGE);
	assert_int_equal(number_int64("+007", 4, &value), NUMBER_OK);
	assert_int_equal(value, 7);
	static const char *const bad[] = {
		"", "-", "+", "1 ", " 1", "1.0", "1e3", "0x1", "--1", "1a"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(number_int64(bad[i], strlen(bad[i]), &value), NUMBER_SYNTAX);
}

static void doubles_are_those_of_strtod(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		char text[64];
		uint64_t bits = next_random();
		double wanted;
		memcpy(&wanted, &bits, sizeof(wanted));
		if (!isfinite(wanted))
			continue;
		if (i % 2)
			snprintf(text, sizeof(text), "%.17g", wanted);
		else
			snprintf(text, sizeof(text), "%lld.%03de%d", (long long)(bits >> 24),
				(int)(bits % 1000), (int)(bits % 50) - 25);
		double value;
		enum number_status status = number_double(text, strlen(text), &value);
		assert_int_equal(status, NUMBER_OK);
		double expected = strtod(text, NULL);
		assert_memory_equal(&value, &expected, sizeof(value));
		float single;
		status = number_float(text, strlen(text), &single);
		float expected_single = strtof(text, NULL);
		if (isinf(expected_single) || (expected_single == 0 && expected != 0))
			assert_int_equal(status, NUMBER_RANGE);
		else
			assert_memory_equal(&single, &expected_single, sizeof(single));
	}
}

static void doubles_are_strict(void **state)
{
	(void)state;
	double value;
	static const char *const bad[] = {"", ".", "e5", "1e", "1e+", "0x10", " 1", "1 ", "1,5",
		"1.2.3", "--1", "nan(1)", "-nan", "infinit"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(number_double(bad[i], strlen(bad[i]), &value), NUMBER_SYNTAX);
	assert_int_equal(number_double("1e999", 5, &value), NUMBER_RANGE);
	assert_int_equal(number_double("1e-999", 6, &value), NUMBER_RANGE);
	assert_int_equal(number_double("0e-999", 6, &value), NUMBER_OK);
	assert_int_equal(number_double("-Infinity", 9, &value), NUMBER_OK);
	assert_true(isinf(value) && value < 0);
	assert_int_equal(number_double("NaN", 3, &value), NUMBER_OK);
	assert_true(isnan(value));
}

/* Text -> bytes -> groups -> text gives the number back, at the scale. */
static void check_decimal(const char *text, int precision, int scale, const char *expected)
{
	unsigned char bytes[DECIMAL_MAX_BYTES];
	size_t n;
	struct decimal_groups groups;
	char back[DECIMAL_TEXT_SIZE];
	assert_int_equal(
		decimal_parse(text, strlen(text), precision, scale, bytes, &n), DECIMAL_OK);
	assert_true(decimal_groups(bytes, n, precision, scale, &groups));
	back[decimal_format(&groups, scale, back)] = '\0';
	assert_string_equal(back, expected);
}

static void decimals_come_back(void **state)
{
	(void)state;
	check_decimal("0", 1, 0, "0");
	check_decimal("-0.00", 3, 2, "0.00");
	check_decimal("12.5", 12, 2, "12.50");
	check_decimal("-.5", 12, 2, "-0.50");
	check_decimal("7.", 12, 2, "7.00");
	check_decimal("+00012.3400", 4, 2, "12.34");
	check_decimal("1e3", 4, 0, "1000");
	check_decimal("12345e-3", 8, 3, "12.345");
	check_decimal("0.0001", 4, 4, "0.0001");
	check_decimal("10000", 5, 0, "10000");
	check_decimal("123456789012345678901234567890.12345678", 38, 8,
		"123456789012345678901234567890.12345678");
	for (int i = 0; i < 20000; i++) {
		char text[DECIMAL_TEXT_SIZE];
		int precision = 1 + (int)(next_random() % (i % 100 ? 40 : 1000));
		int scale = (int)(next_random() % (unsigned)(precision + 1));
		size_t at = 0;
		if (next_random() % 2)
			text[at++] = '-';
		int whole = precision - scale;
		size_t first = at;
		for (int k = 0; k < whole; k++)
			text[at++] = (char)('1' + next_random() % 9);
		if (whole == 0)
			text[at++] = '0';
		if (scale > 0)
			text[at++] = '.';
		for (int k = 0; k < scale; k++)
			text[at++] = (char)('0' + next_random() % 10);
		text[at] = '\0';
		if (strspn(text + first, "0.") == at - first)
			first = 0, text[0] = '0', text[1] = scale ? '.' : '\0',
			memset(text + 2, '0', (size_t)scale), text[2 + (scale ? scale : 0)] = '\0';
		check_decimal(text, precision, scale, text);
	}
}

static void decimals_lose_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum decimal_status status;
	} cases[] = {{"1.005", DECIMAL_SCALE}, {"1.000", DECIMAL_OK}, {"1000", DECIMAL_RANGE},
		{"999.99", DECIMAL_OK}, {"1e3", DECIMAL_RANGE}, {"1e-3", DECIMAL_SCALE},
		{"1e999999999999", DECIMAL_RANGE}, {"0e999999999999", DECIMAL_OK},
		{"", DECIMAL_SYNTAX}, {".", DECIMAL_SYNTAX}, {"-", DECIMAL_SYNTAX},
		{"-.", DECIMAL_SYNTAX}, {"1.2.3", DECIMAL_SYNTAX}, {"NaN", DECIMAL_SYNTAX},
		{"Infinity", DECIMAL_SYNTAX}, {"1,5", DECIMAL_SYNTAX}, {" 1", DECIMAL_SYNTAX},
		{"1e", DECIMAL_SYNTAX}, {"123456789012345678901234567890", DECIMAL_RANGE}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char bytes[DECIMAL_MAX_BYTES];
		size_t n;
		if (decimal_parse(cases[i].text, strlen(cases[i].text), 5, 2, bytes, &n) !=
			cases[i].status)
			fail_msg("'%s'", cases[i].text);
	}
	struct decimal_groups groups;
	assert_false(decimal_groups((const unsigned char *)"\x03\xE8", 2, 3, 0, &groups));
	assert_true(decimal_groups((const unsigned char *)"\x03\xE7", 2, 3, 0, &groups));
}

static void every_day_comes_back(void **state)
{
	(void)state;
	char text[TEMPORAL_TEXT_SIZE];
	int32_t days;
	for (int32_t day = -719162; day <= 2932896; day++) {
		size_t n = temporal_format_date(day, text);
		assert_int_equal(temporal_date(text, n, &days), TEMPORAL_OK);
		assert_int_equal(days, day);
	}
	temporal_format_date(0, text);
	assert_string_equal(text, "1970-01-01");
	temporal_format_date(11016, text);
	assert_string_equal(text, "2000-02-29");
	temporal_format_date(-719163, text);
	assert_string_equal(text, "0001-12-31 BC");
	temporal_format_date(TEMPORAL_DATE_MIN, text);
	assert_string_equal(text, "4714-11-24 BC");
	temporal_format_date(TEMPORAL_DATE_MAX, text);
	assert_string_equal(text, "5874897-12-31");
}

static void times_are_strict(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum temporal_status status;
		int64_t us;
	} cases[] = {{"00:00", TEMPORAL_OK, 0}, {"23:59:59.999999", TEMPORAL_OK, 86399999999},
		{"12:00:00.5", TEMPORAL_OK, 43200500000},
		{"12:00:00.5000000", TEMPORAL_OK, 43200500000},
		{"12:00:00.0000001", TEMPORAL_PRECISION, 0}, {"24:00", TEMPORAL_RANGE, 0},
		{"12:60", TEMPORAL_RANGE, 0}, {"12:00:60", TEMPORAL_RANGE, 0},
		{"1:00", TEMPORAL_SYNTAX, 0}, {"12:00:00.", TEMPORAL_SYNTAX, 0},
		{"12:00:0", TEMPORAL_SYNTAX, 0}, {"12.00", TEMPORAL_SYNTAX, 0},
		{"", TEMPORAL_SYNTAX, 0}, {"12:00 ", TEMPORAL_SYNTAX, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t us = 0;
		if (temporal_time(cases[i].text, strlen(cases[i].text), 6, &us) !=
				cases[i].status ||
			us != cases[i].us)
			fail_msg("'%s'", cases[i].text);
	}
}

static void stamps_are_strict(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool zone;
		enum temporal_status status;
		int64_t us;
	} cases[] = {{"1970-01-01T00:00", true, TEMPORAL_OK, 0},
		{"1970-01-01 00:00:01.5Z", true, TEMPORAL_OK, 1500000},
		{"1970-01-01 02:00:00+02:00", true, TEMPORAL_OK, 0},
		{"1970-01-01 02:00:00+0200", true, TEMPORAL_OK, 0},
		{"1969-12-31 22:30:00-01:30", true, TEMPORAL_OK, 0},
		{"1970-01-01 00:00:00+00", true, TEMPORAL_OK, 0},
		{"1970-01-01 00:00:00Z", false, TEMPORAL_ZONE, 0},
		{"1970-01-01 00:00:00", false, TEMPORAL_OK, 0},
		{"1970-01-01", true, TEMPORAL_SYNTAX, 0},
		{"1970-02-30T00:00", true, TEMPORAL_RANGE, 0},
		{"1970-01-01T00:00:00+16:00", true, TEMPORAL_RANGE, 0},
		{"1970-01-01T00:00:00+1", true, TEMPORAL_SYNTAX, 0},
		{"1970-01-01T00:00:00Z5", true, TEMPORAL_SYNTAX, 0},
		{"1970-01-01X00:00:00", true, TEMPORAL_SYNTAX, 0},
		{"0000-01-01T00:00", true, TEMPORAL_RANGE, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t us = 0;
		if (temporal_stamp(cases[i].text, strlen(cases[i].text), 6, cases[i].zone, &us) !=
				cases[i].status ||
			us != cases[i].us)
			fail_msg("'%s'", cases[i].text);
	}
	char text[TEMPORAL_TEXT_SIZE];
	temporal_format_stamp(-1500000, true, text);
	assert_string_equal(text, "1969-12-31T23:59:58.5+00:00");
	temporal_format_stamp(TEMPORAL_STAMP_MIN, false, text);
	assert_string_equal(text, "4714-11-24T00:00:00 BC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longs_survive_and_are_shortest),
		cmocka_unit_test(integers_are_whole_and_bounded),
		cmocka_unit_test(doubles_are_those_of_strtod),
		cmocka_unit_test(doubles_are_strict),
		cmocka_unit_test(decimals_come_back),
		cmocka_unit_test(decimals_lose_nothing),
		cmocka_unit_test(every_day_comes_back),
		cmocka_unit_test(times_are_strict),
		cmocka_unit_test(stamps_are_strict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
