/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a page's number, offset or cursor goes is told by the method: a GET's URL has parameters, a
 * POST's body, a JSON object, has members.
 */
#include "fetch/question.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json_path.h"
#include "base/json_scan.h"
#include "base/json_writer.h"

/* What tells a server which page is meant. */
struct detail {
	const char *name; /* "": it is not told */
	const char *value;
	bool is_number;
};

enum { SIZE, PLACE, DETAILS };

struct details {
	char digits[DETAILS][24];
	struct detail items[DETAILS];
};

static void describe(
	const struct remote *remote, const struct fetch_state *state, struct details *details)
{
	const struct remote_paging *paging = &remote->paging;
	int64_t step = paging->by == PAGING_OFFSET ? paging->size : 1;
	bool counted = paging->by == PAGING_PAGE || paging->by == PAGING_OFFSET;
	bool by_cursor = paging->by == PAGING_CURSOR && *state->next;
	snprintf(details->digits[SIZE], sizeof(details->digits[SIZE]), "%u", paging->size);
	snprintf(details->digits[PLACE], sizeof(details->digits[PLACE]), "%" PRId64,
		paging->start + (state->page - 1) * step);
	details->items[SIZE] = (struct detail){paging->size_parameter, details->digits[SIZE], true};
	details->items[PLACE] = (struct detail){counted || by_cursor ? paging->parameter : "",
		counted ? details->digits[PLACE] : state->next, counted || state->next_is_number};
	if (paging->by == PAGING_NONE)
		details->items[SIZE].name = "";
}

const char *question_method(const struct remote *remote)
{
	return remote->method == REMOTE_POST ? "POST" : "GET";
}

/* Whether the answer before told the whole URL. */
static bool is_url_told(const struct remote_paging *paging, const struct fetch_state *state)
{
	bool cursor_is_url = paging->by == PAGING_CURSOR && !*paging->parameter;
	return *state->next && (paging->by == PAGING_LINK || cursor_is_url);
}

void question_url(const struct remote *remote, const struct fetch_state *state, struct buf *out)
{
	struct details details;
	struct buf url;
	buf_append_text(out, is_url_told(&remote->paging, state) ? state->next : remote->url);
	if (is_url_told(&remote->paging, state) || remote->method == REMOTE_POST)
		return;
	describe(remote, state, &details);
	buf_init(&url, out->max);
	for (size_t i = 0; i < DETAILS; i++) {
		if (!*details.items[i].name)
			continue;
		buf_clear(&url);
		buf_append(&url, out->data, out->len);
		buf_clear(out);
		http_url_set_parameter(
			buf_text(&url), details.items[i].name, details.items[i].value, out);
	}
	buf_release(&url);
}

/* ---- bodies ---- */

static const struct json_value empty = {JSON_OBJECT, "{}", 2};

static void write_value(struct buf *out, const struct detail *detail)
{
	struct json_writer json;
	json_begin(&json, out);
	if (detail->is_number)
		json_raw(&json, detail->value, strlen(detail->value));
	else
		json_string(&json, detail->value);
}

/* Appends the object with the member at `names` set; what they lead through is made. */
static void write_with(struct buf *out, const struct json_value *object, const char *const *names,
	size_t count, const struct detail *detail)
{
	size_t n = strlen(names[0]);
	struct json_value key;
	struct json_value value;
	struct json_value inner = empty;
	struct json_writer json;
	buf_append_byte(out, '{');
	for (const char *at = object->text + 1; json_next_member(object, &at, &key, &value);) {
		if (json_equals(&key, names[0], n)) {
			inner = value.kind == JSON_OBJECT ? value : empty;
			continue;
		}
		buf_append(out, key.text, key.len);
		buf_append_byte(out, ':');
		buf_append(out, value.text, value.len);
		buf_append_byte(out, ',');
	}
	json_begin(&json, out);
	json_string_n(&json, names[0], n);
	buf_append_byte(out, ':');
	if (count > 1)
		write_with(out, &inner, names + 1, count - 1, detail);
	else
		write_value(out, detail);
	buf_append_byte(out, '}');
}

static void set_member(struct buf *body, const struct detail *detail)
{
	struct json_scanner scanner;
	struct json_value object;
	struct arena arena;
	struct buf changed;
	const char *why = NULL;
	size_t at = 0;
	json_scanner_init(&scanner);
	arena_init(&arena, 2 * body->max);
	buf_init(&changed, body->max);
	if (!json_validate(&scanner, buf_text(body), body->len, &object, &why, &at))
		BUG("a body that was an object: %s at %zu", why, at);
	const struct json_path path = json_path_split(detail->name, &arena);
	write_with(&changed, &object, path.names, path.count, detail);
	buf_clear(body);
	buf_append(body, changed.data, changed.len);
	buf_release(&changed);
	arena_release(&arena);
	json_scanner_release(&scanner);
}

void question_body(const struct remote *remote, const struct fetch_state *state, struct buf *out)
{
	struct details details;
	if (remote->method != REMOTE_POST)
		return;
	buf_append_text(out, remote->body);
	describe(remote, state, &details);
	for (size_t i = 0; i < DETAILS; i++)
		if (*details.items[i].name)
			set_member(out, &details.items[i]);
}
