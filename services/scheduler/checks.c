/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a run. Those that one pass over a table serves share it; where its statement fails,
 * each is tried alone, so that a mistake in one is not the others' trouble.
 */
#include <string.h>

#include "base/clock.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"
#include "scheduler/check_sql.h"

#define SCAN_MAX       200		    /* checks that share a pass */
#define SCAN_SQL_MAX   ((size_t)256 * 1024) /* then another begins */
#define MESSAGE_MAX    ((size_t)64 * 1024)
#define CHECK_TEXT_MAX ((size_t)8 * 1024 * 1024)

/* Checks that one statement tests. */
struct scan {
	size_t members[SCAN_MAX]; /* indices into project->checks */
	size_t count;
	struct buf sql;
};

static const struct check *check_at(const struct batch *batch, size_t at)
{
	return &batch->project->checks[at];
}

static bool reads(
	const struct project *project, const struct model *model, const struct check *check)
{
	for (size_t i = 0; i < model->query.relation_count; i++) {
		const struct query_relation *relation = &model->query.relations[i];
		const char *schema = *relation->schema ? relation->schema : "public";
		if (strcmp(relation->name, check->table) == 0 &&
			strcmp(schema, check->schema) == 0 &&
			!project_resolve(project, model->schema, relation->schema, relation->name))
			return true;
	}
	return false;
}

static bool other_selected(const struct project *project, const struct check *check)
{
	const char *schema = NULL;
	const char *table = NULL;
	const struct model *model = NULL;
	if (check->to.table) {
		model = project_find_relation(project, check, &check->to, &schema, &table);
		if (model && model->selected)
			return true;
	}
	for (size_t i = 0; i < check->field_count; i++) {
		model = project_find_relation(
			project, check, &check->fields[i].relation, &schema, &table);
		if (model && model->selected)
			return true;
	}
	for (size_t i = 0; i < check->query.relation_count; i++) {
		const struct query_relation *relation = &check->query.relations[i];
		model = project_resolve(project, "public", relation->schema, relation->name);
		if (model && model->selected)
			return true;
	}
	return false;
}

/* Whether this run may have changed what the check is about, or somebody asked for it. */
static bool concerns(const struct batch *batch, const struct check *check)
{
	const struct project *project = batch->project;
	bool all = !batch->only_checks;
	bool read = false;
	for (size_t i = 0; i < project->model_count; i++) {
		const struct model *model = &project->models[i];
		all = all && model->selected;
		read = read || (model->selected && !check->model && reads(project, model, check));
	}
	return all || check->selected || (check->model && check->model->selected) || read ||
	       other_selected(project, check);
}

static enum check_state judge(
	const struct batch *batch, const struct check *check, int64_t failures, bool mild)
{
	/* What is old does not become younger by not being published. */
	bool warn = check->warn || mild || (check->kind == CHECK_FRESHNESS && !batch->only_checks);
	if (!warn && threshold_met(&check->error_if, failures))
		return CHECK_FAIL;
	return threshold_met(&check->warn_if, failures) ? CHECK_WARN : CHECK_PASS;
}

static const char *describe(
	struct batch *batch, const struct check *check, int64_t failures, const char *note)
{
	struct buf text;
	buf_init(&text, MESSAGE_MAX);
	if (note)
		buf_append_text(&text, note);
	else
		check_count(check->kind, failures, &text);
	if (check->error_if.text)
		buf_printf(&text, ", error_if %s", check->error_if.text);
	if (check->warn_if.text)
		buf_printf(&text, ", warn_if %s", check->warn_if.text);
	if (*check->description)
		buf_printf(&text, ": %s", check->description);
	const char *copy = arena_strdup(&batch->arena, buf_text(&text));
	buf_release(&text);
	return copy;
}

static void take_findings(
	struct batch *batch, const struct scan *scan, const struct database_rows *rows, int64_t us)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct check *check = check_at(batch, scan->members[i]);
		struct check_result *result = &batch->checks[scan->members[i]];
		size_t at = i * CHECK_COLUMNS;
		int64_t failures = database_int(rows, 0, at);
		if (check->limit && failures > check->limit)
			failures = check->limit;
		result->ran = true;
		result->failures = failures;
		result->state = judge(batch, check, failures, database_bool(rows, 0, at + 2));
		result->milliseconds = us / 1000 / (int64_t)scan->count;
		bool quiet = !failures && result->state == CHECK_PASS;
		result->message =
			quiet ? ""
			      : describe(batch, check, failures, database_text(rows, 0, at + 1));
	}
}

/* The failing rows, as many as fit. */
static bool keep_rows(struct batch *batch, const struct check *check, struct check_result *result,
	struct err *err)
{
	struct buf sql;
	struct database_rows *rows = NULL;
	int64_t most =
		check->limit && check->limit < CHECK_KEEP_ROWS ? check->limit : CHECK_KEEP_ROWS;
	buf_init(&sql, CHECK_TEXT_MAX);
	buf_printf(&sql,
		"SELECT CASE WHEN octet_length(j) <= %d THEN j ELSE json_build_object('cut', "
		"left(j, %d))::text END FROM (SELECT row_to_json(f)::text AS j FROM (SELECT q.* "
		"FROM (\n",
		CHECK_ROW_BYTES, CHECK_ROW_BYTES / 8);
	check_failing_rows(batch->project, check, &sql);
	buf_printf(&sql, "\n) q LIMIT %lld) f) k", (long long)most);
	bool ok = database_query(batch->database, buf_text(&sql), NULL, 0, &rows, err);
	buf_release(&sql);
	if (!ok)
		return false;
	size_t count = database_row_count(rows);
	const char **texts = arena_calloc(&batch->arena, count + 1, sizeof(*texts));
	size_t kept = 0;
	for (; kept < count && batch->kept_bytes < CHECK_KEEP_BYTES; kept++) {
		const char *text = database_text(rows, kept, 0);
		batch->kept_bytes += strlen(text);
		texts[kept] = arena_strdup(&batch->arena, text);
	}
	result->rows = texts;
	result->row_count = kept;
	database_rows_free(rows);
	return true;
}

static void begin_scan(struct scan *scan)
{
	scan->count = 0;
	buf_clear(&scan->sql);
}

static void join_scan(const struct batch *batch, struct scan *scan, size_t at)
{
	const struct check *check = check_at(batch, at);
	scan->members[scan->count++] = at;
	if (check_is_scanned(check)) {
		buf_append_text(&scan->sql, scan->count == 1 ? "SELECT " : ", ");
		check_scan_columns(check, &scan->sql);
	} else {
		check_statement(batch->project, check, &scan->sql);
	}
}

static bool may_join(const struct batch *batch, const struct scan *scan, size_t at)
{
	const struct check *first = check_at(batch, scan->members[0]);
	const struct check *check = check_at(batch, at);
	return scan->count < SCAN_MAX && scan->sql.len < SCAN_SQL_MAX && check_is_scanned(first) &&
	       check_is_scanned(check) && strcmp(first->schema, check->schema) == 0 &&
	       strcmp(first->table, check->table) == 0;
}

static bool ask(struct batch *batch, struct scan *scan, struct err *err)
{
	struct database_rows *rows = NULL;
	const struct check *first = check_at(batch, scan->members[0]);
	int64_t started = clock_monotonic_us();
	if (check_is_scanned(first)) {
		buf_append_text(&scan->sql, " FROM ");
		quote_qualified(&scan->sql, first->schema, first->table);
	}
	if (!batch_enter_schema(batch, first->schema, err) ||
		!database_query(batch->database, buf_text(&scan->sql), NULL, 0, &rows, err))
		return false;
	take_findings(batch, scan, rows, clock_monotonic_us() - started);
	database_rows_free(rows);
	for (size_t i = 0; i < scan->count; i++) {
		struct check_result *result = &batch->checks[scan->members[i]];
		const struct check *check = check_at(batch, scan->members[i]);
		if (check->store && result->failures && !keep_rows(batch, check, result, err))
			return false;
	}
	return true;
}

/* A check whose SQL fails is a failed check; a sick server is the run's trouble. */
static bool run_scan(struct batch *batch, struct scan *scan, bool *ret_answered, struct err *err)
{
	struct err why;
	if (!database_exec(batch->database, "SAVEPOINT penstock_check", err))
		return false;
	bool answered = ask(batch, scan, &why);
	if (!answered && (why.class == ERR_RETRY || !database_usable(batch->database))) {
		*err = why;
		return false;
	}
	if (!answered && scan->count == 1)
		batch->checks[scan->members[0]] = (struct check_result){.ran = true,
			.state = CHECK_ERROR,
			.message = arena_strdup(&batch->arena, why.message)};
	*ret_answered = answered || scan->count == 1;
	return database_exec(batch->database,
		"ROLLBACK TO SAVEPOINT penstock_check; RELEASE SAVEPOINT penstock_check", err);
}

static bool run_alone(struct batch *batch, const struct scan *together, struct err *err)
{
	struct scan scan;
	bool answered = false;
	bool ok = true;
	buf_init(&scan.sql, CHECK_TEXT_MAX);
	for (size_t i = 0; i < together->count && ok; i++) {
		begin_scan(&scan);
		join_scan(batch, &scan, together->members[i]);
		ok = run_scan(batch, &scan, &answered, err);
	}
	buf_release(&scan.sql);
	return ok;
}

/* Runs the check and those still due that may share its pass. */
static bool run_from(struct batch *batch, size_t at, bool *due, struct scan *scan, struct err *err)
{
	bool answered = false;
	begin_scan(scan);
	join_scan(batch, scan, at);
	for (size_t i = at + 1; i < batch->project->check_count; i++)
		if (due[i] && may_join(batch, scan, i))
			join_scan(batch, scan, i);
	for (size_t i = 0; i < scan->count; i++)
		due[scan->members[i]] = false;
	return run_scan(batch, scan, &answered, err) && (answered || run_alone(batch, scan, err));
}

bool checks_run(struct batch *batch, struct err *err)
{
	size_t count = batch->project->check_count;
	bool *due = arena_calloc(&batch->arena, count + 1, sizeof(*due));
	struct scan scan;
	bool ok = true;
	buf_init(&scan.sql, CHECK_TEXT_MAX);
	for (size_t i = 0; i < count; i++)
		due[i] = concerns(batch, check_at(batch, i));
	for (size_t i = 0; i < count && ok; i++)
		ok = !due[i] || run_from(batch, i, due, &scan, err);
	buf_release(&scan.sql);
	for (size_t i = 0; i < count; i++) {
		const struct check_result *result = &batch->checks[i];
		batch->warnings += result->ran && result->state == CHECK_WARN;
		batch->failures += result->ran && result->state >= CHECK_FAIL;
	}
	return ok;
}
