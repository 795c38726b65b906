/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/once.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "postgres/migrate.h"

/* Results and shapes of one run. */
#define BATCH_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define RETRY_BASE_MS	200
#define RETRY_CAP_MS	30000

static const char *const model_states[] = {[MODEL_SKIPPED] = "skipped",
	[MODEL_PUBLISHED] = "published",
	[MODEL_UNCHANGED] = "unchanged",
	[MODEL_FAILED] = "failed"};

static void print_models(const struct once *once, const struct batch *batch)
{
	for (size_t i = 0; i < once->project->model_count; i++) {
		const struct model_result *result = &batch->models[i];
		if (!once->project->models[i].selected)
			continue;
		const struct run_line line = {.model = once->project->models[i].name,
			.state = model_states[result->state],
			.inserted = result->inserted,
			.updated = result->updated,
			.deleted = result->deleted,
			.milliseconds = result->milliseconds,
			.message = result->error  ? result->error
				   : result->note ? result->note
						  : ""};
		once->line(once->context, &line);
	}
}

static void log_check(const struct check *check, const struct check_result *result)
{
	log_warn("check failed", log_str("check", check->name),
		log_str("severity", check->warn ? "warn" : "error"),
		log_str("message", result->message), log_str("origin", check->origin));
}

/* What went well comes first: the end of a listing is what people see. */
static void print_checks(const struct once *once, const struct batch *batch)
{
	for (enum check_state state = CHECK_PASS; state <= CHECK_ERROR; state++)
		for (size_t i = 0; i < once->project->check_count; i++) {
			const struct check *check = &once->project->checks[i];
			const struct check_result *result = &batch->checks[i];
			if (!result->ran || result->state != state)
				continue;
			if (state != CHECK_PASS && !batch->only_checks)
				log_check(check, result);
			const struct run_line line = {.model = check->on,
				.check = check->name,
				.state = check_state_name(state),
				.failures = result->failures,
				.milliseconds = result->milliseconds,
				.message = result->message,
				.origin = check->origin};
			if (once->line)
				once->line(once->context, &line);
		}
}

/* A passing trouble of a run that had begun; a server that is away is its caller's business. */
static bool try_again(const struct once *once, const struct batch *batch, const struct err *err)
{
	if (batch->end != BATCH_ENDED || !batch->run_id || err->class != ERR_RETRY ||
		batch->attempt > once->config->recalculate.retries || stop_requested())
		return false;
	log_err(LOG_WARN, "the run will be tried again", err);
	return !stop_wait_ms(clock_backoff_ms(batch->attempt - 1, RETRY_BASE_MS, RETRY_CAP_MS));
}

bool once_run(const struct once *once, struct run_summary *ret_summary, enum batch_end *ret_end,
	struct err *err)
{
	struct batch batch;
	bool ok = false;
	for (unsigned attempt = 1;; attempt++) {
		batch = (struct batch){.project = once->project,
			.trigger = once->trigger,
			.rebuild = once->rebuild,
			.full = once->full,
			.overlap = once->overlap,
			.timeout_ms = once->config->recalculate.timeout_ms,
			.attempt = attempt,
			.wait_for_sources = once->wait_for_sources,
			.fenced = once->fenced,
			.generation = once->generation};
		arena_init(&batch.arena, BATCH_MAX_BYTES);
		ok = batch_run(&batch, once->config, err);
		if (ok || !try_again(once, &batch, err))
			break;
		batch_release(&batch);
	}
	if (once->line)
		print_models(once, &batch);
	print_checks(once, &batch);
	if (ret_end)
		*ret_end = batch.end;
	if (ok)
		*ret_summary = batch.totals;
	batch_release(&batch);
	return ok;
}

static bool select_models(const struct run_options *options, struct project *project,
	const struct model **ret_rebuild, struct err *err)
{
	if ((options->models.count || !options->rebuild) &&
		!project_select(project, &options->models, &options->excluded, err))
		return false;
	return !options->rebuild ||
	       project_select_rebuild(project, options->rebuild, ret_rebuild, err);
}

bool scheduler_check(const struct config *config, size_t *ret_models, struct err *err)
{
	struct project project;
	if (!project_load(config, &project, err))
		return false;
	*ret_models = project.model_count;
	project_release(&project);
	return true;
}

bool run_once(const struct run_options *options, struct run_summary *ret_summary, struct err *err)
{
	struct project project;
	if (!project_load(options->config, &project, err))
		return false;
	struct once once = {.config = options->config,
		.project = &project,
		.trigger = "hand",
		.full = options->full,
		.overlap = options->config->recalculate.overlap,
		.line = options->line,
		.context = options->context};
	bool ok = select_models(options, &project, &once.rebuild, err) &&
		  once_run(&once, ret_summary, NULL, err);
	project_release(&project);
	return ok;
}

/* Checks see one state of the database; what they found is written afterwards. */
static bool check_tables(struct batch *batch, const struct config *config, struct err *err)
{
	const struct database_options options = {
		.conninfo = config->postgres, .application = "penstock check"};
	if (!database_open(&options, &batch->database, err) ||
		!migrate_check(batch->database, err) ||
		!database_exec(
			batch->database, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err) ||
		!checks_run(batch, err))
		return false;
	database_rollback(batch->database);
	return history_checked(batch, err);
}

bool check_once(const struct run_options *options, struct run_summary *ret_summary, struct err *err)
{
	struct project project;
	if (!project_load(options->config, &project, err))
		return false;
	const struct once once = {.config = options->config,
		.project = &project,
		.line = options->line,
		.context = options->context};
	struct batch batch = {.project = &project, .trigger = "check", .only_checks = true};
	int64_t started = clock_monotonic_us();
	arena_init(&batch.arena, BATCH_MAX_BYTES);
	batch.checks = arena_calloc(&batch.arena, project.check_count + 1, sizeof(*batch.checks));
	bool ok = project_select_checks(&project, &options->models, err) &&
		  check_tables(&batch, options->config, err);
	database_close(batch.database);
	print_checks(&once, &batch);
	if (ok) {
		struct run_summary summary = {.run_id = batch.run_id,
			.warnings = batch.warnings,
			.failures = batch.failures,
			.milliseconds = (clock_monotonic_us() - started) / 1000};
		for (size_t i = 0; i < project.check_count; i++)
			summary.checks += batch.checks[i].ran;
		*ret_summary = summary;
	}
	batch_release(&batch);
	project_release(&project);
	return ok;
}
