/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "producer/inbox.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static const int64_t settle_us = 100;

static void put_at(const char *folder, const char *name, const char *text, time_t mtime)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	const struct timespec times[2] = {{mtime, 0}, {mtime, 0}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void make(const char *folder, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void scan(struct inbox *inbox, int64_t now_us)
{
	struct err err = {0};
	assert_ok(inbox_scan(inbox, now_us, &err));
}

/* The ready files' paths below the inbox, joined by blanks. */
static const char *ready(struct inbox *inbox, int64_t now_us, int64_t *ret_next_us)
{
	static char text[512];
	struct inbox_file **files;
	size_t count = inbox_ready(inbox, now_us, settle_us, &files, ret_next_us);
	text[0] = '\0';
	size_t at = 0;
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
			files[i]->path + strlen(inbox->folder) + 1);
	return text;
}

static void a_file_is_ready_once_it_stood_still(void **state)
{
	int64_t next_us = 0;
	struct inbox inbox;
	inbox_init(&inbox, *state);
	put_at(*state, "a.csv", "1", 100);
	scan(&inbox, 1000);
	assert_string_equal(ready(&inbox, 1000, &next_us), "");
	assert_int_equal(next_us, 1100);
	put_at(*state, "a.csv", "12", 100); /* grows, with the same time */
	scan(&inbox, 1090);
	assert_string_equal(ready(&inbox, 1100, &next_us), "");
	assert_int_equal(next_us, 1190);
	scan(&inbox, 1150);
	assert_string_equal(ready(&inbox, 1190, &next_us), "a.csv");
	assert_int_equal(next_us, INBOX_NEVER);
	inbox_release(&inbox);
}

static void the_oldest_comes_first_from_any_depth(void **state)
{
	int64_t next_us = 0;
	struct inbox inbox;
	inbox_init(&inbox, *state);
	make(*state, "sub");
	make(*state, "sub/deep");
	put_at(*state, "c.csv", "1", 100);
	put_at(*state, "sub/b.csv", "1", 300);
	put_at(*state, "sub/deep/a.csv", "1", 200);
	put_at(*state, "d.csv", "1", 300);
	scan(&inbox, 0);
	assert_string_equal(ready(&inbox, 100, &next_us), "c.csv sub/deep/a.csv d.csv sub/b.csv");
	inbox_release(&inbox);
}

static void hidden_and_temporary_names_are_passed_over(void **state)
{
	int64_t next_us = 0;
	struct inbox inbox;
	inbox_init(&inbox, *state);
	make(*state, ".hidden");
	static const char *const names[] = {".a.csv", "a.csv~", "a.csv.tmp", "a.csv.part",
		".hidden/a.csv", "a.csv.filepart", "tmp", "part.csv"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_at(*state, names[i], "1", 100);
	scan(&inbox, 0);
	assert_string_equal(ready(&inbox, 100, &next_us), "part.csv tmp");
	inbox_release(&inbox);
}

/* Permissions may have been what was wrong. A kernel's clock of files stands still for
 * milliseconds. */
static void change_permissions(const char *path)
{
	struct stat before;
	struct stat after;
	assert_int_equal(stat(path, &before), 0);
	do {
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(stat(path, &after), 0);
	} while (memcmp(&before.st_ctim, &after.st_ctim, sizeof(after.st_ctim)) == 0);
}

static struct inbox_file *only(struct inbox *inbox)
{
	struct inbox_snapshot *snapshot = &inbox->snapshots[inbox->current];
	assert_int_equal(snapshot->count, 1);
	return &snapshot->files[0];
}

static void what_was_said_is_kept_until_the_file_changes(void **state)
{
	int64_t next_us = 0;
	char path[512];
	struct inbox inbox;
	inbox_init(&inbox, *state);
	put_at(*state, "a.csv", "1", 100);
	scan(&inbox, 0);
	only(&inbox)->told = 7;
	only(&inbox)->retry_us = INBOX_NEVER;
	for (int64_t now_us = 1; now_us < 5; now_us++)
		scan(&inbox, now_us * 1000);
	assert_int_equal(only(&inbox)->told, 7);
	assert_string_equal(ready(&inbox, 100000, &next_us), "");
	snprintf(path, sizeof(path), "%s/a.csv", (char *)*state);
	change_permissions(path);
	scan(&inbox, 200000);
	assert_int_equal(only(&inbox)->told, 0);
	assert_string_equal(ready(&inbox, 300000, &next_us), "a.csv");
	assert_int_equal(unlink(path), 0);
	scan(&inbox, 300000);
	assert_string_equal(ready(&inbox, 400000, &next_us), "");
	inbox_release(&inbox);
}

static void a_missing_inbox_is_trouble_that_may_pass(void **state)
{
	struct err err = {0};
	struct inbox inbox;
	char path[512];
	snprintf(path, sizeof(path), "%s/none", (char *)*state);
	inbox_init(&inbox, path);
	assert_err(inbox_scan(&inbox, 0, &err), ERR_RETRY, "none");
	inbox_release(&inbox);
}

static void more_than_a_scan_takes_is_taken_in_turns(void **state)
{
	struct inbox inbox;
	inbox_init(&inbox, *state);
	char path[512];
	for (int i = 0; i < 20010; i++) {
		snprintf(path, sizeof(path), "%s/%05d", (char *)*state, i);
		int fd = open(path, O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	scan(&inbox, 0);
	assert_true(inbox.full);
	assert_int_equal(inbox.snapshots[inbox.current].count, 20000);
	inbox_release(&inbox);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_is_ready_once_it_stood_still),
		IN_FOLDER(the_oldest_comes_first_from_any_depth),
		IN_FOLDER(hidden_and_temporary_names_are_passed_over),
		IN_FOLDER(what_was_said_is_kept_until_the_file_changes),
		IN_FOLDER(a_missing_inbox_is_trouble_that_may_pass),
		IN_FOLDER(more_than_a_scan_takes_is_taken_in_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
