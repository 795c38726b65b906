/* SPDX-License-Identifier: Apache-2.0 */
/* penstock check: the checks now, how they went before, the rows that failed them. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/print_listing.h"
#include "cli/table.h"
#include "scheduler/scheduler.h"

static const size_t max_memory = (size_t)128 << 20;
static const int64_t default_limit = 20;
static const int64_t max_limit = 10000;
static const size_t max_message = 100;

struct check_options {
	struct opt_list selected;
	const char *failures;
	bool history;
	int64_t limit;
	bool json;
};

static const struct opt check_rows[] = {
	{"select", 's', OPT_LIST, offsetof(struct check_options, selected), "NAME",
		"the same as NAME among the arguments"},
	{"failures", 0, OPT_TEXT, offsetof(struct check_options, failures), "NAME",
		"the rows kept when this check failed last (store_failures); runs nothing"},
	{"history", 0, OPT_FLAG, offsetof(struct check_options, history), NULL,
		"how checks went before, or one by NAME; runs nothing"},
	{"limit", 0, OPT_INT, offsetof(struct check_options, limit), "N",
		"at most this many rows or results (default 20, at most 10000)"},
	{"json", 0, OPT_FLAG, offsetof(struct check_options, json), NULL,
		"print a JSON array of objects"},
};

static const struct table_column columns[] = {
	{"check", "check", TABLE_TEXT},
	{"model", "model", TABLE_TEXT},
	{"state", "state", TABLE_TEXT},
	{"failures", "failures", TABLE_INT},
	{"ms", "milliseconds", TABLE_INT},
	{"message", "message", TABLE_TEXT},
	{"at", "origin", TABLE_TEXT},
};

struct printing {
	struct table *table;
	bool json;
};

static void add_check(void *context, const struct run_line *line)
{
	struct printing *printing = context;
	struct table *table = printing->table;
	if (!line->check)
		return;
	struct buf message;
	buf_init(&message, max_message * 8);
	text_excerpt(&message, line->message, strlen(line->message), max_message);
	bool passed = strcmp(line->state, "pass") == 0;
	table_text(table, line->check);
	table_text(table, line->model);
	table_text(table, line->state);
	table_int(table, line->failures);
	table_int(table, line->milliseconds);
	table_text(table, printing->json ? line->message : buf_text(&message));
	table_text(table, printing->json || !passed ? line->origin : "");
	buf_release(&message);
}

/* Arguments and --select. */
static const char **list_names(const struct check_options *wanted, int argc, char **argv)
{
	const char **names = calloc((size_t)argc + OPT_LIST_MAX, sizeof(*names));
	if (!names)
		BUG("out of memory: names");
	for (int i = 0; i < argc; i++)
		names[i] = argv[i];
	for (size_t i = 0; i < wanted->selected.count; i++)
		names[(size_t)argc + i] = wanted->selected.items[i];
	return names;
}

static int run_checks(
	const struct config *config, const struct check_options *wanted, int argc, char **argv)
{
	struct run_summary summary = {0};
	struct err err;
	struct printing printing = {
		table_new(columns, sizeof(columns) / sizeof(columns[0])), wanted->json};
	const char **names = list_names(wanted, argc, argv);
	const struct run_options run = {.config = config,
		.models = {names, (size_t)argc + wanted->selected.count},
		.line = add_check,
		.context = &printing};
	bool ok = check_once(&run, &summary, &err);
	if (ok)
		table_print(printing.table, wanted->json);
	table_free(printing.table);
	free(names);
	if (!ok)
		return cli_exit_code(cli_fail(&err));
	char took[32];
	char checks[64];
	char warnings[64];
	text_format_duration(took, summary.milliseconds);
	text_format_counted(checks, summary.checks, "check");
	text_format_counted(warnings, summary.warnings, "warning");
	fprintf(stderr, "%s in %s: %lld failed, %s\n", checks, took, (long long)summary.failures,
		warnings);
	return summary.failures ? EXIT_WITH_REJECTS : EXIT_GOOD;
}

static bool print_json_rows(const struct monitor_options *monitor, const char *name, int64_t limit,
	struct arena *arena, struct err *err)
{
	struct buf out;
	buf_init(&out, max_memory);
	bool ok = check_rows_json(monitor, name, limit, arena, &out, err);
	if (ok)
		fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return ok;
}

static bool print_rows(const struct monitor_options *monitor, const char *name, int64_t limit,
	struct arena *arena, struct err *err)
{
	struct listing listing;
	int64_t run = 0;
	char rows[64];
	if (!check_rows_read(monitor, name, limit, arena, &listing, &run, err))
		return false;
	print_listing(&listing, false);
	text_format_counted(rows, (int64_t)listing.rows, "row");
	fprintf(stderr, "%s, run %lld: %s\n", name, (long long)run, rows);
	return true;
}

static bool print_history(const struct monitor_options *monitor, const struct check_options *wanted,
	const char *name, struct arena *arena, struct err *err)
{
	struct listing listing;
	bool ok = name ? check_history_read(monitor, name, wanted->limit, arena, &listing, err)
		       : check_overview_read(monitor, arena, &listing, err);
	if (ok)
		print_listing(&listing, wanted->json);
	return ok;
}

static bool show(
	struct cli *cli, const struct check_options *wanted, const char *name, struct err *err)
{
	struct monitor_options monitor;
	struct arena arena;
	if (wanted->limit > max_limit)
		return err_usage(err, "--limit: at most 10000");
	if (!monitor_options_fill(cli, &monitor, err))
		return false;
	arena_init(&arena, max_memory);
	bool ok = !wanted->failures ? print_history(&monitor, wanted, name, &arena, err)
		  : wanted->json
			  ? print_json_rows(&monitor, wanted->failures, wanted->limit, &arena, err)
			  : print_rows(&monitor, wanted->failures, wanted->limit, &arena, err);
	arena_release(&arena);
	return ok;
}

static int check_run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct check_options wanted = *(const struct check_options *)options;
	struct err err;
	wanted.limit = wanted.limit ? wanted.limit : default_limit;
	if ((wanted.history && argc > 1) || (wanted.failures && (argc || wanted.history))) {
		err_usage(&err, "--failures takes a check's name, --history one at most, and not "
				"both");
		return cli_fail(&err);
	}
	if (wanted.history || wanted.failures)
		return show(cli, &wanted, argc ? argv[0] : NULL, &err) ? EXIT_GOOD : cli_fail(&err);
	const struct config *config = cli_config(cli, &err);
	return config ? run_checks(config, &wanted, argc, argv) : cli_fail(&err);
}

const struct command command_check = {
	.name = "check",
	.arguments = "[NAME...]",
	.summary = "runs the checks against the tables as they are",
	.details = "NAME is a check, or a model or raw table whose checks to run; a pattern may\n"
		   "stand for several, +MODEL and MODEL+ as in run. Ends 3 when a check of "
		   "severity error failed.\n\n"
		   "  penstock check\n"
		   "  penstock check raw.orders 'unique_*'\n"
		   "  penstock check --history unique_marts_orders_order_id\n"
		   "  penstock check --failures unique_marts_orders_order_id",
	.options = {check_rows, sizeof(check_rows) / sizeof(check_rows[0])},
	.options_size = sizeof(struct check_options),
	.max_arguments = -1,
	.run = check_run,
};
