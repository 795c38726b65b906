/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the sources, from the state that those who fetch leave in the inbox. */
#include <inttypes.h>

#include "base/clock.h"
#include "fetch/fetch.h"
#include "monitor/watch.h"

static const struct listing_column columns[] = {
	{"source", "source", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"last success", "last_success_at", LISTING_TEXT},
	{"files", "files", LISTING_INT},
	{"bytes", "bytes", LISTING_INT},
	{"last attempt", "last_attempt_at", LISTING_TEXT},
	{"failures", "failures", LISTING_INT},
	{"last failure", "last_failure_at", LISTING_TEXT},
	{"next", "next_at", LISTING_TEXT},
	{"error", "error", LISTING_TEXT},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const struct listing_shape shape = {"sources", "sources", NULL, columns, COLUMNS};

static const char *time_text(struct arena *arena, int64_t ms)
{
	char text[CLOCK_ISO_SIZE];
	if (!ms || ms == INT64_MAX)
		return NULL;
	clock_iso(text, ms * 1000);
	return arena_strdup(arena, text);
}

static const char *state_name(const struct fetch_state *state)
{
	if (!state->began_ms)
		return "never fetched";
	if (*state->error)
		return "failed";
	return state->ended_ms ? "fetched" : "fetching";
}

static void fill(const struct remote *remote, const struct fetch_state *state, struct arena *arena,
	const char **cells)
{
	int64_t now_ms = clock_wall_us() / 1000;
	int64_t due_ms = fetch_due_ms(remote, state, now_ms);
	cells[0] = remote->name;
	cells[1] = state_name(state);
	cells[2] = time_text(arena, state->success_ms);
	cells[3] = arena_printf(arena, "%" PRId64, state->last_files);
	cells[4] = arena_printf(arena, "%" PRId64, state->last_bytes);
	cells[5] = time_text(arena, state->began_ms);
	cells[6] = arena_printf(arena, "%" PRId64, state->failures);
	cells[7] = time_text(arena, state->failure_ms);
	cells[8] = time_text(arena, due_ms);
	cells[9] = *state->error ? arena_strdup(arena, state->error) : NULL;
}

void sources_listing(const struct config *config, struct arena *arena, struct listing *ret_listing)
{
	const char **cells =
		arena_calloc(arena, config->source_count * COLUMNS + 1, sizeof(*cells));
	for (size_t i = 0; i < config->source_count; i++) {
		const struct remote *remote = &config->sources[i];
		const char **row = cells + i * COLUMNS;
		struct fetch_state state;
		struct err err = {0};
		if (fetch_read_state(config, remote, &state, &err)) {
			fill(remote, &state, arena, row);
			continue;
		}
		row[0] = remote->name;
		row[1] = "unknown";
		row[9] = arena_strdup(arena, err.message);
	}
	*ret_listing =
		(struct listing){.shape = &shape, .cells = cells, .rows = config->source_count};
}
