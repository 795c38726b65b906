/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static const size_t max_file = 1 << 20;

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static bool is_whole(const struct s3_credentials *credentials)
{
	return *credentials->access_key && *credentials->secret_key;
}

static bool from_environment(struct arena *arena, struct s3_credentials *ret_credentials)
{
	ret_credentials->access_key =
		arena_strdup(arena, text_or_empty(getenv("AWS_ACCESS_KEY_ID")));
	ret_credentials->secret_key =
		arena_strdup(arena, text_or_empty(getenv("AWS_SECRET_ACCESS_KEY")));
	ret_credentials->session_token =
		arena_strdup(arena, text_or_empty(getenv("AWS_SESSION_TOKEN")));
	return is_whole(ret_credentials);
}

/* ---- the shared file: "[profile]", "name = value", lines beginning with '#' or ';' ---- */

static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text;
}

static void take_line(char *name, struct arena *arena, struct s3_credentials *credentials)
{
	char *value = strchr(name, '=');
	if (!value)
		return;
	*value++ = '\0';
	name = trim(name);
	const struct {
		const char *name;
		const char **target;
	} rows[] = {
		{"aws_access_key_id", &credentials->access_key},
		{"aws_secret_access_key", &credentials->secret_key},
		{"aws_session_token", &credentials->session_token},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(name, rows[i].name) == 0)
			*rows[i].target = arena_strdup(arena, trim(value));
}

static void parse(
	char *text, const char *profile, struct arena *arena, struct s3_credentials *credentials)
{
	bool mine = false;
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		line = trim(line);
		if (*line == '[') {
			line[strcspn(line, "]")] = '\0';
			mine = strcmp(trim(line + 1), profile) == 0;
		} else if (mine && *line != '#' && *line != ';') {
			take_line(line, arena, credentials);
		}
	}
}

static const char *file_path(struct arena *arena)
{
	const char *path = text_or_empty(getenv("AWS_SHARED_CREDENTIALS_FILE"));
	const char *home = text_or_empty(getenv("HOME"));
	return *path ? path : arena_printf(arena, "%s/.aws/credentials", home);
}

static bool from_file(const char *path, const char *profile, struct arena *arena,
	struct s3_credentials *credentials, struct err *err)
{
	struct buf text;
	if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	buf_init(&text, max_file);
	bool ok = file_read(path, &text, err);
	if (ok) {
		/* A copy of secrets that nobody needs afterwards is wiped. */
		size_t n = text.len;
		buf_append_byte(&text, '\0');
		parse((char *)text.data, profile, arena, credentials);
		explicit_bzero(text.data, n);
	}
	buf_release(&text);
	return ok;
}

bool s3_credentials_find(const struct s3_settings *settings, struct arena *arena,
	struct s3_credentials *ret_credentials, struct err *err)
{
	struct s3_credentials found = {
		settings->access_key, settings->secret_key, settings->session_token};
	if (*found.access_key || *found.secret_key) {
		if (!is_whole(&found))
			return err_config(err, "s3: access_key and secret_key go together: one of "
					       "them is empty");
	} else if (!from_environment(arena, &found)) {
		const char *profile = text_or_empty(getenv("AWS_PROFILE"));
		profile = *profile ? profile : "default";
		const char *path = file_path(arena);
		found = (struct s3_credentials){"", "", ""};
		if (!from_file(path, profile, arena, &found, err))
			return false;
		if (!is_whole(&found))
			return err_config(err,
				"no S3 credentials: set s3.access_key and s3.secret_key, or "
				"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or profile [%s] in "
				"%s",
				profile, path);
	}
	*ret_credentials = found;
	return true;
}
