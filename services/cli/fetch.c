/* SPDX-License-Identifier: Apache-2.0 */
/* fetch [NAME...]: sources fetched into the inbox now, whatever their schedules say. */
#include <string.h>

#include "base/stop.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "producer/producer.h"

struct fetch_arguments {
	bool json;
};

static const struct opt rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct fetch_arguments, json), NULL,
		"print a JSON array of objects"},
};

static const struct table_column columns[] = {
	{"source", "source", TABLE_TEXT},
	{"outcome", "outcome", TABLE_TEXT},
	{"files", "files", TABLE_INT},
	{"bytes", "bytes", TABLE_INT},
	{"error", "error", TABLE_TEXT},
};

static const char *const outcomes[] = {[FETCH_DONE] = "fetched",
	[FETCH_UNCHANGED] = "nothing new",
	[FETCH_BUSY] = "another process is fetching it"};

struct run {
	const struct config *config;
	struct table *table; /* NULL: lines are printed as they come */
	struct progress progress;
	int64_t page;
	bool failed;
};

static void show_progress(void *context, int64_t page, int64_t bytes)
{
	struct run *run = context;
	run->page = page;
	progress_update(&run->progress, bytes, page);
}

static bool note_whole(void *context, const struct fetch_whole *whole, struct err *err)
{
	struct run *run = context;
	return producer_note_fetch((void *)(uintptr_t)run->config, whole, err);
}

static void print_line(const struct remote *remote, const struct fetch_result *result)
{
	char size[32];
	char files[64];
	printf("%s: %s", remote->name, outcomes[result->outcome]);
	text_format_size(size, (double)result->bytes);
	text_format_counted(files, result->files, "file");
	if (result->outcome == FETCH_DONE)
		printf(", %s, %s", files, size);
	printf("\n");
	fflush(stdout);
}

static void add_row(struct run *run, const struct remote *remote, const struct fetch_result *result,
	const struct err *err)
{
	table_text(run->table, remote->name);
	table_text(run->table, err ? "failed" : outcomes[result->outcome]);
	table_int(run->table, result->files);
	table_int(run->table, result->bytes);
	table_text(run->table, err ? err->message : NULL);
}

static void fetch_one(struct run *run, const struct remote *remote)
{
	const struct fetch_options options = {.config = run->config,
		.whole = note_whole,
		.progress = show_progress,
		.context = run};
	struct fetch_result result;
	struct err err = {0};
	progress_begin(&run->progress, remote->name, 0, true);
	run->progress.counted = strncmp(remote->url, "s3://", 5) == 0 ? "object"
				: remote->paging.by == PAGING_NONE    ? "answer"
								      : "page";
	run->page = 0;
	bool ok = fetch_source(&options, remote, &result, &err);
	progress_end(&run->progress, result.bytes, run->page);
	run->failed = run->failed || !ok || result.outcome == FETCH_BUSY;
	if (run->table)
		add_row(run, remote, &result, ok ? NULL : &err);
	else if (ok)
		print_line(remote, &result);
	else if (!stop_requested())
		cli_fail(&err);
}

/* Each gets its turn, whatever became of the one before; a name that is none stops all. */
static bool fetch_all(struct run *run, int argc, char **argv, struct err *err)
{
	const struct config *config = run->config;
	if (!config->source_count)
		return err_usage(err, "there are no sources in %s", config->path);
	for (int i = 0; i < argc; i++)
		if (!config_find_source(config, argv[i]))
			return err_usage(err,
				"there is no source '%s'; config print shows those there are",
				argv[i]);
	for (int i = 0; i < argc && !stop_requested(); i++)
		fetch_one(run, config_find_source(config, argv[i]));
	for (size_t i = 0; argc == 0 && i < config->source_count && !stop_requested(); i++)
		fetch_one(run, &config->sources[i]);
	return true;
}

static int run_fetch(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct fetch_arguments *arguments = options;
	struct err err = {0};
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	struct run run = {.config = config};
	if (arguments->json)
		run.table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	int code = fetch_all(&run, argc, argv, &err) ? EXIT_GOOD : cli_fail(&err);
	if (run.table) {
		if (code == EXIT_GOOD)
			table_print(run.table, true);
		table_free(run.table);
	}
	return cli_exit_code(code == EXIT_GOOD && run.failed ? EXIT_FAILED : code);
}

const struct command command_fetch = {
	.name = "fetch",
	.arguments = "[NAME...]",
	.summary = "fetches sources into the inbox now",
	.details = "All sources of the configuration, or those named. What is fetched waits in the "
		   "inbox\n"
		   "for 'penstock producer'. A fetch that was interrupted goes on where it was.\n"
		   "Exit code 1: a source could not be fetched.\n"
		   "\n"
		   "  penstock fetch orders_api",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct fetch_arguments),
	.max_arguments = -1,
	.run = run_fetch,
};
