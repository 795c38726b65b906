/* SPDX-License-Identifier: Apache-2.0 */
/* Real commands of the shell, run to their ends. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "support/cmocka_all.h"

static struct buf output;
static struct child_result result;

static bool run_shell(const char *script, int64_t timeout_ms, struct err *err)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	const char *const environment[] = {"GREETING=hello world", "HOME=/elsewhere", NULL};
	const struct child child = {.argv = argv,
		.environment = environment,
		.folder = "/usr",
		.timeout_ms = timeout_ms};
	buf_clear(&output);
	return child_run(&child, &output, &result, err);
}

static void output_code_folder_and_environment(void **state)
{
	(void)state;
	assert_true(run_shell("pwd; echo $GREETING $HOME; echo low >&2; cat; exit 7", 0, NULL));
	assert_string_equal(buf_text(&output), "/usr\nhello world /elsewhere\nlow\n");
	assert_int_equal(result.end, CHILD_EXITED);
	assert_int_equal(result.code, 7);
}

static void a_signal_is_told(void **state)
{
	(void)state;
	assert_true(run_shell("kill -SEGV $$", 0, NULL));
	assert_int_equal(result.end, CHILD_KILLED);
	assert_int_equal(result.code, SIGSEGV);
}

static void what_cannot_start_is_an_error(void **state)
{
	(void)state;
	struct err err;
	const char *const argv[] = {"no-such-program-here", NULL};
	const struct child child = {.argv = argv};
	assert_false(child_run(&child, &output, &result, &err));
	assert_int_equal(err.class, ERR_FATAL);
	assert_non_null(strstr(err.message, "no-such-program-here"));
	assert_non_null(strstr(err.message, "No such file"));
	const char *const there[] = {"true", NULL};
	const struct child nowhere = {.argv = there, .folder = "/no/such/folder"};
	assert_false(child_run(&nowhere, &output, &result, &err));
}

/* The group goes, also those that ignore what they are asked. */
static void the_time_limit_ends_the_group(void **state)
{
	(void)state;
	int64_t before = clock_monotonic_us();
	assert_true(run_shell("sleep 100 & echo $!; sleep 100", 300, NULL));
	assert_int_equal(result.end, CHILD_TIMED_OUT);
	assert_true(clock_monotonic_us() - before < 60000000);
	int64_t number = 0;
	output.len -= output.len > 0; /* the line's end */
	assert_true(text_int64(buf_text(&output), &number));
	pid_t left = (pid_t)number;
	/* Killed, and reaped by whoever inherited it. */
	for (int i = 0; i < 6000 && kill(left, 0) == 0; i++)
		usleep(10000);
	assert_int_equal(kill(left, 0), -1);
}

/* A child of the command that holds its output open is not waited for. */
static void who_inherited_the_output_is_ended(void **state)
{
	(void)state;
	int64_t before = clock_monotonic_us();
	assert_true(run_shell("sleep 100 & echo done", 0, NULL));
	assert_int_equal(result.end, CHILD_EXITED);
	assert_string_equal(buf_text(&output), "done\n");
	assert_true(clock_monotonic_us() - before < 60000000);
}

static void of_long_output_the_end_is_kept(void **state)
{
	(void)state;
	assert_true(run_shell("yes 0123456789 | head -c 1000000; echo the end", 0, NULL));
	assert_true(output.len >= output.max / 2 && output.len <= output.max);
	const char *end = buf_text(&output) + output.len - 8;
	assert_string_equal(end, "the end\n");
}

/* Last: a stop stays requested. */
static void a_stop_ends_it(void **state)
{
	(void)state;
	stop_request();
	assert_true(run_shell("sleep 100", 0, NULL));
	assert_int_equal(result.end, CHILD_STOPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_code_folder_and_environment),
		cmocka_unit_test(a_signal_is_told),
		cmocka_unit_test(what_cannot_start_is_an_error),
		cmocka_unit_test(the_time_limit_ends_the_group),
		cmocka_unit_test(who_inherited_the_output_is_ended),
		cmocka_unit_test(of_long_output_the_end_is_kept),
		cmocka_unit_test(a_stop_ends_it),
	};
	stop_install();
	buf_init(&output, 4096);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_release(&output);
	return failed;
}
