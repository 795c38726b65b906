/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks as SQL. What is found is told in CHECK_COLUMNS columns: how many failures (bigint), what
 * was measured (text; null: the number says it all), and whether it is a warning whatever the
 * severity.
 */
#ifndef PENSTOCK_SCHEDULER_CHECK_SQL_H
#define PENSTOCK_SCHEDULER_CHECK_SQL_H

#include "base/buf.h"
#include "project/project.h"

#define CHECK_COLUMNS 3

/* Whether one pass over the table serves this check and others of its kind. */
bool check_is_scanned(const struct check *check);
/* Its columns in a SELECT from its table, which has no alias there. For scanned checks. */
void check_scan_columns(const struct check *check, struct buf *sql);
/* A statement of its own. For all others. */
void check_statement(const struct project *project, const struct check *check, struct buf *sql);
/* A query of the failing rows or values. Where check_finds_rows. */
void check_failing_rows(const struct project *project, const struct check *check, struct buf *sql);
/* Appends "3 rows without a partner". */
void check_count(enum check_kind kind, int64_t failures, struct buf *out);

/* check_freshness.c */
void freshness_statement(const struct check *check, struct buf *sql);

#endif
