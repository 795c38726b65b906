/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "fetch/question.h"

static const int64_t backoff_ms = 500;
static const int64_t backoff_cap_ms = 60000;
/* Who asks for more waits until the next attempt, but not for ever. */
static const int64_t longest_wait_s = 300;
static const size_t max_message = 1400;
static const size_t max_excerpt = 200;

static char *header_line(const struct remote_header *header)
{
	char *line = NULL;
	/* libcurl drops a header without a value, unless it ends in ';'. */
	int n = *header->value ? asprintf(&line, "%s: %s", header->name, header->value)
			       : asprintf(&line, "%s;", header->name);
	if (n < 0)
		BUG("out of memory");
	return line;
}

static void make_headers(struct pager *pager)
{
	static const struct remote_header json = {"Content-Type", "application/json", false};
	const struct remote *remote = pager->remote;
	bool typed = remote->method != REMOTE_POST;
	pager->headers = calloc(remote->header_count + 1, sizeof(*pager->headers));
	if (!pager->headers)
		BUG("out of memory");
	for (size_t i = 0; i < remote->header_count; i++) {
		pager->headers[pager->header_count++] = header_line(&remote->headers[i]);
		typed = typed || strcasecmp(remote->headers[i].name, json.name) == 0;
	}
	if (!typed)
		pager->headers[pager->header_count++] = header_line(&json);
}

static const char *unless_empty(const char *path)
{
	return path && *path ? path : NULL;
}

void pager_init(struct pager *pager, const struct remote *remote)
{
	const struct remote_paging *paging = &remote->paging;
	bool counted = paging->by == PAGING_PAGE || paging->by == PAGING_OFFSET;
	const char *const paths[] = {
		[PAGE_CURSOR] = unless_empty(paging->cursor),
		[PAGE_RECORDS] = counted ? paging->records : unless_empty(paging->records),
		[PAGE_MORE] = unless_empty(paging->more),
		[PAGE_PAGES] = unless_empty(paging->pages),
	};
	*pager = (struct pager){.remote = remote, .client = http_client_new()};
	if (paging->by != PAGING_NONE)
		for (size_t i = 0; i < PROBE_PATHS; i++)
			pager->probing = pager->probing || paths[i];
	make_headers(pager);
	probe_init(&pager->probe, paths, PROBE_PATHS);
	http_answer_init(&pager->answer);
}

void pager_release(struct pager *pager)
{
	for (size_t i = 0; i < pager->header_count; i++)
		free((void *)(uintptr_t)pager->headers[i]);
	free(pager->headers);
	probe_release(&pager->probe);
	http_answer_release(&pager->answer);
	http_client_free(pager->client);
}

/* ---- messages ---- */

static void mask(struct buf *text, const char *secret)
{
	static const char stars[] = "***";
	size_t n = strlen(secret);
	for (unsigned char *p = text->data;
		p && (p = memmem(p, (size_t)(text->data + text->len - p), secret, n));) {
		size_t behind = (size_t)(text->data + text->len - p) - n;
		/* Secrets are longer than the stars. */
		memcpy(p, stars, sizeof(stars) - 1);
		memmove(p + sizeof(stars) - 1, p + n, behind);
		text->len -= n - (sizeof(stars) - 1);
		p += sizeof(stars) - 1;
	}
}

/* "GET https://…: why: start of the answer"; servers like to repeat the key they refuse. */
static void explain(struct pager *pager, struct err *err)
{
	const struct remote *remote = pager->remote;
	struct buf *refusal = &pager->answer.refusal;
	struct buf text;
	struct buf excerpt;
	buf_init(&text, max_message);
	buf_init(&excerpt, max_message);
	buf_printf(&text, "%s %s", question_method(remote), remote->shown_url);
	if (pager->number > 1)
		buf_printf(&text, " (page %lld)", (long long)pager->number);
	buf_printf(&text, ": %s", err->message);
	for (size_t i = 0; i < remote->secrets.count; i++) {
		mask(&text, remote->secrets.items[i]);
		mask(refusal, remote->secrets.items[i]);
	}
	text_excerpt(&excerpt, (const char *)refusal->data, refusal->len, max_excerpt);
	if (excerpt.len)
		buf_printf(&text, ": %s", buf_text(&excerpt));
	struct err told = *err;
	snprintf(told.message, sizeof(told.message), "%s", buf_text(&text));
	*err = told;
	buf_release(&excerpt);
	buf_release(&text);
}

/* ---- one request ---- */

static bool on_body(void *context, const void *data, size_t n, struct err *err)
{
	struct pager *pager = context;
	sha256_add(pager->hash, data, n);
	if (pager->progress)
		pager->progress(pager->context, pager->number, pager->answer.bytes);
	return !pager->probing || probe_feed(&pager->probe, data, n, err);
}

static void end_answer(struct pager *pager)
{
	unsigned char digest[SHA256_SIZE];
	if (!pager->hash)
		return;
	sha256_finish(pager->hash, digest);
	sha256_hex(digest, pager->sha256);
	pager->hash = NULL;
}

static void begin_answer(void *context)
{
	struct pager *pager = context;
	end_answer(pager);
	probe_clear(&pager->probe);
	pager->hash = sha256_new();
}

/* What a failed request left is gone on with, unless it was rubbish or nobody has the rest of it.
 */
static void keep_for_resuming(
	struct pager *pager, struct http_download *download, const struct err *err)
{
	const struct http_answer *answer = &pager->answer;
	bool refused = answer->status == 206 || answer->status == 416;
	if (err->class == ERR_RETRY && answer->bytes == 0 && !refused)
		return;
	bool keep =
		err->class == ERR_RETRY && !refused && !download->text && http_can_resume(answer);
	download->resume_at = keep ? answer->bytes : 0;
	memcpy(pager->resume_etag, answer->etag, sizeof(pager->resume_etag));
}

static bool ask_once(struct pager *pager, struct http_download *download, struct err *err)
{
	if (ftruncate(download->fd, download->resume_at) != 0 ||
		lseek(download->fd, download->resume_at, SEEK_SET) < 0)
		return err_fail_errno(err, ERR_RETRY, "writing");
	if (!download->resume_at)
		begin_answer(pager);
	pager->asked_us = clock_monotonic_us();
	bool ok = http_download(pager->client, download, &pager->answer, err);
	bool body = ok && pager->answer.status != 304 && pager->answer.status != 204;
	if (body && pager->probing)
		ok = probe_end(&pager->probe, err);
	if (ok)
		return true;
	keep_for_resuming(pager, download, err);
	/* A page of an overloaded server's own is no reason to give up. */
	if (err->class == ERR_DATA)
		err->class = ERR_RETRY;
	explain(pager, err);
	return false;
}

/* Until the rate allows the next request; false when a stop was requested. */
static bool keep_distance(const struct pager *pager)
{
	int64_t at_us = pager->asked_us + pager->remote->between_us;
	int64_t now_us = clock_monotonic_us();
	if (!pager->asked_us || at_us <= now_us)
		return !stop_requested();
	return !stop_wait_ms((at_us - now_us + 999) / 1000);
}

/* Whether to try again, after a pause; the server's wish goes before ours. */
static bool pause_for_retry(struct pager *pager, unsigned attempt, const struct err *err)
{
	int64_t wish_s = pager->answer.retry_after_s;
	if (err->class != ERR_RETRY || stop_requested())
		return false;
	if (wish_s > longest_wait_s)
		pager->wait_s = wish_s < FETCH_LONGEST_ABSENCE_S ? wish_s : FETCH_LONGEST_ABSENCE_S;
	if (wish_s > longest_wait_s || attempt >= pager->remote->retries)
		return false;
	int64_t ms = clock_backoff_ms(attempt, backoff_ms, backoff_cap_ms);
	return !stop_wait_ms(wish_s * 1000 > ms ? wish_s * 1000 : ms);
}

static bool ask_until(struct pager *pager, struct http_download *download, struct err *err)
{
	for (unsigned attempt = 0;; attempt++) {
		int64_t before = download->resume_at;
		if (!keep_distance(pager))
			return err_fail(err, ERR_RETRY, "stopped");
		if (ask_once(pager, download, err))
			return true;
		/* A connection that breaks now and then gets there in the end. */
		if (download->resume_at > before)
			attempt = 0;
		if (!pause_for_retry(pager, attempt, err))
			return false;
	}
}

bool pager_ask(struct pager *pager, const char *url, const char *text, const char *etag,
	const char *last_modified, int fd, struct err *err)
{
	const struct remote *remote = pager->remote;
	struct http_download download = {.url = url,
		.text = text,
		.headers = pager->headers,
		.header_count = pager->header_count,
		.etag = etag,
		.last_modified = last_modified,
		.resume_etag = pager->resume_etag,
		.ca = remote->ca,
		.max_bytes = remote->max_bytes,
		.total_ms = remote->timeout_ms,
		.fd = fd,
		.on_body = on_body,
		.on_restart = begin_answer,
		.context = pager};
	pager->wait_s = 0;
	bool ok = ask_until(pager, &download, err);
	end_answer(pager);
	return ok;
}
