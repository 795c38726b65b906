/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load, from above: note the files, run the transaction's steps, mark what became complete. A
 * group in which the table refuses a row is loaded chunk by chunk. The ledger row of a chunk
 * commits with its rows, so whatever is cut off here is either all there or not at all.
 */
#include "worker/loader.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "worker/load.h"

#define MAX_ARRAY  (64u << 20)
#define MAX_TEXT   (1u << 20)
#define MAX_ROW	   (16u << 20)
#define KEPT_BYTES (1u << 20)

struct loader *loader_new(
	struct database *database, const struct dataset *dataset, const char *worker)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	if (!loader)
		BUG("out of memory");
	loader->database = database;
	loader->dataset = dataset;
	loader->worker = worker;
	arena_init(&loader->arena, 16u << 20);
	arena_init(&loader->refusals.reasons, 64u << 20);
	load_sql_make(dataset, &loader->arena, &loader->sql);
	for (size_t i = 0; i < LOAD_ARRAYS; i++)
		buf_init(&loader->arrays[i], MAX_ARRAY);
	buf_init(&loader->text, MAX_TEXT);
	buf_init(&loader->scratch, MAX_ROW);
	copy_rows_init(&loader->rows);
	dimensions_init(loader);
	return loader;
}

void loader_on_progress(struct loader *loader, void (*progress)(void *context), void *context)
{
	loader->progress = progress;
	loader->progress_context = context;
}

void loader_free(struct loader *loader)
{
	if (!loader)
		return;
	copy_rows_release(&loader->rows);
	dimensions_release(&loader->dimensions);
	buf_release(&loader->scratch);
	buf_release(&loader->text);
	for (size_t i = 0; i < LOAD_ARRAYS; i++)
		buf_release(&loader->arrays[i]);
	writers_release(&loader->writers);
	arena_release(&loader->refusals.reasons);
	free(loader->refusals.items);
	free(loader->slots);
	arena_release(&loader->arena);
	free(loader);
}

/* Missing: a table or its schema. */
static void explain_missing(const struct loader *loader, struct err *err)
{
	if (strcmp(err->native, "42P01") == 0 || strcmp(err->native, "3F000") == 0)
		err_prefix(err, "dataset %s lacks a table, `penstock init` makes it",
			loader->dataset->config->name);
}

static bool look_up(struct load_batch *batch, struct err *err)
{
	if (lookups_note(batch, err))
		return true;
	explain_missing(batch->loader, err);
	return false;
}

static bool begin(struct load_batch *batch, struct err *err)
{
	const struct loader *loader = batch->loader;
	if (database_exec(loader->database, loader->sql.begin, err))
		return true;
	explain_missing(loader, err);
	return false;
}

static bool check_target(struct load_batch *batch, struct err *err)
{
	return target_check(batch->loader, err);
}

static bool commit(struct load_batch *batch, struct err *err)
{
	return database_exec(batch->loader->database, "COMMIT", err);
}

static const struct {
	bool (*run)(struct load_batch *batch, struct err *err);
	const char *done; /* the fault point behind it */
	bool frame;	  /* of the transaction: somebody else's where the load is a part of it */
} steps[] = {
	{files_note, "loader.noted", false},
	{look_up, "loader.looked_up", false},
	{begin, "loader.begun", true},
	{files_read, "loader.files", false},
	{check_target, "loader.target", false},
	{lookups_check, "loader.lookups", false},
	{ledger_insert, "loader.ledger", false},
	{writers_resolve, "loader.writers", false},
	{rows_load, "loader.rows", false},
	{rejects_store, "loader.rejects", false},
	{ledger_count, "loader.counted", false},
	{commit, "loader.committed", true},
};

static bool run_steps(struct load_batch *batch, struct err *err)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].frame && batch->within)
			continue;
		if (!steps[i].run(batch, err))
			return false;
		fault_point(steps[i].done);
	}
	return true;
}

/* True when there is anything to do. */
static bool start_anew(struct load_batch *batch)
{
	bool any = false;
	batch->again = false;
	batch->merge = batch->loader->merge_left > 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct load_slot *slot = &batch->slots[i];
		if (slot->state == SLOT_DEAD)
			continue;
		*slot = (struct load_slot){.item = slot->item, .state = SLOT_WAITING};
		any = true;
	}
	return any;
}

/* A role, a database or the conninfo's `options` may set penstock.silence. */
static const char end_silent_sql[] =
	"SELECT penstock.end_silent_workers($1,"
	" coalesce(nullif(current_setting('penstock.silence', true), ''), '60 s')::interval)";

/* What the next try should know, or what keeps it from succeeding. */
static void learn(struct loader *loader, const struct err *err)
{
	if (strcmp(err->native, "40P01") == 0)
		loader_note_conflict(loader);
	if (strcmp(err->native, "55P03") != 0 || !database_usable(loader->database))
		return;
	const char *const values[] = {loader->dataset->config->name};
	struct err ignored; /* the load failed already, with the better message */
	if (!database_run(loader->database, end_silent_sql, values, 1, NULL, &ignored))
		database_rollback(loader->database);
}

static void note_success(struct load_batch *batch)
{
	struct loader *loader = batch->loader;
	if (batch->merge && loader->merge_left > 0)
		loader->merge_left--;
	else
		loader->merge_span /= 2;
}

/* Each turn but the last loses a dead chunk, or finds that the ledger was emptied meanwhile. */
static bool load_batch(struct load_batch *batch, bool *ret_merged, struct err *err)
{
	for (size_t turn = 0; start_anew(batch); turn++) {
		if (run_steps(batch, err)) {
			note_success(batch);
			*ret_merged |= batch->merge;
			return true;
		}
		database_rollback(batch->loader->database);
		if (!batch->again || turn > batch->count)
			return false;
	}
	return true;
}

static bool load_singly(struct load_batch *batch, bool *ret_merged, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct load_batch one = {
			.loader = batch->loader, .slots = &batch->slots[i], .count = 1};
		if (!load_batch(&one, ret_merged, err))
			return false;
	}
	return true;
}

static int compare_slots(const void *left, const void *right)
{
	const struct load_item *a = ((const struct load_slot *)left)->item;
	const struct load_item *b = ((const struct load_slot *)right)->item;
	const int64_t pairs[][2] = {{a->chunk.info.file_id, b->chunk.info.file_id},
		{a->chunk.info.chunk, b->chunk.info.chunk}, {a->partition, b->partition},
		{a->offset, b->offset}};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i][0] != pairs[i][1])
			return pairs[i][0] < pairs[i][1] ? -1 : 1;
	return 0;
}

void loader_fill_slots(struct loader *loader, struct load_item *items, size_t count)
{
	if (count > loader->slot_capacity) {
		loader->slots = realloc(loader->slots, count * sizeof(*loader->slots));
		if (!loader->slots)
			BUG("out of memory");
		loader->slot_capacity = count;
	}
	for (size_t i = 0; i < count; i++)
		loader->slots[i] = (struct load_slot){.item = &items[i]};
	qsort(loader->slots, count, sizeof(*loader->slots), compare_slots);
	loader->decoded = NULL;
}

static void tell(const struct load_batch *batch, struct load_totals *totals)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct load_slot *slot = &batch->slots[i];
		struct load_item *item = slot->item;
		if (slot->state == SLOT_DEAD) {
			item->outcome = LOAD_DEAD;
			continue;
		}
		item->outcome =
			slot->state == SLOT_NEW && !slot->stale ? LOAD_APPLIED : LOAD_SKIPPED;
		if (item->outcome == LOAD_SKIPPED)
			continue;
		int64_t rows = item->chunk.info.rows - slot->refused;
		totals->chunks++;
		totals->rows += rows;
		totals->rejects += item->chunk.reject_count + slot->refused;
		totals->replaced += rows - slot->fresh;
	}
}

/* One large group must not keep its memory for good. */
void loader_shrink(struct loader *loader)
{
	for (size_t i = 0; i < LOAD_ARRAYS; i++) {
		buf_clear(&loader->arrays[i]);
		buf_trim(&loader->arrays[i], KEPT_BYTES);
	}
	buf_clear(&loader->scratch);
	buf_trim(&loader->scratch, KEPT_BYTES);
	arena_clear(&loader->refusals.reasons);
}

bool loader_load_within(struct loader *loader, struct load_item *item, int64_t *ret_refused,
	int64_t *ret_completed, struct err *err)
{
	loader_fill_slots(loader, item, 1);
	struct load_batch batch = {
		.loader = loader, .slots = loader->slots, .count = 1, .within = true};
	/* The next chunk of the transaction may need a table of this name, too. */
	bool ok = start_anew(&batch) && run_steps(&batch, err) &&
		  database_exec(
			  loader->database, "DROP TABLE IF EXISTS pg_temp.penstock_stage", err) &&
		  files_complete(&batch, ret_completed, err);
	if (ok)
		*ret_refused = loader->slots[0].refused;
	loader_shrink(loader);
	return ok;
}

bool loader_load(struct loader *loader, struct load_item *items, size_t count,
	struct load_totals *ret_totals, struct err *err)
{
	struct load_totals totals = {0};
	struct err why;
	loader->dimensions.doubted = false;
	loader_fill_slots(loader, items, count);
	struct load_batch batch = {.loader = loader, .slots = loader->slots, .count = count};
	bool good = load_batch(&batch, &totals.merged, &why);
	if (!good && why.class == ERR_DATA && count > 1)
		good = load_singly(&batch, &totals.merged, &why);
	good = good && files_complete(&batch, &totals.files_completed, &why);
	loader_shrink(loader);
	if (!good) {
		if (why.class == ERR_DATA) /* not a row's doing: no row is left to blame */
			why.class = ERR_PAUSE;
		learn(loader, &why);
		if (err)
			*err = why;
		return false;
	}
	fault_point("loader.completed");
	tell(&batch, &totals);
	*ret_totals = totals;
	return true;
}
