/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producer/claim.h"
#include "producer/quarantine.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static void in(char *ret_path, const char *folder, const char *name)
{
	snprintf(ret_path, 512, "%s/%s", folder, name);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void get(const char *path, char *ret_text, size_t size)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n = fread(ret_text, 1, size - 1, file);
	ret_text[n] = '\0';
	fclose(file);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static struct claim claim_of(const char *path)
{
	struct err err = {0};
	struct claim claim;
	assert_ok(claim_open(path, false, &claim, &err));
	return claim;
}

static void what_is_no_file_is_named(void **state)
{
	struct err err = {0};
	struct claim claim;
	char path[512];
	char link_path[512];
	assert_err(claim_open(*state, true, &claim, &err), ERR_FATAL, "a folder");
	in(path, *state, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_err(claim_open(path, true, &claim, &err), ERR_FATAL, "a fifo");
	in(path, *state, "missing");
	assert_err(claim_open(path, true, &claim, &err), ERR_FATAL, "missing");
	assert_string_equal(err.native, "ENOENT");
	in(path, *state, "orders.csv");
	in(link_path, *state, "link.csv");
	put(path, "a");
	assert_int_equal(symlink(path, link_path), 0);
	assert_err(claim_open(link_path, false, &claim, &err), ERR_FATAL, "symbolic link");
	assert_ok(claim_open(link_path, true, &claim, &err));
	claim_close(&claim);
}

static void a_change_is_noticed(void **state)
{
	struct err err = {0};
	char path[512];
	in(path, *state, "orders.csv");
	put(path, "abc");
	struct claim claim = claim_of(path);
	assert_ok(claim_check(&claim, &err));
	FILE *file = fopen(path, "a");
	fputs("d", file);
	fclose(file);
	assert_err(claim_check(&claim, &err), ERR_RETRY, "changed");
	bool removed = true;
	assert_ok(claim_remove(&claim, &removed, &err));
	assert_false(removed);
	assert_true(exists(path));
	claim_close(&claim);
}

static void what_took_the_name_stays(void **state)
{
	struct err err = {0};
	char path[512];
	char other[512];
	char text[16];
	in(path, *state, "orders.csv");
	in(other, *state, "other.csv");
	put(path, "old");
	struct claim claim = claim_of(path);
	put(other, "new");
	assert_int_equal(rename(other, path), 0);
	assert_ok(claim_check(&claim, &err)); /* what was read is whole */
	bool removed = true;
	assert_ok(claim_remove(&claim, &removed, &err));
	assert_false(removed);
	get(path, text, sizeof(text));
	assert_string_equal(text, "new");
	claim_close(&claim);
}

static void a_file_leaves_without_a_trace(void **state)
{
	struct err err = {0};
	char path[512];
	in(path, *state, "orders.csv");
	put(path, "abc");
	struct claim claim = claim_of(path);
	bool removed = false;
	assert_ok(claim_remove(&claim, &removed, &err));
	assert_true(removed);
	assert_false(exists(path));
	assert_ok(claim_remove(&claim, &removed, &err));
	assert_false(removed);
	claim_close(&claim);
	assert_int_equal(rmdir(*state), 0); /* nothing hidden either */
	assert_int_equal(mkdir(*state, 0700), 0);
}

static void a_name_too_long_to_hide_leaves_too(void **state)
{
	struct err err = {0};
	char name[251];
	char path[512];
	memset(name, 'x', 250);
	name[250] = '\0';
	in(path, *state, name);
	put(path, "abc");
	struct claim claim = claim_of(path);
	bool removed = false;
	assert_ok(claim_remove(&claim, &removed, &err));
	assert_true(removed);
	assert_false(exists(path));
	claim_close(&claim);
}

static void leftovers_come_back_unless_the_name_is_taken(void **state)
{
	char hidden[512];
	char path[512];
	char text[16];
	in(hidden, *state, ".orders.csv.penstock-done");
	in(path, *state, "orders.csv");
	assert_true(claim_is_leftover(".orders.csv.penstock-done"));
	assert_false(claim_is_leftover(".penstock-done"));
	assert_false(claim_is_leftover("orders.csv.penstock-done"));
	put(hidden, "abc");
	claim_restore(hidden);
	assert_false(exists(hidden));
	get(path, text, sizeof(text));
	assert_string_equal(text, "abc");
	put(hidden, "older");
	claim_restore(hidden);
	assert_true(exists(hidden));
	get(path, text, sizeof(text));
	assert_string_equal(text, "abc");
}

static void a_writer_is_seen(void **state)
{
	char path[512];
	in(path, *state, "orders.csv");
	put(path, "abc");
	struct claim claim = claim_of(path);
	assert_false(claim_is_written(&claim));
	int fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	assert_true(claim_is_written(&claim));
	close(fd);
	assert_false(claim_is_written(&claim));
	claim_close(&claim);
}

static void refused_files_go_beside_the_inbox_with_their_reason(void **state)
{
	struct err err = {0};
	char inbox[512];
	char path[512];
	char moved[512];
	char text[512];
	in(inbox, *state, "inbox/");
	assert_int_equal(mkdir(inbox, 0700), 0);
	in(path, *state, "inbox/orders.csv");
	static const char *const names[] = {"orders.csv", "orders.csv.7", "orders.csv.7"};
	for (int i = 0; i < 3; i++) {
		put(path, "abc");
		struct claim claim = claim_of(path);
		bool gone = false;
		assert_ok(quarantine_move(inbox, &claim, 7, "no such column", &gone, &err));
		assert_true(gone);
		assert_false(exists(path));
		snprintf(moved, sizeof(moved), "%s/quarantine/%s", (char *)*state, names[i]);
		get(moved, text, sizeof(text));
		assert_string_equal(text, "abc");
		snprintf(moved, sizeof(moved), "%s/quarantine/%s.reason.txt", (char *)*state,
			names[i]);
		get(moved, text, sizeof(text));
		assert_non_null(strstr(text, "no such column"));
		claim_close(&claim);
	}
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_is_no_file_is_named),
		IN_FOLDER(a_change_is_noticed),
		IN_FOLDER(what_took_the_name_stays),
		IN_FOLDER(a_file_leaves_without_a_trace),
		IN_FOLDER(a_name_too_long_to_hide_leaves_too),
		IN_FOLDER(leftovers_come_back_unless_the_name_is_taken),
		IN_FOLDER(a_writer_is_seen),
		IN_FOLDER(refused_files_go_beside_the_inbox_with_their_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
