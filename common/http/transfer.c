/* SPDX-License-Identifier: Apache-2.0 */
#include "http/transfer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"

enum { max_header = 16 * 1024 };

struct http_client {
	CURL *curl;
};

/* One exchange under way. */
struct run {
	const struct http_exchange *exchange;
	CURL *curl;
	int64_t sent;
	int64_t received;
	curl_off_t moved; /* in both directions, as of moved_us */
	int64_t moved_us;
	bool idle;	/* ended for want of bytes */
	bool failed;	/* a callback or a limit said no: `why` */
	struct err why; /* filled when failed */
};

struct http_client *http_client_new(void)
{
	struct http_client *client = calloc(1, sizeof(*client));
	if (!client)
		abort();
	client->curl = curl_easy_init();
	if (!client->curl)
		BUG("out of memory");
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client);
}

void http_public_part(const char *url, char *ret_text, size_t size)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	char *port = NULL;
	snprintf(ret_text, size, "the URL");
	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		curl_url_get(parsed, CURLUPART_PORT, &port, 0);
		snprintf(ret_text, size, "%s://%s%s%s", scheme, host, port ? ":" : "",
			port ? port : "");
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
}

enum err_class http_status_class(long status)
{
	return status == 408 || status == 429 || status >= 500 ? ERR_RETRY : ERR_FATAL;
}

/* ---- libcurl's callbacks ---- */

static long status_of(const struct run *run)
{
	long status = 0;
	curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_read(char *to, size_t size, size_t count, void *context)
{
	struct run *run = context;
	const struct http_exchange *exchange = run->exchange;
	size_t most = size * count;
	int64_t left = exchange->send_bytes - run->sent;
	size_t n = 0;
	if (left <= 0)
		return 0;
	if ((int64_t)most > left)
		most = (size_t)left;
	if (exchange->text)
		memcpy(to, exchange->text + run->sent, n = most);
	else
		run->failed = !exchange->send(exchange->context, to, most, &n, &run->why);
	if (!run->failed && n == 0) {
		run->failed = true;
		err_fail(&run->why, ERR_RETRY, "the content ended %lld bytes too early",
			(long long)left);
	}
	run->sent += (int64_t)n;
	return run->failed ? CURL_READFUNC_ABORT : n;
}

static bool take_body(struct run *run, const char *data, size_t n)
{
	const struct http_exchange *exchange = run->exchange;
	if (exchange->max_bytes && run->received > exchange->max_bytes)
		return err_fail(&run->why, ERR_FATAL, "the answer is longer than %lld bytes",
			(long long)exchange->max_bytes);
	return !exchange->on_body || exchange->on_body(exchange->context, data, n, &run->why);
}

static size_t on_write(char *data, size_t size, size_t count, void *context)
{
	struct run *run = context;
	size_t n = size * count;
	long status = status_of(run);
	run->received += (int64_t)n;
	if (status >= 200 && status < 300) {
		run->failed = !take_body(run, data, n);
		return run->failed ? 0 : n;
	}
	struct buf *refusal = run->exchange->refusal;
	if (!refusal)
		return n;
	size_t room = refusal->max - refusal->len;
	buf_append(refusal, data, n < room ? n : room);
	return n;
}

static size_t on_header_line(char *line, size_t size, size_t count, void *context)
{
	struct run *run = context;
	size_t n = size * count;
	char text[max_header];
	if (!run->exchange->on_header || n >= sizeof(text) || !memchr(line, ':', n))
		return n;
	memcpy(text, line, n);
	text[n] = '\0';
	char *value = strchr(text, ':');
	*value++ = '\0';
	value += strspn(value, " \t");
	value[strcspn(value, "\r\n")] = '\0';
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	run->exchange->on_header(run->exchange->context, text, value);
	return n;
}

static int on_progress(
	void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct run *run = context;
	int64_t now_us = clock_monotonic_us();
	(void)down_all;
	(void)up_all;
	if (down + up != run->moved) {
		run->moved = down + up;
		run->moved_us = now_us;
	}
	run->idle = now_us - run->moved_us > run->exchange->idle_ms * 1000;
	return run->idle || (run->exchange->ends_on_stop && stop_requested());
}

/* ---- the exchange ---- */

static void set_method(struct run *run)
{
	CURL *curl = run->curl;
	const struct http_exchange *exchange = run->exchange;
	if (strcmp(exchange->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method);
	if (!exchange->send && !exchange->text)
		return;
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->send_bytes);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, run);
}

static void set_options(struct run *run, struct curl_slist *headers)
{
	CURL *curl = run->curl;
	const struct http_exchange *exchange = run->exchange;
	curl_easy_reset(curl); /* keeps the connections */
	curl_easy_setopt(curl, CURLOPT_URL, exchange->url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "penstock/" PENSTOCK_VERSION);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->total_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, run);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header_line);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, run);
	/* What a proxy answers is not the server's. */
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, run);
	if (exchange->ca && *exchange->ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, exchange->ca);
	if (exchange->direct)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (exchange->unpack)
		curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	set_method(run);
}

static bool judge(const struct run *run, CURLcode code, struct err *err)
{
	char where[300];
	http_public_part(run->exchange->url, where, sizeof(where));
	const char *method = run->exchange->method;
	if (run->failed) {
		if (err)
			*err = run->why;
		return false;
	}
	if (code == CURLE_OK)
		return true;
	if (run->idle)
		return err_fail(err, ERR_RETRY, "%s %s: no byte for %lld s", method, where,
			(long long)run->exchange->idle_ms / 1000);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_fail(err, ERR_RETRY, "%s %s: stopped", method, where);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return err_fail(err, ERR_FATAL,
			"%s %s: the server's certificate is not trusted; 'ca' can name a file of "
			"certificates that are",
			method, where);
	bool malformed = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
	return err_fail(err, malformed ? ERR_FATAL : ERR_RETRY, "%s %s: %s", method, where,
		curl_easy_strerror(code));
}

static struct curl_slist *header_list(const struct http_exchange *exchange)
{
	/* Without it a body waits a second for servers that never say "100 Continue". */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; list && i < exchange->header_count; i++)
		list = curl_slist_append(list, exchange->headers[i]);
	if (!list)
		BUG("out of memory");
	return list;
}

bool http_exchange(struct http_client *client, const struct http_exchange *exchange,
	long *ret_status, struct err *err)
{
	struct run run = {
		.exchange = exchange, .curl = client->curl, .moved_us = clock_monotonic_us()};
	struct curl_slist *headers = header_list(exchange);
	set_options(&run, headers);
	CURLcode code = curl_easy_perform(client->curl);
	bool ok = judge(&run, code, err);
	if (ok)
		*ret_status = status_of(&run);
	curl_slist_free_all(headers);
	return ok;
}
