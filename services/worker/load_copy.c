/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One COPY for all new chunks of a batch. A chunk is decoded whole, with its counts checked, before
 * its first row is sent.
 */
#include <stdio.h>

#include "worker/load.h"

bool slot_has_rows(const struct load_slot *slot)
{
	return slot->state == SLOT_NEW && !slot->stale && slot->item->chunk.info.rows > 0;
}

/* A chunk that does not decode is dead; the others start anew without it. */
bool slot_decode(struct load_batch *batch, struct load_slot *slot, struct err *err)
{
	struct loader *loader = batch->loader;
	if (loader->decoded == slot)
		return true;
	loader->decoded = NULL;
	struct err why;
	if (transcoder_chunk(slot->transcoder, &slot->item->chunk, &loader->rows, &why)) {
		loader->decoded = slot;
		return true;
	}
	slot->state = SLOT_DEAD;
	slot->item->stage = "decode";
	snprintf(slot->item->reason, sizeof(slot->item->reason), "%.*s",
		(int)sizeof(slot->item->reason) - 1, why.message);
	batch->again = true;
	return err_fail(err, ERR_DATA, "%s", why.message);
}

static bool send(struct loader *loader, size_t from, size_t to, struct err *err)
{
	if (from >= to)
		return true;
	uint32_t start = loader->rows.starts[from];
	return database_copy_data(loader->database, loader->rows.bytes.data + start,
		loader->rows.starts[to] - start, err);
}

/* The runs between the rows left out. */
static bool send_set(
	struct loader *loader, const struct row_set *set, int64_t *ret_sent, struct err *err)
{
	size_t from = set->from;
	size_t to = set->to < loader->rows.count ? set->to : loader->rows.count;
	int64_t sent = (int64_t)(to - from);
	for (size_t i = 0; set->except && i < set->except->count; i++) {
		size_t index = set->except->items[i].index;
		if (!send(loader, from, index, err))
			return false;
		from = index + 1;
		sent--;
	}
	*ret_sent = sent;
	return send(loader, from, to, err);
}

static bool send_slots(
	struct load_batch *batch, const struct row_set *set, int64_t *ret_sent, struct err *err)
{
	struct loader *loader = batch->loader;
	int64_t all = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct load_slot *slot = &batch->slots[i];
		if (!slot_has_rows(slot))
			continue;
		if (!slot_decode(batch, slot, err) || !lookups_judge(batch, set, err) ||
			!send_set(loader, set, &slot->fresh, err))
			return false;
		all += slot->fresh;
	}
	*ret_sent = all;
	return database_copy_data(
		loader->database, copy_binary_trailer, sizeof(copy_binary_trailer), err);
}

/* Of a batch with one chunk; rows left out of the set are not asked for. */
static void note_blamed(struct loader *loader, const struct row_set *set)
{
	int64_t row = database_copy_row(loader->database);
	if (row > 0 && !set->except)
		loader->blamed = set->from + (size_t)row - 1;
}

bool copy_rows_into(
	struct load_batch *batch, const struct row_set *set, const char *sql, struct err *err)
{
	struct loader *loader = batch->loader;
	int64_t sent = 0;
	int64_t taken = 0;
	loader->blamed = SIZE_MAX;
	if (!database_copy_start(loader->database, sql, err))
		return false;
	if (!database_copy_data(
		    loader->database, copy_binary_header, sizeof(copy_binary_header), err) ||
		!send_slots(batch, set, &sent, err)) {
		database_copy_abort(loader->database, "penstock gave up");
		return false;
	}
	if (!database_copy_end(loader->database, &taken, err)) {
		note_blamed(loader, set);
		return false;
	}
	if (taken != sent)
		return err_fail(err, ERR_PAUSE,
			"%s took %lld of %lld rows without an error: a trigger drops rows, which"
			" would be lost without a trace",
			loader->sql.target, (long long)taken, (long long)sent);
	return true;
}
