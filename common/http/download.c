/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirects are followed here and not by the library, which would send the caller's headers, keys
 * among them, to wherever a server points.
 */
#include "http/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "http/url.h"

enum { MAX_HOPS = 5, OWN_HEADERS = 2 };
static const int64_t connect_ms = 15000;
static const int64_t idle_ms = 30000;
static const size_t max_refusal = 4096;

struct hop {
	const struct http_download *download;
	struct http_answer *answer;
	const char *url;
	char location[HTTP_URL_MAX];
	bool resumed;	/* what comes follows resume_at */
	bool restarted; /* what was there is gone */
};

void http_answer_init(struct http_answer *answer)
{
	*answer = (struct http_answer){.retry_after_s = -1};
	buf_init(&answer->next, HTTP_URL_MAX);
	buf_init(&answer->refusal, max_refusal);
}

void http_answer_release(struct http_answer *answer)
{
	buf_release(&answer->next);
	buf_release(&answer->refusal);
}

static void clear(struct http_answer *answer)
{
	answer->status = 0;
	answer->bytes = 0;
	answer->encoded = false;
	answer->etag[0] = '\0';
	answer->last_modified[0] = '\0';
	answer->retry_after_s = -1;
	buf_clear(&answer->next);
	buf_clear(&answer->refusal);
}

/* ---- what comes ---- */

/* A text that does not fit is as good as none. */
static void keep(char *to, size_t size, const char *value)
{
	size_t n = strlen(value);
	to[0] = '\0';
	if (n < size)
		memcpy(to, value, n + 1);
}

static void on_etag(struct hop *hop, const char *value)
{
	keep(hop->answer->etag, sizeof(hop->answer->etag), value);
}

static void on_last_modified(struct hop *hop, const char *value)
{
	keep(hop->answer->last_modified, sizeof(hop->answer->last_modified), value);
}

static void on_location(struct hop *hop, const char *value)
{
	keep(hop->location, sizeof(hop->location), value);
}

static void on_retry_after(struct hop *hop, const char *value)
{
	hop->answer->retry_after_s = http_retry_after(value, clock_wall_us() / 1000000);
}

static void on_link(struct hop *hop, const char *value)
{
	struct buf target;
	buf_init(&target, HTTP_URL_MAX);
	if (hop->answer->next.len == 0 && http_link_next(value, &target) &&
		!http_url_resolve(hop->url, buf_text(&target), &hop->answer->next))
		/* Not to be taken for the last page: the caller refuses it. */
		buf_append(&hop->answer->next, target.data, target.len);
	buf_release(&target);
}

static void on_content_encoding(struct hop *hop, const char *value)
{
	hop->answer->encoded = strcasecmp(value, "identity") != 0;
}

/* "bytes 400-999/1000": from where the file ends, and all of the rest. */
static void on_content_range(struct hop *hop, const char *value)
{
	int64_t resume_at = hop->download->resume_at;
	char *end = NULL;
	if (!resume_at || strncasecmp(value, "bytes ", 6) != 0)
		return;
	int64_t first = strtoll(value + 6, &end, 10);
	int64_t last = *end == '-' ? strtoll(end + 1, &end, 10) : -1;
	bool rest =
		strcmp(end, "/*") == 0 || (*end == '/' && strtoll(end + 1, NULL, 10) - 1 == last);
	hop->resumed = first == resume_at && rest;
	hop->answer->bytes = hop->resumed ? resume_at : 0;
}

static void on_header(void *context, const char *name, const char *value)
{
	static const struct {
		const char *name;
		void (*take)(struct hop *hop, const char *value);
	} takers[] = {{"etag", on_etag}, {"last-modified", on_last_modified},
		{"location", on_location}, {"retry-after", on_retry_after}, {"link", on_link},
		{"content-encoding", on_content_encoding}, {"content-range", on_content_range}};
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (strcmp(takers[i].name, name) == 0)
			takers[i].take(context, value);
}

/* The server sends all of it, not what follows. */
static bool restart(struct hop *hop, struct err *err)
{
	const struct http_download *download = hop->download;
	hop->restarted = true;
	if (ftruncate(download->fd, 0) != 0 || lseek(download->fd, 0, SEEK_SET) != 0)
		return err_fail_errno(err, ERR_RETRY, "writing");
	if (download->on_restart)
		download->on_restart(download->context);
	return true;
}

static bool on_body(void *context, const void *data, size_t n, struct err *err)
{
	struct hop *hop = context;
	const struct http_download *download = hop->download;
	if (download->resume_at && !hop->resumed && !hop->restarted && !restart(hop, err))
		return false;
	hop->answer->bytes += (int64_t)n;
	return file_write_all(download->fd, data, n, err) &&
	       (!download->on_body || download->on_body(download->context, data, n, err));
}

/* ---- what is asked ---- */

static void add_condition(
	const char **headers, size_t *count, struct buf *line, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buf_printf(line, "%s: %s", name, value);
	headers[(*count)++] = buf_text(line);
}

static void add_conditions(const struct http_download *download, const char **headers,
	size_t *count, struct buf lines[OWN_HEADERS])
{
	if (download->resume_at) {
		char range[40];
		snprintf(range, sizeof(range), "bytes=%lld-", (long long)download->resume_at);
		add_condition(headers, count, &lines[0], "Range", range);
		add_condition(headers, count, &lines[1], "If-Range", download->resume_etag);
		return;
	}
	add_condition(headers, count, &lines[0], "If-None-Match", download->etag);
	/* A server that knows both goes by the first alone (RFC 9110, 13.1.3). */
	add_condition(headers, count, &lines[1], "If-Modified-Since", download->last_modified);
}

/* Whether what follows may come at all; the limit counts what is there, too. */
static int64_t bytes_left(const struct http_download *download)
{
	int64_t left = download->max_bytes - download->resume_at;
	return !download->max_bytes ? 0 : left > 0 ? left : 1;
}

static bool ask(struct http_client *client, struct hop *hop, struct err *err)
{
	const struct http_download *download = hop->download;
	bool own = http_url_same_origin(download->url, hop->url);
	size_t count = own ? download->header_count : 0;
	const char **headers = calloc(download->header_count + OWN_HEADERS, sizeof(*headers));
	if (!headers)
		BUG("out of memory");
	for (size_t i = 0; i < count; i++)
		headers[i] = download->headers[i];
	struct buf lines[OWN_HEADERS];
	for (size_t i = 0; i < OWN_HEADERS; i++)
		buf_init(&lines[i], 1024);
	add_conditions(download, headers, &count, lines);
	clear(hop->answer);
	hop->location[0] = '\0';
	const struct http_exchange exchange = {.method = download->text ? "POST" : "GET",
		.url = hop->url,
		.text = download->text,
		.send_bytes = download->text ? (int64_t)strlen(download->text) : 0,
		.headers = headers,
		.header_count = count,
		.on_header = on_header,
		.on_body = on_body,
		.context = hop,
		.refusal = &hop->answer->refusal,
		.max_bytes = bytes_left(download),
		.ca = download->ca,
		/* A part of a packed body could not be unpacked. */
		.unpack = !download->resume_at,
		.connect_ms = connect_ms,
		.idle_ms = idle_ms,
		.total_ms = download->total_ms,
		.ends_on_stop = true};
	bool ok = http_exchange(client, &exchange, &hop->answer->status, err);
	for (size_t i = 0; i < OWN_HEADERS; i++)
		buf_release(&lines[i]);
	free(headers);
	return ok;
}

/* ---- where it leads ---- */

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Whether a part came that is not the rest of what the file holds. */
static bool is_strange_part(const struct hop *hop)
{
	const char *etag = hop->answer->etag;
	return hop->answer->status == 206 &&
	       (!hop->resumed || (*etag && strcmp(etag, hop->download->resume_etag) != 0));
}

/* Whether "nothing new" can be the answer. */
static bool is_conditional(const struct http_download *download)
{
	return !download->resume_at &&
	       ((download->etag && *download->etag) ||
		       (download->last_modified && *download->last_modified));
}

static bool judge(const struct hop *hop, struct err *err)
{
	long status = hop->answer->status;
	char where[300];
	http_public_part(hop->url, where, sizeof(where));
	if (is_strange_part(hop))
		return err_fail(err, ERR_RETRY, "%s: a part that was not asked for", where);
	if (status == 200 || status == 203 || status == 206 || status == 204 ||
		(status == 304 && is_conditional(hop->download)))
		return true;
	/* 416: what is there is not the beginning of what the server has. */
	if (status == 416 && hop->download->resume_at)
		return err_fail(err, ERR_RETRY, "%s: HTTP status 416", where);
	if (status == 202)
		return err_fail(err, ERR_RETRY, "%s: HTTP status 202: not ready yet", where);
	return err_fail(err, http_status_class(status), "%s: HTTP status %ld", where, status);
}

static bool redirect(struct hop *hop, struct buf *next, struct err *err)
{
	char where[300];
	http_public_part(hop->url, where, sizeof(where));
	buf_clear(next);
	if (!hop->location[0] || !http_url_resolve(hop->url, hop->location, next))
		return err_fail(
			err, ERR_FATAL, "%s: a redirect that leads to no http or https URL", where);
	bool secure = strncasecmp(hop->url, "https:", 6) == 0;
	if (secure && strncasecmp(buf_text(next), "https:", 6) != 0)
		return err_fail(
			err, ERR_FATAL, "%s: a redirect from https to http is not followed", where);
	bool kept = hop->answer->status == 307 || hop->answer->status == 308;
	if (hop->download->text && (!kept || !http_url_same_origin(hop->url, buf_text(next))))
		return err_fail(err, ERR_FATAL,
			"%s: a redirect that would take the POST's body elsewhere, or lose it, is "
			"not followed",
			where);
	return true;
}

bool http_download(struct http_client *client, const struct http_download *download,
	struct http_answer *answer, struct err *err)
{
	struct hop hop = {.download = download, .answer = answer, .url = download->url};
	struct buf urls[2];
	buf_init(&urls[0], HTTP_URL_MAX + 1);
	buf_init(&urls[1], HTTP_URL_MAX + 1);
	bool ok = ask(client, &hop, err);
	for (int i = 0; ok && is_redirect(answer->status); i++) {
		if (i == MAX_HOPS)
			ok = err_fail(err, ERR_FATAL, "more than %d redirects", MAX_HOPS);
		struct buf *next = &urls[i & 1];
		ok = ok && redirect(&hop, next, err);
		if (!ok)
			break;
		hop.url = buf_text(next);
		ok = ask(client, &hop, err);
	}
	ok = ok && judge(&hop, err);
	/* Nothing at all came instead of the rest: what was there is of an older version. */
	if (ok && download->resume_at && !hop.resumed && !hop.restarted)
		ok = restart(&hop, err);
	buf_release(&urls[0]);
	buf_release(&urls[1]);
	return ok;
}

bool http_can_resume(const struct http_answer *answer)
{
	/* A weak tag (W/"...") may stand for different bytes. */
	return answer->bytes > 0 && !answer->encoded && answer->etag[0] == '"';
}
