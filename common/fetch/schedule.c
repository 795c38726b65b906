/* SPDX-License-Identifier: Apache-2.0 */
/* When a source is due, and what its files are called. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "fetch/fetch.h"
#include "fetch/page.h"

static const int64_t again_ms = 60000;
static const int64_t again_cap_ms = 3600000;

static int64_t by_schedule(
	const struct remote *remote, const struct fetch_state *state, int64_t now_ms)
{
	/* Clocks that were put back must not make it wait for them. */
	if (state->began_ms > now_ms)
		return now_ms;
	if (remote->every_ms)
		return state->began_ms + remote->every_ms;
	return cron_next(&remote->cron, state->began_ms / 1000) * 1000;
}

/* After a failure that may pass: sooner than the schedule, with growing pauses. */
static int64_t after_failure(const struct fetch_state *state)
{
	int64_t doublings = state->failures < 10 ? state->failures : 10;
	int64_t wait_ms = (again_ms << doublings) / 2;
	return state->ended_ms + (wait_ms < again_cap_ms ? wait_ms : again_cap_ms);
}

int64_t fetch_due_ms(const struct remote *remote, const struct fetch_state *state, int64_t now_ms)
{
	if (!remote->every_ms && !*remote->cron_text)
		return INT64_MAX;
	bool interrupted = state->began_ms && !state->ended_ms;
	int64_t due_ms = now_ms;
	if (state->began_ms && !interrupted) {
		due_ms = by_schedule(remote, state, now_ms);
		if (*state->error && !state->fatal && after_failure(state) < due_ms)
			due_ms = after_failure(state);
	}
	bool clock_was_ahead = state->not_before_ms - now_ms > FETCH_LONGEST_ABSENCE_S * 1000;
	return due_ms > state->not_before_ms || clock_was_ahead ? due_ms : state->not_before_ms;
}

void fetch_time(int64_t started_s, char ret_time[FETCH_TIME_SIZE])
{
	struct tm utc;
	time_t seconds = (time_t)started_s;
	if (!gmtime_r(&seconds, &utc))
		BUG("no date for %" PRId64, started_s);
	if (!strftime(ret_time, FETCH_TIME_SIZE, "%Y%m%dT%H%M%SZ", &utc))
		BUG("the date of %" PRId64 " is too long", started_s);
}

void fetch_file_name(
	const struct remote *remote, const char *time, int64_t page, char ret_name[FETCH_NAME_SIZE])
{
	static const char mark[] = "{time}";
	const char *at = strstr(remote->file_name, mark);
	char number[32] = "";
	if (remote->paging.by != PAGING_NONE)
		snprintf(number, sizeof(number), "-p%05" PRId64, page);
	snprintf(ret_name, FETCH_NAME_SIZE, "%.*s%s%s%s", (int)(at - remote->file_name),
		remote->file_name, time, number, at + sizeof(mark) - 1);
}

const struct remote *fetch_source_of(const struct config *config, const char *path)
{
	size_t inbox = strlen(config->inbox);
	if (strncmp(path, config->inbox, inbox) != 0 || strncmp(path + inbox, "/@", 2) != 0)
		return NULL;
	const char *name = path + inbox + 2;
	size_t n = strcspn(name, "/");
	if (name + n + 1 != file_name(path))
		return NULL;
	for (size_t i = 0; i < config->source_count; i++)
		if (strlen(config->sources[i].name) == n &&
			memcmp(config->sources[i].name, name, n) == 0)
			return &config->sources[i];
	return NULL;
}
