/* SPDX-License-Identifier: Apache-2.0 */
/* When a source is due, what its files are called, and that its state survives being written. */
#include "fetch/fetch.h"

#include <unistd.h>

#include "support/cmocka_all.h"

#define MINUTE INT64_C(60000)
#define NOW    (INT64_C(1800000000) * 1000)

static struct remote every(int64_t ms)
{
	return (struct remote){
		.name = "s", .every_ms = ms, .cron_text = "", .file_name = "s-{time}.x"};
}

static void a_schedule_counts_from_the_last_attempt(void **state)
{
	(void)state;
	struct remote remote = every(15 * MINUTE);
	struct fetch_state known = {0};
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW);
	known.began_ms = NOW - MINUTE;
	/* Cut short: at once. */
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW);
	known.ended_ms = NOW;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + 14 * MINUTE);
	/* A clock that was put back. */
	known.began_ms = NOW + 100 * MINUTE;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW);
	remote.every_ms = 0;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), INT64_MAX);
	struct err err;
	assert_ok(cron_use_zone("UTC", &err));
	remote.cron_text = "0 * * * *";
	assert_ok(cron_parse(remote.cron_text, &remote.cron, &err));
	known.began_ms = NOW - MINUTE;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW);
}

static void failures_are_tried_again_sooner(void **state)
{
	(void)state;
	const struct remote remote = every(600 * MINUTE);
	struct fetch_state known = {
		.began_ms = NOW, .ended_ms = NOW, .failures = 1, .error = "HTTP status 500"};
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + MINUTE);
	known.failures = 4;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + 8 * MINUTE);
	known.failures = 1000;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + 60 * MINUTE);
	known.not_before_ms = NOW + 90 * MINUTE;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + 90 * MINUTE);
	/* A clock that was ahead when the server asked. */
	known.not_before_ms = NOW + 30 * 24 * 60 * MINUTE;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + 60 * MINUTE);
	known.not_before_ms = 0;
	known.fatal = 1;
	assert_int_equal(fetch_due_ms(&remote, &known, NOW), NOW + 600 * MINUTE);
}

static void names_tell_time_and_page(void **state)
{
	(void)state;
	struct remote remote = every(MINUTE);
	char time[FETCH_TIME_SIZE];
	char name[FETCH_NAME_SIZE];
	fetch_time(NOW / 1000, time);
	assert_string_equal(time, "20270115T080000Z");
	fetch_file_name(&remote, time, 7, name);
	assert_string_equal(name, "s-20270115T080000Z.x");
	remote.paging.by = PAGING_PAGE;
	fetch_file_name(&remote, time, 7, name);
	assert_string_equal(name, "s-20270115T080000Z-p00007.x");
}

static void folders_tell_the_source(void **state)
{
	(void)state;
	struct remote remotes[] = {every(1), every(1)};
	remotes[1].name = "orders";
	const struct config config = {
		.inbox = "/data/inbox", .sources = remotes, .source_count = 2};
	assert_ptr_equal(fetch_source_of(&config, "/data/inbox/@orders/x"), &remotes[1]);
	static const char *const others[] = {"/data/inbox/orders/x", "/data/inbox/@order/x",
		"/data/inbox/@orders/y/x", "/data/@orders/x", "/data/inbox/@orders",
		"/data/inbox/@orders2/x", "x"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(fetch_source_of(&config, others[i]));
}

static void the_state_survives(void **state)
{
	(void)state;
	char path[] = "/tmp/penstock-state-XXXXXX";
	int fd = mkstemp(path);
	struct err err;
	struct fetch_state written = {.phase = FETCH_RELEASING, .page = INT64_MAX, .fatal = 1};
	struct fetch_state known;
	memset(written.next, '"', sizeof(written.next) - 1);
	memset(written.error, 0xff, 480);
	snprintf(written.etag, sizeof(written.etag), "W/\"a\\b\"");
	assert_ok(fetch_state_save(path, &written, &err));
	assert_ok(fetch_state_load(path, &known, &err));
	assert_int_equal(known.phase, FETCH_RELEASING);
	assert_int_equal(known.page, INT64_MAX);
	assert_string_equal(known.next, written.next);
	assert_string_equal(known.etag, written.etag);
	assert_int_equal(truncate(path, 100), 0);
	assert_false(fetch_state_load(path, &known, &err));
	assert_int_equal(err.class, ERR_FATAL);
	assert_non_null(strstr(err.message, path));
	close(fd);
	unlink(path);
	assert_ok(fetch_state_load(path, &known, &err));
	assert_int_equal(known.began_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_schedule_counts_from_the_last_attempt),
		cmocka_unit_test(failures_are_tried_again_sooner),
		cmocka_unit_test(names_tell_time_and_page),
		cmocka_unit_test(folders_tell_the_source),
		cmocka_unit_test(the_state_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
