/* SPDX-License-Identifier: Apache-2.0 */
/* How a process ends that was asked to; each in a child of its own. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "support/cmocka_all.h"

/* Runs in a child; how that ended, as waitpid tells it. */
static int in_child(void (*run)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		stop_install();
		run();
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void hang(void)
{
	for (;;)
		pause();
}

static void is_asked(void)
{
	raise(SIGTERM);
	_exit(stop_requested() && stop_signal() == SIGTERM && stop_wait_ms(60000) ? 3 : 4);
}

static void hangs_after_the_signal(void)
{
	stop_within(1);
	raise(SIGTERM);
	hang();
}

static void is_asked_twice(void)
{
	stop_within(60);
	raise(SIGTERM);
	raise(SIGINT);
	hang();
}

static void a_signal_ends_every_wait(void **state)
{
	(void)state;
	int status = in_child(is_asked);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void what_hangs_is_left_at_the_deadline(void **state)
{
	(void)state;
	int64_t began = clock_monotonic_us();
	int status = in_child(hangs_after_the_signal);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(clock_monotonic_us() - began >= 900000);
}

static void a_second_signal_ends_at_once(void **state)
{
	(void)state;
	int status = in_child(is_asked_twice);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_ends_every_wait),
		cmocka_unit_test(what_hangs_is_left_at_the_deadline),
		cmocka_unit_test(a_second_signal_ends_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
