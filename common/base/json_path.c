/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_path.h"

#include <string.h>

#define INDEX_DIGITS 9

/* Length of the name at p, escapes included. */
static size_t name_length(const char *p)
{
	size_t n = 0;
	while (p[n] && p[n] != '.')
		n += p[n] == '\\' && p[n + 1] ? 2 : 1;
	return n;
}

bool json_path_is_good(const char *text)
{
	size_t names = 0;
	for (const char *p = text;; p++) {
		size_t n = name_length(p);
		if (n == 0 || ++names > JSON_PATH_MAX_NAMES)
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

/* The n bytes at p, escapes undone. */
static const char *unescape(const char *p, size_t n, struct arena *arena)
{
	char *name = arena_calloc(arena, n + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		i += p[i] == '\\' && i + 1 < n;
		name[len++] = p[i];
	}
	return name;
}

struct json_path json_path_split(const char *text, struct arena *arena)
{
	struct json_path path = {arena_calloc(arena, JSON_PATH_MAX_NAMES, sizeof(char *)), 0};
	while (*text && path.count < JSON_PATH_MAX_NAMES) {
		size_t n = name_length(text);
		path.names[path.count++] = unescape(text, n, arena);
		text += n + (text[n] == '.');
	}
	return path;
}

bool json_path_index(const char *name, size_t *ret_index)
{
	size_t n = strspn(name, "0123456789");
	if (n == 0 || name[n] || n > INDEX_DIGITS || (*name == '0' && n > 1))
		return false;
	*ret_index = 0;
	for (const char *p = name; *p; p++)
		*ret_index = *ret_index * 10 + (size_t)(*p - '0');
	return true;
}
