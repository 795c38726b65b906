/* SPDX-License-Identifier: Apache-2.0 */
/* The `jobs` map: commands the scheduler runs. */
#include <stddef.h>
#include <string.h>

#include "config/keys.h"
#include "config/secrets.h"

#define OF(member) offsetof(struct config_job, member)

static const struct word job_triggers[] = {{"none", JOB_AFTER_NONE}, {"run", JOB_AFTER_RUN}, {0}};

static const struct key job_rows[] = {
	{.path = "command",
		.type = &value_texts,
		.offset = OF(command),
		.expected = "a list: the program and its arguments",
		.doc = "Started without a shell; the program is looked up in `PATH`."},
	{.path = "cron",
		.type = &value_cron,
		.offset = OF(cron),
		.fallback = "",
		.expected = "five cron fields, or @hourly and the like",
		.doc = "When it is run, by `schedule.recalculate.time_zone`. Empty: not by the "
		       "clock."},
	{.path = "after",
		.type = &value_word,
		.offset = OF(after),
		.fallback = "none",
		.words = job_triggers,
		.expected = "run or none",
		.doc = "`run`: after every batch run that was published."},
	{.path = "folder",
		.type = &value_path,
		.offset = OF(folder),
		.fallback = ".",
		.expected = "a folder",
		.doc = "Where it is started."},
	{.path = "environment",
		.type = &value_environment,
		.offset = OF(environment),
		.fallback = "",
		.expected = "a map of names and texts",
		.doc = "Variables added to the scheduler's own; values of names that sound like a "
		       "secret are never shown. The `PG*` variables of the connection and "
		       "`PENSTOCK_JOB` are set, too."},
	{.path = "timeout",
		.type = &value_duration,
		.offset = OF(timeout_ms),
		.fallback = "1h",
		.min = 1000,
		.max = INT64_C(30) * 24 * 60 * 60 * 1000,
		.expected = "a duration from 1s to 30d",
		.doc = "It is ended when it takes longer."},
};

const struct key_table job_keys = {job_rows, sizeof(job_rows) / sizeof(job_rows[0])};

/* ---- environment ---- */

static bool is_name(const char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	return *text && !strchr("0123456789", *text) && !text[strspn(text, letters)];
}

static bool read_environment(const struct value *value)
{
	struct config_pairs pairs = {0};
	if (value->given && value->node->kind != TREE_MAP)
		return false;
	pairs.items = arena_calloc(
		&value->loader->config->arena, value->node->count + 1, sizeof(*pairs.items));
	for (const struct tree_node *n = value->node->first; n; n = n->next) {
		if (!is_name(n->key) || n->kind != TREE_SCALAR) {
			value_problem(value, "%.100s: expected NAME: text", n->key);
			continue;
		}
		pairs.items[pairs.count++] = (struct config_pair){n->key, n->text, n->line};
		if (secret_property(n->key) && *n->raw && !strstr(n->raw, "${"))
			loader_warn_secret(value, n->line, n->key);
	}
	*(struct config_pairs *)value->target = pairs;
	return true;
}

static void print_environment(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_pairs *pairs = target;
	if (!pairs->count)
		return;
	printer_map(printer, key->path);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct config_pair *pair = &pairs->items[i];
		printer_key(printer, pair->key);
		printer_text(printer, secret_property(pair->key) ? SECRET_MASK : pair->value);
	}
	printer_map_end(printer);
}

const struct value_type value_environment = {
	.read = read_environment, .print = print_environment, .prints_key = true};

/* ---- the map ---- */

static void check_job(struct loader *loader, const void *entry)
{
	const struct config_job *job = entry;
	if (!job->command.count || !*job->command.items[0])
		loader_problem(loader, job->line, "command", "names no program");
}

static const struct entry_map map = {.what = "a job",
	.most = CONFIG_MAX_JOBS,
	.size = sizeof(struct config_job),
	.name = offsetof(struct config_job, name),
	.line = offsetof(struct config_job, line),
	.array = offsetof(struct config, jobs),
	.count = offsetof(struct config, job_count),
	.check = check_job};

const struct value_type value_jobs = {.read = entries_read,
	.print = entries_print,
	.prints_key = true,
	.map = &map,
	.entries = &job_keys,
	.entry_prefix = "jobs.NAME."};
