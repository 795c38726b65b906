/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows whose keys may be in the table already: into a temporary table with the target's
 * constraints, so that both paths refuse the same rows; there the best version of each key is
 * chosen; then one merge in key order, so that workers lock rows in the same order.
 */
#include "base/text.h"
#include "postgres/quote.h"
#include "worker/load.h"

static void add_chunks(struct load_batch *batch)
{
	struct loader *loader = batch->loader;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++) {
		struct load_slot *slot = &batch->slots[i];
		if (!slot_has_rows(slot))
			continue;
		const struct chunk_info *info = &slot->item->chunk.info;
		slot->fresh = 0;
		array_add_int(&loader->arrays[0], info->file_id);
		array_add_int(&loader->arrays[1], info->chunk);
		array_add_int(&loader->arrays[2], info->first);
	}
}

static void note_fresh(struct load_batch *batch, const struct database_rows *rows)
{
	for (size_t i = 0; i < database_row_count(rows); i++) {
		struct load_slot *slot =
			batch_find(batch, database_int(rows, i, 0), database_int(rows, i, 1));
		while (slot && !slot_has_rows(slot))
			slot = batch_next_same(batch, slot);
		if (!slot)
			BUG("the merge answered with a chunk that is not in the batch");
		slot->fresh = database_int(rows, i, 2);
	}
}

static bool check_swallowed(struct loader *loader, struct err *err)
{
	struct database_rows *rows;
	if (!database_query(loader->database, loader->sql.swallowed, NULL, 0, &rows, err))
		return false;
	int64_t swallowed = database_int(rows, 0, 0);
	char count[64];
	text_format_counted(count, swallowed, "row");
	database_rows_free(rows);
	return swallowed == 0 ||
	       err_fail(err, ERR_PAUSE,
		       "%s did not take %s, without an error: a trigger drops rows, which would be"
		       " lost without a trace",
		       loader->sql.target, count);
}

bool merge_rows(struct load_batch *batch, const struct row_set *set, struct err *err)
{
	struct loader *loader = batch->loader;
	if (!database_exec(loader->database, loader->sql.make_stage, err) ||
		!copy_rows_into(batch, set, loader->sql.copy_stage, err))
		return false;
	const char *values[3];
	struct database_rows *rows;
	add_chunks(batch);
	if (!arrays_end(loader, 3, values, err) ||
		!database_query(loader->database, loader->sql.merge, values, 3, &rows, err))
		return false;
	note_fresh(batch, rows);
	database_rows_free(rows);
	return !loader->guarded || check_swallowed(loader, err);
}
