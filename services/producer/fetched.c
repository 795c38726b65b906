/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/fetched.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "postgres/database.h"
#include "postgres/migrate.h"
#include "postgres/quote.h"

static const size_t max_array = (size_t)64 << 20;
static const int64_t connect_ms = 5000;
static const int64_t statement_ms = 30000;
static const int64_t look_ms = 250;
static const int64_t longest_wait_us = 300 * INT64_C(1000000);

static bool open_ledger(
	const struct config *config, struct database **ret_database, struct err *err)
{
	const struct database_options options = {.conninfo = config->postgres,
		.application = "penstock producer",
		.connect_ms = connect_ms,
		.statement_ms = statement_ms};
	struct database *database = NULL;
	if (!config->postgres_configured)
		return err_config(err, "schedule.recalculate.wait_for_sources: who fetches needs "
				       "Postgres, too: set "
				       "postgres");
	if (!database_open(&options, &database, err))
		return false;
	if (!migrate_check(database, err)) {
		database_close(database);
		return false;
	}
	*ret_database = database;
	return true;
}

/* ---- a fetch ---- */

/* A file that a person took out of the inbox will not be published any more. */
static bool note_vanished(struct database *database, const struct config *config,
	const struct remote *remote, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *source[] = {remote->name};
	if (!database_query(database,
		    "SELECT name FROM penstock.fetched_file WHERE source = $1 AND published_at IS "
		    "NULL",
		    source, 1, &rows, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < database_row_count(rows); i++) {
		char path[PATH_MAX];
		const char *name = database_text(rows, i, 0);
		int n = snprintf(
			path, sizeof(path), "%s/@%s/%s", config->inbox, remote->name, name);
		if (n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK) == 0)
			continue;
		const char *parameters[] = {remote->name, name};
		ok = database_run(database,
			"SELECT penstock.note_fetched_file($1, $2, '{}', '{}', '{}')", parameters,
			2, NULL, err);
	}
	database_rows_free(rows);
	return ok;
}

static bool try_note_fetch(
	struct database *database, const char *const *parameters, bool *ret_noted, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(database, "SELECT penstock.note_fetch($1, $2, $3::text[], $4::boolean)",
		    parameters, 4, &rows, err))
		return false;
	*ret_noted = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

/* Lets a run that waits for earlier fetches go first, but not for ever: what it waits for may need
 * a person. */
static bool note_fetch(struct database *database, const struct fetch_whole *whole, struct err *err)
{
	struct buf names;
	buf_init(&names, max_array);
	array_begin(&names);
	for (int64_t i = 0; i < whole->files; i++)
		array_add(&names, whole->names[i]);
	array_end(&names);
	const int64_t until_us = clock_monotonic_us() + longest_wait_us;
	bool noted = false;
	bool ok = true;
	while (ok && !noted) {
		bool can_wait = !whole->again && clock_monotonic_us() < until_us;
		const char *parameters[] = {whole->remote->name, whole->time, buf_text(&names),
			can_wait ? "true" : "false"};
		ok = try_note_fetch(database, parameters, &noted, err);
		if (ok && !noted && stop_wait_ms(look_ms))
			ok = err_fail(err, ERR_RETRY, "stopped");
	}
	buf_release(&names);
	return ok;
}

bool producer_note_fetch(void *context, const struct fetch_whole *whole, struct err *err)
{
	const struct config *config = context;
	struct database *database = NULL;
	if (!open_ledger(config, &database, err))
		return false;
	bool ok = (whole->again || note_vanished(database, config, whole->remote, err)) &&
		  note_fetch(database, whole, err);
	database_close(database);
	return ok;
}

/* ---- a file ---- */

void fetched_init(struct fetched *fetched, const struct config *config)
{
	*fetched = (struct fetched){.config = config};
	buf_init(&fetched->datasets, max_array);
	buf_init(&fetched->file_ids, max_array);
	buf_init(&fetched->chunks, max_array);
}

void fetched_release(struct fetched *fetched)
{
	buf_release(&fetched->datasets);
	buf_release(&fetched->file_ids);
	buf_release(&fetched->chunks);
	database_close(fetched->database);
	fetched->database = NULL;
}

void fetched_begin(struct fetched *fetched, const char *path)
{
	const struct remote *remote = fetched->config->recalculate.wait_for_sources
					      ? fetch_source_of(fetched->config, path)
					      : NULL;
	struct buf *const arrays[] = {&fetched->datasets, &fetched->file_ids, &fetched->chunks};
	fetched->source = remote ? remote->name : NULL;
	for (size_t i = 0; remote && i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		buf_clear(arrays[i]);
		array_begin(arrays[i]);
	}
}

void fetched_add(struct fetched *fetched, const struct publication_result *result)
{
	/* What was refused will not be loaded. */
	if (!fetched->source || result->quarantined || result->retracted)
		return;
	array_add(&fetched->datasets, result->dataset);
	array_add_int(&fetched->file_ids, result->file_id);
	array_add_int(&fetched->chunks, result->chunks);
}

static bool note_file(struct fetched *fetched, const char *path, struct err *err)
{
	array_end(&fetched->datasets);
	array_end(&fetched->file_ids);
	array_end(&fetched->chunks);
	if (fetched->chunks.overflow || fetched->datasets.overflow)
		return err_fail(err, ERR_FATAL, "%s holds too many files", path);
	if (!fetched->database && !open_ledger(fetched->config, &fetched->database, err))
		return false;
	const char *parameters[] = {fetched->source, file_name(path), buf_text(&fetched->datasets),
		buf_text(&fetched->file_ids), buf_text(&fetched->chunks)};
	return database_run(fetched->database,
		"SELECT penstock.note_fetched_file($1, $2, $3::text[], $4::bigint[], $5::bigint[])",
		parameters, 5, NULL, err);
}

bool fetched_note(struct fetched *fetched, const char *path, struct err *err)
{
	if (!fetched->source || note_file(fetched, path, err))
		return true;
	if (fetched->database && !database_usable(fetched->database)) {
		database_close(fetched->database);
		fetched->database = NULL;
	}
	return false;
}
