/* SPDX-License-Identifier: Apache-2.0 */
/* penstock rejects: the records that can never load, with where they are and why. */
#include <stddef.h>
#include <stdio.h>

#include "cli/print_listing.h"

static const size_t max_memory = (size_t)128 << 20;
static const int64_t default_limit = 100;

struct rejects_options {
	const char *dataset;
	const char *file;
	int64_t limit;
	bool json;
};

static const struct opt rejects_rows[] = {
	{"dataset", 'd', OPT_TEXT, offsetof(struct rejects_options, dataset), "NAME",
		"of this dataset only"},
	{"file", 0, OPT_TEXT, offsetof(struct rejects_options, file), "NAME",
		"of files with this name only"},
	{"limit", 0, OPT_INT, offsetof(struct rejects_options, limit), "N",
		"at most this many (default 100, at most 10000)"},
	{"json", 0, OPT_FLAG, offsetof(struct rejects_options, json), NULL,
		"print a JSON array of objects"},
};

static int rejects_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct rejects_options *wanted = options;
	struct monitor_options monitor;
	struct listing listing;
	struct arena arena;
	struct err err;
	(void)argc;
	(void)argv;
	if (!monitor_options_fill(cli, &monitor, &err))
		return cli_fail(&err);
	if (wanted->dataset && !datasets_find(monitor.datasets, wanted->dataset)) {
		err_usage(&err, "no dataset is called '%s'", wanted->dataset);
		return cli_fail(&err);
	}
	arena_init(&arena, max_memory);
	int64_t limit = wanted->limit ? wanted->limit : default_limit;
	bool ok = rejects_read(
		&monitor, wanted->dataset, wanted->file, limit, &arena, &listing, &err);
	if (ok)
		print_listing(&listing, wanted->json);
	if (ok && listing.rows && !wanted->json)
		fprintf(stderr, "\nOnce schema, configuration or table is mended, 'penstock replay "
				"--rejects' corrects these files.\n");
	arena_release(&arena);
	return ok ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_rejects = {
	.name = "rejects",
	.summary = "records that can never load: file, record, bytes, column, reason, original",
	.details = "Original text is shortened in the table and whole in JSON (at most 4 KiB are "
		   "kept).",
	.options = {rejects_rows, sizeof(rejects_rows) / sizeof(rejects_rows[0])},
	.options_size = sizeof(struct rejects_options),
	.run = rejects_run,
};
