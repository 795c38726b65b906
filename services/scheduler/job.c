/* SPDX-License-Identifier: Apache-2.0 */
/* One command: lock, record, run, record. */
#include "scheduler/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/text.h"
#include "penstock_scheduler_sql.h"
#include "postgres/migrate.h"

#define TRY_LOCK "SELECT pg_try_advisory_lock(hashtextextended('penstock.job ' || $1, 0))"

static const size_t max_output = (size_t)64 << 10;
static const int64_t statement_ms = 10000;

static const char *const state_names[] = {[JOB_SUCCEEDED] = "succeeded",
	[JOB_FAILED] = "failed",
	[JOB_TIMED_OUT] = "timed_out",
	[JOB_STOPPED] = "stopped"};

const char *job_state_name(enum job_state state)
{
	return state_names[state];
}

static bool take_lock(struct database *database, const struct config_job *job, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *parameters[] = {job->name};
	if (!database_query(database, TRY_LOCK, parameters, 1, &rows, err))
		return false;
	bool taken = database_bool(rows, 0, 0);
	database_rows_free(rows);
	return taken || err_fail(err, ERR_RETRY, "job %s is running already", job->name);
}

static bool record_begin(struct database *database, const struct job_order *order,
	int64_t *ret_number, struct err *err)
{
	char host[128] = "";
	char holder[192];
	char run_id[24];
	struct database_rows *rows = NULL;
	gethostname(host, sizeof(host) - 1);
	snprintf(holder, sizeof(holder), "%s:%ld", host, (long)getpid());
	snprintf(run_id, sizeof(run_id), "%" PRId64, order->run_id);
	const char *parameters[] = {
		order->job->name, order->trigger, order->run_id ? run_id : NULL, holder};
	if (!database_query(database, sql_scheduler_job_begin, parameters, 4, &rows, err))
		return false;
	*ret_number = database_int(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

static bool record_end(struct database *database, const struct job_result *result,
	const struct buf *output, struct err *err)
{
	char number[24];
	char code[16];
	struct buf text;
	snprintf(number, sizeof(number), "%" PRId64, result->number);
	snprintf(code, sizeof(code), "%d", result->exit_code);
	buf_init(&text, 4 * max_output);
	text_clean(&text, (const char *)output->data, output->len, 3 * max_output);
	const char *parameters[] = {number, state_names[result->state],
		result->exit_code < 0 ? NULL : code, result->error, buf_text(&text)};
	bool ok = database_run(database, sql_scheduler_job_end, parameters, 5, NULL, err);
	buf_release(&text);
	return ok;
}

/* ---- the command ---- */

struct invocation {
	struct arena arena;
	const char **argv;
	const char **environment;
};

/* The job's own variables go before the connection's. */
static bool is_set_by(const struct config_job *job, const char *pair)
{
	size_t n = strcspn(pair, "=");
	for (size_t i = 0; i < job->environment.count; i++) {
		const char *name = job->environment.items[i].key;
		if (strlen(name) == n && strncmp(name, pair, n) == 0)
			return true;
	}
	return false;
}

static void invocation_make(const struct job_order *order, const struct database *database,
	struct invocation *invocation)
{
	const struct config_job *job = order->job;
	struct arena *arena = &invocation->arena;
	arena_init(arena, (size_t)4 << 20);
	invocation->argv = arena_calloc(arena, job->command.count + 1, sizeof(char *));
	memcpy(invocation->argv, job->command.items, job->command.count * sizeof(char *));
	const char *const *server = database_environment(database, arena);
	size_t count = job->environment.count + 2;
	for (const char *const *p = server; *p; p++)
		count++;
	invocation->environment = arena_calloc(arena, count, sizeof(char *));
	const char **at = invocation->environment;
	for (size_t i = 0; i < job->environment.count; i++)
		*at++ = arena_printf(arena, "%s=%s", job->environment.items[i].key,
			job->environment.items[i].value);
	*at++ = arena_printf(arena, "PENSTOCK_JOB=%s", job->name);
	for (const char *const *p = server; *p; p++)
		if (!is_set_by(job, *p))
			*at++ = *p;
}

/* How each end of a child is told; those without a reason tell their code. */
static const struct {
	enum job_state state;
	const char *reason;
} ends[] = {[CHILD_EXITED] = {JOB_FAILED, NULL},
	[CHILD_KILLED] = {JOB_FAILED, NULL},
	[CHILD_TIMED_OUT] = {JOB_TIMED_OUT, "it took longer than its timeout"},
	[CHILD_STOPPED] = {JOB_STOPPED, "it was asked to stop"}};

static void judge(const struct child_result *child, struct job_result *result)
{
	bool exited = child->end == CHILD_EXITED;
	bool good = exited && child->code == 0;
	result->state = good ? JOB_SUCCEEDED : ends[child->end].state;
	result->exit_code = exited ? child->code : -1;
	result->milliseconds = child->milliseconds;
	if (ends[child->end].reason)
		snprintf(result->error, sizeof(result->error), "%s", ends[child->end].reason);
	else if (!good)
		snprintf(result->error, sizeof(result->error), "%s %d",
			exited ? "exit code" : "signal", child->code);
}

static bool run_command(const struct database *database, const struct job_order *order,
	struct buf *output, struct job_result *result, struct err *err)
{
	struct invocation invocation;
	struct child_result ended = {0};
	invocation_make(order, database, &invocation);
	const struct child child = {.argv = invocation.argv,
		.environment = invocation.environment,
		.folder = order->job->folder,
		.timeout_ms = order->job->timeout_ms,
		.output = order->output,
		.context = order->context};
	bool ok = child_run(&child, output, &ended, err);
	if (ok)
		judge(&ended, result);
	else
		snprintf(result->error, sizeof(result->error), "%s", err->message);
	arena_release(&invocation.arena);
	return ok;
}

static bool run_locked(struct database *database, const struct job_order *order,
	struct job_result *ret_result, struct err *err)
{
	struct job_result result = {.state = JOB_FAILED, .exit_code = -1};
	struct buf output;
	struct err why;
	if (!record_begin(database, order, &result.number, err))
		return false;
	buf_init(&output, max_output);
	bool ran = run_command(database, order, &output, &result, err);
	bool noted = record_end(database, &result, &output, &why);
	buf_release(&output);
	if (ran && !noted)
		*err = why;
	if (ran && noted)
		*ret_result = result;
	return ran && noted;
}

bool job_execute(const struct job_order *order, struct job_result *ret_result, struct err *err)
{
	const struct database_options options = {.conninfo = order->config->postgres,
		.application = "penstock job",
		.statement_ms = statement_ms};
	struct database *database = NULL;
	bool ok = migrate_open(&options, &database, err) && take_lock(database, order->job, err) &&
		  run_locked(database, order, ret_result, err);
	database_close(database);
	return ok;
}
