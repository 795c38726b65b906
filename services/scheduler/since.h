/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Since the last batch": what a model's last publication could not see, by its snapshot, without a
 * clock. Speed and incremental models ask; docs/ledger.md says why the answer is exact.
 */
#ifndef PENSTOCK_SCHEDULER_SINCE_H
#define PENSTOCK_SCHEDULER_SINCE_H

#include "scheduler/batch.h"

/*
 * *ret_reason is NULL when what the model's query gave then and the rows of dataset `growing` since
 * are all there is to know: no row of it was replaced (with `keyed` they may: the ledger says
 * which rows those are, too) or removed, and nothing is new in the datasets `fixed`. Otherwise why
 * the full query has to run (memory from batch->arena). For the snapshot of the transaction in
 * hand.
 */
MUST_CHECK bool since_full_reason(struct batch *batch, const struct model *model,
	const struct config_dataset *growing, const struct string_list *fixed, bool keyed,
	const char **ret_reason, struct err *err);

/* SQL: what since_full_reason answers, as text or null, for the snapshot of the statement. */
void since_reason_sql(const struct model *model, const struct config_dataset *growing,
	const struct string_list *fixed, bool keyed, struct buf *out);

/*
 * SQL: a query in parentheses, to stand in the dataset's table's place: its rows since. Right only
 * where there is no reason for the full query.
 */
void since_rows_sql(
	const struct model *model, const struct config_dataset *growing, struct buf *out);

/* Before a run's transaction: what came with a restore is taken for seen, older snapshots for void.
 */
MUST_CHECK bool since_adopt(struct batch *batch, struct err *err);
/* In the run's transaction, once the model is published: it has the transaction's snapshot. */
MUST_CHECK bool since_publish(struct batch *batch, const struct model *model, struct err *err);

#endif
