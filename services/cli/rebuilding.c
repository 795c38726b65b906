/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rebuilding.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/stop.h"
#include "cli/progress.h"
#include "postgres/migrate.h"
#include "producer/source.h"

#define GROUP 8 /* chunks that go to the table at once: 8 MB at most */

/* While workers go on, what they load meanwhile is added in further rounds, then under the lock. */
static const int rounds_without_lock = 2;

struct feeding {
	struct rebuilding *rebuilding;
	const struct rebuild_task *task;
	struct rebuild *rebuild;
	struct buf messages[GROUP];
	struct load_item items[GROUP];
	int64_t refused;
	int64_t steps; /* chunks added, files left out */
};

typedef bool take_chunks(struct feeding *feeding, size_t count, struct err *err);

bool rebuilding_open(struct cli *cli, const char *application, struct rebuilding *ret_rebuilding,
	struct err *err)
{
	struct rebuilding rebuilding = {.datasets = cli_datasets(cli, err)};
	if (!rebuilding.datasets)
		return false;
	rebuilding.config = &cli->config;
	const struct database_options options = {
		.conninfo = cli->config.postgres, .application = application};
	if (!archive_open(cli->config.archive, &cli->config.s3, &rebuilding.archive, err))
		return false;
	if (!migrate_open(&options, &rebuilding.database, err)) {
		archive_close(rebuilding.archive);
		return false;
	}
	*ret_rebuilding = rebuilding;
	return true;
}

void rebuilding_close(struct rebuilding *rebuilding)
{
	database_close(rebuilding->database);
	archive_close(rebuilding->archive);
}

void rebuild_outcome_release(struct rebuild_outcome *outcome)
{
	database_rows_free(outcome->examples);
	*outcome = (struct rebuild_outcome){0};
}

/* ---- chunks out of the archive ---- */

static bool add(struct feeding *feeding, size_t count, struct err *err)
{
	return rebuild_add(feeding->rebuild, feeding->items, count, &feeding->steps, err);
}

static bool load(struct feeding *feeding, size_t count, struct err *err)
{
	return rebuild_load(feeding->rebuild, feeding->items, count, &feeding->refused, err);
}

static bool feed_source(
	struct feeding *feeding, struct source *source, take_chunks *take, struct err *err)
{
	bool done = false;
	while (!done) {
		size_t count = 0;
		for (; count < GROUP; count++) {
			struct buf *message = &feeding->messages[count];
			struct load_item *item = &feeding->items[count];
			struct chunk_info info;
			buf_clear(message);
			*item = (struct load_item){.topic = "", .partition = -1, .offset = -1};
			if (!cutter_next(source->cutter, message, &info, &done, err))
				return false;
			if (done)
				break;
			if (!chunk_open(message->data, message->len, &item->chunk, err))
				return false;
		}
		if (stop_requested())
			return err_fail(err, ERR_RETRY, "stopped; nothing was changed");
		if (count && !take(feeding, count, err))
			return false;
	}
	return true;
}

static bool feed_manifest(struct feeding *feeding, const struct manifest *manifest,
	take_chunks *take, struct err *err)
{
	struct source source;
	struct progress progress;
	if (!source_open(feeding->rebuilding->archive, manifest, &source, err))
		return err_prefix(err, "%s (file %" PRId64 ")", manifest->name, manifest->file_id);
	progress_begin(&progress, manifest->name, manifest->size, true);
	bool ok = feed_source(feeding, &source, take, err);
	if (ok)
		progress_end(&progress, manifest->size, cutter_totals(source.cutter).rows);
	source_close(&source);
	return ok || err_prefix(err, "%s (file %" PRId64 ")", manifest->name, manifest->file_id);
}

/* ---- the files that count ---- */

static bool leave_out(struct feeding *feeding, const struct manifest *manifest, struct err *err)
{
	feeding->steps++;
	return rebuild_leave_out(feeding->rebuild, manifest->file_id, manifest->sha256,
		manifest->name, manifest->reason, err);
}

static bool feed_file(struct feeding *feeding, const char *sha256, int64_t file_id,
	const char *name, struct err *err)
{
	const char *dataset = feeding->task->dataset->config->name;
	struct manifest manifest;
	bool found = false;
	manifest_init(&manifest);
	bool ok = manifest_find(
		feeding->rebuilding->archive, dataset, sha256, file_id, &manifest, &found, err);
	if (ok && !found)
		ok = err_fail(err, ERR_FATAL,
			"the archive has no manifest of %s (file %" PRId64 " of dataset %s), which "
			"the ledger has: it was published by way of another archive",
			name, file_id, dataset);
	else if (ok && manifest.state == PUBLICATION_RETRACTED)
		ok = leave_out(feeding, &manifest, err);
	else if (ok)
		ok = feed_manifest(feeding, &manifest, add, err);
	manifest_release(&manifest);
	return ok;
}

static bool feed_files(struct feeding *feeding, const struct database_rows *files, int64_t *newest,
	struct err *err)
{
	for (size_t i = 0; i < database_row_count(files); i++) {
		int64_t file_id = database_int(files, i, 0);
		/* In this round it came already, and more of it was loaded since. */
		if (file_id <= *newest)
			continue;
		*newest = file_id;
		if (!feed_file(feeding, database_text(files, i, 1), file_id,
			    database_text(files, i, 2), err))
			return false;
	}
	return true;
}

/* One round over what is wanted, the oldest first; *ret_any: it made a difference. */
static bool feed_round(struct feeding *feeding, bool *ret_any, struct err *err)
{
	int64_t before = feeding->steps;
	int64_t newest = 0;
	int64_t last;
	do {
		struct database_rows *files = NULL;
		last = newest;
		if (!rebuild_wanted(feeding->rebuild, &files, err))
			return false;
		bool ok = feed_files(feeding, files, &newest, err);
		database_rows_free(files);
		if (!ok)
			return false;
	} while (newest > last);
	*ret_any = feeding->steps > before;
	return true;
}

static bool check_nothing_wanted(struct feeding *feeding, struct err *err)
{
	struct database_rows *files = NULL;
	if (!rebuild_wanted(feeding->rebuild, &files, err))
		return false;
	bool ok = database_row_count(files) == 0 ||
		  err_fail(err, ERR_FATAL,
			  "the archive does not hold all chunks of %s (file %s) that were loaded",
			  database_text(files, 0, 2), database_text(files, 0, 0));
	database_rows_free(files);
	return ok;
}

/*
 * A look sees one moment; a change has to follow the workers, until it locks them out. Leaving a
 * file out may bring in older ones (keep: latest_file).
 */
static bool feed_all(struct feeding *feeding, struct err *err)
{
	bool any = true;
	for (int i = 0; any && feeding->task->apply && i < rounds_without_lock; i++)
		if (!feed_round(feeding, &any, err))
			return false;
	if (feeding->task->apply && !rebuild_lock(feeding->rebuild, err))
		return false;
	do {
		if (!feed_round(feeding, &any, err))
			return false;
	} while (any);
	return check_nothing_wanted(feeding, err);
}

static bool apply(struct feeding *feeding, struct rebuild_outcome *outcome, struct err *err)
{
	const struct rebuild_task *task = feeding->task;
	return rebuild_apply(feeding->rebuild, &outcome->difference, err) &&
	       (!task->correct || feed_manifest(feeding, task->correct, load, err)) &&
	       rebuild_commit(feeding->rebuild, err);
}

/*
 * Where rows have not replaced each other, what goes leaves nothing behind to be built. Under the
 * lock, so that it stays so.
 */
static bool only_takes_out(struct feeding *feeding, bool *ret_only, struct err *err)
{
	struct rebuild *rebuild = feeding->rebuild;
	if (!feeding->task->retract) {
		*ret_only = false;
		return true;
	}
	return rebuild_is_additive(rebuild, ret_only, err) &&
	       (!*ret_only || !feeding->task->apply ||
		       (rebuild_lock(rebuild, err) && rebuild_is_additive(rebuild, ret_only, err)));
}

static bool find_differences(
	struct feeding *feeding, struct rebuild_difference *ret_difference, struct err *err)
{
	bool only = false;
	if (!only_takes_out(feeding, &only, err))
		return false;
	if (only)
		return rebuild_take_out(feeding->rebuild, ret_difference, err);
	return feed_all(feeding, err) && rebuild_compare(feeding->rebuild, ret_difference, err);
}

static bool run(struct feeding *feeding, struct rebuild_outcome *outcome, struct err *err)
{
	const struct rebuild_task *task = feeding->task;
	if ((task->retract && !leave_out(feeding, task->retract, err)) ||
		!find_differences(feeding, &outcome->difference, err) ||
		(task->examples && !rebuild_examples(feeding->rebuild, task->examples,
					   &outcome->examples, err)))
		return false;
	return !task->apply || apply(feeding, outcome, err);
}

bool rebuilding_run(struct rebuilding *rebuilding, const struct rebuild_task *task,
	struct rebuild_outcome *ret_outcome, struct err *err)
{
	struct feeding feeding = {.rebuilding = rebuilding, .task = task};
	struct rebuild_outcome outcome = {0};
	if (!rebuild_open(rebuilding->database, task->dataset, !task->apply, &feeding.rebuild, err))
		return false;
	for (size_t i = 0; i < GROUP; i++)
		buf_init(&feeding.messages[i], CHUNK_MAX_BYTES);
	bool ok = run(&feeding, &outcome, err);
	for (size_t i = 0; i < GROUP; i++)
		buf_release(&feeding.messages[i]);
	rebuild_close(feeding.rebuild);
	outcome.refused = feeding.refused;
	if (ok)
		*ret_outcome = outcome;
	else
		rebuild_outcome_release(&outcome);
	return ok;
}
