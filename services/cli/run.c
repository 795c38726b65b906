/* SPDX-License-Identifier: Apache-2.0 */
/* penstock run, report: what the scheduler does, once, by hand. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "report/report.h"
#include "scheduler/scheduler.h"

struct batch_options {
	const char *rebuild;
	struct opt_list selected;
	struct opt_list excluded;
	bool full;
	bool json;
};

static const struct opt run_rows[] = {
	{"select", 's', OPT_LIST, offsetof(struct batch_options, selected), "MODEL",
		"the same as MODEL among the arguments"},
	{"exclude", 0, OPT_LIST, offsetof(struct batch_options, excluded), "MODEL",
		"leave out what MODEL means"},
	{"full", 0, OPT_FLAG, offsetof(struct batch_options, full), NULL,
		"calculate incremental models from all rows"},
	{"full-refresh", 0, OPT_FLAG, offsetof(struct batch_options, full), NULL,
		"the same as --full"},
	{"rebuild", 0, OPT_TEXT, offsetof(struct batch_options, rebuild), "MODEL",
		"drop MODEL and what reads it, make all anew; readers wait meanwhile"},
	{"json", 0, OPT_FLAG, offsetof(struct batch_options, json), NULL,
		"print a JSON array of objects"},
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

static void print_summary(const struct run_summary *summary)
{
	char took[32];
	char checks[64];
	char warnings[64];
	text_format_duration(took, summary->milliseconds);
	text_format_counted(checks, summary->checks, "check");
	text_format_counted(warnings, summary->warnings, "warning");
	fprintf(stderr, "run %lld: %s in %s, %s, %lld failed, %s\n", (long long)summary->run_id,
		summary->failures ? "nothing published" : "published", took, checks,
		(long long)summary->failures, warnings);
}

/* Arguments and --select, as one list in `items`. */
static struct string_list selection(
	const struct opt_list *selected, int argc, char **argv, const char **items)
{
	size_t n = 0;
	for (int i = 0; i < argc; i++)
		items[n++] = argv[i];
	for (size_t i = 0; i < selected->count; i++)
		items[n++] = selected->items[i];
	return (struct string_list){items, n};
}

static int run_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct batch_options *wanted = options;
	struct run_summary summary = {0};
	struct err err;
	struct opt_list excluded = wanted->excluded;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	const char **items = calloc((size_t)argc + OPT_LIST_MAX, sizeof(*items));
	if (!items)
		BUG("out of memory");
	struct table *table =
		table_new(model_columns, sizeof(model_columns) / sizeof(model_columns[0]));
	const struct run_options run = {.config = config,
		.models = selection(&wanted->selected, argc, argv, items),
		.excluded = {excluded.items, excluded.count},
		.rebuild = wanted->rebuild,
		.full = wanted->full,
		.line = add_model,
		.context = table};
	bool ok = run_once(&run, &summary, &err);
	if (ok || err.from != ERR_FROM_USAGE)
		table_print(table, wanted->json);
	table_free(table);
	free(items);
	if (!ok)
		return cli_exit_code(cli_fail(&err));
	print_summary(&summary);
	if (!summary.models)
		fprintf(stderr,
			"there are no models: a SELECT in %s/<schema>/<name>.sql makes one%s\n",
			*config->models ? config->models : "sql/models",
			*config->models ? "" : ", with models: sql/models in the configuration");
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
	.summary = "recalculates the models and publishes them as one",
	.details = "MODEL is a name (marts.orders), a name only one schema has (orders), or a\n"
		   "pattern ('marts.*'); +MODEL adds all it reads, MODEL+ all that reads it.\n"
		   "Without any, all models run. Ends 3 when a check failed: nothing is published\n"
		   "then. Ctrl-C rolls the run back and notes it as cancelled.\n\n"
		   "  penstock run\n"
		   "  penstock run 'marts.*' --exclude marts.slow+\n"
		   "  penstock run +marts.orders+\n"
		   "  penstock run --full marts.days\n"
		   "  penstock run --rebuild marts.orders",
	.options = {run_rows, sizeof(run_rows) / sizeof(run_rows[0])},
	.options_size = sizeof(struct batch_options),
	.max_arguments = -1,
	.run = run_run,
};

const struct command command_report = {
	.name = "report",
	.arguments = "[NAME...]",
	.summary = "writes the reports",
	.details = "NAME is a file of the reports' folder without .sql; without any, all are "
		   "written.",
	.max_arguments = -1,
	.run = report_run,
};
