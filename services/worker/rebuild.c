/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built aside is what the ledger has, not what the archive could give: chunks that wait on a topic
 * belong to neither side. Rows go the way of any load, by its transcoder and COPY; then the best
 * version of each key is chosen by plain SQL, and compared with the table by row image.
 */
#include "worker/rebuild.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/stop.h"
#include "penstock_worker_sql.h"
#include "postgres/quote.h"
#include "worker/load.h"
#include "worker/rebuild_sql.h"

static const int64_t lock_wait_us = 120 * INT64_C(1000000);

struct rebuild {
	struct database *database;
	const struct dataset *dataset;
	struct loader *loader;
	struct rebuild_sql sql;
	bool open;
};

static const char *latest(const struct rebuild *rebuild)
{
	return rebuild->dataset->config->keep == KEEP_LATEST_FILE ? "true" : "false";
}

static bool run(struct rebuild *rebuild, const char *sql, struct err *err)
{
	return database_exec(rebuild->database, sql, err);
}

static bool begin(struct rebuild *rebuild, bool look, struct err *err)
{
	const char *isolation = look ? "BEGIN ISOLATION LEVEL REPEATABLE READ"
				     : "BEGIN ISOLATION LEVEL READ COMMITTED";
	return run(rebuild, isolation, err) && run(rebuild, sql_rebuild_begin, err) &&
	       target_check(rebuild->loader, err) && run(rebuild, rebuild->sql.make_stage, err);
}

bool rebuild_open(struct database *database, const struct dataset *dataset, bool look,
	struct rebuild **ret_rebuild, struct err *err)
{
	struct rebuild *rebuild = calloc(1, sizeof(*rebuild));
	if (!rebuild)
		BUG("out of memory");
	rebuild->database = database;
	rebuild->dataset = dataset;
	rebuild->loader = loader_new(database, dataset, "rebuild");
	rebuild->loader->dimensions.look = look;
	rebuild->open = true;
	rebuild_sql_make(dataset, &rebuild->loader->arena, &rebuild->sql);
	if (!begin(rebuild, look, err)) {
		rebuild_close(rebuild);
		return err_prefix(err, "dataset %s", dataset->config->name);
	}
	*ret_rebuild = rebuild;
	return true;
}

void rebuild_close(struct rebuild *rebuild)
{
	if (!rebuild)
		return;
	if (rebuild->open)
		database_rollback(rebuild->database);
	loader_free(rebuild->loader);
	free(rebuild);
}

bool rebuild_leave_out(struct rebuild *rebuild, int64_t file_id, const char *sha256,
	const char *name, const char *reason, struct err *err)
{
	char id[24];
	snprintf(id, sizeof(id), "%lld", (long long)file_id);
	const char *const values[] = {id, sha256, name, reason};
	return database_run(rebuild->database, sql_rebuild_leave_out, values, 4, NULL, err);
}

bool rebuild_wanted(struct rebuild *rebuild, struct database_rows **ret_files, struct err *err)
{
	const char *const values[] = {rebuild->dataset->config->name, latest(rebuild)};
	return database_query(rebuild->database, sql_rebuild_wanted, values, 2, ret_files, err);
}

/* ---- building aside ---- */

static bool check_same(
	const struct load_slot *slot, const struct database_rows *rows, size_t row, struct err *err)
{
	const struct chunk *chunk = &slot->item->chunk;
	if (database_int(rows, row, 2) == chunk->info.start &&
		database_int(rows, row, 3) == chunk->info.end &&
		strcmp(database_text(rows, row, 4), chunk->crc) == 0)
		return true;
	return err_fail(err, ERR_FATAL,
		"the archive does not hold what was loaded: chunk %lld of %s (file %lld) is bytes "
		"%lld to %lld with CRC %s, in the ledger it is bytes %lld to %lld with CRC %s",
		(long long)chunk->info.chunk, chunk->info.name, (long long)chunk->info.file_id,
		(long long)chunk->info.start, (long long)chunk->info.end, chunk->crc,
		(long long)database_int(rows, row, 2), (long long)database_int(rows, row, 3),
		database_text(rows, row, 4));
}

static bool query_known(struct load_batch *batch, struct database_rows **ret_rows, struct err *err)
{
	struct loader *loader = batch->loader;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++) {
		array_add_int(&loader->arrays[0], batch->slots[i].item->chunk.info.file_id);
		array_add_int(&loader->arrays[1], batch->slots[i].item->chunk.info.chunk);
	}
	const char *values[3] = {loader->dataset->config->name};
	return arrays_end(loader, 2, values + 1, err) &&
	       database_query(loader->database, sql_rebuild_known, values, 3, ret_rows, err);
}

static bool prepare(struct load_batch *batch, struct err *err)
{
	return lookups_note_new(batch, err) && writers_resolve(batch, err);
}

/* The rows of the only slot that the table refused when it was loaded: "4 17 18". */
static bool note_refused(
	struct load_batch *one, const char *row_numbers, struct row_set *set, struct err *err)
{
	struct loader *loader = one->loader;
	struct refusals *refusals = &loader->refusals;
	refusals->count = 0;
	if (!prepare(one, err) || !slot_decode(one, one->slots, err))
		return false;
	size_t index = 0;
	for (const char *at = row_numbers; *at;) {
		char *end;
		long long number = strtoll(at, &end, 10);
		while (index < loader->rows.count && loader->rows.row_numbers[index] < number)
			index++;
		if (index < loader->rows.count && loader->rows.row_numbers[index] == number)
			refusals_add(refusals, index);
		at = *end ? end + 1 : end;
	}
	set->except = refusals;
	return true;
}

static bool copy_slots(
	struct rebuild *rebuild, struct load_batch *batch, struct row_set *set, struct err *err)
{
	bool any = false;
	for (size_t i = 0; i < batch->count; i++)
		any = any || slot_has_rows(&batch->slots[i]);
	return !any ||
	       (prepare(batch, err) && copy_rows_into(batch, set, rebuild->sql.copy_stage, err));
}

/* A chunk that was refused rows is copied alone, and then out of the way of the others. */
static bool copy_refused(
	struct rebuild *rebuild, struct load_slot *slot, const char *row_numbers, struct err *err)
{
	struct load_batch one = {.loader = rebuild->loader, .slots = slot, .count = 1};
	struct row_set set = {.to = SIZE_MAX};
	if (!note_refused(&one, row_numbers, &set, err) || !copy_slots(rebuild, &one, &set, err))
		return false;
	slot->state = SLOT_KNOWN;
	return true;
}

static bool copy_known(struct rebuild *rebuild, struct load_batch *batch,
	const struct database_rows *rows, struct err *err)
{
	struct loader *loader = rebuild->loader;
	struct row_set all = {.to = SIZE_MAX};
	arrays_begin(loader);
	for (size_t i = 0; i < database_row_count(rows); i++) {
		struct load_slot *slot =
			batch_find(batch, database_int(rows, i, 0), database_int(rows, i, 1));
		if (!slot)
			BUG("the ledger answered with a chunk that was not asked for");
		const struct chunk_info *info = &slot->item->chunk.info;
		slot->state = SLOT_NEW;
		array_add_int(&loader->arrays[0], info->file_id);
		array_add_int(&loader->arrays[1], info->chunk);
		array_add_int(&loader->arrays[2], info->width);
		if (!check_same(slot, rows, i, err) ||
			(*database_text(rows, i, 5) &&
				!copy_refused(rebuild, slot, database_text(rows, i, 5), err)))
			return false;
	}
	const char *values[3];
	return copy_slots(rebuild, batch, &all, err) && arrays_end(loader, 3, values, err) &&
	       database_run(rebuild->database, sql_rebuild_built, values, 3, NULL, err);
}

bool rebuild_add(struct rebuild *rebuild, struct load_item *items, size_t count, int64_t *added,
	struct err *err)
{
	struct loader *loader = rebuild->loader;
	struct database_rows *rows = NULL;
	loader_fill_slots(loader, items, count);
	struct load_batch batch = {.loader = loader, .slots = loader->slots, .count = count};
	if (!query_known(&batch, &rows, err))
		return false;
	bool ok = copy_known(rebuild, &batch, rows, err);
	*added += (int64_t)database_row_count(rows);
	database_rows_free(rows);
	loader_shrink(loader);
	return ok;
}

/* ---- the lock ---- */

static const char end_silent_sql[] =
	"SELECT penstock.end_silent_workers($1,"
	" coalesce(nullif(current_setting('penstock.silence', true), ''), '60 s')::interval)";

/*
 * Each try is short: loads that begin queue up behind it, and in between a frozen worker's session
 * can be ended.
 */
bool rebuild_lock(struct rebuild *rebuild, struct err *err)
{
	const char *const values[] = {rebuild->dataset->config->name};
	int64_t deadline_us = clock_monotonic_us() + lock_wait_us;
	for (;;) {
		if (!run(rebuild, "SAVEPOINT penstock_lock; SET LOCAL lock_timeout TO '2s'", err))
			return false;
		if (database_run(rebuild->database, sql_rebuild_lock, values, 1, NULL, err))
			return run(rebuild, "SET LOCAL lock_timeout TO '10s'", err) &&
			       run(rebuild, rebuild->sql.lock_table, err);
		if (strcmp(err->native, "55P03") != 0 || clock_monotonic_us() > deadline_us ||
			stop_requested() ||
			!run(rebuild, "ROLLBACK TO SAVEPOINT penstock_lock", err) ||
			!database_run(rebuild->database, end_silent_sql, values, 1, NULL, err))
			return false;
	}
}

/* ---- comparing and applying ---- */

static bool read_differences(
	struct rebuild *rebuild, struct rebuild_difference *ret_difference, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(rebuild->database, sql_rebuild_differences, NULL, 0, &rows, err))
		return false;
	*ret_difference = (struct rebuild_difference){
		.missing = database_int(rows, 0, 0),
		.surplus = database_int(rows, 0, 1),
		.different = database_int(rows, 0, 2),
		.rows = database_int(rows, 0, 3),
		.files = database_int(rows, 0, 4),
	};
	database_rows_free(rows);
	fault_point("rebuild.compared");
	return true;
}

bool rebuild_is_additive(struct rebuild *rebuild, bool *ret_additive, struct err *err)
{
	const char *const values[] = {rebuild->dataset->config->name};
	struct database_rows *rows = NULL;
	*ret_additive = false;
	if (rebuild->dataset->config->keep != KEEP_ALL)
		return true;
	if (!database_query(rebuild->database, sql_rebuild_additive, values, 1, &rows, err))
		return false;
	*ret_additive = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

bool rebuild_take_out(
	struct rebuild *rebuild, struct rebuild_difference *ret_difference, struct err *err)
{
	return run(rebuild, rebuild->sql.take_out, err) &&
	       read_differences(rebuild, ret_difference, err);
}

bool rebuild_compare(
	struct rebuild *rebuild, struct rebuild_difference *ret_difference, struct err *err)
{
	return run(rebuild, rebuild->sql.expect, err) && run(rebuild, rebuild->sql.compare, err) &&
	       read_differences(rebuild, ret_difference, err);
}

bool rebuild_examples(
	struct rebuild *rebuild, int64_t limit, struct database_rows **ret_rows, struct err *err)
{
	char count[24];
	snprintf(count, sizeof(count), "%lld", (long long)limit);
	const char *const values[] = {rebuild->dataset->config->name, count};
	return database_query(rebuild->database, sql_rebuild_examples, values, 2, ret_rows, err);
}

/* A trigger, or somebody beside us, may keep a row from being changed. */
static bool change(struct rebuild *rebuild, const char *sql, int64_t wanted, struct err *err)
{
	int64_t changed = 0;
	if (wanted == 0)
		return true;
	if (!database_run(rebuild->database, sql, NULL, 0, &changed, err))
		return false;
	return changed == wanted ||
	       err_fail(err, ERR_RETRY,
		       "%lld of %lld rows of %s could be changed: a trigger keeps others, or "
		       "somebody changed them meanwhile; nothing was done",
		       (long long)changed, (long long)wanted, rebuild->loader->sql.target);
}

bool rebuild_apply(
	struct rebuild *rebuild, const struct rebuild_difference *difference, struct err *err)
{
	const char *const values[] = {rebuild->dataset->config->name, latest(rebuild)};
	if (!change(rebuild, rebuild->sql.remove, difference->surplus, err) ||
		!change(rebuild, rebuild->sql.replace, difference->different, err) ||
		!change(rebuild, rebuild->sql.add, difference->missing, err))
		return false;
	fault_point("rebuild.applied");
	if (!database_run(rebuild->database, sql_rebuild_mark, values, 2, NULL, err))
		return false;
	fault_point("rebuild.marked");
	return true;
}

bool rebuild_load(struct rebuild *rebuild, struct load_item *items, size_t count,
	int64_t *ret_refused, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int64_t refused = 0;
		int64_t completed = 0;
		if (!loader_load_within(rebuild->loader, &items[i], &refused, &completed, err))
			return false;
		*ret_refused += refused;
	}
	fault_point("rebuild.loaded");
	return true;
}

bool rebuild_commit(struct rebuild *rebuild, struct err *err)
{
	if (!run(rebuild, "COMMIT", err))
		return false;
	rebuild->open = false;
	fault_point("rebuild.committed");
	return true;
}
