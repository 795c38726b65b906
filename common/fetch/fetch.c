/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fetch, start to end. On disk, in this order: a page's bytes, then the state that leads to the
 * next one; all pages, then the state that says so; all moved into the inbox, then the state that
 * forgets them. Whatever a crash comes between is done again, and doing it again changes nothing.
 */
#include "fetch/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/stop.h"
#include "base/text.h"
#include "fetch/objects.h"
#include "fetch/paging.h"
#include "fetch/question.h"
#include "fetch/stage.h"

/* Of an error that is remembered: three bytes of UTF-8 for each one that was none still fit. */
static const size_t max_error = 480;
/* A URL or a body, with all that is put into it. */
static const size_t max_question = 256 << 10;
/* Of a million files at most. */
static const size_t max_names = (size_t)512 << 20;

struct fetch {
	const struct fetch_options *options;
	const struct remote *remote;
	struct stage stage;
	struct fetch_state state;
	struct pager pager;
	struct objects objects;
	bool from_bucket; /* `objects` instead of `pager` */
	struct fetch_result *result;
	bool resumed; /* it was being released when something came between */
};

static int64_t now_ms(void)
{
	return clock_wall_us() / 1000;
}

static bool save(const struct fetch *fetch, struct err *err)
{
	return fetch_state_save(fetch->stage.state, &fetch->state, err);
}

/* ---- beginning ---- */

/* Everything that makes what was fetched with other settings worthless for going on. */
static void describe_settings(const struct remote *remote, char ret_hex[SHA256_HEX])
{
	const struct remote_paging *paging = &remote->paging;
	unsigned char digest[SHA256_SIZE];
	struct buf text;
	buf_init(&text, max_question);
	buf_append_text(&text, remote->url);
	if (remote->method == REMOTE_POST)
		buf_printf(&text, "\nPOST\n%s", remote->body);
	if (paging->by != PAGING_NONE)
		buf_printf(&text, "\n%d\n%s\n%u\n%s\n%u\n%s\n%s\n%s\n%s", (int)paging->by,
			paging->parameter ? paging->parameter : "", paging->start,
			paging->size_parameter, paging->size, paging->cursor ? paging->cursor : "",
			paging->records, paging->more, paging->pages);
	sha256_of(text.data, text.len, digest);
	sha256_hex(digest, ret_hex);
	buf_release(&text);
}

static void begin_anew(struct fetch *fetch)
{
	struct fetch_state *state = &fetch->state;
	int64_t now_s = now_ms() / 1000;
	stage_clear(&fetch->stage);
	/* Names are never used twice, however short after each other two fetches begin. */
	state->started_s = now_s > state->started_s ? now_s : state->started_s + 1;
	state->phase = FETCH_RUNNING;
	state->page = 1;
	state->files = 0;
	state->bytes = 0;
	state->mark_page = 0;
	state->next[0] = '\0';
	state->next_is_number = 0;
	state->new_etag[0] = '\0';
	state->new_last_modified[0] = '\0';
	state->mark_sha256[0] = '\0';
	state->mark_next[0] = '\0';
}

static bool begin(struct fetch *fetch, struct err *err)
{
	struct fetch_state *state = &fetch->state;
	char settings[SHA256_HEX];
	describe_settings(fetch->remote, settings);
	if (strcmp(settings, state->settings) != 0) {
		memcpy(state->settings, settings, sizeof(settings));
		state->etag[0] = '\0';
		state->last_modified[0] = '\0';
		if (state->phase == FETCH_RUNNING)
			state->phase = FETCH_IDLE;
	}
	if (state->phase == FETCH_IDLE)
		begin_anew(fetch);
	fetch->resumed = state->phase == FETCH_RELEASING;
	state->began_ms = now_ms();
	state->ended_ms = 0;
	return save(fetch, err);
}

/* ---- pages ---- */

static bool ask(struct fetch *fetch, const char *url, int fd, struct err *err)
{
	const struct fetch_state *state = &fetch->state;
	const struct remote *remote = fetch->remote;
	bool post = remote->method == REMOTE_POST;
	bool conditional = remote->conditional && remote->paging.by == PAGING_NONE && !post;
	struct buf body;
	buf_init(&body, max_question);
	question_body(remote, state, &body);
	fetch->pager.number = state->page;
	bool ok = pager_ask(&fetch->pager, url, post ? buf_text(&body) : NULL,
		conditional ? state->etag : NULL, conditional ? state->last_modified : NULL, fd,
		err);
	buf_release(&body);
	return ok;
}

static bool keep_page(struct fetch *fetch, int fd, enum turn turn, struct err *err)
{
	struct fetch_state *state = &fetch->state;
	const struct http_answer *answer = &fetch->pager.answer;
	if (turn != TURN_EMPTY) {
		if (!stage_keep(&fetch->stage, fd, state->page, err))
			return false;
		fault_point("fetch.kept");
		state->files = state->page;
		state->bytes += answer->bytes;
	}
	snprintf(state->new_etag, sizeof(state->new_etag), "%s", answer->etag);
	snprintf(state->new_last_modified, sizeof(state->new_last_modified), "%s",
		answer->last_modified);
	state->page++;
	if (turn != TURN_NEXT)
		state->phase = FETCH_RELEASING;
	return true;
}

/* One page; the phase tells whether it was the last one. */
static bool fetch_page(struct fetch *fetch, int fd, struct err *err)
{
	struct fetch_state *state = &fetch->state;
	enum turn turn = TURN_LAST;
	struct buf url;
	buf_init(&url, max_question);
	question_url(fetch->remote, state, &url);
	bool ok = ask(fetch, buf_text(&url), fd, err);
	if (ok && fetch->pager.answer.status == 304) {
		state->phase = FETCH_IDLE;
		fetch->result->outcome = FETCH_UNCHANGED;
	} else if (ok) {
		ok = paging_turn(&fetch->pager, buf_text(&url), state, &turn, err) &&
		     keep_page(fetch, fd, turn, err) && save(fetch, err);
		if (ok)
			fault_point("fetch.page");
	}
	buf_release(&url);
	return ok;
}

static bool fetch_pages(struct fetch *fetch, struct err *err)
{
	while (fetch->state.phase == FETCH_RUNNING) {
		int fd = -1;
		if (!stage_begin(&fetch->stage, &fd, err))
			return false;
		bool ok = fetch_page(fetch, fd, err);
		close(fd);
		if (!ok)
			return false;
	}
	return true;
}

static bool fetch_objects(struct fetch *fetch, struct err *err)
{
	if (!objects_open(&fetch->objects, err))
		return false;
	if (fetch->state.phase == FETCH_RUNNING && !objects_take(&fetch->objects, err))
		return false;
	if (fetch->state.phase == FETCH_IDLE)
		fetch->result->outcome = FETCH_UNCHANGED;
	return true;
}

/* ---- ending ---- */

/* With runs that wait, an object's file has the one name that no other version has. */
static bool release_page(struct fetch *fetch, const char *time, int64_t page, struct err *err)
{
	char name[FETCH_NAME_SIZE];
	char other[OBJECTS_NAME_SIZE];
	bool wait = fetch->options->config->recalculate.wait_for_sources;
	if (fetch->from_bucket)
		return objects_name(&fetch->objects, page, name, other, err) &&
		       stage_release_beside(&fetch->stage, page, wait ? other : name, other, err);
	fetch_file_name(fetch->remote, time, page, name);
	return stage_release(&fetch->stage, page, name, err);
}

static bool list_names(struct fetch *fetch, const char *time, struct arena *arena,
	const char **names, struct err *err)
{
	for (int64_t page = 1; page <= fetch->state.files; page++) {
		char name[FETCH_NAME_SIZE];
		char other[OBJECTS_NAME_SIZE];
		if (!fetch->from_bucket)
			fetch_file_name(fetch->remote, time, page, name);
		else if (!objects_name(&fetch->objects, page, name, other, err))
			return false;
		names[page - 1] = arena_strdup(arena, fetch->from_bucket ? other : name);
	}
	return true;
}

/* Where batch runs wait for whole fetches, somebody has to know of this one before it is seen. */
static bool tell_whole(struct fetch *fetch, const char *time, struct err *err)
{
	const struct fetch_options *options = fetch->options;
	int64_t files = fetch->state.files;
	struct arena arena;
	if (!files || !options->whole || !options->config->recalculate.wait_for_sources)
		return true;
	arena_init(&arena, max_names);
	const char **names = arena_calloc(&arena, (size_t)files, sizeof(*names));
	const struct fetch_whole whole = {fetch->remote, time, names, files, fetch->resumed};
	bool ok = list_names(fetch, time, &arena, names, err) &&
		  options->whole(options->context, &whole, err);
	arena_release(&arena);
	return ok;
}

static bool release(struct fetch *fetch, struct err *err)
{
	char time[FETCH_TIME_SIZE];
	fetch_time(fetch->state.started_s, time);
	if (!tell_whole(fetch, time, err))
		return false;
	fault_point("fetch.whole");
	for (int64_t page = 1; page <= fetch->state.files; page++) {
		if (!release_page(fetch, time, page, err))
			return false;
		fault_point("fetch.released");
	}
	return stage_released(&fetch->stage, err) &&
	       (!fetch->from_bucket || objects_remember(&fetch->objects, err));
}

static bool succeed(struct fetch *fetch, struct err *err)
{
	struct fetch_state *state = &fetch->state;
	if (fetch->result->outcome == FETCH_DONE) {
		fetch->result->files = state->last_files = state->files;
		fetch->result->bytes = state->last_bytes = state->bytes;
		memcpy(state->etag, state->new_etag, sizeof(state->etag));
		memcpy(state->last_modified, state->new_last_modified,
			sizeof(state->last_modified));
	}
	state->phase = FETCH_IDLE;
	state->error[0] = '\0';
	state->failures = 0;
	state->not_before_ms = 0;
	state->success_ms = state->ended_ms = now_ms();
	return save(fetch, err);
}

/* Remembers why; a stop is no failure, and what it interrupted is due at the next start. */
static void fail(struct fetch *fetch, const struct err *err)
{
	struct fetch_state *state = &fetch->state;
	struct buf text;
	struct err unsaved;
	if (stop_requested())
		return;
	buf_init(&text, max_error + 16);
	text_excerpt(&text, err->message, strlen(err->message), max_error);
	snprintf(state->error, sizeof(state->error), "%s", buf_text(&text));
	buf_release(&text);
	state->fatal = err->class != ERR_RETRY;
	state->failures++;
	state->failure_ms = state->ended_ms = now_ms();
	state->not_before_ms = fetch->pager.wait_s ? now_ms() + fetch->pager.wait_s * 1000 : 0;
	if (state->fatal && state->phase == FETCH_RUNNING)
		state->phase = FETCH_IDLE;
	/* The disk that cannot take it has its own words in `err`, or will have them next time. */
	bool saved = save(fetch, &unsaved);
	(void)saved;
}

/* ---- all of it ---- */

static bool run(struct fetch *fetch, struct err *err)
{
	fetch->from_bucket = objects_are_source(fetch->remote);
	fetch->objects = (struct objects){
		.config = fetch->options->config,
		.remote = fetch->remote,
		.stage = &fetch->stage,
		.state = &fetch->state,
		.progress = fetch->options->progress,
		.context = fetch->options->context,
	};
	pager_init(&fetch->pager, fetch->remote);
	fetch->pager.progress = fetch->options->progress;
	fetch->pager.context = fetch->options->context;
	bool ok = begin(fetch, err) &&
		  (fetch->from_bucket ? fetch_objects(fetch, err) : fetch_pages(fetch, err));
	if (ok && fetch->state.phase == FETCH_RELEASING)
		ok = release(fetch, err);
	ok = ok && succeed(fetch, err);
	if (ok)
		fault_point("fetch.done");
	else
		fail(fetch, err);
	pager_release(&fetch->pager);
	if (fetch->from_bucket)
		objects_release(&fetch->objects);
	return ok;
}

/* With the lock held. */
static bool run_if_due(struct fetch *fetch, struct err *err)
{
	if (!fetch_state_load(fetch->stage.state, &fetch->state, err))
		return false;
	int64_t now = now_ms();
	if (fetch->options->when_due && fetch_due_ms(fetch->remote, &fetch->state, now) > now) {
		fetch->result->outcome = FETCH_NOT_DUE;
		return true;
	}
	return run(fetch, err);
}

bool fetch_source(const struct fetch_options *options, const struct remote *remote,
	struct fetch_result *ret_result, struct err *err)
{
	struct fetch fetch = {.options = options, .remote = remote, .result = ret_result};
	bool busy = false;
	*ret_result = (struct fetch_result){.due_ms = INT64_MAX};
	if (!stage_name(options->config->inbox, remote->name, &fetch.stage, err) ||
		!stage_open(&fetch.stage, &busy, err))
		return false;
	if (busy) {
		ret_result->outcome = FETCH_BUSY;
		return true;
	}
	bool ok = run_if_due(&fetch, err);
	ret_result->due_ms = fetch_due_ms(remote, &fetch.state, now_ms());
	stage_close(&fetch.stage);
	return ok;
}

bool fetch_read_state(const struct config *config, const struct remote *remote,
	struct fetch_state *ret_state, struct err *err)
{
	struct stage stage;
	return stage_name(config->inbox, remote->name, &stage, err) &&
	       fetch_state_load(stage.state, ret_state, err);
}
