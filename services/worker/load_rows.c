/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The new chunks' rows into the table. First a plain COPY, which is all that most datasets ever
 * need; keys that are there already lead to the merge path, and a dataset that conflicted goes
 * straight there for a while, longer each time.
 */
#include <stdint.h>
#include <string.h>

#include "base/fault.h"
#include "worker/load.h"

#define MIN_MERGE_SPAN 16
#define MAX_MERGE_SPAN 1024

void loader_note_conflict(struct loader *loader)
{
	unsigned span = loader->merge_span * 2;
	if (span < MIN_MERGE_SPAN)
		span = MIN_MERGE_SPAN;
	if (span > MAX_MERGE_SPAN)
		span = MAX_MERGE_SPAN;
	loader->merge_span = span;
	loader->merge_left = span;
}

/* What the dataset's configuration adds to the table of error classes. */
static void classify(const struct loader *loader, struct err *err)
{
	const struct dataset *dataset = loader->dataset;
	if (strcmp(err->native, "23502") == 0 &&
		schema_find_column(dataset->schema, err->detail) < 0)
		err->class = ERR_PAUSE;
	bool constraint = strcmp(err->native, "23503") == 0 || strcmp(err->native, "P0001") == 0;
	if (constraint && dataset->config->on_constraint == CONSTRAINT_REJECT)
		err->class = ERR_DATA;
}

static bool is_key_conflict(const struct loader *loader, const struct err *err)
{
	return strcmp(err->native, "23505") == 0 && strcmp(err->detail, loader->key_index) == 0;
}

/* Deferred constraints speak now, where a savepoint can still help. */
static bool check_deferred(struct loader *loader, struct err *err)
{
	return database_exec(loader->database, "SET CONSTRAINTS ALL IMMEDIATE", err);
}

bool rows_undo(struct load_batch *batch, struct err *err)
{
	return database_exec(batch->loader->database, "ROLLBACK TO SAVEPOINT penstock_rows", err);
}

static bool apply(struct load_batch *batch, const struct row_set *set, struct err *err)
{
	struct loader *loader = batch->loader;
	if (!batch->merge) {
		if (copy_rows_into(batch, set, loader->sql.copy_target, err))
			return check_deferred(loader, err);
		if (batch->again || !is_key_conflict(loader, err))
			return false;
		fault_point("loader.conflict");
		loader_note_conflict(loader);
		batch->merge = true;
		if (!rows_undo(batch, err))
			return false;
	}
	return merge_rows(batch, set, err) && check_deferred(loader, err);
}

/* Somebody may have taken rows out of a table of texts, by hand: then their keys are asked anew. */
static bool is_doubtful(const struct loader *loader, const struct err *err)
{
	return loader->dimensions.count > 0 && !loader->dimensions.doubted &&
	       strcmp(err->native, "23503") == 0;
}

bool rows_apply(struct load_batch *batch, const struct row_set *set, struct err *err)
{
	struct loader *loader = batch->loader;
	if (apply(batch, set, err))
		return true;
	if (!batch->again && is_doubtful(loader, err)) {
		loader->dimensions.doubted = true;
		dimensions_forget(&loader->dimensions);
		batch->again = true;
	}
	if (!batch->again)
		classify(loader, err);
	return false;
}

/* The only slot with rows; NULL when there are several. */
static struct load_slot *only_slot(struct load_batch *batch, size_t *ret_count)
{
	struct load_slot *only = NULL;
	size_t count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		if (!slot_has_rows(&batch->slots[i]))
			continue;
		only = &batch->slots[i];
		count++;
	}
	*ret_count = count;
	return count == 1 ? only : NULL;
}

static bool load_without_refused(struct load_batch *batch, struct load_slot *slot, struct err *err)
{
	struct loader *loader = batch->loader;
	const struct row_set good = {.to = SIZE_MAX, .except = &loader->refusals};
	/* Behind a row that was blamed in time there may be one the table would have refused later.
	 */
	for (int thorough = 0; thorough < 2; thorough++) {
		if (!rows_undo(batch, err) || !bisect_rows(batch, slot, thorough, err))
			return false;
		if (rows_apply(batch, &good, err))
			return true;
		if (err->class != ERR_DATA || batch->again)
			return false;
	}
	err_prefix(err, "the table refuses rows together that it takes one by one");
	err->class = ERR_PAUSE;
	return false;
}

bool rows_load(struct load_batch *batch, struct err *err)
{
	static const struct row_set all = {.to = SIZE_MAX};
	size_t count;
	struct load_slot *only = only_slot(batch, &count);
	if (count == 0)
		return true;
	if (!keys_take_over(batch, err) ||
		!database_exec(batch->loader->database, "SAVEPOINT penstock_rows", err))
		return false;
	bool good = rows_apply(batch, &all, err);
	if (!good && err->class == ERR_DATA && !batch->again && only)
		good = load_without_refused(batch, only, err);
	return good && keys_hold(batch, err);
}
