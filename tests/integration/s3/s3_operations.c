/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation on the S3 server that AWS_ENDPOINT_URL_S3 names, in the buckets "plain" and
 * "many", made by whoever starts this. Arguments: which of the tests to run.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/sha256.h"
#include "s3/s3.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static const struct s3_settings from_environment = {"", "", "", "", "", S3_STYLE_AUTO};
enum { listed = 1003, long_size = 20 << 20 };

static struct s3 *open_s3(const struct s3_settings *settings)
{
	struct err err = {0};
	struct s3 *s3 = NULL;
	assert_ok(s3_open(settings, &s3, &err));
	return s3;
}

static bool put(
	struct s3 *s3, const char *key, const char *text, const struct s3_condition *condition)
{
	struct err err = {0};
	bool written = false;
	const struct s3_content content = {.data = text, .size = (int64_t)strlen(text)};
	assert_ok(s3_put(s3, "plain", key, &content, condition, &written, &err));
	return written;
}

static bool keep(void *context, const void *data, size_t n, struct err *err)
{
	buf_append(context, data, n);
	return !((struct buf *)context)->overflow || err_fail(err, ERR_FATAL, "too long");
}

static struct s3_object get(struct s3 *s3, const char *key, int64_t from, const char *text)
{
	struct err err = {0};
	struct s3_object object = {0};
	bool found = false;
	struct buf body;
	buf_init(&body, 1 << 20);
	const struct s3_download download = {
		.bucket = "plain", .key = key, .from = from, .write = keep, .context = &body};
	assert_ok(s3_get(s3, &download, &object, &found, &err));
	assert_true(found);
	assert_string_equal(buf_text(&body), text);
	buf_release(&body);
	return object;
}

static const char *const odd_keys[] = {"plain.csv", "a b+c%20d&e=f;g'h(i)*j!k@l$m,n:o",
	"\xC3\xBC\xE2\x82\xAC/\xF0\x9F\x98\x80.csv", "q?r#s[t]u", "<x>&amp;\"y\"", "dots/../x",
	"~tilde-._"};

static bool note_key(void *context, const struct s3_object *object, struct err *err)
{
	buf_printf(context, "%s %lld\n", object->key, (long long)object->size);
	assert_true(object->modified_s > 1600000000);
	(void)err;
	assert_true(strlen(object->etag) > 2);
	return true;
}

static void keys_of_any_letters_are_kept(void **state)
{
	(void)state;
	struct err err = {0};
	struct s3 *s3 = open_s3(&from_environment);
	struct buf seen;
	buf_init(&seen, 100000);
	for (size_t i = 0; i < sizeof(odd_keys) / sizeof(odd_keys[0]); i++) {
		char key[200];
		struct s3_object head = {0};
		bool found = false;
		if (strstr(odd_keys[i], ".."))
			continue; /* a file system's server cannot have it */
		snprintf(key, sizeof(key), "odd/%s", odd_keys[i]);
		assert_true(put(s3, key, odd_keys[i], NULL));
		struct s3_object object = get(s3, key, 0, odd_keys[i]);
		assert_ok(s3_head(s3, "plain", key, &head, &found, &err));
		assert_true(found);
		assert_string_equal(head.etag, object.etag);
		assert_int_equal(head.size, strlen(odd_keys[i]));
		assert_string_equal(object.key, key);
	}
	assert_ok(s3_list(s3, "plain", "odd/", note_key, &seen, &err));
	for (size_t i = 0; i < sizeof(odd_keys) / sizeof(odd_keys[0]); i++) {
		char line[200];
		snprintf(line, sizeof(line), "odd/%s %zu\n", odd_keys[i], strlen(odd_keys[i]));
		assert_true(!strstr(buf_text(&seen), line) == !!strstr(odd_keys[i], ".."));
	}
	buf_release(&seen);
	s3_close(s3);
}

static void parts_and_nothing_can_be_read(void **state)
{
	(void)state;
	struct err err = {0};
	struct s3 *s3 = open_s3(&from_environment);
	struct s3_object object;
	bool found = true;
	struct buf body;
	buf_init(&body, 100);
	assert_true(put(s3, "empty", "", NULL));
	assert_int_equal(get(s3, "empty", 0, "").size, 0);
	assert_true(put(s3, "digits", "0123456789", NULL));
	assert_int_equal(get(s3, "digits", 7, "789").size, 10);
	assert_int_equal(get(s3, "digits", 10, "").size, 10);
	struct s3_download download = {
		.bucket = "plain", .key = "none", .write = keep, .context = &body};
	assert_ok(s3_get(s3, &download, &object, &found, &err));
	assert_false(found);
	found = true;
	assert_ok(s3_head(s3, "plain", "none", &object, &found, &err));
	assert_false(found);
	download.key = "digits";
	download.etag = "\"another\"";
	assert_err(s3_get(s3, &download, &object, &found, &err), ERR_RETRY, "replaced meanwhile");
	assert_int_equal(body.len, 0);
	assert_ok(s3_delete(s3, "plain", "digits", &err));
	assert_ok(s3_delete(s3, "plain", "digits", &err));
	assert_ok(s3_head(s3, "plain", "digits", &object, &found, &err));
	assert_false(found);
	buf_release(&body);
	s3_close(s3);
}

static void conditions_hold_or_nothing_changes(void **state)
{
	(void)state;
	struct s3 *s3 = open_s3(&from_environment);
	const struct s3_condition absent = {.absent = true};
	assert_true(put(s3, "once", "first", &absent));
	assert_false(put(s3, "once", "second", &absent));
	struct s3_object object = get(s3, "once", 0, "first");
	const struct s3_condition same = {.etag = object.etag};
	assert_true(put(s3, "once", "third", &same));
	assert_false(put(s3, "once", "fourth", &same));
	get(s3, "once", 0, "third");
	s3_close(s3);
}

static void one_of_many_creates(void **state)
{
	(void)state;
	enum { children = 4, rounds = 25 };
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	for (int child = 0; child < children; child++)
		if (fork() == 0) {
			struct s3 *s3 = open_s3(&from_environment);
			const struct s3_condition absent = {.absent = true};
			for (int i = 0; i < rounds; i++) {
				char key[32];
				snprintf(key, sizeof(key), "race/%d", i);
				if (put(s3, key, "mine", &absent) && write(pipes[1], "x", 1) != 1)
					_exit(1);
			}
			_exit(0);
		}
	close(pipes[1]);
	for (int child = 0; child < children; child++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	char won[children * rounds + 1];
	assert_int_equal(read(pipes[0], won, sizeof(won)), rounds);
	close(pipes[0]);
}

struct numbered {
	struct s3 *s3;
	int next;
};

static bool in_order(void *context, const struct s3_object *object, struct err *err)
{
	struct numbered *seen = context;
	char key[32];
	bool found = false;
	struct s3_object head;
	snprintf(key, sizeof(key), "n/%06d", seen->next);
	assert_string_equal(object->key, key);
	/* The session may be used while it lists. */
	if (seen->next % 400 == 0 && !s3_head(seen->s3, "many", key, &head, &found, err))
		return false;
	return seen->next++ != 1001 || err_fail(err, ERR_DATA, "enough");
}

static void listings_go_on_page_after_page(void **state)
{
	(void)state;
	struct err err = {0};
	struct numbered seen = {.s3 = open_s3(&from_environment)};
	for (int i = 0; i < 2; i++) {
		seen.next = 0;
		assert_err(
			s3_list(seen.s3, "many", "n/", in_order, &seen, &err), ERR_DATA, "enough");
		assert_int_equal(seen.next, 1002);
	}
	seen.next = 1002;
	assert_ok(s3_list(seen.s3, "many", "n/001002", in_order, &seen, &err));
	assert_int_equal(seen.next, listed);
	assert_ok(s3_list(seen.s3, "many", "none/", in_order, &seen, &err));
	s3_close(seen.s3);
}

static int long_file(char ret_hex[SHA256_HEX])
{
	char path[] = "/tmp/penstock-s3-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	static unsigned char block[1 << 20];
	struct sha256 *hash = sha256_new();
	uint64_t dice = 7;
	for (int at = 0; at < long_size; at += (int)sizeof(block)) {
		for (size_t i = 0; i < sizeof(block); i++) {
			dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
			block[i] = (unsigned char)(dice >> 56);
		}
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
		sha256_add(hash, block, sizeof(block));
	}
	unsigned char digest[SHA256_SIZE];
	sha256_finish(hash, digest);
	sha256_hex(digest, ret_hex);
	return fd;
}

static bool add(void *context, const void *data, size_t n, struct err *err)
{
	(void)err;
	sha256_add(context, data, n);
	return true;
}

static void long_content_goes_in_parts(void **state)
{
	(void)state;
	struct err err = {0};
	char sent[SHA256_HEX];
	char got[SHA256_HEX];
	unsigned char digest[SHA256_SIZE];
	struct s3_object object;
	bool found = false;
	int fd = long_file(sent);
	struct s3 *s3 = open_s3(&from_environment);
	const struct s3_content content = {.fd = fd, .size = long_size, .sha256 = sent};
	assert_ok(s3_upload(s3, "plain", "long one", &content, &err));
	struct sha256 *hash = sha256_new();
	const struct s3_download download = {
		.bucket = "plain", .key = "long one", .write = add, .context = hash};
	assert_ok(s3_get(s3, &download, &object, &found, &err));
	sha256_finish(hash, digest);
	sha256_hex(digest, got);
	assert_string_equal(got, sent);
	assert_int_equal(object.size, long_size);
	/* A file that is shorter than was said ends the upload, and its parts go. */
	const struct s3_content beyond = {.fd = fd, .offset = 1 << 20, .size = long_size};
	assert_err(s3_upload(s3, "plain", "broken", &beyond, &err), ERR_RETRY, "cut off");
	assert_ok(s3_head(s3, "plain", "broken", &object, &found, &err));
	assert_false(found);
	close(fd);
	s3_close(s3);
}

static void leftovers_are_removed_by_their_age(void **state)
{
	(void)state;
	struct err err = {0};
	struct s3 *s3 = open_s3(&from_environment);
	assert_ok(s3_abort_uploads(s3, "plain", "left/", 3600, &err));
	assert_ok(s3_abort_uploads(s3, "plain", "left/old", -3600, &err));
	s3_close(s3);
}

static void refusals_say_what_to_do(void **state)
{
	(void)state;
	struct err err = {0};
	struct s3_settings settings = from_environment;
	bool written = false;
	const struct s3_content content = {.data = "x", .size = 1};
	struct s3 *s3 = open_s3(&settings);
	assert_err(s3_put(s3, "no-such-bucket", "k", &content, NULL, &written, &err), ERR_FATAL,
		"create the bucket");
	assert_string_equal(err.native, "NoSuchBucket");
	s3_close(s3);
	settings.access_key = getenv("AWS_ACCESS_KEY_ID");
	settings.secret_key = "WRONG-SECRET";
	s3 = open_s3(&settings);
	assert_err(s3_put(s3, "plain", "k", &content, NULL, &written, &err), ERR_FATAL,
		"check s3.access_key and s3.secret_key");
	assert_null(strstr(err.message, "WRONG-SECRET"));
	s3_close(s3);
	settings.access_key = "nobody";
	s3 = open_s3(&settings);
	assert_err(
		s3_put(s3, "plain", "k", &content, NULL, &written, &err), ERR_FATAL, "access key");
	s3_close(s3);
	settings = from_environment;
	settings.region = "eu-west-1";
	s3 = open_s3(&settings);
	assert_err(s3_put(s3, "plain", "k", &content, NULL, &written, &err), ERR_FATAL,
		"set s3.region");
	s3_close(s3);
	settings = from_environment;
	settings.endpoint = "http://127.0.0.1:1";
	s3 = open_s3(&settings);
	assert_err(
		s3_put(s3, "plain", "k", &content, NULL, &written, &err), ERR_RETRY, "127.0.0.1:1");
	s3_close(s3);
}

static void write_keys(const char *folder, const char *secret)
{
	char path[600];
	snprintf(path, sizeof(path), "%s/keys", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		getenv("AWS_ACCESS_KEY_ID"), secret);
	fclose(file);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
}

/* Forked, because it changes the environment. */
static void use_a_file_of_keys(const char *folder)
{
	struct err err = {0};
	bool written = false;
	const struct s3_content content = {.data = "x", .size = 1};
	char secret[100];
	snprintf(secret, sizeof(secret), "%s", getenv("AWS_SECRET_ACCESS_KEY"));
	write_keys(folder, "outdated");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	struct s3 *s3 = open_s3(&from_environment);
	assert_err(s3_put(s3, "plain", "k", &content, NULL, &written, &err), ERR_FATAL,
		"SignatureDoesNotMatch");
	write_keys(folder, secret);
	assert_ok(s3_put(s3, "plain", "k", &content, NULL, &written, &err));
	struct s3 *another = s3_open_another(s3);
	s3_close(s3);
	assert_ok(s3_put(another, "plain", "k", &content, NULL, &written, &err));
	s3_close(another);
}

static void credentials_that_were_replaced_are_read_again(void **state)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		use_a_file_of_keys(*state);
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void the_bucket_may_be_part_of_the_host(void **state)
{
	(void)state;
	char endpoint[100];
	struct s3_settings settings = from_environment;
	snprintf(endpoint, sizeof(endpoint), "http://localhost%s",
		strrchr(getenv("AWS_ENDPOINT_URL_S3"), ':'));
	settings.endpoint = endpoint;
	settings.style = S3_STYLE_HOST;
	struct s3 *s3 = open_s3(&settings);
	assert_true(put(s3, "by host/a b", "hello", NULL));
	get(s3, "by host/a b", 1, "ello");
	s3_close(s3);
	s3 = open_s3(&from_environment);
	get(s3, "by host/a b", 0, "hello");
	s3_close(s3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_any_letters_are_kept),
		cmocka_unit_test(parts_and_nothing_can_be_read),
		cmocka_unit_test(conditions_hold_or_nothing_changes),
		cmocka_unit_test(one_of_many_creates),
		cmocka_unit_test(listings_go_on_page_after_page),
		cmocka_unit_test(long_content_goes_in_parts),
		cmocka_unit_test(leftovers_are_removed_by_their_age),
		cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test_setup_teardown(
			credentials_that_were_replaced_are_read_again, make_folder, remove_folder),
		cmocka_unit_test(the_bucket_may_be_part_of_the_host),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
