/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/recover.h"

#include "base/stop.h"
#include "producer/backlog.h"

/* One dataset's look. */
struct look {
	struct recovery *recovery;
	struct backlog backlog;
};

void recovery_release(struct recovery *recovery)
{
	known_clear(&recovery->settled);
	known_clear(&recovery->seen);
	known_clear(&recovery->told);
}

static bool wanted(void *context, const char *sha256, int64_t repeat)
{
	const struct look *look = context;
	return !known_has(&look->recovery->settled, sha256, repeat);
}

static bool collect(void *context, const struct manifest *manifest, struct err *err)
{
	(void)err;
	struct look *look = context;
	struct recovery *recovery = look->recovery;
	if (manifest->state != PUBLICATION_PENDING) {
		known_add(&recovery->settled, manifest->sha256, manifest->repeat);
		return true;
	}
	bool due = !recovery->started ||
		   known_has(&recovery->seen, manifest->sha256, manifest->repeat);
	known_add(&recovery->seen, manifest->sha256, manifest->repeat);
	/* What is beyond the list is found at the next look. */
	bool listed = due && backlog_add(&look->backlog, manifest);
	(void)listed;
	return true;
}

static bool recover_dataset(struct publisher *publisher, struct look *look,
	void (*sent)(void *context, const struct publication_result *result),
	void (*failed)(void *context, const char *dataset, const struct err *err), void *context,
	struct err *err)
{
	struct backlog *backlog = &look->backlog;
	const char *name = backlog->dataset->config->name;
	const struct backlog_work work = {
		.expected = PUBLICATION_PENDING, .sent = sent, .context = context};
	struct err one;
	if (!manifest_each(publisher->archive, name, wanted, collect, look, &one) &&
		!look->recovery->started)
		failed(context, name, &one);
	backlog_sort(backlog);
	for (size_t i = 0; i < backlog->count && !stop_requested(); i++) {
		if (backlog_send(publisher, backlog, i, &work, &one))
			continue;
		if (one.class == ERR_RETRY) {
			*err = one;
			return false;
		}
		const struct backlog_item *item = &backlog->items[i];
		if (!known_has(&look->recovery->told, item->sha256, item->repeat))
			failed(context, name, &one);
		known_add(&look->recovery->told, item->sha256, item->repeat);
	}
	return true;
}

bool recover(struct publisher *publisher, struct recovery *recovery,
	void (*sent)(void *context, const struct publication_result *result),
	void (*failed)(void *context, const char *dataset, const struct err *err), void *context,
	struct err *err)
{
	const struct datasets *datasets = publisher->options->datasets;
	bool ok = true;
	for (size_t i = 0; ok && i < datasets->count && !stop_requested(); i++) {
		struct look look = {
			.recovery = recovery, .backlog = {.dataset = &datasets->items[i]}};
		ok = recover_dataset(publisher, &look, sent, failed, context, err);
		backlog_release(&look.backlog);
	}
	recovery->started = recovery->started || (ok && !stop_requested());
	return ok;
}
