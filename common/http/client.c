/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/text.h"
#include "http/transfer.h"

static const size_t max_answer = 4096;
static const size_t max_excerpt = 200;

/* Keeps the beginning of the answer; a server that sends more is not listened to. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct buf *answer = context;
	buf_append(answer, data, size * count);
	return answer->overflow ? 0 : size * count;
}

static void set_options(CURL *curl, const char *url, const void *body, size_t len,
	int64_t timeout_ms, struct buf *answer)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "penstock/" PENSTOCK_VERSION);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

static bool check(CURL *curl, CURLcode code, const char *where, struct buf *answer, struct err *err)
{
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	bool malformed = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
	/* CURLE_WRITE_ERROR: the status came, the rest of a long answer is not wanted. */
	if (code != CURLE_OK && code != CURLE_WRITE_ERROR)
		return err_fail(err, malformed ? ERR_FATAL : ERR_RETRY, "POST to %s: %s", where,
			curl_easy_strerror(code));
	if (status >= 200 && status < 300)
		return true;
	struct buf excerpt;
	buf_init(&excerpt, max_answer);
	text_excerpt(&excerpt, (const char *)answer->data, answer->len, max_excerpt);
	err_fail(err, http_status_class(status), "POST to %s: HTTP status %ld%s%s", where, status,
		excerpt.len ? ": " : "", buf_text(&excerpt));
	buf_release(&excerpt);
	return false;
}

bool http_post_json(
	const char *url, const void *body, size_t len, int64_t timeout_ms, struct err *err)
{
	char where[300];
	http_public_part(url, where, sizeof(where));
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!curl || !headers)
		BUG("out of memory");
	struct buf answer;
	buf_init(&answer, max_answer);
	set_options(curl, url, body, len, timeout_ms, &answer);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(curl);
	bool ok = check(curl, code, where, &answer, err);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	buf_release(&answer);
	return ok;
}
