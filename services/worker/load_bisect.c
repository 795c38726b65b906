/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of a chunk does the table refuse? Stretches of it are tried and undone. Mostly COPY
 * tells at which row it failed, and the next stretch begins behind that; where it does not, or has
 * let a bad row pass unseen, halves are tried until each bad row stands alone. The good ones are
 * then loaded together, by the same path as any chunk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/load.h"

#define MAX_REASON 400

struct refusal *refusals_add(struct refusals *refusals, size_t index)
{
	if (refusals->count == refusals->capacity) {
		refusals->capacity = refusals->capacity ? refusals->capacity * 2 : 64;
		refusals->items =
			realloc(refusals->items, refusals->capacity * sizeof(*refusals->items));
		if (!refusals->items)
			BUG("out of memory");
	}
	struct refusal *refusal = &refusals->items[refusals->count++];
	*refusal = (struct refusal){.index = index};
	return refusal;
}

static void refuse(struct refusals *refusals, size_t index, const struct err *why)
{
	struct refusal *refusal = refusals_add(refusals, index);
	memcpy(refusal->native, why->native, sizeof(refusal->native) - 1);
	memcpy(refusal->blamed, why->detail, sizeof(refusal->blamed));
	refusal->reason = arena_printf(
		&refusals->reasons, "%.5s: %.*s", why->native, MAX_REASON, why->message);
}

static bool note_row(struct load_batch *batch, size_t index, struct err *err)
{
	struct refusals *refusals = &batch->loader->refusals;
	if (refusals->count == MAX_REFUSED_ROWS) {
		err->class = ERR_PAUSE;
		return err_prefix(
			err, "more than %d rows of one chunk are refused", MAX_REFUSED_ROWS);
	}
	refuse(refusals, index, err);
	return true;
}

/* False where it is no row's doing; else all is undone, and err says what is wrong if not good. */
static bool try_rows(
	struct load_batch *batch, size_t from, size_t to, bool *ret_good, struct err *err)
{
	const struct loader *loader = batch->loader;
	const struct row_set set = {.from = from, .to = to};
	struct err why;
	if (loader->progress)
		loader->progress(loader->progress_context);
	bool good = rows_apply(batch, &set, err);
	if (!good && (err->class != ERR_DATA || batch->again))
		return false;
	if (!rows_undo(batch, &why)) {
		*err = why;
		return false;
	}
	*ret_good = good;
	return true;
}

/* `bad`: a row in [from, to) is known to be. *ret_bad: whether one was found. */
static bool search(
	struct load_batch *batch, size_t from, size_t to, bool bad, bool *ret_bad, struct err *err)
{
	if (!bad || to - from == 1) {
		bool good = false;
		if (!try_rows(batch, from, to, &good, err))
			return false;
		if (good || to - from == 1) {
			*ret_bad = !good;
			return good || note_row(batch, from, err);
		}
	}
	size_t middle = from + (to - from) / 2;
	bool left = false;
	bool right = false;
	if (!search(batch, from, middle, false, &left, err) ||
		!search(batch, middle, to, !left, &right, err))
		return false;
	*ret_bad = left || right;
	return true;
}

/* A stretch that failed; *next becomes where the next one begins, its end at first. */
static bool find_bad(struct load_batch *batch, size_t from, size_t *next, struct err *err)
{
	size_t blamed = batch->loader->blamed;
	bool found = false;
	if (blamed < from || blamed >= *next)
		return search(batch, from, *next, true, &found, err);
	*next = blamed + 1;
	return note_row(batch, blamed, err);
}

/* A stretch reaches somewhat beyond the distance between the bad rows found last. */
static bool search_told(struct load_batch *batch, size_t count, struct err *err)
{
	size_t span = count;
	for (size_t from = 0; from < count;) {
		size_t next = count - from < span ? count : from + span;
		bool good = false;
		if (!try_rows(batch, from, next, &good, err) ||
			(!good && !find_bad(batch, from, &next, err)))
			return false;
		span = (next - from) * 4;
		from = next;
	}
	return true;
}

/* All rows for one reason: not the rows are sick, but what they were sent into. */
static bool check_some_are_good(
	const struct loader *loader, const struct load_slot *slot, struct err *err)
{
	const struct refusals *refusals = &loader->refusals;
	const struct chunk_info *info = &slot->item->chunk.info;
	if (info->rows < 2 || refusals->count != (size_t)info->rows)
		return true;
	for (size_t i = 1; i < refusals->count; i++)
		if (strcmp(refusals->items[i].native, refusals->items[0].native) != 0 ||
			strcmp(refusals->items[i].blamed, refusals->items[0].blamed) != 0)
			return true;
	return err_fail(err, ERR_PAUSE,
		"dataset %s: table %s refuses all %lld rows of chunk %lld of %s for one reason: %s",
		loader->dataset->config->name, loader->sql.target, (long long)info->rows,
		(long long)info->chunk, info->name, refusals->items[0].reason);
}

bool bisect_rows(struct load_batch *batch, struct load_slot *slot, bool thorough, struct err *err)
{
	struct refusals *refusals = &batch->loader->refusals;
	size_t count = (size_t)slot->item->chunk.info.rows;
	bool found = false;
	refusals->count = 0;
	arena_clear(&refusals->reasons);
	if (thorough ? !search(batch, 0, count, true, &found, err)
		     : !search_told(batch, count, err))
		return false;
	slot->refused = (int64_t)refusals->count;
	return check_some_are_good(batch->loader, slot, err);
}
