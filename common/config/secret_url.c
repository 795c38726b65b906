/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of a URL must not be shown: what is named like a secret, and what came from variables
 * behind the host. */
#include <string.h>
#include <strings.h>

#include "config/secrets.h"

bool secret_name(const char *name, size_t n)
{
	static const char *const words[] = {"key", "token", "secret", "passw", "auth", "sig",
		"credential", "cookie", "session"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);
		for (size_t at = 0; at + length <= n; at++)
			if (strncasecmp(name + at, words[i], length) == 0)
				return true;
	}
	return false;
}

/* The first of `ends` outside of ${...}, or the text's end. */
static const char *find_outside(const char *p, const char *ends)
{
	int depth = 0;
	for (; *p; p++) {
		if (p[0] == '$' && p[1] == '{')
			depth++;
		else if (*p == '}' && depth)
			depth--;
		else if (!depth && strchr(ends, *p))
			break;
	}
	return p;
}

/* What stands behind the host in a URL as it is written in the file. */
static const char *written_tail(const char *raw)
{
	const char *p = find_outside(raw, ":/?#");
	if (strncmp(p, "://", 3) == 0)
		p = find_outside(p + 3, "/?#");
	return p;
}

struct masking {
	struct buf *out;
	void (*found)(void *context, const char *text, size_t n);
	void *context;
};

static void hide(const struct masking *masking, const char *text, size_t n)
{
	buf_append_text(masking->out, SECRET_MASK);
	if (masking->found && n)
		masking->found(masking->context, text, n);
}

static void mask_query(const struct masking *masking, const char *query, size_t n, bool all)
{
	const char *end = query + n;
	while (query < end) {
		size_t length = strcspn(query, "&#");
		const char *equals = memchr(query, '=', length);
		size_t name = equals ? (size_t)(equals - query) : length;
		buf_append(masking->out, query, name);
		if (equals && (all || secret_name(query, name))) {
			buf_append_byte(masking->out, '=');
			hide(masking, equals + 1, length - name - 1);
		} else {
			buf_append(masking->out, query + name, length - name);
		}
		query += length;
		if (query < end)
			buf_append_byte(masking->out, (unsigned char)*query++);
	}
}

void secret_mask_url(struct buf *out, const char *url, const char *raw,
	void (*found)(void *context, const char *text, size_t n), void *context)
{
	const struct masking masking = {out, found, context};
	const char *tail = written_tail(raw);
	const char *query_tail = tail + strcspn(tail, "?");
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	size_t authority = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', authority);
	buf_append(out, url, (size_t)(host - url));
	if (at) {
		hide(&masking, host, (size_t)(at - host));
		buf_append(out, at, authority - (size_t)(at - host));
	} else {
		buf_append(out, host, authority);
	}
	const char *path = host + authority;
	size_t path_length = strcspn(path, "?#");
	bool varies = memmem(tail, (size_t)(query_tail - tail), "${", 2) || !*tail;
	if (path_length > 1 && varies) {
		buf_append_byte(out, '/');
		hide(&masking, path, path_length);
	} else {
		buf_append(out, path, path_length);
	}
	const char *query = path + path_length;
	if (*query != '?')
		return;
	buf_append_byte(out, '?');
	mask_query(&masking, query + 1, strcspn(query + 1, "#"),
		!*query_tail || strstr(query_tail, "${"));
}
