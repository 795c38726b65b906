/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct source {
	const char *text;
	size_t left;
	size_t step; /* bytes a read gives */
	bool fails;  /* at the end */
};

static bool read_source(void *handle, void *to, size_t n, size_t *ret_n, struct err *err)
{
	struct source *source = handle;
	if (source->left == 0 && source->fails)
		return err_fail(err, ERR_DATA, "cut off");
	size_t take = source->left < source->step ? source->left : source->step;
	assert_true(take <= n);
	memcpy(to, source->text, take);
	source->text += take;
	source->left -= take;
	*ret_n = take;
	return true;
}

static struct archive_object put(struct archive *archive, const char *text, size_t step)
{
	struct err err = {0};
	struct archive_object object = {0};
	struct source source = {text, strlen(text), step, false};
	assert_ok(archive_put(archive, "orders", read_source, &source, &object, &err));
	return object;
}

static void what_was_put_is_found_by_its_hash(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	for (size_t step = 1; step <= 3; step++) {
		struct archive_object object = put(archive, "abc", step);
		assert_string_equal(object.sha256, abc);
		assert_int_equal(object.size, 3);
	}
	int fd = -1;
	assert_ok(archive_get(archive, "orders", abc, 3, &fd, &err));
	char text[8] = "";
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_string_equal(text, "abc");
	close(fd);
	assert_err(archive_get(archive, "orders", abc, 4, &fd, &err), ERR_FATAL, "damaged");
	assert_err(archive_get(archive, "other", abc, 3, &fd, &err), ERR_FATAL, "other/objects");
	assert_int_equal(entries(*state, ".incoming"), 0);
	archive_close(archive);
}

static void an_empty_file_is_content_too(void **state)
{
	struct archive *archive = open_at(*state);
	struct archive_object object = put(archive, "", 1);
	assert_string_equal(
		object.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(object.size, 0);
	archive_close(archive);
}

static void damage_is_mended_by_the_next_to_bring_it(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	char below[200];
	int fd = -1;
	char text[8] = "";
	snprintf(below, sizeof(below), "orders/objects/ba/%s", abc);
	put(archive, "abc", 3);
	damage(*state, below, "x");
	archive_close(archive);
	archive = open_at(*state);
	assert_err(archive_get(archive, "orders", abc, 3, &fd, &err), ERR_FATAL, "damaged");
	put(archive, "abc", 3);
	assert_int_equal(entries(*state, "orders/objects/ba"), 1);
	archive_close(archive);
	archive = open_at(*state);
	assert_ok(archive_get(archive, "orders", abc, -1, &fd, &err));
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_string_equal(text, "abc");
	close(fd);
	archive_close(archive);
}

/* Whoever reads one content may open another, and the same again. */
static void descriptors_are_their_owners(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	struct archive_object other = put(archive, "other", 2);
	put(archive, "abc", 3);
	int fds[3] = {-1, -1, -1};
	char letters[4] = "";
	assert_ok(archive_get(archive, "orders", abc, 3, &fds[0], &err));
	assert_int_equal(read(fds[0], letters, 1), 1);
	assert_ok(archive_get(archive, "orders", abc, 3, &fds[1], &err));
	assert_ok(archive_get(archive, "orders", other.sha256, 5, &fds[2], &err));
	assert_int_equal(read(fds[0], letters, 1), 1);
	assert_int_equal(letters[0], 'b');
	assert_int_equal(read(fds[1], letters, 1), 1);
	assert_int_equal(letters[0], 'a');
	assert_int_equal(read(fds[2], letters, 1), 1);
	assert_int_equal(letters[0], 'o');
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	archive_close(archive);
}

static void a_dataset_can_be_forgotten(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	int fd = -1;
	put(archive, "abc", 3);
	damage(*state, "orders/objects/zz", "x");
	struct source source = {"kept", 4, 4, false};
	struct archive_object kept;
	assert_ok(archive_put(archive, "others", read_source, &source, &kept, &err));
	assert_ok(archive_forget(archive, "orders", &err));
	assert_ok(archive_forget(archive, "orders", &err));
	assert_int_equal(entries(*state, "orders/objects"), 0);
	assert_err(archive_get(archive, "orders", abc, 3, &fd, &err), ERR_FATAL, "orders/objects");
	assert_ok(archive_get(archive, "others", kept.sha256, 4, &fd, &err));
	close(fd);
	archive_close(archive);
}

static void content_that_is_there_is_left(void **state)
{
	struct archive *archive = open_at(*state);
	char path[512];
	snprintf(path, sizeof(path), "%s/orders/objects/ba/%s", (char *)*state, abc);
	put(archive, "abc", 3);
	struct stat before;
	struct stat after;
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0444);
	put(archive, "abc", 3);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	archive_close(archive);
}

static void a_read_that_fails_leaves_nothing(void **state)
{
	struct err err = {0};
	struct archive *archive = open_at(*state);
	struct archive_object object;
	struct source source = {"abc", 3, 3, true};
	assert_err(archive_put(archive, "orders", read_source, &source, &object, &err), ERR_DATA,
		"cut off");
	assert_int_equal(entries(*state, ".incoming"), 0);
	assert_int_equal(entries(*state, ""), 0);
	archive_close(archive);
}

static void many_may_put_the_same_at_once(void **state)
{
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct archive *archive = open_at(*state);
			bool good = true;
			for (int round = 0; round < (place_bucket() ? 10 : 50); round++)
				good = good && strcmp(put(archive, "abc", 1).sha256, abc) == 0;
			archive_close(archive);
			_exit(good ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(entries(*state, "orders/objects/ba"), 1);
	assert_int_equal(entries(*state, ".incoming"), 0);
}

static void leave(const char *folder, const char *name, time_t age)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	struct timespec times[2] = {{time(NULL) - age, 0}, {time(NULL) - age, 0}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void old_leftovers_of_crashes_are_removed_at_open(void **state)
{
	archive_close(open_at(*state));
	char path[512];
	snprintf(path, sizeof(path), "%s/orders", (char *)*state);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/orders/manifests", (char *)*state);
	assert_int_equal(mkdir(path, 0700), 0);
	leave(*state, ".incoming/put-older", 2 * 24 * 3600);
	leave(*state, ".incoming/put-young", 3600);
	leave(*state, "orders/manifests/a.0.json.tmp-1-0-0", 2 * 24 * 3600);
	leave(*state, "orders/manifests/b.0.json.tmp-1-0-0", 3600);
	leave(*state, "orders/manifests/c.0.json", 2 * 24 * 3600);
	archive_close(open_at(*state));
	assert_int_equal(entries(*state, ".incoming"), 1);
	assert_int_equal(entries(*state, "orders/manifests"), 2);
}

static void another_store_is_a_configuration_error(void **state)
{
	struct err err = {0};
	struct archive *archive;
	(void)state;
	assert_err(archive_open("gs://bucket/prefix", NULL, &archive, &err), ERR_FATAL, "folder");
	assert_int_equal(err_exit_code(&err), 2);
}

#define COUNT(tests) (sizeof(tests) / sizeof((tests)[0]))

int main(void)
{
	const struct CMUnitTest both[] = {
		IN_FOLDER(what_was_put_is_found_by_its_hash),
		IN_FOLDER(an_empty_file_is_content_too),
		IN_FOLDER(damage_is_mended_by_the_next_to_bring_it),
		IN_FOLDER(descriptors_are_their_owners),
		IN_FOLDER(a_dataset_can_be_forgotten),
		IN_FOLDER(a_read_that_fails_leaves_nothing),
		IN_FOLDER(many_may_put_the_same_at_once),
		IN_FOLDER(another_store_is_a_configuration_error),
	};
	const struct CMUnitTest folders[] = {
		IN_FOLDER(content_that_is_there_is_left),
		IN_FOLDER(old_leftovers_of_crashes_are_removed_at_open),
	};
	return run_on(both, COUNT(both), folders, COUNT(folders));
}
