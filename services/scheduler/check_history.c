/* SPDX-License-Identifier: Apache-2.0 */
/* What checks found, in the ledger: results, and rows that failed. */
#include <inttypes.h>
#include <stdio.h>

#include "postgres/quote.h"
#include "scheduler/batch.h"

/* Rows of one check in an array literal, where a quote is two bytes. */
#define ROWS_TEXT_MAX ((size_t)CHECK_KEEP_ROWS * CHECK_ROW_BYTES * 2 + 4096)
#define NAMES_MAX     ((size_t)16 << 20)

static const char *const states[] = {[CHECK_PASS] = "pass",
	[CHECK_WARN] = "warn",
	[CHECK_FAIL] = "fail",
	[CHECK_ERROR] = "error"};

const char *check_state_name(enum check_state state)
{
	return states[state];
}

bool check_history_begin(struct batch *batch, struct err *err)
{
	const struct project *project = batch->project;
	char keep[32];
	struct buf names;
	buf_init(&names, NAMES_MAX);
	array_begin(&names);
	for (size_t i = 0; i < project->check_count; i++)
		array_add(&names, project->checks[i].name);
	array_end(&names);
	snprintf(keep, sizeof(keep), "%" PRId64, project->config->checks.keep_ms);
	const char *parameters[] = {buf_text(&names), keep};
	bool ok = database_run(batch->database,
		"SELECT penstock.begin_checks($1::text[], $2::bigint * interval '1 millisecond')",
		parameters, 2, NULL, err);
	buf_release(&names);
	return ok;
}

static bool write_rows(struct batch *batch, const struct check *check, const char *run_id,
	const struct check_result *result, struct err *err)
{
	struct buf rows;
	buf_init(&rows, ROWS_TEXT_MAX);
	array_begin(&rows);
	for (size_t i = 0; i < result->row_count; i++)
		array_add(&rows, result->rows[i]);
	array_end(&rows);
	const char *parameters[] = {run_id, check->name, buf_text(&rows)};
	bool ok = database_run(batch->database,
		"INSERT INTO penstock.check_failure (run_id, name, number, row) "
		"SELECT $1::bigint, $2, number, row::json "
		"FROM unnest($3::text[]) WITH ORDINALITY u (row, number)",
		parameters, 3, NULL, err);
	buf_release(&rows);
	return ok;
}

static bool write_result(struct batch *batch, const struct check *check,
	const struct check_result *result, struct err *err)
{
	char run_id[24];
	char failures[24];
	char milliseconds[24];
	snprintf(run_id, sizeof(run_id), "%" PRId64, batch->run_id);
	snprintf(failures, sizeof(failures), "%" PRId64, result->failures);
	snprintf(milliseconds, sizeof(milliseconds), "%" PRId64, result->milliseconds);
	const char *parameters[] = {run_id, check->name, check_kind_name(check->kind), check->on,
		check->column, check->warn ? "warn" : "error", states[result->state], failures,
		result->message, milliseconds};
	return database_run(batch->database,
		       "INSERT INTO penstock.check_result (run_id, name, kind, model, "
		       "column_name, severity, state, failures, message, milliseconds) VALUES "
		       "($1::bigint, $2, $3, $4, $5, $6, $7, $8::bigint, $9, $10::bigint)",
		       parameters, 10, NULL, err) &&
	       (!result->row_count || write_rows(batch, check, run_id, result, err));
}

bool check_history_write(struct batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->project->check_count; i++)
		if (batch->checks[i].ran &&
			!write_result(batch, &batch->project->checks[i], &batch->checks[i], err))
			return false;
	return true;
}
