/* SPDX-License-Identifier: Apache-2.0 */
/* penstock run, check, report: what the scheduler does, once, by hand. */
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "scheduler/scheduler.h"

struct batch_options {
	const char *rebuild;
	bool json;
};

static const struct opt run_rows[] = {
	{"rebuild", 0, OPT_TEXT, offsetof(struct batch_options, rebuild), "MODEL",
		"drop MODEL and what reads it, make all anew; readers wait meanwhile"},
	{"json", 0, OPT_FLAG, offsetof(struct batch_options, json), NULL,
		"print the table as JSON"},
};

static const struct opt check_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct batch_options, json), NULL,
		"print the table as JSON"},
};

static const struct table_column model_columns[] = {
	{"model", "model", TABLE_TEXT},
	{"state", "state", TABLE_TEXT},
	{"inserted", "inserted", TABLE_INT},
	{"updated", "updated", TABLE_INT},
	{"deleted", "deleted", TABLE_INT},
	{"ms", "milliseconds", TABLE_INT},
	{"message", "message", TABLE_TEXT},
};

static const struct table_column check_columns[] = {
	{"check", "check", TABLE_TEXT},
	{"model", "model", TABLE_TEXT},
	{"state", "state", TABLE_TEXT},
	{"failures", "failures", TABLE_INT},
	{"ms", "milliseconds", TABLE_INT},
	{"message", "message", TABLE_TEXT},
};

#define COLUMNS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

static void add_model(void *context, const struct run_line *line)
{
	struct table *table = context;
	if (line->check)
		return;
	table_text(table, line->model);
	table_text(table, line->state);
	table_int(table, line->inserted);
	table_int(table, line->updated);
	table_int(table, line->deleted);
	table_int(table, line->milliseconds);
	table_text(table, line->message);
}

static void add_check(void *context, const struct run_line *line)
{
	struct table *table = context;
	if (!line->check)
		return;
	table_text(table, line->check);
	table_text(table, line->model);
	table_text(table, line->state);
	table_int(table, line->failures);
	table_int(table, line->milliseconds);
	table_text(table, line->message);
}

static int run_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct batch_options *wanted = options;
	struct run_summary summary = {0};
	struct err err;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	struct table *table = table_new(COLUMNS(model_columns));
	const struct run_options run = {.config = config,
		.models = (const char *const *)argv,
		.model_count = (size_t)argc,
		.rebuild = wanted->rebuild,
		.line = add_model,
		.context = table};
	bool ok = run_once(&run, &summary, &err);
	table_print(table, wanted->json);
	table_free(table);
	if (!ok)
		return cli_exit_code(cli_fail(&err));
	char took[32];
	text_format_duration(took, summary.milliseconds);
	fprintf(stderr, "run %lld: %s in %s, %lld checks, %lld failed, %lld warnings\n",
		(long long)summary.run_id, summary.failures ? "nothing published" : "published",
		took, (long long)summary.checks, (long long)summary.failures,
		(long long)summary.warnings);
	return summary.failures ? EXIT_WITH_REJECTS : EXIT_GOOD;
}

static int check_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct batch_options *wanted = options;
	struct run_summary summary = {0};
	struct err err;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	struct table *table = table_new(COLUMNS(check_columns));
	const struct run_options run = {.config = config,
		.models = (const char *const *)argv,
		.model_count = (size_t)argc,
		.line = add_check,
		.context = table};
	bool ok = check_once(&run, &summary, &err);
	if (ok)
		table_print(table, wanted->json);
	table_free(table);
	if (!ok)
		return cli_exit_code(cli_fail(&err));
	return summary.failures ? EXIT_WITH_REJECTS : EXIT_GOOD;
}

static int report_run(struct cli *cli, const void *options, int argc, char **argv)
{
	size_t written = 0;
	struct err err;
	(void)options;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	if (!report_once(config, (const char *const *)argv, (size_t)argc, &written, &err))
		return cli_exit_code(cli_fail(&err));
	return EXIT_GOOD;
}

const struct command command_run = {
	.name = "run",
	.arguments = "[MODEL...]",
	.summary = "recalculate the models and publish them as one",
	.details = "MODEL is a name (marts.orders), a name only one schema has (orders), or a\n"
		   "pattern ('marts.*'); without any, all models run. Ends 3 when a check failed:\n"
		   "nothing is published then.\n\n"
		   "Examples:\n"
		   "  penstock run\n"
		   "  penstock run 'marts.*'\n"
		   "  penstock run --rebuild marts.orders",
	.options = {run_rows, sizeof(run_rows) / sizeof(run_rows[0])},
	.options_size = sizeof(struct batch_options),
	.max_arguments = -1,
	.run = run_run,
};

const struct command command_check = {
	.name = "check",
	.arguments = "[MODEL...]",
	.summary = "run the checks against the tables as they are",
	.details = "Ends 3 when a check of severity error failed.",
	.options = {check_rows, sizeof(check_rows) / sizeof(check_rows[0])},
	.options_size = sizeof(struct batch_options),
	.max_arguments = -1,
	.run = check_run,
};

const struct command command_report = {
	.name = "report",
	.arguments = "[NAME...]",
	.summary = "write the reports",
	.details = "NAME is a file of the reports' folder without .sql; without any, all are "
		   "written.\n",
	.max_arguments = -1,
	.run = report_run,
};
