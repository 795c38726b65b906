/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "s3/errors.h"
#include "s3/headers.h"

static const int64_t connect_ms = 5000;
static const int64_t idle_ms = 30000;
static const int64_t backoff_ms = 200;
static const int64_t backoff_cap_ms = 5000;
static const size_t max_url = 32 * 1024;
static const size_t hash_block = 64 * 1024;
static const char sha256_of_nothing[] =
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* host, x-amz-content-sha256, x-amz-date, x-amz-security-token, and the request's own */
enum { max_signed = S3_MAX_HEADERS + 4 };

/* One try. */
struct attempt {
	struct s3 *s3;
	const struct s3_request *request;
	struct s3_answer answer;
	bool told; /* on_answer was called */
	int64_t sent;
	char sha256[SHA256_HEX];
	char date[SIGN_DATE_SIZE];
	struct buf host;
	struct buf path;
	struct buf query;
	struct buf url;
	struct buf lines; /* "Name: value\0" of each header */
	struct buf refusal;
};

void s3_name(char ret_text[S3_NAME_SIZE], const char *bucket, const char *key)
{
	char name[S3_NAME_SIZE + 64];
	snprintf(name, sizeof(name), "s3://%s%s%s", bucket, key ? "/" : "", key ? key : "");
	text_copy(ret_text, S3_NAME_SIZE, name);
}

bool s3_again(unsigned attempt, const struct err *err)
{
	return err->class == ERR_RETRY && attempt + 1 < S3_TRIES &&
	       !stop_wait_ms(clock_backoff_ms(attempt, backoff_ms, backoff_cap_ms));
}

/* ---- content ---- */

static bool read_content(
	const struct s3_content *content, int64_t at, void *to, size_t n, struct err *err)
{
	if (content->data) {
		memcpy(to, (const char *)content->data + at, n);
		return true;
	}
	for (size_t got = 0; got < n;) {
		ssize_t one = pread(content->fd, (char *)to + got, n - got,
			(off_t)(content->offset + at + (int64_t)got));
		if (one < 0 && errno == EINTR)
			continue;
		if (one < 0)
			return err_fail_errno(err, ERR_RETRY, "reading what is to be uploaded");
		if (one == 0)
			return err_fail(err, ERR_RETRY, "what is to be uploaded was cut off");
		got += (size_t)one;
	}
	return true;
}

static bool hash_content(
	const struct s3_content *content, char ret_hex[SHA256_HEX], struct err *err)
{
	if (!content || content->sha256) {
		text_copy(ret_hex, SHA256_HEX, content ? content->sha256 : sha256_of_nothing);
		return true;
	}
	unsigned char *block = malloc(hash_block);
	if (!block)
		abort();
	struct sha256 *hash = sha256_new();
	bool ok = true;
	for (int64_t at = 0; ok && at < content->size;) {
		size_t n = content->size - at < (int64_t)hash_block ? (size_t)(content->size - at)
								    : hash_block;
		ok = read_content(content, at, block, n, err);
		if (ok)
			sha256_add(hash, block, n);
		at += (int64_t)n;
	}
	unsigned char digest[SHA256_SIZE];
	sha256_finish(hash, digest);
	sha256_hex(digest, ret_hex);
	free(block);
	return ok;
}

static bool send_content(void *context, void *to, size_t n, size_t *ret_n, struct err *err)
{
	struct attempt *attempt = context;
	const struct s3_content *content = attempt->request->content;
	if (!read_content(content, attempt->sent, to, n, err))
		return false;
	attempt->sent += (int64_t)n;
	*ret_n = n;
	return true;
}

/* ---- the request's text ---- */

static void build_url(struct attempt *attempt)
{
	const struct s3 *s3 = attempt->s3;
	const struct s3_request *request = attempt->request;
	buf_append_byte(&attempt->path, '/');
	if (s3_bucket_in_path(s3, request->bucket)) {
		buf_printf(&attempt->host, "%s", s3->host);
		buf_printf(&attempt->path, "%s%s", request->bucket, request->key ? "/" : "");
	} else {
		buf_printf(&attempt->host, "%s.%s", request->bucket, s3->host);
	}
	if (request->key)
		sign_escape(&attempt->path, request->key, true);
	sign_query(&attempt->query, request->params, request->param_count);
	const char *query = buf_text(&attempt->query);
	buf_printf(&attempt->url, "%s%s%s%s%s", s3->scheme, buf_text(&attempt->host),
		buf_text(&attempt->path), *query ? "?" : "", query);
}

static size_t gather_headers(struct attempt *attempt, struct s3_pair all[max_signed])
{
	const struct s3_request *request = attempt->request;
	const struct s3_pair own[] = {
		{"host", buf_text(&attempt->host)},
		{"x-amz-content-sha256", attempt->sha256},
		{"x-amz-date", attempt->date},
		{"x-amz-security-token", attempt->s3->credentials.session_token},
	};
	size_t own_count = *attempt->s3->credentials.session_token ? 4 : 3;
	size_t count = 0;
	for (size_t i = 0; i < own_count + request->header_count; i++) {
		struct s3_pair pair = i < own_count ? own[i] : request->headers[i - own_count];
		size_t at = count++;
		for (; at && strcmp(all[at - 1].name, pair.name) > 0; at--)
			all[at] = all[at - 1];
		all[at] = pair;
	}
	return count;
}

/* Signs, and fills `lines` with all headers; returns how many. */
static size_t build_headers(struct attempt *attempt)
{
	struct s3_pair all[max_signed];
	int64_t now_s = clock_wall_us() / 1000000;
	sign_date(attempt->date, now_s);
	size_t count = gather_headers(attempt, all);
	const struct sign_request request = {
		.method = attempt->request->method,
		.path = buf_text(&attempt->path),
		.query = buf_text(&attempt->query),
		.headers = all,
		.header_count = count,
		.sha256 = attempt->sha256,
		.time_s = now_s,
	};
	const struct sign_key key = {
		.access_key = attempt->s3->credentials.access_key,
		.secret_key = attempt->s3->credentials.secret_key,
		.region = attempt->s3->region,
		.service = "s3",
	};
	for (size_t i = 0; i < count; i++) {
		buf_printf(&attempt->lines, "%s: %s", all[i].name, all[i].value);
		buf_append_byte(&attempt->lines, '\0');
	}
	buf_append_text(&attempt->lines, "authorization: ");
	sign_request(&attempt->lines, &request, &key);
	buf_append_byte(&attempt->lines, '\0');
	return count + 1;
}

/* ---- the answer ---- */

static void on_header(void *context, const char *name, const char *value)
{
	struct attempt *attempt = context;
	s3_header_take(&attempt->answer, name, value);
}

static bool on_body(void *context, const void *data, size_t n, struct err *err)
{
	struct attempt *attempt = context;
	const struct s3_request *request = attempt->request;
	if (request->on_answer && !attempt->told &&
		!request->on_answer(request->context, &attempt->answer, err))
		return false;
	attempt->told = true;
	if (request->write)
		return request->write(request->context, data, n, err);
	struct buf *body = &attempt->s3->body;
	buf_append(body, data, n);
	return !body->overflow ||
	       err_fail(err, ERR_FATAL, "the server's answer passes %zu bytes", body->max);
}

static bool is_expected(const struct s3_request *request, long status)
{
	if (status >= 200 && status < 300)
		return true;
	for (const long *one = request->expected; one && *one; one++)
		if (*one == status)
			return true;
	return false;
}

static bool judge(struct attempt *attempt, struct err *err)
{
	const struct s3_request *request = attempt->request;
	struct s3_refusal refusal;
	char what[S3_NAME_SIZE];
	char name[S3_NAME_SIZE];
	s3_refusal_read(
		&refusal, attempt->answer.status, attempt->refusal.data, attempt->refusal.len);
	/* 404 is an answer about an object, never about the bucket. */
	if (is_expected(request, attempt->answer.status) &&
		strcmp(refusal.code, "NoSuchBucket") != 0)
		return true;
	s3_name(name, request->bucket, request->key);
	text_copy(what, sizeof(what), name);
	s3_refusal_fail(err, &refusal, what);
	const char *region = attempt->answer.bucket_region;
	if (err && *region && strcmp(region, attempt->s3->region) != 0) {
		size_t used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used,
			" (it is in %s, asked as %s)", region, attempt->s3->region);
	}
	return false;
}

/* ---- trying ---- */

static bool exchange(struct attempt *attempt, struct err *err)
{
	const struct s3_request *request = attempt->request;
	const char *headers[max_signed + 1];
	size_t count = build_headers(attempt);
	const char *line = (const char *)attempt->lines.data;
	if (attempt->lines.overflow || attempt->url.overflow)
		return err_fail(err, ERR_FATAL, "a request for S3 of more than %zu bytes", max_url);
	for (size_t i = 0; i < count; i++, line += strlen(line) + 1)
		headers[i] = line;
	const struct http_exchange one = {
		.method = request->method,
		.url = buf_text(&attempt->url),
		.headers = headers,
		.header_count = count,
		.send = request->content ? send_content : NULL,
		.send_bytes = request->content ? request->content->size : 0,
		.on_header = on_header,
		.on_body = on_body,
		.context = attempt,
		.refusal = &attempt->refusal,
		.connect_ms = connect_ms,
		.idle_ms = idle_ms,
		.ends_on_stop = request->ends_on_stop,
	};
	return http_exchange(attempt->s3->client, &one, &attempt->answer.status, err) &&
	       judge(attempt, err);
}

static bool try_once(struct s3 *s3, const struct s3_request *request, const char *sha256,
	struct s3_answer *ret_answer, struct err *err)
{
	struct attempt attempt = {
		.s3 = s3, .request = request, .answer = {.object.size = -1, .range_start = -1}};
	struct buf *const bufs[] = {&attempt.host, &attempt.path, &attempt.query, &attempt.url,
		&attempt.lines, &attempt.refusal};
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_init(bufs[i], max_url);
	buf_clear(&s3->body);
	text_copy(attempt.sha256, sizeof(attempt.sha256), sha256);
	build_url(&attempt);
	bool ok = exchange(&attempt, err);
	if (ok)
		*ret_answer = attempt.answer;
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_release(bufs[i]);
	return ok;
}

/* Refusals that other credentials may end: a file of them was replaced meanwhile. */
static bool is_stale(const struct err *err)
{
	static const char *const codes[] = {"ExpiredToken", "TokenRefreshRequired", "InvalidToken",
		"InvalidAccessKeyId", "SignatureDoesNotMatch"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(err->native, codes[i]) == 0)
			return true;
	return false;
}

bool s3_perform(struct s3 *s3, const struct s3_request *request, struct s3_answer *ret_answer,
	struct err *err)
{
	char sha256[SHA256_HEX];
	struct err why = {0};
	if (!hash_content(request->content, sha256, err))
		return false;
	bool renewed = false;
	for (unsigned attempt = 0;; attempt++) {
		s3_keep_fresh(s3);
		if (try_once(s3, request, sha256, ret_answer, &why))
			return true;
		if (!renewed && is_stale(&why) && s3_renew(s3)) {
			renewed = true;
			continue;
		}
		if (request->once || !s3_again(attempt, &why))
			break;
	}
	if (err)
		*err = why;
	return false;
}
