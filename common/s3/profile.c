/* SPDX-License-Identifier: Apache-2.0 */
/* "[profile]", "name = value", lines beginning with '#' or ';'. */
#include "s3/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static const size_t max_file = 1 << 20;

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text;
}

/* "[default]", "[NAME]" in the one file, "[profile NAME]" in the other. */
static bool is_mine(const char *section, const char *profile)
{
	static const char word[] = "profile ";
	if (strncmp(section, word, sizeof(word) - 1) == 0)
		section += sizeof(word) - 1 + strspn(section + sizeof(word) - 1, " \t");
	return strcmp(section, profile) == 0;
}

static void take_line(char *name, struct arena *arena, struct s3_profile *profile)
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
		{"aws_access_key_id", &profile->access_key},
		{"aws_secret_access_key", &profile->secret_key},
		{"aws_session_token", &profile->session_token},
		{"region", &profile->region},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(name, rows[i].name) == 0)
			*rows[i].target = arena_strdup(arena, trim(value));
}

static void parse(char *text, struct arena *arena, struct s3_profile *profile)
{
	bool mine = false;
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		line = trim(line);
		if (*line == '[') {
			line[strcspn(line, "]")] = '\0';
			mine = is_mine(trim(line + 1), profile->name);
		} else if (mine && *line != '#' && *line != ';') {
			take_line(line, arena, profile);
		}
	}
}

static bool read_file(
	const char *path, struct arena *arena, struct s3_profile *profile, struct err *err)
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
		parse((char *)text.data, arena, profile);
		explicit_bzero(text.data, n);
	}
	buf_release(&text);
	return ok;
}

bool s3_profile_read(struct arena *arena, struct s3_profile *ret_profile, struct err *err)
{
	const char *home = variable("HOME", "");
	const char *config =
		variable("AWS_CONFIG_FILE", arena_printf(arena, "%s/.aws/config", home));
	struct s3_profile profile = {variable("AWS_PROFILE", "default"),
		variable("AWS_SHARED_CREDENTIALS_FILE",
			arena_printf(arena, "%s/.aws/credentials", home)),
		"", "", "", ""};
	/* Where both files say something, that of credentials goes before the other. */
	if (!read_file(config, arena, &profile, err) ||
		!read_file(profile.path, arena, &profile, err))
		return false;
	*ret_profile = profile;
	return true;
}
