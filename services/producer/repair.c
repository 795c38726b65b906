/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/repair.h"

#include <stdlib.h>

#include "base/stop.h"
#include "producer/backlog.h"
#include "producer/known.h"
#include "producer/ledger.h"

static const int64_t kafka_ms = 10000;
static const int64_t statement_ms = 60000;
#define BATCH 500

struct repair {
	struct publisher *publisher;
	struct known *known; /* one per dataset: publications that need no second look */
};

/* Where a topic stands, by partition. */
struct standing {
	struct kafka_partition *committed;
	int64_t *ends;
	int32_t count;
};

/* One dataset's pass. */
struct pass {
	struct repair *repair;
	struct known *known;
	struct standing standing;
	struct database *database;
	struct backlog backlog;
};

struct repair *repair_new(struct publisher *publisher)
{
	struct repair *repair = calloc(1, sizeof(*repair));
	size_t count = publisher->options->datasets->count;
	if (!repair || !(repair->known = calloc(count + 1, sizeof(*repair->known))))
		abort();
	repair->publisher = publisher;
	return repair;
}

void repair_free(struct repair *repair)
{
	if (!repair)
		return;
	for (size_t i = 0; i < repair->publisher->options->datasets->count; i++)
		known_clear(&repair->known[i]);
	free(repair->known);
	free(repair);
}

/* ---- Kafka's side ---- */

static void standing_release(struct standing *standing)
{
	free(standing->committed);
	free(standing->ends);
}

static bool read_standing(struct kafka_admin *admin, const char *topic,
	struct standing *ret_standing, struct err *err)
{
	struct standing standing = {0};
	if (!kafka_admin_partitions(admin, topic, kafka_ms, &standing.count, err))
		return false;
	if (standing.count == 0)
		return err_fail(
			err, ERR_FATAL, "topic %s does not exist: run 'penstock init'", topic);
	size_t count = (size_t)standing.count;
	standing.committed = calloc(count, sizeof(*standing.committed));
	standing.ends = calloc(count, sizeof(*standing.ends));
	if (!standing.committed || !standing.ends)
		abort();
	for (int32_t i = 0; i < standing.count; i++)
		standing.committed[i] = (struct kafka_partition){topic, i, KAFKA_NO_OFFSET};
	bool ok = kafka_admin_committed(admin, standing.committed, count, kafka_ms, err);
	int64_t low = 0;
	for (int32_t i = 0; ok && i < standing.count; i++)
		ok = kafka_admin_watermarks(
			admin, topic, i, kafka_ms, &low, &standing.ends[i], err);
	if (!ok) {
		standing_release(&standing);
		return false;
	}
	*ret_standing = standing;
	return true;
}

/* Whether no worker can still get a chunk of it from Kafka. */
static bool is_past(const struct standing *standing, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->partition_count; i++) {
		const struct manifest_partition *sent = &manifest->partitions[i];
		if (sent->partition >= standing->count)
			continue; /* the topic was made anew with fewer partitions */
		if (standing->committed[sent->partition].offset <= sent->offset &&
			standing->ends[sent->partition] > sent->offset)
			return false;
	}
	return true;
}

/* ---- the pass ---- */

static bool wanted(void *context, const char *sha256, int64_t repeat)
{
	const struct pass *pass = context;
	return !known_has(pass->known, sha256, repeat);
}

static bool visit(void *context, const struct manifest *manifest, struct err *err)
{
	struct pass *pass = context;
	if (manifest->state == PUBLICATION_QUARANTINED) {
		if (!ledger_note_quarantine(pass->database, manifest, err))
			return false;
		known_add(pass->known, manifest->sha256, manifest->repeat);
	} else if (manifest->state == PUBLICATION_SENT && is_past(&pass->standing, manifest)) {
		return backlog_add(&pass->backlog, manifest) ||
		       err_fail(err, ERR_DATA, "enough for one pass");
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
				known_add(pass->known, item.sha256, item.repeat);
		}
	}
	backlog->count = kept;
	return true;
}

/* A ledger with fewer files than are known to be in it was restored or cleared. */
static bool check_known(struct pass *pass, struct err *err)
{
	int64_t files = 0;
	if (!ledger_count_files(pass->database, pass->backlog.dataset->config->name, &files, err))
		return false;
	if (files < (int64_t)pass->known->count)
		known_clear(pass->known);
	return true;
}

static bool find_missing(struct pass *pass, struct err *err)
{
	struct publisher *publisher = pass->repair->publisher;
	struct err full = {0};
	if (!check_known(pass, err))
		return false;
	if (!manifest_each(publisher->archive, pass->backlog.dataset->config->name, wanted, visit,
		    pass, &full) &&
		full.class != ERR_DATA) {
		*err = full;
		return false;
	}
	if (!keep_missing(pass, err))
		return false;
	backlog_sort(&pass->backlog);
	return true;
}

static bool send_missing(struct pass *pass,
	void (*repaired)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	for (size_t i = 0; i < pass->backlog.count && !stop_requested(); i++)
		if (!backlog_send(pass->repair->publisher, &pass->backlog, i, PUBLICATION_SENT,
			    repaired, context, err))
			return false;
	return true;
}

static bool repair_dataset(struct repair *repair, struct database *database, size_t index,
	void (*repaired)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	const struct dataset *dataset = &repair->publisher->options->datasets->items[index];
	struct pass pass = {.repair = repair,
		.known = &repair->known[index],
		.database = database,
		.backlog = {.dataset = dataset}};
	if (!read_standing(repair->publisher->admin, dataset->topic, &pass.standing, err))
		return false;
	bool ok = find_missing(&pass, err) && send_missing(&pass, repaired, context, err);
	standing_release(&pass.standing);
	backlog_release(&pass.backlog);
	return ok;
}

static bool repair_all(struct repair *repair, struct database *database,
	void (*repaired)(void *context, const struct publication_result *result), void *context,
	struct err *err)
{
	bool ok = true;
	for (size_t i = 0; i < repair->publisher->options->datasets->count && !stop_requested();
		i++) {
		struct err one;
		if (repair_dataset(repair, database, i, repaired, context, &one))
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
