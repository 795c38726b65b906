/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_path.h"

#include <string.h>

static const size_t max_digits = 9;

/* Length of the name at p, escapes included. */
static size_t name_length(const char *p)
{
	size_t n = 0;
	while (p[n] && p[n] != '.')
		n += p[n] == '\\' && p[n + 1] ? 2 : 1;
	return n;
}

bool json_path_is_good(const char *path)
{
	size_t names = 0;
	for (const char *p = path;; p++) {
		size_t n = name_length(p);
		if (n == 0 || ++names > JSON_PATH_MAX_NAMES)
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

const char *json_path_next(const char **at, struct arena *arena)
{
	size_t n = name_length(*at);
	if (n == 0)
		return NULL;
	char *name = arena_calloc(arena, n + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		i += (*at)[i] == '\\' && i + 1 < n;
		name[len++] = (*at)[i];
	}
	*at += n;
	*at += **at == '.';
	return name;
}

bool json_path_index(const char *name, size_t *ret_index)
{
	size_t n = strspn(name, "0123456789");
	if (n == 0 || name[n] || n > max_digits || (*name == '0' && n > 1))
		return false;
	*ret_index = 0;
	for (const char *p = name; *p; p++)
		*ret_index = *ret_index * 10 + (size_t)(*p - '0');
	return true;
}
