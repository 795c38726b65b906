/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions against a real server: values, COPY, limits, loss of the connection. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "postgres/database.h"
#include "postgres/quote.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"

static struct database *open_with(int64_t statement_ms)
{
	struct database_options options = {
		.conninfo = postgres_server(), .statement_ms = statement_ms};
	struct database *database = NULL;
	struct err err;
	assert_ok(database_open(&options, &database, &err));
	return database;
}

static void values_come_back_as_sent(void **state)
{
	(void)state;
	struct err err;
	struct database *database = open_with(0);
	struct database_rows *rows;
	const char *const values[] = {"it's \\ \"q\"", NULL, "-9223372036854775808"};
	assert_ok(database_query(database, "SELECT $1::text AS a, $2::text, $3::bigint, true",
		values, 3, &rows, &err));
	assert_int_equal(database_row_count(rows), 1);
	assert_int_equal(database_column_count(rows), 4);
	assert_string_equal(database_column_name(rows, 0), "a");
	assert_int_equal(database_column_type(rows, 2), 20);
	assert_string_equal(database_text(rows, 0, 0), values[0]);
	assert_null(database_text(rows, 0, 1));
	assert_true(database_int(rows, 0, 2) == INT64_MIN);
	assert_true(database_bool(rows, 0, 3));
	database_rows_free(rows);
	database_close(database);
}

static void settings_are_ours(void **state)
{
	(void)state;
	struct database *database = open_with(0);
	char *text = sql_text(database,
		"SELECT concat_ws(' ', current_setting('search_path'),"
		" current_setting('client_encoding'), current_setting('DateStyle'),"
		" current_setting('standard_conforming_strings'),"
		" current_setting('application_name'))");
	assert_string_equal(text, "public UTF8 ISO, MDY on penstock");
	free(text);
	database_close(database);
}

static void options_of_the_user_are_kept(void **state)
{
	(void)state;
	char conninfo[400];
	snprintf(conninfo, sizeof(conninfo), "%s options='-c work_mem=7MB'", postgres_server());
	struct database_options options = {.conninfo = conninfo};
	struct database *database = NULL;
	struct err err;
	assert_ok(database_open(&options, &database, &err));
	char *text = sql_text(
		database, "SELECT current_setting('work_mem') || current_setting('search_path')");
	assert_string_equal(text, "7MBpublic");
	free(text);
	database_close(database);
}

static void quoted_text_reads_back(void **state)
{
	(void)state;
	struct database *database = open_with(0);
	struct buf sql;
	buf_init(&sql, 10000);
	static const char *const texts[] = {"", "'", "\\", "a'b\\c\"d{},NULL", "ä\n\t"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_clear(&sql);
		buf_append_text(&sql, "SELECT ");
		quote_literal(&sql, texts[i]);
		char *back = sql_text(database, "%s", buf_text(&sql));
		assert_string_equal(back, texts[i]);
		free(back);

		buf_clear(&sql);
		array_begin(&sql);
		array_add(&sql, NULL);
		array_add(&sql, texts[i]);
		array_end(&sql);
		const char *const values[] = {buf_text(&sql), texts[i]};
		struct database_rows *rows;
		struct err err;
		assert_ok(database_query(database,
			"SELECT ($1::text[])[1] IS NULL AND ($1::text[])[2] = $2", values, 2, &rows,
			&err));
		assert_true(database_bool(rows, 0, 0));
		database_rows_free(rows);
	}
	sql_exec(database, "CREATE TEMP TABLE \"we\"\"ird\" (a int)");
	buf_clear(&sql);
	buf_append_text(&sql, "SELECT count(*) FROM ");
	quote_identifier(&sql, "we\"ird");
	assert_int_equal(sql_int(database, "%s", buf_text(&sql)), 0);
	buf_release(&sql);
	database_close(database);
}

static void errors_carry_class_state_and_blame(void **state)
{
	(void)state;
	struct err err;
	struct database *database = open_with(0);
	sql_exec(database,
		"CREATE TEMP TABLE t (a int NOT NULL, b int CONSTRAINT small CHECK (b < 9))");
	assert_err(
		database_exec(database, "INSERT INTO t VALUES (NULL, 1)", &err), ERR_DATA, "null");
	assert_string_equal(err.native, "23502");
	assert_string_equal(err.detail, "a");
	assert_int_equal(err.from, ERR_FROM_POSTGRES);
	assert_err(database_exec(database, "INSERT INTO t VALUES (1, 9)", &err), ERR_DATA, "small");
	assert_string_equal(err.detail, "small");
	assert_err(database_exec(database, "SELECT * FROM nowhere", &err), ERR_FATAL, "nowhere");
	assert_err(
		database_exec(database, "SELECT 1; SELECT 1/0; SELECT 2", &err), ERR_DATA, "zero");
	assert_true(database_usable(database));
	assert_int_equal(sql_int(database, "SELECT 7"), 7);
	database_close(database);
}

static void copy_tells_rows_and_blames_a_column(void **state)
{
	(void)state;
	struct err err;
	int64_t rows = 0;
	struct database *database = open_with(0);
	sql_exec(database, "CREATE TEMP TABLE c (a int, b text)");
	assert_ok(database_copy_start(database, "COPY c FROM STDIN", &err));
	assert_ok(database_copy_data(database, "1\tx\n2\ty\n", 8, &err));
	assert_ok(database_copy_end(database, &rows, &err));
	assert_int_equal(rows, 2);

	assert_ok(database_copy_start(database, "COPY c FROM STDIN", &err));
	assert_ok(database_copy_data(database, "3\tz\nq\tw\n", 8, &err));
	assert_err(database_copy_end(database, &rows, &err), ERR_DATA, "integer");
	assert_string_equal(err.detail, "a");

	sql_exec(database, "BEGIN");
	assert_ok(database_copy_start(database, "COPY c FROM STDIN", &err));
	assert_ok(database_copy_data(database, "5\tz\n", 4, &err));
	database_copy_abort(database, "changed our mind");
	database_rollback(database);
	assert_int_equal(sql_int(database, "SELECT count(*) FROM c"), 2);

	assert_err(database_copy_start(database, "COPY nowhere FROM STDIN", &err), ERR_FATAL,
		"nowhere");
	assert_int_equal(sql_int(database, "SELECT 1"), 1);
	database_close(database);
}

/* More than any socket buffer, so that writing has to wait for the server. */
static void copy_moves_more_than_buffers_hold(void **state)
{
	(void)state;
	struct err err;
	int64_t rows = 0;
	size_t lines = 2000000;
	char *text = malloc(lines * 8);
	assert_non_null(text);
	for (size_t i = 0; i < lines; i++)
		memcpy(text + i * 8, "1234567\n", 8);
	struct database *database = open_with(60000);
	sql_exec(database, "CREATE TEMP TABLE big (a int)");
	assert_ok(database_copy_start(database, "COPY big FROM STDIN", &err));
	assert_ok(database_copy_data(database, text, lines * 8, &err));
	assert_ok(database_copy_end(database, &rows, &err));
	assert_int_equal(rows, lines);
	free(text);
	database_close(database);
}

static void a_call_beyond_its_limit_is_cancelled(void **state)
{
	(void)state;
	struct err err;
	struct database *database = open_with(1000);
	assert_err(database_exec(database, "SELECT pg_sleep(60)", &err), ERR_RETRY, "limit");
	assert_string_equal(err.native, "57014");
	assert_true(database_usable(database));
	assert_int_equal(sql_int(database, "SELECT 3"), 3);
	database_close(database);
}

static void a_lost_connection_is_retry(void **state)
{
	(void)state;
	struct err err;
	struct database *database = open_with(0);
	struct database *killer = open_with(0);
	sql_exec(database, "BEGIN");
	sql_exec(killer, "SELECT pg_terminate_backend(%d, 60000)", database_backend_pid(database));
	assert_err(database_exec(database, "SELECT 1", &err), ERR_RETRY, "terminating connection");
	assert_false(database_usable(database));
	database_rollback(database);
	assert_err(database_exec(database, "SELECT 1", &err), ERR_RETRY, "lost the connection");
	database_close(database);
	database_close(killer);
}

static void refusals_have_a_class(void **state)
{
	(void)state;
	static const struct {
		const char *extra;
		enum err_class class;
		const char *native;
	} cases[] = {
		{"dbname=no_such_database", ERR_FATAL, "3D000"},
		{"user=no_such_user", ERR_FATAL, "28000"},
		{"port=1", ERR_RETRY, "08001"},
		{"sslmode=nonsense", ERR_FATAL, "08001"},
		{"service=no_such_service", ERR_FATAL, ""},
		{"nonsense=1", ERR_FATAL, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char conninfo[400];
		snprintf(conninfo, sizeof(conninfo), "%s %s", postgres_server(), cases[i].extra);
		struct database_options options = {.conninfo = conninfo, .connect_ms = 3000};
		struct database *database = NULL;
		struct err err = {0};
		assert_false(database_open(&options, &database, &err));
		if (err.class != cases[i].class)
			fail_msg("%s: %s: %s", cases[i].extra, err_class_name(err.class),
				err.message);
		if (*cases[i].native)
			assert_string_equal(err.native, cases[i].native);
		assert_null(strchr(err.message, '\n'));
		assert_null(strstr(err.message, "LOCATION"));
	}
}

struct sum {
	int64_t rows;
	int64_t stop_at;
};

static bool add_row(void *context, const struct database_rows *one, struct err *err)
{
	struct sum *sum = context;
	sum->rows++;
	assert_int_equal(database_int(one, 0, 0), sum->rows);
	if (sum->rows == sum->stop_at)
		return err_fail(err, ERR_DATA, "enough");
	return true;
}

static bool take_row(void *context, const struct database_rows *one, struct err *err)
{
	(void)one;
	(void)err;
	++*(int *)context;
	return true;
}

static void streams_come_row_by_row_and_end_early(void **state)
{
	(void)state;
	struct err err;
	struct database *database = open_with(0);
	struct sum sum = {0};
	int taken = 0;
	assert_ok(database_stream(
		database, "SELECT i FROM generate_series(1, 1000) i", add_row, &sum, &err));
	assert_int_equal(sum.rows, 1000);
	sum = (struct sum){.stop_at = 3};
	assert_err(database_stream(
			   database, "SELECT generate_series(1, 100000000)", add_row, &sum, &err),
		ERR_DATA, "enough");
	assert_int_equal(sum.rows, 3);
	assert_err(database_stream(database, "SELECT 1/(3-i) FROM generate_series(1, 5) i",
			   take_row, &taken, &err),
		ERR_DATA, "zero");
	assert_int_equal(taken, 2);
	assert_int_equal(sql_int(database, "SELECT 5"), 5);
	database_close(database);
}

static void *notify_soon(void *argument)
{
	usleep(50000);
	sql_exec(argument, "NOTIFY news");
	return NULL;
}

static void notifications_end_the_wait(void **state)
{
	(void)state;
	struct err err;
	bool notified = true;
	struct database *listener = open_with(0);
	struct database *speaker = open_with(0);
	sql_exec(listener, "LISTEN news");
	assert_ok(database_wait_notify(listener, 10, &notified, &err));
	assert_false(notified);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, notify_soon, speaker), 0);
	assert_ok(database_wait_notify(listener, 20000, &notified, &err));
	assert_true(notified);
	pthread_join(thread, NULL);
	database_close(listener);
	database_close(speaker);
}

static void *stop_soon(void *argument)
{
	usleep(100000);
	stop_request();
	return argument;
}

/* A stop is for good, so it is asked for in a child. */
static int end_of_a_stopped_child(void)
{
	struct database_options options = {.conninfo = postgres_server(), .stop_grace_ms = 1000};
	struct database *database;
	struct err err;
	pthread_t thread;
	bool notified;
	stop_install();
	int64_t began = clock_monotonic_us();
	if (!database_open(&options, &database, &err) || !database_exec(database, "BEGIN", &err) ||
		pthread_create(&thread, NULL, stop_soon, NULL) != 0)
		return 1;
	if (database_exec(database, "SELECT pg_sleep(60)", &err) || err.class != ERR_RETRY ||
		!strstr(err.message, "stopping"))
		return 2;
	database_rollback(database); /* after the grace, and still done */
	if (!database_usable(database) || !database_exec(database, "SELECT 1", &err))
		return 3;
	if (!database_wait_notify(database, 60000, &notified, &err) || notified)
		return 4;
	pthread_join(thread, NULL);
	database_close(database);
	if (database_open(&options, &database, &err) || err.class != ERR_RETRY)
		return 5;
	return clock_monotonic_us() - began < 40000000 ? 0 : 6;
}

static void a_stop_ends_every_wait(void **state)
{
	(void)state;
	int status;
	postgres_server();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(end_of_a_stopped_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_as_sent),
		cmocka_unit_test(settings_are_ours),
		cmocka_unit_test(options_of_the_user_are_kept),
		cmocka_unit_test(quoted_text_reads_back),
		cmocka_unit_test(errors_carry_class_state_and_blame),
		cmocka_unit_test(copy_tells_rows_and_blames_a_column),
		cmocka_unit_test(copy_moves_more_than_buffers_hold),
		cmocka_unit_test(a_call_beyond_its_limit_is_cancelled),
		cmocka_unit_test(a_stop_ends_every_wait),
		cmocka_unit_test(a_lost_connection_is_retry),
		cmocka_unit_test(refusals_have_a_class),
		cmocka_unit_test(streams_come_row_by_row_and_end_early),
		cmocka_unit_test(notifications_end_the_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
