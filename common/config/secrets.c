/* SPDX-License-Identifier: Apache-2.0 */
#include "config/secrets.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool secret_property(const char *name)
{
	static const char *const words[] = {"password", "secret", "token", "key.pem",
		"oauthbearer.config", "keystore.pem", "api_key", "api-key", "apikey", "access_key",
		"private_key", "credential"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

static bool is_uri(const char *conninfo)
{
	return strncmp(conninfo, "postgres://", 11) == 0 ||
	       strncmp(conninfo, "postgresql://", 13) == 0;
}

/* user:password@ between "//" and the host. */
static bool in_authority(const char *conninfo, const char **ret_start, size_t *ret_n)
{
	const char *p = strstr(conninfo, "//") + 2;
	/* A password may hold a raw '@' or '/': the last '@' before the query decides. */
	size_t n = strcspn(p, "?");
	const char *at = memrchr(p, '@', n);
	const char *colon = at ? memchr(p, ':', (size_t)(at - p)) : NULL;
	if (!colon || colon + 1 == at)
		return false;
	*ret_start = colon + 1;
	*ret_n = (size_t)(at - colon) - 1;
	return true;
}

/* Length of the value at p: quoted, or up to `end` characters. */
static size_t value_length(const char *p, const char *ends)
{
	if (*p != '\'')
		return strcspn(p, ends);
	size_t n = 1;
	while (p[n] && p[n] != '\'')
		n += p[n] == '\\' && p[n + 1] ? 2 : 1;
	return p[n] ? n + 1 : n;
}

/* password=… or sslpassword=… in either form. */
static bool in_parameter(const char *from, const char *ends, const char **ret_start, size_t *ret_n)
{
	for (const char *p = from; (p = strcasestr(p, "password"));) {
		p += strlen("password");
		const char *value = p;
		while (isspace((unsigned char)*value))
			value++;
		if (*value != '=')
			continue;
		value++;
		while (isspace((unsigned char)*value))
			value++;
		size_t n = value_length(value, ends);
		if (!n)
			continue;
		*ret_start = value;
		*ret_n = n;
		return true;
	}
	return false;
}

bool secret_in_conninfo(
	const char *conninfo, const char *from, const char **ret_start, size_t *ret_n)
{
	if (!is_uri(conninfo))
		return in_parameter(from, " \t\r\n", ret_start, ret_n);
	if (from == conninfo && in_authority(conninfo, ret_start, ret_n))
		return true;
	const char *query = strchr(from, '?');
	if (from == conninfo)
		return query && in_parameter(query, "&", ret_start, ret_n);
	return in_parameter(from, "&", ret_start, ret_n);
}

void secret_mask_conninfo(struct buf *out, const char *conninfo)
{
	const char *p = conninfo;
	const char *start = NULL;
	size_t n = 0;
	while (secret_in_conninfo(conninfo, p, &start, &n)) {
		buf_append(out, p, (size_t)(start - p));
		buf_append_text(out, SECRET_MASK);
		p = start + n;
	}
	buf_append_text(out, p);
}

void secret_keep(void *context, const char *text, size_t n)
{
	const size_t shortest = 4;
	struct secret_keeper *keeper = context;
	struct string_list *list = keeper->list;
	if (n < shortest)
		return;
	const char **items = arena_calloc(keeper->arena, list->count + 1, sizeof(*items));
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = arena_strndup(keeper->arena, text, n);
	list->items = items;
}
