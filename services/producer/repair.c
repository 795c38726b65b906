/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/repair.h"

#include <stdlib.h>
#include <string.h>

#include "base/stop.h"
#include "producer/backlog.h"
#include "producer/known.h"
#include "producer/ledger.h"

static const int64_t kafka_ms = 10000;
static const int64_t statement_ms = 60000;
#define BATCH 500

/* What needs no second look, and the newest of it. */
struct settled {
	struct known known;
	int64_t newest;
};

struct repair {
	struct publisher *publisher;
	struct settled *settled; /* one per dataset, and one for what has none */
};

/* Where a topic and the group stand, by partition. */
struct standing {
	struct kafka_partition *committed;
	struct kafka_partition *starts;
	struct kafka_partition *ends;
	int32_t count;
};

/* One dataset's pass. */
struct pass {
	struct publisher *publisher;
	struct database *database;
	struct settled *settled;
	struct standing standing;
	struct backlog backlog;
	bool full;   /* more candidates than one pass takes */
	bool failed; /* something of this dataset cannot be sent or read: `first` */
	struct err first;
	void (*repaired)(void *context, const struct publication_result *result);
	void *context;
};

struct repair *repair_new(struct publisher *publisher)
{
	struct repair *repair = calloc(1, sizeof(*repair));
	size_t count = publisher->options->datasets->count;
	if (!repair || !(repair->settled = calloc(count + 1, sizeof(*repair->settled))))
		abort();
	repair->publisher = publisher;
	return repair;
}

void repair_free(struct repair *repair)
{
	if (!repair)
		return;
	for (size_t i = 0; i <= repair->publisher->options->datasets->count; i++)
		known_clear(&repair->settled[i].known);
	free(repair->settled);
	free(repair);
}

/* ---- Kafka's side ---- */

static void standing_release(struct standing *standing)
{
	free(standing->committed);
	*standing = (struct standing){0};
}

static void standing_init(struct standing *standing, const char *topic, int32_t count)
{
	size_t n = (size_t)count;
	standing->committed = calloc(3 * n, sizeof(*standing->committed));
	if (!standing->committed)
		abort();
	standing->starts = standing->committed + n;
	standing->ends = standing->starts + n;
	standing->count = count;
	for (size_t i = 0; i < 3 * n; i++)
		standing->committed[i] =
			(struct kafka_partition){topic, (int32_t)(i % n), KAFKA_NO_OFFSET};
}

/* Committed offsets first: one that is beyond the end afterwards is no race, but stale. */
static bool read_standing(struct pass *pass, struct err *err)
{
	struct kafka_admin *admin = pass->publisher->admin;
	const char *topic = pass->backlog.dataset->topic;
	int32_t count = 0;
	if (!kafka_admin_partitions(admin, topic, kafka_ms, &count, err))
		return false;
	if (count == 0)
		return err_fail(
			err, ERR_FATAL, "topic %s does not exist: run 'penstock init'", topic);
	struct standing *standing = &pass->standing;
	standing_release(standing);
	standing_init(standing, topic, count);
	size_t n = (size_t)count;
	return kafka_admin_committed(admin, standing->committed, n, kafka_ms, err) &&
	       kafka_admin_starts(admin, standing->starts, n, kafka_ms, err) &&
	       kafka_admin_ends(admin, standing->ends, n, kafka_ms, err);
}

/*
 * The offset of the next message the group gets. A committed one outside of what the topic holds
 * (records deleted or expired, the topic made anew) sends its workers to the first there is.
 */
static int64_t next_offset(const struct standing *standing, int32_t partition)
{
	int64_t committed = standing->committed[partition].offset;
	int64_t start = standing->starts[partition].offset;
	return committed < start || committed > standing->ends[partition].offset ? start
										 : committed;
}

/* Whether no worker can still get a chunk of it from Kafka. */
static bool is_past(void *context, const struct manifest *manifest)
{
	const struct pass *pass = context;
	const struct standing *standing = &pass->standing;
	if (strcmp(manifest->topic, pass->backlog.dataset->topic) != 0)
		return true; /* the workers read another topic by now */
	for (size_t i = 0; i < manifest->partition_count; i++) {
		const struct manifest_partition *sent = &manifest->partitions[i];
		if (sent->partition >= standing->count)
			continue; /* the topic was made anew with fewer partitions */
		if (next_offset(standing, sent->partition) <= sent->offset &&
			standing->ends[sent->partition].offset > sent->offset)
			return false;
	}
	return true;
}

/* ---- the pass ---- */

static void note_failure(struct pass *pass, const struct err *err)
{
	if (!pass->failed)
		pass->first = *err;
	pass->failed = true;
}

static void settle(struct pass *pass, const char *sha256, int64_t repeat, int64_t file_id)
{
	known_add(&pass->settled->known, sha256, repeat);
	if (file_id > pass->settled->newest)
		pass->settled->newest = file_id;
}

static bool wanted(void *context, const char *sha256, int64_t repeat)
{
	const struct pass *pass = context;
	return !known_has(&pass->settled->known, sha256, repeat);
}

static bool visit(void *context, const struct manifest *manifest, struct err *err)
{
	struct pass *pass = context;
	if (manifest->state >= PUBLICATION_QUARANTINED) {
		if (!ledger_note_quarantine(pass->database, manifest, err))
			return false;
		settle(pass, manifest->sha256, manifest->repeat, manifest->file_id);
	} else if (manifest->state == PUBLICATION_SENT && is_past(pass, manifest)) {
		pass->full = !backlog_add(&pass->backlog, manifest);
		return !pass->full || err_fail(err, ERR_RETRY, "enough for one pass");
	}
	return true;
}

/* Asks the ledger about the candidates and keeps those that are missing. */
static bool keep_missing(struct pass *pass, struct err *err)
{
	struct ledger_wanted batch[BATCH];
	struct backlog *backlog = &pass->backlog;
	size_t kept = 0;
	for (size_t at = 0; at < backlog->count; at += BATCH) {
		size_t count = backlog->count - at < BATCH ? backlog->count - at : BATCH;
		for (size_t i = 0; i < count; i++)
			batch[i] = (struct ledger_wanted){backlog->items[at + i].file_id,
				backlog->items[at + i].chunks, false};
		if (!ledger_find_missing(
			    pass->database, backlog->dataset->config->name, batch, count, err))
			return false;
		for (size_t i = 0; i < count; i++) {
			struct backlog_item item = backlog->items[at + i];
			if (batch[i].missing)
				backlog->items[kept++] = item;
			else
				settle(pass, item.sha256, item.repeat, item.file_id);
		}
	}
	backlog->count = kept;
	return true;
}

/*
 * A ledger with fewer files than are known to be in it was restored or cleared. Newer files do not
 * count: they would hide the loss of as many older ones.
 */
static bool check_settled(struct pass *pass, struct err *err)
{
	struct settled *settled = pass->settled;
	int64_t files = 0;
	if (!ledger_count_files(pass->database, pass->backlog.dataset->config->name,
		    settled->newest, &files, err))
		return false;
	if (files < (int64_t)settled->known.count) {
		known_clear(&settled->known);
		settled->newest = 0;
	}
	return true;
}

/* A manifest that cannot be read keeps none of the others from being found. */
static bool find_missing(struct pass *pass, struct err *err)
{
	struct err why = {0};
	if (!check_settled(pass, err))
		return false;
	if (!manifest_each(pass->publisher->archive, pass->backlog.dataset->config->name, wanted,
		    visit, pass, &why) &&
		!pass->full) {
		if (why.class == ERR_RETRY) {
			*err = why;
			return false;
		}
		note_failure(pass, &why);
	}
	if (!keep_missing(pass, err))
		return false;
	backlog_sort(&pass->backlog);
	return true;
}

static void sent_again(void *context, const struct publication_result *result)
{
	const struct pass *pass = context;
	pass->repaired(pass->context, result);
}

/* One that cannot be sent keeps none of the others from being sent. */
static bool send_missing(struct pass *pass, struct err *err)
{
	const struct backlog_work work = {.expected = PUBLICATION_SENT,
		.wanted = is_past,
		.sent = sent_again,
		.context = pass};
	struct err why;
	for (size_t i = 0; i < pass->backlog.count && !stop_requested(); i++) {
		if (backlog_send(pass->publisher, &pass->backlog, i, &work, &why))
			continue;
		if (why.class == ERR_RETRY) {
			*err = why;
			return false;
		}
		note_failure(pass, &why);
	}
	return true;
}

static bool repair_dataset(struct pass *pass, struct err *err)
{
	bool ok = read_standing(pass, err) && find_missing(pass, err);
	if (ok && pass->backlog.count)
		ok = read_standing(pass, err) && send_missing(pass, err);
	standing_release(&pass->standing);
	backlog_release(&pass->backlog);
	if (ok && pass->failed)
		*err = pass->first;
	return ok && !pass->failed;
}

static bool visit_unrouted(void *context, const struct manifest *manifest, struct err *err)
{
	struct pass *pass = context;
	if (!ledger_note_quarantine(pass->database, manifest, err))
		return false;
	settle(pass, manifest->sha256, manifest->repeat, manifest->file_id);
	return true;
}

/* What fits no dataset is only to be seen in the ledger. */
static bool note_unrouted(struct repair *repair, struct database *database, struct err *err)
{
	struct pass pass = {.publisher = repair->publisher,
		.database = database,
		.settled = &repair->settled[repair->publisher->options->datasets->count]};
	return manifest_each(
		repair->publisher->archive, UNROUTED_DATASET, wanted, visit_unrouted, &pass, err);
}

static bool repair_all(struct repair *repair, struct database *database,
	void (*repaired)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	const struct datasets *datasets = repair->publisher->options->datasets;
	bool ok = note_unrouted(repair, database, err);
	for (size_t i = 0; i < datasets->count && !stop_requested(); i++) {
		struct pass pass = {.publisher = repair->publisher,
			.database = database,
			.settled = &repair->settled[i],
			.backlog = {.dataset = &datasets->items[i]},
			.repaired = repaired,
			.context = context};
		struct err one;
		if (repair_dataset(&pass, &one))
			continue;
		if (ok)
			*err = one;
		ok = false;
		if (one.class == ERR_RETRY)
			break;
	}
	return ok;
}

bool repair_pass(struct repair *repair,
	void (*repaired)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	const struct database_options options = {
		.conninfo = repair->publisher->options->config->postgres,
		.application = "penstock producer",
		.statement_ms = statement_ms};
	struct database *database = NULL;
	if (!publisher_connect(repair->publisher, err) || !database_open(&options, &database, err))
		return false;
	bool ok = repair_all(repair, database, repaired, context, err);
	database_close(database);
	return ok;
}
