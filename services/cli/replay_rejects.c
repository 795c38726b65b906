/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A correction: the same content by the parameters of now, with the file id right behind the old
 * one's, so that whatever was published later still comes after it. Its manifest is there before
 * the old one is retracted in its own, and both before the tables change, in one transaction: what
 * is cut off in between is finished by the next try.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive/document.h"
#include "base/fault.h"
#include "cli/replay.h"
#include "penstock_sql.h"

struct correcting {
	struct replay *replay;
	struct rebuilding rebuilding;
	const struct dataset *dataset;
	struct manifest old;
	struct manifest next;
	bool refused_by_table; /* some rejects are the table's, which may have changed */
};

/* ---- whether anything is new ---- */

/* The parameters as their document has them. */
static void append_parameters(const struct manifest *manifest, struct buf *out)
{
	struct manifest bare = {.dataset = "",
		.sha256 = "",
		.name = "",
		.reason = "",
		.topic = "",
		.schema = manifest->schema,
		.reading = manifest->reading,
		.cutter_version = manifest->cutter_version};
	manifest_write(&bare, out);
}

static bool has_changed(const struct correcting *correcting)
{
	struct buf before;
	struct buf now;
	buf_init(&before, MANIFEST_MAX_BYTES);
	buf_init(&now, MANIFEST_MAX_BYTES);
	append_parameters(&correcting->old, &before);
	append_parameters(&correcting->next, &now);
	bool same = before.len == now.len && memcmp(before.data, now.data, now.len) == 0;
	buf_release(&before);
	buf_release(&now);
	return !same || correcting->refused_by_table;
}

/* ---- one file ---- */

static void tell(struct correcting *correcting, const char *outcome, const char *reason)
{
	const struct manifest *next = &correcting->next;
	struct publication_result result = {.dataset = correcting->old.dataset,
		.file_id = next->file_id ? next->file_id : correcting->old.file_id,
		.rows = next->rows,
		.rejects = next->rejects};
	snprintf(result.name, sizeof(result.name), "%s", correcting->old.name);
	snprintf(result.reason, sizeof(result.reason), "%s", reason);
	replay_tell(correcting->replay, "rejects", outcome, &result);
}

static bool apply(struct correcting *correcting, struct err *err)
{
	struct archive *archive = correcting->rebuilding.archive;
	struct rebuild_outcome outcome = {0};
	struct manifest *old = &correcting->old;
	if (old->state != PUBLICATION_RETRACTED) {
		old->state = PUBLICATION_RETRACTED;
		old->reason = arena_printf(
			&old->arena, "corrected by file %" PRId64, correcting->next.file_id);
		if (!manifest_save(archive, old, err))
			return false;
		fault_point("replay.retracted");
	}
	const struct rebuild_task task = {.dataset = correcting->dataset,
		.retract = old,
		.correct = &correcting->next,
		.apply = true};
	if (!rebuilding_run(&correcting->rebuilding, &task, &outcome, err))
		return false;
	correcting->next.rows -= outcome.refused;
	correcting->next.rejects += outcome.refused;
	rebuild_outcome_release(&outcome);
	tell(correcting, "corrected", "");
	return true;
}

static bool create_and_apply(struct correcting *correcting, struct err *err)
{
	bool created = false;
	if (!manifest_create(correcting->rebuilding.archive, &correcting->next, &created, err))
		return false;
	if (!created)
		return err_fail(err, ERR_RETRY, "%s: somebody publishes the same content now",
			correcting->old.name);
	fault_point("replay.corrected");
	return apply(correcting, err);
}

static bool correct(struct correcting *correcting, struct err *err)
{
	struct err why = {0};
	bool found = false;
	if (!manifest_find(correcting->rebuilding.archive, correcting->old.dataset,
		    correcting->old.sha256, correcting->old.file_id + 1, &correcting->next, &found,
		    err))
		return false;
	if (found) /* begun before, and cut off */
		return apply(correcting, err);
	if (!replay_correction(
		    correcting->replay->publisher, &correcting->old, &correcting->next, &why)) {
		if (why.class != ERR_DATA) {
			*err = why;
			return false;
		}
		correcting->replay->left = true;
		tell(correcting, "would be quarantined now, and stays", why.message);
		return true;
	}
	if (!has_changed(correcting)) {
		tell(correcting, "left", "schema and configuration are as they were");
		return true;
	}
	if (!correcting->replay->options->dry_run)
		return create_and_apply(correcting, err);
	tell(correcting, "would be corrected", "");
	return true;
}

static bool correct_row(struct correcting *correcting, const struct database_rows *rows, size_t row,
	struct err *err)
{
	const char *dataset = database_text(rows, row, 0);
	bool found = false;
	correcting->dataset = datasets_find(correcting->rebuilding.datasets, dataset);
	if (!correcting->dataset)
		return true;
	correcting->refused_by_table = database_bool(rows, row, 3);
	manifest_init(&correcting->old);
	manifest_init(&correcting->next);
	bool ok =
		manifest_find(correcting->rebuilding.archive, dataset, database_text(rows, row, 2),
			database_int(rows, row, 1), &correcting->old, &found, err) &&
		(!found || correct(correcting, err));
	manifest_release(&correcting->next);
	manifest_release(&correcting->old);
	return ok;
}

bool replay_rejects(struct replay *replay, struct err *err)
{
	struct correcting correcting = {.replay = replay};
	const struct publication_wanted *wanted = &replay->wanted;
	const char *const values[] = {wanted->dataset, wanted->name, wanted->sha256};
	struct database_rows *rows = NULL;
	if (!rebuilding_open(replay->cli, "penstock replay", &correcting.rebuilding, err))
		return false;
	bool ok = database_query(
		correcting.rebuilding.database, sql_rebuild_with_rejects, values, 3, &rows, err);
	for (size_t i = 0; ok && i < database_row_count(rows); i++)
		ok = correct_row(&correcting, rows, i, err);
	database_rows_free(rows);
	rebuilding_close(&correcting.rebuilding);
	return ok;
}
