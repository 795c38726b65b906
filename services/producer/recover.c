/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/recover.h"

#include "base/stop.h"
#include "producer/backlog.h"

static bool collect(void *context, const struct manifest *manifest, struct err *err)
{
	(void)err;
	struct backlog *backlog = context;
	if (manifest->state != PUBLICATION_PENDING)
		return true;
	/* What is beyond the list is found at the next start. */
	bool listed = backlog_add(backlog, manifest);
	(void)listed;
	return true;
}

static bool recover_dataset(struct publisher *publisher, struct backlog *backlog,
	void (*sent)(void *context, const struct publication_result *result),
	void (*failed)(void *context, const char *dataset, const struct err *err), void *context,
	struct err *err)
{
	const char *name = backlog->dataset->config->name;
	const struct backlog_work work = {
		.expected = PUBLICATION_PENDING, .sent = sent, .context = context};
	struct err one;
	if (!manifest_each(publisher->archive, name, NULL, collect, backlog, &one))
		failed(context, name, &one);
	backlog_sort(backlog);
	for (size_t i = 0; i < backlog->count && !stop_requested(); i++) {
		if (backlog_send(publisher, backlog, i, &work, &one))
			continue;
		if (one.class == ERR_RETRY) {
			*err = one;
			return false;
		}
		failed(context, name, &one);
	}
	return true;
}

bool recover(struct publisher *publisher,
	void (*sent)(void *context, const struct publication_result *result),
	void (*failed)(void *context, const char *dataset, const struct err *err), void *context,
	struct err *err)
{
	const struct datasets *datasets = publisher->options->datasets;
	bool ok = true;
	for (size_t i = 0; ok && i < datasets->count; i++) {
		struct backlog backlog = {.dataset = &datasets->items[i]};
		ok = recover_dataset(publisher, &backlog, sent, failed, context, err);
		backlog_release(&backlog);
	}
	return ok;
}
