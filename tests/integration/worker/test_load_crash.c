/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker killed between any two steps of a load, and the messages delivered again: same table,
 * same ledger. Every load runs in a child, because the crash point is read once per process.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_bench.h"

static const char *const points[] = {"loader.noted", "loader.begun", "loader.files",
	"loader.target", "loader.ledger", "loader.writers", "loader.conflict", "loader.rows",
	"loader.rejects", "loader.counted", "loader.committed", "loader.completed"};

#define POINTS (sizeof(points) / sizeof(points[0]))

/* Loads both messages as one group; ends with 0, 1 or by the fault. */
static int load_in_child(
	const struct bench *bench, const struct message *messages, const char *fault)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct bench mine;
		struct err err;
		if (fault)
			setenv("PENSTOCK_FAULT", fault, 1);
		bench_open_other(&mine, bench);
		_exit(bench_load(&mine, messages, 2, NULL, NULL, &err) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_kill_anywhere_changes_nothing(void **state)
{
	(void)state;
	static const struct bench_row rows[] = {{1, 10, "a"}, {2, 20, "b"}, {3, NO_VALUE, "c"}};
	const struct reject reject = {.record = 4,
		.start = 60,
		.end = 70,
		.column = "",
		.reason = "bad",
		.text = "x",
		.text_len = 1};
	struct bench bench;
	struct message messages[2];
	bench_open(&bench, "crash", &(struct bench_options){0});
	message_make(&bench,
		&(struct message_spec){.file_id = 7,
			.rows = rows,
			.count = 3,
			.rejects = &reject,
			.reject_count = 1},
		&messages[0]);
	message_make(&bench,
		&(struct message_spec){.file_id = 7,
			.chunk = 1,
			.first = 5,
			.chunks = 2,
			.rows = rows,
			.count = 2},
		&messages[1]);
	for (size_t i = 0; i < POINTS; i++) {
		sql_exec(bench.database,
			"TRUNCATE raw.d, penstock.chunk, penstock.file, penstock.reject;"
			"INSERT INTO raw.d VALUES (1, 1, 'old', 1, 1), (9, 9, 'old', 1, 2)");
		int status = load_in_child(&bench, messages, points[i]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			fail_msg("%s was not passed", points[i]);
		assert_int_equal(load_in_child(&bench, messages, NULL), 0);
		char *text = sql_text(bench.database,
			"SELECT concat((SELECT string_agg(d::text, '' ORDER BY k) FROM raw.d d), ' "
			"',"
			" (SELECT string_agg(concat(chunk, ':', rows, ':', replaced), ' ' ORDER BY "
			"chunk)"
			" FROM penstock.chunk), ' ', (SELECT count(*) FROM penstock.reject), ' ',"
			" (SELECT state FROM penstock.file))");
		assert_string_equal(text,
			"(1,10,a,7,5)(2,20,b,7,6)(3,,c,7,3)(9,9,old,1,2) 0:3:2 1:2:1 1 complete");
		free(text);
	}
	message_release(&messages[0]);
	message_release(&messages[1]);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_anywhere_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
