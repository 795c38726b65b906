/* SPDX-License-Identifier: Apache-2.0 */
/* Archive and database together: what verify, retract and replay do with a dataset. */
#ifndef PENSTOCK_CLI_REBUILDING_H
#define PENSTOCK_CLI_REBUILDING_H

#include "archive/archive.h"
#include "archive/manifest.h"
#include "cli/cli.h"
#include "postgres/database.h"
#include "worker/rebuild.h"

struct rebuilding {
	const struct config *config;
	const struct datasets *datasets;
	struct archive *archive;
	struct database *database;
};

struct rebuild_task {
	const struct dataset *dataset;
	const struct manifest *retract; /* what is taken back; NULL: nothing */
	const struct manifest *correct; /* what is loaded in its place; NULL: nothing */
	bool apply;			/* else only compared */
	int64_t examples;		/* of each kind of difference */
};

struct rebuild_outcome {
	struct rebuild_difference difference;
	struct database_rows *examples; /* see rebuild_examples */
	int64_t refused;		/* rows of `correct` that the table refused */
};

/* Opens both; the ledger must be there. `ret_rebuilding` is released by rebuilding_close. */
MUST_CHECK bool rebuilding_open(struct cli *cli, const char *application,
	struct rebuilding *ret_rebuilding, struct err *err);
void rebuilding_close(struct rebuilding *rebuilding);

/*
 * Builds the dataset aside from the archive, compares, and applies when asked to. Publications the
 * archive says are retracted are left out, whatever the ledger says. A lost connection or a stop
 * leaves all as it was.
 */
MUST_CHECK bool rebuilding_run(struct rebuilding *rebuilding, const struct rebuild_task *task,
	struct rebuild_outcome *ret_outcome, struct err *err);
void rebuild_outcome_release(struct rebuild_outcome *outcome);

#endif
