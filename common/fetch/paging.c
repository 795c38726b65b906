/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circles are found as Brent does it: one earlier page is remembered, replaced each time the
 * distance to it has doubled, so that no number of pages needs more memory.
 */
#include "fetch/paging.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "fetch/question.h"
#include "http/url.h"

/* ---- what the answer tells ---- */

static bool untold(struct err *err, const char *what, const char *path)
{
	return err_fail(err, ERR_FATAL, "the answer has no %s at '%s'", what,
		*path ? path : "its outermost level");
}

static bool judge_records(const struct pager *pager, bool *ret_empty, struct err *err)
{
	const struct probe_path *path = &pager->probe.paths[PAGE_RECORDS];
	const struct probe_found *found = &path->found;
	if (!path->text)
		return true;
	if (!found->there || (found->kind != JSON_ARRAY && found->kind != JSON_NULL))
		return untold(err, "array of records", path->text);
	*ret_empty = !found->has_elements;
	return true;
}

static bool judge_more(const struct pager *pager, bool *ret_last, struct err *err)
{
	const struct probe_path *path = &pager->probe.paths[PAGE_MORE];
	const struct probe_found *found = &path->found;
	if (!path->text)
		return true;
	if (!found->there || (found->kind != JSON_TRUE && found->kind != JSON_FALSE))
		return untold(err, "true or false", path->text);
	*ret_last = *ret_last || found->kind == JSON_FALSE;
	return true;
}

static bool judge_pages(struct pager *pager, int64_t page, bool *ret_last, struct err *err)
{
	struct probe_path *path = &pager->probe.paths[PAGE_PAGES];
	int64_t pages = 0;
	if (!path->text)
		return true;
	if (!path->found.there || path->found.kind != JSON_NUMBER ||
		!text_int64(buf_text(&path->found.text), &pages))
		return untold(err, "whole number", path->text);
	*ret_last = *ret_last || page >= pages;
	return true;
}

/* ---- what leads on ---- */

static bool keep_next(struct fetch_state *state, const char *next, bool is_number, struct err *err)
{
	size_t n = strlen(next);
	if (n >= sizeof(state->next) || !utf8_valid(next, n, NULL))
		return err_fail(err, ERR_FATAL,
			"the next page's cursor is longer than %zu bytes or no text",
			sizeof(state->next) - 1);
	memcpy(state->next, next, n + 1);
	state->next_is_number = is_number;
	return true;
}

static bool keep_next_url(const struct pager *pager, const char *url, const char *next,
	struct fetch_state *state, struct err *err)
{
	struct buf absolute;
	buf_init(&absolute, HTTP_URL_MAX + 1);
	bool ok = http_url_resolve(url, next, &absolute);
	if (!ok)
		err_fail(err, ERR_FATAL, "the next page's address is no http or https URL");
	else if (!http_url_same_origin(pager->remote->url, buf_text(&absolute)))
		ok = err_fail(err, ERR_FATAL,
			"the next page is said to be on another host, or not by %s",
			strncmp(pager->remote->url, "https", 5) == 0 ? "https" : "http");
	ok = ok && keep_next(state, buf_text(&absolute), false, err);
	buf_release(&absolute);
	return ok;
}

static bool follow_cursor(struct pager *pager, const char *url, struct fetch_state *state,
	bool *ret_last, struct err *err)
{
	struct probe_path *path = &pager->probe.paths[PAGE_CURSOR];
	struct probe_found *found = &path->found;
	const char *next = buf_text(&found->text);
	bool none = !found->there || found->kind == JSON_NULL || found->kind == JSON_FALSE;
	if (none || (found->kind == JSON_STRING && !*next)) {
		*ret_last = true;
		return true;
	}
	if ((found->kind != JSON_STRING && found->kind != JSON_NUMBER) || found->text.overflow)
		return untold(err, "cursor", path->text);
	if (!*pager->remote->paging.parameter)
		return keep_next_url(pager, url, next, state, err);
	return keep_next(state, next, found->kind == JSON_NUMBER, err);
}

static bool follow_link(struct pager *pager, const char *url, struct fetch_state *state,
	bool *ret_last, struct err *err)
{
	struct buf *next = &pager->answer.next;
	*ret_last = next->len == 0;
	return *ret_last || keep_next_url(pager, url, buf_text(next), state, err);
}

/* ---- circles ---- */

static void hash_text(const char *text, char ret_hex[SHA256_HEX])
{
	unsigned char digest[SHA256_SIZE];
	sha256_of(text, strlen(text), digest);
	sha256_hex(digest, ret_hex);
}

static bool check_circle(const struct pager *pager, struct fetch_state *state, struct err *err)
{
	char next[SHA256_HEX] = "";
	if (*state->next)
		hash_text(state->next, next);
	bool again = strcmp(state->mark_sha256, pager->sha256) == 0 ||
		     (*next && strcmp(state->mark_next, next) == 0);
	if (state->mark_page && again)
		return err_fail(err, ERR_FATAL,
			"it repeats page %" PRId64 ": the server does not go on", state->mark_page);
	if (state->page < 2 * state->mark_page)
		return true;
	state->mark_page = state->page;
	snprintf(state->mark_sha256, sizeof(state->mark_sha256), "%s", pager->sha256);
	snprintf(state->mark_next, sizeof(state->mark_next), "%s", next);
	return true;
}

/* ---- all of it ---- */

static bool follow(struct pager *pager, const char *url, struct fetch_state *state, bool *ret_last,
	struct err *err)
{
	const struct remote_paging *paging = &pager->remote->paging;
	if (paging->by == PAGING_CURSOR)
		return follow_cursor(pager, url, state, ret_last, err);
	return paging->by != PAGING_LINK || follow_link(pager, url, state, ret_last, err);
}

static bool turn(struct pager *pager, const char *url, struct fetch_state *state,
	enum turn *ret_turn, struct err *err)
{
	const struct remote_paging *paging = &pager->remote->paging;
	bool empty = false;
	bool last = paging->by == PAGING_NONE;
	if (pager->answer.status == 204) {
		*ret_turn = TURN_EMPTY;
		return true;
	}
	if (!judge_records(pager, &empty, err) || !judge_more(pager, &last, err) ||
		!judge_pages(pager, state->page, &last, err) ||
		(!last && !empty && !follow(pager, url, state, &last, err)))
		return false;
	*ret_turn = empty ? TURN_EMPTY : last ? TURN_LAST : TURN_NEXT;
	if (*ret_turn != TURN_NEXT)
		return true;
	if (state->page >= paging->max_pages)
		return err_fail(err, ERR_FATAL,
			"more pages follow than paging.max_pages (%u) allows", paging->max_pages);
	return check_circle(pager, state, err);
}

bool paging_turn(struct pager *pager, const char *url, struct fetch_state *state,
	enum turn *ret_turn, struct err *err)
{
	return turn(pager, url, state, ret_turn, err) ||
	       err_prefix(err, "%s %s, page %" PRId64, question_method(pager->remote),
		       pager->remote->shown_url, state->page);
}
