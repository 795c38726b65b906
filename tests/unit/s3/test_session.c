/* SPDX-License-Identifier: Apache-2.0 */
/* Where credentials, endpoint and region come from, and the names of places. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "s3/credentials.h"
#include "s3/request.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static const struct s3_settings none = {"", "", "", "", "", S3_STYLE_AUTO};

static int forget_variables(void **state)
{
	static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION",
		"AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE",
		"AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	if (make_folder(state) != 0)
		return -1;
	return setenv("HOME", *state, 1);
}

static void write_file(const char *folder, const char *variable, const char *text)
{
	char path[600];
	snprintf(path, sizeof(path), "%s/%s", folder, variable);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	setenv(variable, path, 1);
}

static void assert_found(const struct s3_settings *settings, const char *access, const char *secret,
	const char *token)
{
	struct err err = {0};
	struct arena arena;
	struct s3_credentials found;
	arena_init(&arena, 1 << 20);
	assert_ok(s3_credentials_find(settings, "us-east-1", &arena, &found, &err));
	assert_string_equal(found.access_key, access);
	assert_string_equal(found.secret_key, secret);
	assert_string_equal(found.session_token, token);
	arena_release(&arena);
}

static void the_nearest_credentials_win(void **state)
{
	struct err err = {0};
	struct s3 *s3 = NULL;
	assert_err(s3_open(&none, &s3, &err), ERR_FATAL, "no S3 credentials");
	assert_int_equal(err_exit_code(&err), 2);
	write_file(*state, "AWS_CONFIG_FILE",
		"[default]\naws_access_key_id=c\naws_secret_access_key=d\n"
		"[profile third]\naws_access_key_id=g\naws_secret_access_key=h\n"
		"aws_session_token=i\n");
	assert_found(&none, "c", "d", "");
	write_file(*state, "AWS_SHARED_CREDENTIALS_FILE",
		"# mine\n[other]\naws_access_key_id=x\naws_secret_access_key=y\n\n"
		"[ default ]\r\n aws_access_key_id = f1 \r\n"
		"aws_secret_access_key = f2=+/\r\n;aws_session_token = no\r\n");
	assert_found(&none, "f1", "f2=+/", "");
	setenv("AWS_PROFILE", "other", 1);
	assert_found(&none, "x", "y", "");
	setenv("AWS_PROFILE", "third", 1);
	assert_found(&none, "g", "h", "i");
	setenv("AWS_PROFILE", "fourth", 1);
	assert_err(s3_open(&none, &s3, &err), ERR_FATAL, "profile [fourth]");
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://metadata.example/keys", 1);
	assert_err(s3_open(&none, &s3, &err), ERR_FATAL, "_FULL_URI: expected https://");
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:x@evil.example/keys", 1);
	assert_err(s3_open(&none, &s3, &err), ERR_FATAL, "_FULL_URI: expected https://");
	setenv("AWS_ACCESS_KEY_ID", "e1", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "e2", 1);
	setenv("AWS_SESSION_TOKEN", "e3", 1);
	assert_found(&none, "e1", "e2", "e3");
	struct s3_settings settings = none;
	settings.access_key = "c1";
	assert_err(s3_open(&settings, &s3, &err), ERR_FATAL, "go together");
	settings.secret_key = "c2";
	assert_found(&settings, "c1", "c2", "");
}

static void assert_server(
	const struct s3_settings *settings, const char *scheme, const char *host, bool path_style)
{
	struct err err = {0};
	struct s3 *s3 = NULL;
	assert_ok(s3_open(settings, &s3, &err));
	assert_string_equal(s3->scheme, scheme);
	assert_string_equal(s3->host, host);
	assert_int_equal(s3->path_style, path_style);
	assert_int_equal(s3_bucket_in_path(s3, "plain"), path_style);
	assert_int_equal(
		s3_bucket_in_path(s3, "with.dot"), path_style || settings->style == S3_STYLE_AUTO);
	s3_close(s3);
}

static void the_server_is_found(void **state)
{
	struct err err = {0};
	struct s3 *s3 = NULL;
	struct s3_settings settings = none;
	settings.access_key = settings.secret_key = "x";
	assert_server(&settings, "https://", "s3.us-east-1.amazonaws.com", false);
	write_file(*state, "AWS_CONFIG_FILE", "[default]\nregion = eu-north-1\n");
	assert_server(&settings, "https://", "s3.eu-north-1.amazonaws.com", false);
	setenv("AWS_REGION", "cn-north-1", 1);
	assert_server(&settings, "https://", "s3.cn-north-1.amazonaws.com.cn", false);
	settings.region = "eu-west-1";
	assert_server(&settings, "https://", "s3.eu-west-1.amazonaws.com", false);
	setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:80", 1);
	assert_server(&settings, "http://", "127.0.0.1", true);
	settings.endpoint = "https://store.example:9000/";
	assert_server(&settings, "https://", "store.example:9000", true);
	settings.style = S3_STYLE_HOST;
	assert_server(&settings, "https://", "store.example:9000", false);
	static const char *const bad[] = {
		"store.example", "ftp://x", "http://", "http://a/b", "http://user@a", "http://a?b"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		settings.endpoint = bad[i];
		assert_err(s3_open(&settings, &s3, &err), ERR_FATAL, "s3.endpoint");
	}
	settings.endpoint = "";
	settings.region = "us east";
	assert_err(s3_open(&settings, &s3, &err), ERR_FATAL, "s3.region");
}

static void places_have_names(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		const char *bucket; /* NULL: refused */
		const char *key;
	} rows[] = {
		{"s3://abc/a b/\xC3\xBC.csv", "abc", "a b/\xC3\xBC.csv"},
		{"s3://a.b-c1", "a.b-c1", ""},
		{"s3://abc/", "abc", ""},
		{"s3://abc/x/", "abc", "x/"},
		{"http://abc/x", NULL, NULL},
		{"s3://ab/x", NULL, NULL},
		{"s3://", NULL, NULL},
		{"s3://Abc/x", NULL, NULL},
		{"s3://-abc/x", NULL, NULL},
		{"s3://abc//x", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct s3_place place;
		if (!rows[i].bucket) {
			assert_err(s3_place_parse(rows[i].url, &place, &err), ERR_FATAL, "");
			assert_int_equal(err_exit_code(&err), 2);
			continue;
		}
		assert_ok(s3_place_parse(rows[i].url, &place, &err));
		assert_string_equal(place.bucket, rows[i].bucket);
		assert_string_equal(place.key, rows[i].key);
	}
	char longer[1200] = "s3://abc/";
	struct err err = {0};
	struct s3_place place;
	memset(longer + 9, 'x', 1025);
	assert_err(s3_place_parse(longer, &place, &err), ERR_FATAL, "1024");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, forget_variables, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(the_nearest_credentials_win),
		IN_FOLDER(the_server_is_found),
		IN_FOLDER(places_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
