/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wait_loaded.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "base/text.h"
#include "cli/progress.h"
#include "postgres/migrate.h"

static const int64_t poll_ms = 200;
static const int64_t away_ms = 2000;

bool loaded_list_add(
	struct loaded_list *list, struct arena *arena, const struct publication_result *result)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].file_id == result->file_id &&
			strcmp(list->items[i].dataset, result->dataset) == 0)
			return false;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		struct loaded_item *items = arena_calloc(arena, capacity, sizeof(*items));
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = (struct loaded_item){
		.dataset = arena_strdup(arena, result->dataset),
		.file_id = result->file_id,
		.chunks = result->chunks,
		.quarantined = result->quarantined || result->retracted,
	};
	return true;
}

struct wait {
	const struct config *config;
	const struct loaded_list *list;
	struct database *database;
	struct progress progress;
	struct loaded_verdict verdict;
	size_t at; /* of the list: those before it are loaded */
	int64_t done;
	char paused[500];
	bool away;
};

static bool connect(struct wait *wait, struct err *err)
{
	const struct database_options options = {
		.conninfo = wait->config->postgres, .application = "penstock publish"};
	if (wait->database && !database_usable(wait->database)) {
		database_close(wait->database);
		wait->database = NULL;
	}
	return wait->database || migrate_open(&options, &wait->database, err);
}

static void tell_pause(struct wait *wait, const char *paused)
{
	if (strcmp(wait->paused, paused) == 0)
		return;
	snprintf(wait->paused, sizeof(wait->paused), "%s", paused);
	if (paused[0])
		fprintf(stderr, "%spenstock: PAUSED: %s\n", wait->progress.shown ? "\n" : "",
			paused);
}

/* Chunks a worker has in its hands for good are never loaded, whatever the others do. */
static bool go_on(const struct publication_progress *now, struct err *err)
{
	return !now->stopped[0] ||
	       err_fail(err, ERR_FATAL,
		       "workers have stopped dataset %s. Mend the cause, then restart the workers",
		       now->stopped);
}

/* Reads on from the first publication that is not loaded; *ret_all when there is none. */
static bool look(struct wait *wait, bool *ret_all, struct err *err)
{
	if (!connect(wait, err))
		return false;
	for (; wait->at < wait->list->count; wait->at++) {
		const struct loaded_item *item = &wait->list->items[wait->at];
		if (item->quarantined)
			continue;
		struct publication_progress now;
		if (!publication_progress_read(
			    wait->database, item->dataset, item->file_id, item->chunks, &now, err))
			return false;
		tell_pause(wait, now.paused);
		progress_update(
			&wait->progress, wait->done + now.chunks, wait->verdict.rows + now.rows);
		if (!now.complete && now.chunks < item->chunks)
			return go_on(&now, err);
		wait->done += item->chunks;
		wait->verdict.rows += now.rows;
		wait->verdict.rejects += now.rejects;
		wait->verdict.dead_letters += now.dead_letters;
	}
	*ret_all = true;
	return true;
}

static bool follow(struct wait *wait, struct err *err)
{
	bool all = false;
	while (!all) {
		if (stop_requested())
			return err_fail(err, ERR_RETRY, "stopped before all was loaded");
		if (look(wait, &all, err)) {
			wait->away = false;
			if (!all)
				stop_wait_ms(poll_ms);
			continue;
		}
		if (err->class != ERR_RETRY)
			return false;
		if (!wait->away)
			fprintf(stderr, "penstock: waiting for Postgres: %s\n", err->message);
		wait->away = true;
		stop_wait_ms(away_ms);
	}
	return true;
}

static void tell_verdict(const struct loaded_verdict *verdict)
{
	char rows[64];
	char rejects[64];
	char letters[64];
	text_format_counted(rows, verdict->rows, "row");
	text_format_counted(rejects, verdict->rejects, "reject");
	text_format_counted(letters, verdict->dead_letters, "dead letter");
	fprintf(stderr, "penstock: loaded: %s, %s", rows, rejects);
	if (verdict->dead_letters)
		fprintf(stderr, ", %s ('penstock status' tells why)", letters);
	fprintf(stderr, "\n");
}

bool wait_loaded(const struct config *config, const struct loaded_list *list,
	struct loaded_verdict *ret_verdict, struct err *err)
{
	if (!config->postgres_configured)
		return err_config(err,
			"--wait reads Postgres: set 'postgres' in %s, or DATABASE_URL",
			config->path);
	struct wait wait = {.config = config, .list = list};
	int64_t chunks = 0;
	for (size_t i = 0; i < list->count; i++)
		chunks += list->items[i].chunks;
	progress_begin(&wait.progress, "loading", chunks, false);
	bool ok = follow(&wait, err);
	if (ok) {
		progress_end(&wait.progress, wait.done, wait.verdict.rows);
		tell_verdict(&wait.verdict);
		*ret_verdict = wait.verdict;
	}
	if (wait.database)
		database_close(wait.database);
	return ok;
}
