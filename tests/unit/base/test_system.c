/* SPDX-License-Identifier: Apache-2.0 */
/* What base asks of the system: files, child processes, logs, crash points, stops. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/stop.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static const char *folder;

static int begin(void **state)
{
	int failed = make_folder(state);
	folder = *state;
	return failed;
}

static const char *in_folder(const char *name)
{
	static _Thread_local char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void assert_content(const char *path, const char *expected)
{
	struct err err;
	struct buf text;
	buf_init(&text, 4096);
	assert_ok(file_read(path, &text, &err));
	assert_string_equal(buf_text(&text), expected);
	buf_release(&text);
}

static void files_are_replaced_whole(void **state)
{
	(void)state;
	struct err err;
	assert_ok(file_replace(in_folder("a"), "one", 3, &err));
	assert_ok(file_replace(in_folder("a"), "two!", 4, &err));
	assert_content(in_folder("a"), "two!");
	assert_err(file_replace(in_folder("missing/a"), "x", 1, &err), ERR_FATAL, "missing/a");
	struct buf small;
	buf_init(&small, 3);
	assert_err(file_read(in_folder("a"), &small, &err), ERR_FATAL, "larger than the limit");
	buf_release(&small);
	assert_err(file_read(in_folder("none"), &small, &err), ERR_FATAL, "none");
	assert_string_equal(err.native, "ENOENT");
}

static void *create_one(void *wins)
{
	struct err err;
	bool created = false;
	char content[32];
	int n = snprintf(content, sizeof(content), "%lx", (unsigned long)pthread_self());
	if (file_create_once(in_folder("once"), content, (size_t)n, &created, &err) && created)
		atomic_fetch_add((atomic_int *)wins, 1);
	return NULL;
}

static void only_one_creates_a_file(void **state)
{
	(void)state;
	atomic_int wins = 0;
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, create_one, &wins), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wins), 1);
	struct stat st;
	assert_int_equal(stat(in_folder("once"), &st), 0);
	assert_int_equal(st.st_nlink, 1);
}

static void folders_are_made_with_their_parents(void **state)
{
	(void)state;
	struct err err;
	char path[4200];
	snprintf(path, sizeof(path), "%s", in_folder("x/y/z"));
	assert_ok(file_make_folder(path, &err));
	assert_ok(file_make_folder(path, &err));
	assert_ok(file_replace(in_folder("x/file"), "", 0, &err));
	snprintf(path, sizeof(path), "%s", in_folder("x/file/below"));
	assert_err(file_make_folder(path, &err), ERR_FATAL, "x/file");
}

static struct process shell(const char *name, const char *script, bool restart)
{
	static const char *argv[8][4];
	static size_t used;
	const char **words = argv[used++];
	words[0] = "/bin/sh";
	words[1] = "-c";
	words[2] = script;
	words[3] = NULL;
	return (struct process){.name = name, .argv = words, .restart = restart};
}

static void processes_are_started_again_and_ended_together(void **state)
{
	(void)state;
	struct err err;
	struct supervisor supervisor = {0};
	struct process steady = shell("steady", "exec sleep 1000", true);
	struct process once = shell("once", "exit 7", false);
	assert_ok(supervise_start(&supervisor, &steady, &err));
	assert_ok(supervise_start(&supervisor, &once, &err));
	struct process *ended = NULL;
	assert_ok(supervise_step(&supervisor, 10000, &ended, &err));
	assert_ptr_equal(ended, &once);
	assert_int_equal(WEXITSTATUS(once.exit_status), 7);
	pid_t first = steady.pid;
	assert_int_equal(kill(first, SIGKILL), 0);
	int64_t deadline = clock_monotonic_us() + 10 * 1000000LL;
	while ((steady.pid == first || steady.pid == 0) && clock_monotonic_us() < deadline)
		assert_ok(supervise_step(&supervisor, 100, NULL, &err));
	assert_true(steady.pid > 0 && steady.pid != first);
	assert_int_equal(steady.restarts, 1);
	pid_t second = steady.pid;
	supervise_stop(&supervisor, 5000);
	assert_int_equal(kill(second, 0), -1);
	assert_int_equal(WTERMSIG(steady.exit_status), SIGTERM);
}

static void a_process_that_ignores_sigterm_is_killed(void **state)
{
	(void)state;
	struct err err;
	struct supervisor supervisor = {0};
	char script[4200];
	snprintf(script, sizeof(script), "trap '' TERM; : > %s; while :; do sleep 0.1; done",
		in_folder("deaf"));
	struct process deaf = shell("deaf", script, false);
	assert_ok(supervise_start(&supervisor, &deaf, &err));
	int64_t deadline = clock_monotonic_us() + 10 * 1000000LL;
	while (access(in_folder("deaf"), F_OK) != 0 && clock_monotonic_us() < deadline)
		assert_ok(supervise_step(&supervisor, 20, NULL, &err));
	supervise_stop(&supervisor, 200);
	assert_int_equal(WTERMSIG(deaf.exit_status), SIGKILL);
	struct process none = {
		.name = "none", .argv = (const char *const[]){"/no/such/program", NULL}};
	assert_err(supervise_start(&supervisor, &none, &err), ERR_FATAL, "/no/such/program");
}

/* What a child that runs `work` wrote to stderr; its wait status in *ret_status. */
static const char *capture(void (*work)(void), int *ret_status)
{
	static char text[8192];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		work();
		_exit(0);
	}
	close(ends[1]);
	size_t used = 0;
	ssize_t n = 0;
	while ((n = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, ret_status, 0), child);
	return text;
}

static void log_both(void)
{
	log_setup(LOG_INFO, LOG_LOGFMT, "test");
	log_info("a message", log_str("key", "two words\n\"x\""), log_int("n", -3),
		log_str(NULL, "left out"));
	log_debug("not shown");
	log_setup(LOG_WARN, LOG_JSON, NULL);
	log_warn("plain", log_str("k", "\xC3\xA9\x01"), log_real("r", 0.5));
	log_info("not shown");
}

static void logs_are_one_line_an_event(void **state)
{
	(void)state;
	int status = 0;
	const char *text = capture(log_both, &status);
	assert_non_null(strstr(text,
		" level=info service=test msg=\"a message\" key=\"two words\\n\\\"x\\\"\" n=-3\n"));
	assert_non_null(
		strstr(text, "\"level\":\"warn\",\"msg\":\"plain\",\"k\":\"\xC3\xA9\\u0001\","
			     "\"r\":0.5}\n"));
	assert_null(strstr(text, "not shown"));
	assert_null(strstr(text, "left out"));
}

static void crash_at_third(void)
{
	setenv("PENSTOCK_FAULT", "test.step:3", 1);
	for (int i = 1; i <= 5; i++) {
		fault_point("test.step.other");
		fault_point("test.step");
		dprintf(STDERR_FILENO, "%d", i);
	}
}

static void fault_points_kill_at_their_count(void **state)
{
	(void)state;
	int status = 0;
	const char *text = capture(crash_at_third, &status);
	assert_string_equal(text, "12");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void freeze_at_first(void)
{
	setenv("PENSTOCK_FAULT", "test.step:1:stop", 1);
	pid_t parent = getpid();
	pid_t watcher = fork();
	if (watcher == 0) {
		/* In state T the process does not go on by itself. */
		char path[64];
		char stat[512] = "";
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)parent);
		while (!strstr(stat, ") T ")) {
			FILE *file = fopen(path, "r");
			size_t n = file ? fread(stat, 1, sizeof(stat) - 1, file) : 0;
			stat[n] = '\0';
			if (file)
				fclose(file);
		}
		dprintf(STDERR_FILENO, "frozen ");
		kill(parent, SIGCONT);
		_exit(0);
	}
	fault_point("test.step");
	waitpid(watcher, NULL, 0);
	dprintf(STDERR_FILENO, "goes on");
}

static void a_fault_point_may_freeze(void **state)
{
	(void)state;
	int status = 0;
	assert_string_equal(capture(freeze_at_first, &status), "frozen goes on");
}

static void wait_for_stop(void)
{
	stop_install();
	dprintf(STDERR_FILENO, "%d", stop_wait_ms(1));
	raise(SIGTERM);
	int64_t before = clock_monotonic_us();
	dprintf(STDERR_FILENO, "%d%d", stop_wait_ms(60000), stop_signal() == SIGTERM);
	dprintf(STDERR_FILENO, "%d", clock_monotonic_us() - before < 30 * 1000000LL);
	raise(SIGINT);
	dprintf(STDERR_FILENO, "never");
}

static void a_stop_ends_waits_and_a_second_one_the_process(void **state)
{
	(void)state;
	int status = 0;
	const char *text = capture(wait_for_stop, &status);
	assert_string_equal(text, "0111");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGINT);
}

static void hang_after_the_signal(bool service)
{
	stop_install();
	stop_within(1, service);
	raise(SIGTERM);
	for (;;)
		pause();
}

static void hang_as_a_service(void)
{
	hang_after_the_signal(true);
}

static void hang_as_a_command(void)
{
	hang_after_the_signal(false);
}

static void what_hangs_is_left_at_the_deadline(void **state)
{
	(void)state;
	int status = 0;
	int64_t before = clock_monotonic_us();
	assert_non_null(strstr(capture(hang_as_a_service, &status), "not done in time"));
	assert_true(clock_monotonic_us() - before >= 900 * 1000);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_non_null(strstr(capture(hang_as_a_command, &status), "not done in time"));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
}

static void backoff_grows_to_its_cap(void **state)
{
	(void)state;
	for (unsigned attempt = 0; attempt < 70; attempt++) {
		int64_t full = attempt < 7 ? 100LL << attempt : 10000;
		full = full > 10000 ? 10000 : full;
		int64_t wait = clock_backoff_ms(attempt, 100, 10000);
		assert_true(wait >= full / 2 && wait <= full);
	}
	char text[CLOCK_ISO_SIZE];
	clock_iso(text, 1767225600123456LL);
	assert_string_equal(text, "2026-01-01T00:00:00.123Z");
	clock_iso(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_replaced_whole),
		cmocka_unit_test(only_one_creates_a_file),
		cmocka_unit_test(folders_are_made_with_their_parents),
		cmocka_unit_test(processes_are_started_again_and_ended_together),
		cmocka_unit_test(a_process_that_ignores_sigterm_is_killed),
		cmocka_unit_test(logs_are_one_line_an_event),
		cmocka_unit_test(fault_points_kill_at_their_count),
		cmocka_unit_test(a_stop_ends_waits_and_a_second_one_the_process),
		cmocka_unit_test(a_fault_point_may_freeze),
		cmocka_unit_test(what_hangs_is_left_at_the_deadline),
		cmocka_unit_test(backoff_grows_to_its_cap),
	};
	return cmocka_run_group_tests(tests, begin, remove_folder);
}
