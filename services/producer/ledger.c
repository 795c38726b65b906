/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "penstock_producer_sql.h"
#include "postgres/quote.h"
#include "producer/producer.h"

static const int64_t connect_ms = 3000;
static const int64_t statement_ms = 5000;

bool ledger_note_quarantine(
	struct database *database, const struct manifest *manifest, struct err *err)
{
	char file_id[24];
	snprintf(file_id, sizeof(file_id), "%" PRId64, manifest->file_id);
	const char *parameters[] = {manifest->dataset, file_id, manifest->sha256, manifest->name,
		manifest->reason, publication_state_name(manifest->state)};
	return database_run(database, sql_producer_quarantine, parameters, 6, NULL, err);
}

void ledger_try_note_quarantine(const struct config *config, const struct manifest *manifest)
{
	if (!config->postgres_configured)
		return;
	const struct database_options options = {.conninfo = config->postgres,
		.application = "penstock producer",
		.connect_ms = connect_ms,
		.statement_ms = statement_ms};
	struct database *database = NULL;
	struct err err;
	if (!database_open(&options, &database, &err))
		return;
	bool noted = ledger_note_quarantine(database, manifest, &err);
	(void)noted; /* repair notes it later */
	database_close(database);
}

/* ---- repair ---- */

static int64_t find(const struct ledger_wanted *wanted, size_t count, int64_t file_id)
{
	for (size_t i = 0; i < count; i++)
		if (wanted[i].file_id == file_id)
			return (int64_t)i;
	return -1;
}

bool ledger_find_missing(struct database *database, const char *dataset,
	struct ledger_wanted *wanted, size_t count, struct err *err)
{
	struct buf ids;
	struct buf chunks;
	buf_init(&ids, 1 << 20);
	buf_init(&chunks, 1 << 20);
	array_begin(&ids);
	array_begin(&chunks);
	for (size_t i = 0; i < count; i++) {
		array_add_int(&ids, wanted[i].file_id);
		array_add_int(&chunks, wanted[i].chunks);
	}
	array_end(&ids);
	array_end(&chunks);
	const char *parameters[] = {dataset, buf_text(&ids), buf_text(&chunks)};
	struct database_rows *rows = NULL;
	bool ok = database_query(database, sql_producer_missing, parameters, 3, &rows, err);
	buf_release(&ids);
	buf_release(&chunks);
	if (!ok)
		return false;
	for (size_t i = 0; i < count; i++)
		wanted[i].missing = false;
	for (size_t row = 0; row < database_row_count(rows); row++) {
		int64_t at = find(wanted, count, database_int(rows, row, 0));
		if (at >= 0)
			wanted[at].missing = true;
	}
	database_rows_free(rows);
	return true;
}

bool ledger_count_files(struct database *database, const char *dataset, int64_t file_id,
	int64_t *ret_count, struct err *err)
{
	char id[24];
	snprintf(id, sizeof(id), "%" PRId64, file_id);
	const char *parameters[] = {dataset, id};
	struct database_rows *rows = NULL;
	if (!database_query(database, sql_producer_count, parameters, 2, &rows, err))
		return false;
	*ret_count = database_int(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

/* ---- publish --wait ---- */

static void copy_reason(char *to, size_t size, const char *reason)
{
	text_copy(to, size, reason ? reason : "");
}

bool publication_progress_read(struct database *database, const char *dataset, int64_t file_id,
	int64_t chunks, struct publication_progress *ret_progress, struct err *err)
{
	char id[24];
	snprintf(id, sizeof(id), "%" PRId64, file_id);
	const char *parameters[] = {dataset, id};
	struct database_rows *rows = NULL;
	if (!database_query(database, sql_producer_progress, parameters, 2, &rows, err))
		return false;
	const char *state = database_text(rows, 0, 0);
	struct publication_progress progress = {
		.chunks = database_int(rows, 0, 1) + database_int(rows, 0, 4),
		.rows = database_int(rows, 0, 2),
		.rejects = database_int(rows, 0, 3),
		.dead_letters = database_int(rows, 0, 4),
	};
	progress.complete = strcmp(state, "loading") != 0 || database_int(rows, 0, 1) >= chunks;
	copy_reason(progress.paused, sizeof(progress.paused), database_text(rows, 0, 5));
	copy_reason(progress.stopped, sizeof(progress.stopped), database_text(rows, 0, 6));
	database_rows_free(rows);
	*ret_progress = progress;
	return true;
}
