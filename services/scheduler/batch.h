/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch run in hand, and its steps, one file each. A batch is prepared (views replaced, columns
 * added, each in a short transaction of its own), then everything else happens in one REPEATABLE
 * READ transaction: build, compare, apply, check, fence, commit.
 */
#ifndef PENSTOCK_SCHEDULER_BATCH_H
#define PENSTOCK_SCHEDULER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postgres/database.h"
#include "project/project.h"
#include "scheduler/scheduler.h"
#include "scheduler/shape.h"

#define BATCH_SQL_MAX (2 * QUERY_MAX_BYTES)

enum model_state { MODEL_SKIPPED, MODEL_PUBLISHED, MODEL_UNCHANGED, MODEL_FAILED };

struct model_result {
	enum model_state state;
	bool prepared; /* its view or columns are as its file wants them */
	int64_t inserted;
	int64_t updated;
	int64_t deleted;
	int64_t milliseconds;
	const char *error; /* NULL: none */
	const char *note;  /* how an incremental model was calculated; NULL: none */
};

enum check_state { CHECK_PASS, CHECK_WARN, CHECK_FAIL, CHECK_ERROR };

struct check_result {
	bool ran;
	enum check_state state;
	int64_t failures;
	int64_t milliseconds;
	const char *message;	 /* "" */
	const char *const *rows; /* failing ones, as JSON objects */
	size_t row_count;
};

/* How a run came to its end, beside what `ok` and the failed checks tell. */
enum batch_end {
	BATCH_ENDED,
	BATCH_PUBLISHED, /* though its commit seemed to fail: only the answer was lost */
	BATCH_DEPOSED,	 /* another scheduler leads now */
	BATCH_BUSY,	 /* another run is under way, and none may begin beside it */
	BATCH_CANCELLED, /* by a person, or because its process was told to stop */
	BATCH_REPLACED,	 /* by another run */
	BATCH_WAITING,	 /* a part of a source's fetch is not loaded yet; nothing was done */
};

struct batch {
	struct project *project;
	struct database *database;
	struct arena arena;	     /* results and shapes of this run */
	const char *trigger;	     /* "cron", "load", "hand", "check" */
	const struct model *rebuild; /* NULL: none */
	bool wait_for_sources;	     /* nothing is done while only a part of a fetch is loaded */
	bool fenced;		     /* `generation` must still be the leader's at the end */
	int64_t generation;
	bool full; /* incremental models run their full query */
	enum overlap_rule overlap;
	unsigned attempt;    /* from 1 */
	int64_t timeout_ms;  /* of the whole run; 0: none */
	int64_t deadline_us; /* monotonic; 0: none */
	int64_t run_id;	     /* 0: it did not begin */
	enum batch_end end;
	const char *end_reason;	     /* of a cancelled run */
	struct model_result *models; /* as project->models */
	struct check_result *checks; /* as project->checks */
	bool only_checks;	     /* penstock check: nothing is published */
	size_t kept_bytes;	     /* of failing rows */
	int64_t failures;
	int64_t warnings;
	struct run_summary totals; /* what the run did, or would have done without failed checks */
};

/* The index's result. */
struct model_result *batch_result(struct batch *batch, const struct model *model);

/* Puts the model's file before an error, and the line where Postgres could tell: the model's text
 * begins in the second line of every statement it stands in. */
bool batch_blame(const struct model *model, struct err *err);

/* SET LOCAL search_path to the model's own schema, public and, last, temporary tables. */
MUST_CHECK bool batch_enter_schema(struct batch *batch, const char *schema, struct err *err);
/* CREATE SCHEMA unless it is there. */
MUST_CHECK bool batch_make_schema(struct batch *batch, const char *schema, struct err *err);

/* sources.c: RETRY, naming them, while only a part of a source's fetch is loaded, as the session's
 * transaction sees it. */
MUST_CHECK bool sources_loaded(struct database *database, struct err *err);

/* prepare.c: what is done to selected models before the run's transaction. */
MUST_CHECK bool batch_prepare(struct batch *batch, struct err *err);

/* apply.c: inside a transaction. The shape the model's SQL has now. */
MUST_CHECK bool apply_probe(
	struct batch *batch, const struct model *model, struct shape *ret_shape, struct err *err);
/* Makes or replaces the model's view. */
MUST_CHECK bool apply_view(struct batch *batch, const struct model *model, struct err *err);
/* Adds the columns that `wanted` has at its end; any other difference is an error. */
MUST_CHECK bool apply_columns(struct batch *batch, const struct model *model,
	const struct shape *wanted, struct err *err);
/* Makes comments what the files say. */
MUST_CHECK bool apply_comments(struct batch *batch, const struct model *model, struct err *err);
/* An error that names the remedy, --rebuild. */
bool apply_refuse(const struct model *model, const char *why, struct err *err);

/* indexes.c: gives the tables whose new rows this run's models look for an index on (_file, _row),
 * and takes it from those in which no model of the project does any more. Outside transactions;
 * nobody waits for it. */
MUST_CHECK bool indexes_match(struct batch *batch, struct err *err);

/* live.c: writes the query of a live view; its parent's relations exist. */
MUST_CHECK bool live_write(struct batch *batch, const struct model *live, struct err *err);
/* Drops the live view that the model had, if it had one. */
MUST_CHECK bool live_drop(struct batch *batch, const struct model *model, struct err *err);

/* key.c: unique_key. Proves that no row of `from` (a quoted name or a query in parentheses with an
 * alias) has a null in it or shares it with another. */
MUST_CHECK bool key_prove(
	struct batch *batch, const struct model *model, const char *from, struct err *err);
/* Whether the model's relation has a plain unique index on exactly its key. */
MUST_CHECK bool key_indexed(
	struct batch *batch, const struct model *model, bool *ret_indexed, struct err *err);
/* "a", "b" */
void key_list(const struct model *model, struct buf *out);

/* publish.c, matview.c, incremental.c: one model inside the run's transaction. */
MUST_CHECK bool publish_table(struct batch *batch, const struct model *model, struct err *err);
MUST_CHECK bool publish_incremental(
	struct batch *batch, const struct model *model, struct err *err);
MUST_CHECK bool publish_matview(struct batch *batch, const struct model *model, struct err *err);

/* rebuild.c: drops batch->rebuild's relation and all that reads it; puts back what hangs on a model
 * once it was made again. */
MUST_CHECK bool rebuild_begin(struct batch *batch, struct err *err);
MUST_CHECK bool rebuild_restore(struct batch *batch, const struct model *model, struct err *err);

/* checks.c: runs the checks of selected models; counts failures and warnings. */
MUST_CHECK bool checks_run(struct batch *batch, struct err *err);

/* check_history.c: penstock.current_check, check_result, check_failure. Before the run. */
MUST_CHECK bool check_history_begin(struct batch *batch, struct err *err);
/* In a transaction of the caller's. */
MUST_CHECK bool check_history_write(struct batch *batch, struct err *err);
/* "pass", "warn", "fail", "error" */
const char *check_state_name(enum check_state state);

/* turn.c: waits for the run's turn, or gives up, or takes another's; writes the run's row. */
MUST_CHECK bool turn_take(struct batch *batch, struct err *err);

/* history.c: penstock.run, model_run. The row of a new run, which has its turn or
 * waits for it. */
MUST_CHECK bool history_begin(struct batch *batch, bool running, struct err *err);
/* It has its turn now. */
MUST_CHECK bool history_start(struct batch *batch, struct err *err);
/* Tells what the run is doing, by its session's name: "model 3", "checks". */
MUST_CHECK bool history_doing(struct batch *batch, const char *what, struct err *err);
/* In the run's transaction. */
MUST_CHECK bool history_publish(struct batch *batch, struct err *err);
/* After the rollback: writes down how it ended, then reads what stands there: batch->end. */
MUST_CHECK bool history_end(struct batch *batch, const char *why, struct err *err);
/* Forgets a run that did nothing. */
void history_withdraw(struct batch *batch);

/* A run of checks alone, in one go. */
MUST_CHECK bool history_checked(struct batch *batch, struct err *err);

/* run.c: one run of the selected models. false: nothing was published and `err` says why. Failed
 * checks: true, batch->failures counts them, nothing was published. */
MUST_CHECK bool batch_run(struct batch *batch, const struct config *config, struct err *err);
void batch_release(struct batch *batch);

#endif
