/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/backlog.h"

#include <stdio.h>
#include <stdlib.h>

#include "producer/send.h"

static const size_t max_items = 20000;

void backlog_release(struct backlog *backlog)
{
	free(backlog->items);
	*backlog = (struct backlog){.dataset = backlog->dataset};
}

bool backlog_add(struct backlog *backlog, const struct manifest *manifest)
{
	if (backlog->count == max_items)
		return false;
	if (backlog->count == backlog->capacity) {
		size_t capacity = backlog->capacity ? backlog->capacity * 2 : 64;
		struct backlog_item *items =
			realloc(backlog->items, capacity * sizeof(*backlog->items));
		if (!items)
			abort();
		backlog->items = items;
		backlog->capacity = capacity;
	}
	struct backlog_item *item = &backlog->items[backlog->count++];
	*item = (struct backlog_item){.repeat = manifest->repeat,
		.file_id = manifest->file_id,
		.chunks = manifest->chunks,
		.rounds = manifest->rounds};
	snprintf(item->sha256, sizeof(item->sha256), "%s", manifest->sha256);
	return true;
}

static int by_file_id(const void *a, const void *b)
{
	const struct backlog_item *x = a;
	const struct backlog_item *y = b;
	return (x->file_id > y->file_id) - (x->file_id < y->file_id);
}

void backlog_sort(struct backlog *backlog)
{
	if (backlog->count)
		qsort(backlog->items, backlog->count, sizeof(*backlog->items), by_file_id);
}

static bool is_wanted(const struct backlog_work *work, const struct backlog_item *item,
	const struct manifest *manifest)
{
	return manifest->state == work->expected && manifest->rounds == item->rounds &&
	       (!work->wanted || work->wanted(work->context, manifest));
}

bool backlog_send(struct publisher *publisher, const struct backlog *backlog, size_t at,
	const struct backlog_work *work, struct err *err)
{
	const struct backlog_item *item = &backlog->items[at];
	struct manifest manifest;
	manifest_init(&manifest);
	bool found = false;
	bool ok = manifest_load(publisher->archive, backlog->dataset->config->name, item->sha256,
		item->repeat, &manifest, &found, err);
	if (ok && found && is_wanted(work, item, &manifest)) {
		ok = publication_send(publisher, &manifest, err);
		if (ok) {
			struct publication_result result;
			publication_result_fill(&manifest, false, &result);
			work->sent(work->context, &result);
		}
	}
	manifest_release(&manifest);
	return ok;
}
