/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and refusals, and every firing of many schedules across changes of clocks against a list
 * that cron_oracle.py made minute by minute with Python's zoneinfo.
 */
#include "cron/cron.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

static void test_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *",
		"* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
		"*/0 * * * *", "*/ * * * *", "5/2 * * * *", "1- * * * *", ", * * * *", "1, * * * *",
		"a * * * *", "-1 * * * *", "+1 * * * *", "001 * * * *", "1.5 * * * *",
		"* * * janu *", "* * * mon *", "* * * * jan", "@reboot", "@Daily", "0 0 30 2 *",
		"0 0 31 4,6,9,11 *", "0 0 31 feb *"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cron cron;
		struct err err;
		if (cron_parse(bad[i], &cron, &err))
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(err.from, ERR_FROM_CONFIG);
		assert_non_null(strstr(err.message, "cron"));
	}
}

static void test_same(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"@hourly", "0 * * * *"}, {"@weekly", "0 0 * * 7"},
		{"0 0 * JAN-Mar sun", "0 0 * 1-3 0"}, {"0 0 * * fri-sun", "0 0 * * 0,5,6"},
		{"0 0 31 4 1", "0 0 31 4 mon"}, {"*/20 * * * *", "0,20,40 * * * *"},
		{"1-59/20\t*  * * *", "1,21,41 * * * *"}, {"@yearly", "@annually"}};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct cron one = {0};
		struct cron other = {0};
		struct err err;
		assert_ok(cron_parse(pairs[i][0], &one, &err));
		assert_ok(cron_parse(pairs[i][1], &other, &err));
		assert_memory_equal(&one, &other, sizeof(one));
	}
}

static void test_zone(void **state)
{
	(void)state;
	struct err err;
	static const char *const bad[] = {
		"", "Europe/Nowhere", "/etc/localtime", "../../../etc/passwd", "EST5EDT4,x"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(cron_use_zone(bad[i], &err), ERR_FATAL, "no such zone");
}

/* Lines "zone|from|to|cron|firings": all in seconds since 1970. */
static void check_line(char *line)
{
	char *save = NULL;
	const char *zone = strtok_r(line, "|", &save);
	int64_t at = strtoll(strtok_r(NULL, "|", &save), NULL, 10);
	int64_t to = strtoll(strtok_r(NULL, "|", &save), NULL, 10);
	const char *text = strtok_r(NULL, "|", &save);
	struct cron cron;
	struct err err;
	assert_ok(cron_use_zone(zone, &err));
	assert_ok(cron_parse(text, &cron, &err));
	for (char *word = strtok_r(NULL, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		int64_t next = cron_next(&cron, at);
		if (next != strtoll(word, NULL, 10))
			fail_msg("%s in %s after %" PRId64 ": %" PRId64 ", expected %s", text, zone,
				at, next, word);
		at = next;
	}
	if (cron_next(&cron, at) <= to)
		fail_msg("%s in %s is due once more after %" PRId64, text, zone, at);
}

static void test_oracle(void **state)
{
	(void)state;
	FILE *lines = popen("/usr/bin/python3 " SOURCE_DIR "/tests/unit/cron/cron_oracle.py", "r");
	assert_non_null(lines);
	char *line = NULL;
	size_t size = 0;
	int count = 0;
	while (getline(&line, &size, lines) > 0) {
		check_line(line);
		count++;
	}
	free(line);
	assert_int_equal(pclose(lines), 0);
	assert_true(count > 100);
}

static void test_leap_day(void **state)
{
	(void)state;
	struct cron cron;
	struct err err;
	assert_ok(cron_use_zone("UTC", &err));
	assert_ok(cron_parse("0 0 29 2 *", &cron, &err));
	/* 2096-02-29 -> 2104-02-29: 2100 is no leap year. */
	assert_int_equal(cron_next(&cron, 3981312000), 4233686400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_leap_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
