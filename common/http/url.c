/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/text.h"

static bool is_http(CURLU *url)
{
	char *scheme = NULL;
	bool ok = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
	curl_free(scheme);
	return ok;
}

static CURLU *new_url(void)
{
	CURLU *url = curl_url();
	if (!url)
		BUG("out of memory");
	return url;
}

bool http_url_resolve(const char *base, const char *reference, struct buf *out)
{
	CURLU *url = new_url();
	char *text = NULL;
	bool ok = curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK && is_http(url) &&
		  curl_url_set(url, CURLUPART_URL, reference, 0) == CURLUE_OK && is_http(url) &&
		  curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK &&
		  strlen(text) <= HTTP_URL_MAX;
	if (ok)
		buf_append_text(out, text);
	curl_free(text);
	curl_url_cleanup(url);
	return ok && !out->overflow;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *x = NULL;
	char *y = NULL;
	bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    strcasecmp(x, y) == 0;
	curl_free(x);
	curl_free(y);
	return same;
}

bool http_url_same_origin(const char *a, const char *b)
{
	CURLU *x = new_url();
	CURLU *y = new_url();
	bool same = curl_url_set(x, CURLUPART_URL, a, 0) == CURLUE_OK &&
		    curl_url_set(y, CURLUPART_URL, b, 0) == CURLUE_OK &&
		    same_part(x, y, CURLUPART_SCHEME) && same_part(x, y, CURLUPART_HOST) &&
		    same_part(x, y, CURLUPART_PORT);
	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}

static void append_encoded(struct buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	for (const char *p = text; *p; p++) {
		if (strchr(plain, *p))
			buf_append_byte(out, (unsigned char)*p);
		else
			buf_printf(out, "%%%02X", (unsigned char)*p);
	}
}

void http_url_set_parameter(const char *url, const char *name, const char *value, struct buf *out)
{
	struct buf encoded;
	buf_init(&encoded, HTTP_URL_MAX);
	append_encoded(&encoded, name);
	size_t length = encoded.len;
	size_t path = strcspn(url, "?#");
	buf_append(out, url, path);
	const char *query = url[path] == '?' ? url + path + 1 : "";
	const char *separator = "?";
	while (*query && *query != '#') {
		size_t n = strcspn(query, "&#");
		bool same = n >= length && memcmp(query, encoded.data, length) == 0 &&
			    (n == length || query[length] == '=');
		if (n && !same) {
			buf_append_text(out, separator);
			buf_append(out, query, n);
			separator = "&";
		}
		query += n + (query[n] == '&');
	}
	buf_append_text(out, separator);
	buf_append(out, encoded.data, encoded.len);
	buf_append_byte(out, '=');
	append_encoded(out, value);
	buf_release(&encoded);
}

/* ---- header lines ---- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Whether one of the n bytes' blank-separated words is "next". */
static bool says_next(const char *words, size_t n)
{
	const char *end = words + n;
	while (words < end) {
		size_t length = strcspn(words, " \t");
		if (length > (size_t)(end - words))
			length = (size_t)(end - words);
		if (length == 4 && strncasecmp(words, "next", 4) == 0)
			return true;
		words += length + 1;
	}
	return false;
}

/* "; name=value" behind a target; *p moves behind it. False when there is no more. */
static bool next_parameter(const char **p, bool *next)
{
	const char *at = skip_blanks(*p);
	if (*at != ';')
		return false;
	at = skip_blanks(at + 1);
	const char *name = at;
	size_t name_length = strcspn(at, "=;, \t");
	at = skip_blanks(at + name_length);
	if (*at == '=') {
		at = skip_blanks(at + 1);
		bool quoted = *at == '"';
		at += quoted;
		size_t n = strcspn(at, quoted ? "\"" : ";, \t");
		if (name_length == 3 && strncasecmp(name, "rel", 3) == 0)
			*next = *next || says_next(at, n);
		at += n + (quoted && at[n] == '"');
	}
	*p = at;
	return true;
}

bool http_link_next(const char *value, struct buf *out)
{
	const char *p = skip_blanks(value);
	while (*p == '<') {
		const char *target = p + 1;
		size_t n = strcspn(target, ">");
		bool next = false;
		if (target[n] != '>')
			return false;
		p = target + n + 1;
		while (next_parameter(&p, &next))
			;
		if (next) {
			buf_append(out, target, n);
			return true;
		}
		p = skip_blanks(p);
		while (*p == ',')
			p = skip_blanks(p + 1);
	}
	return false;
}

int64_t http_retry_after(const char *value, int64_t now_s)
{
	int64_t seconds = 0;
	if (text_int64(value, &seconds))
		return seconds >= 0 ? seconds : -1;
	time_t at = curl_getdate(value, NULL);
	if (at < 0)
		return -1;
	return (int64_t)at > now_s ? (int64_t)at - now_s : 0;
}
