/* SPDX-License-Identifier: Apache-2.0 */
/* penstock job: a job of the configuration, now, with its output as it comes. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "scheduler/job.h"

struct job_options {
	bool json;
};

static const struct opt rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct job_options, json), NULL,
		"print a JSON array of objects; what the jobs write goes to stderr"},
};

static const struct table_column columns[] = {
	{"job", "job", TABLE_TEXT},
	{"number", "number", TABLE_INT},
	{"state", "state", TABLE_TEXT},
	{"ms", "milliseconds", TABLE_INT},
	{"error", "error", TABLE_TEXT},
};

static const struct config_job *find(const struct config *config, const char *name, struct err *err)
{
	struct nearest nearest;
	nearest_begin(&nearest, name);
	for (size_t i = 0; i < config->job_count; i++) {
		if (strcmp(config->jobs[i].name, name) == 0)
			return &config->jobs[i];
		nearest_try(&nearest, config->jobs[i].name);
	}
	if (nearest.best)
		err_usage(err, "no job is called '%s'; did you mean %s?", name, nearest.best);
	else
		err_usage(err, "no job is called '%s' in %s", name, config->path);
	return NULL;
}

static void show(void *context, const char *text, size_t n)
{
	FILE *stream = context;
	fwrite(text, 1, n, stream);
	fflush(stream);
}

static bool run_named(const struct config *config, const char *name, FILE *stream,
	struct table *table, bool *ret_good, struct err *err)
{
	struct job_result result;
	const struct config_job *job = find(config, name, err);
	const struct job_order order = {
		.config = config, .job = job, .trigger = "hand", .output = show, .context = stream};
	if (!job || !job_execute(&order, &result, err))
		return false;
	table_text(table, name);
	table_int(table, result.number);
	table_text(table, job_state_name(result.state));
	table_int(table, result.milliseconds);
	table_text(table, result.error);
	*ret_good = *ret_good && result.state == JOB_SUCCEEDED;
	return true;
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct job_options *wanted = options;
	struct err err;
	bool good = true;
	bool ok = true;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (int i = 0; ok && good && i < argc; i++)
		ok = run_named(config, argv[i], wanted->json ? stderr : stdout, table, &good, &err);
	if (wanted->json || !good)
		table_print(table, wanted->json);
	table_free(table);
	return cli_exit_code(!ok ? cli_fail(&err) : good ? EXIT_GOOD : EXIT_FAILED);
}

const struct command command_job = {
	.name = "job",
	.arguments = "NAME...",
	.summary = "runs jobs of the configuration, now",
	.details = "One after the other, until one fails. A job runs once at a time, whoever\n"
		   "starts it. What became of it, and its output, stay in penstock.job_run;\n"
		   "`penstock status` shows the last run of each.",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct job_options),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
