/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/duty.h"

#include "base/clock.h"
#include "support/cmocka_all.h"

static const struct config_dataset configs[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
static struct dataset items[] = {{.config = &configs[0], .topic = "p.a"},
	{.config = &configs[1], .topic = "p.b"}, {.config = &configs[2], .topic = "p.c"}};
static const struct datasets datasets = {.items = items, .count = 3};
static const struct kafka_partition all[] = {
	{"p.a", 0, KAFKA_NO_OFFSET}, {"p.c", 2, KAFKA_NO_OFFSET}, {"p.b", 1, KAFKA_NO_OFFSET}};

static void assert_told(struct duties *duties, size_t assigned, bool stopped, const char *expected)
{
	struct buf text;
	buf_init(&text, DUTIES_MAX_TEXT);
	duties_judge(duties, all, assigned);
	assert_int_equal(duties_describe(duties, stopped, &text), strcmp(expected, "{}") != 0);
	assert_string_equal(buf_text(&text), expected);
	buf_release(&text);
}

static void refuse(struct duties *duties, size_t at, enum err_class class, const char *why)
{
	struct err err;
	assert_false(err_fail(&err, class, "%s", why));
	duty_fail(&duties->items[at], &err);
}

static void what_waits_and_what_is_stopped_is_told_apart(void **state)
{
	(void)state;
	struct duties duties;
	duties_init(&duties, &datasets);
	assert_told(&duties, 3, false, "{}");
	refuse(&duties, 0, ERR_PAUSE, "no \"parent\"; b: \xff");
	refuse(&duties, 1, ERR_FATAL, "no table");
	assert_told(&duties, 3, false, "{\"a: no \\\"parent\\\"; b: \xef\xbf\xbd\"}");
	assert_told(&duties, 3, true, "{\"b: no table\"}");
	assert_true(duty_succeed(&duties.items[0]));
	assert_false(duty_succeed(&duties.items[0]));
	assert_told(&duties, 3, false, "{}");
	duties_release(&duties);
}

/* Whoever has the partitions now tells what becomes of them. */
static void without_a_partition_nothing_is_told(void **state)
{
	(void)state;
	struct duties duties;
	duties_init(&duties, &datasets);
	refuse(&duties, 1, ERR_FATAL, "no table");
	refuse(&duties, 2, ERR_PAUSE, "no parent");
	assert_told(&duties, 1, false, "{}");
	assert_told(&duties, 2, false, "{\"c: no parent\"}");
	assert_told(&duties, 2, true, "{}");
	assert_told(&duties, 3, true, "{\"b: no table\"}");
	duties_release(&duties);
}

static void a_wait_ends_and_its_reason_is_forgotten_when_it_does_not_come_again(void **state)
{
	(void)state;
	struct duties duties;
	bool changed = true;
	duties_init(&duties, &datasets);
	refuse(&duties, 0, ERR_PAUSE, "no parent");
	refuse(&duties, 1, ERR_FATAL, "no table");
	duties_wake(&duties, &changed);
	assert_false(changed);
	duties.items[0].retry_us = clock_monotonic_us();
	duties.items[1].retry_us = 0;
	duties_wake(&duties, &changed);
	assert_true(changed);
	assert_int_equal(duties.items[0].state, DUTY_WORKING);
	assert_int_equal(duties.items[1].state, DUTY_STOPPED);
	/* It is tried again now, and until that went well it still waits. */
	assert_told(&duties, 3, false, "{\"a: no parent\"}");
	duties.items[0].retry_us = clock_monotonic_us() - 61 * INT64_C(1000000);
	duties_wake(&duties, &changed);
	assert_false(changed);
	assert_told(&duties, 3, false, "{}");
	assert_told(&duties, 3, true, "{\"b: no table\"}");
	duties_release(&duties);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_and_what_is_stopped_is_told_apart),
		cmocka_unit_test(without_a_partition_nothing_is_told),
		cmocka_unit_test(
			a_wait_ends_and_its_reason_is_forgotten_when_it_does_not_come_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
