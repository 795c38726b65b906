/* SPDX-License-Identifier: Apache-2.0 */
/* penstock status: what the ledger says of files, workers, runs and dead letters. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/print_listing.h"

static const size_t max_memory = (size_t)64 << 20;

struct status_options {
	bool json;
};

static const struct opt status_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct status_options, json), NULL, "print a JSON object"},
};

static void print_json(const struct status *status)
{
	struct buf out;
	buf_init(&out, max_memory);
	status_json(status, &out);
	buf_append_byte(&out, '\n');
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
}

static bool any_quarantined(const struct listing *files)
{
	size_t columns = files->shape->column_count;
	for (size_t i = 0; i < files->rows * columns; i++)
		if (strcmp(files->shape->columns[i % columns].key, "state") == 0 &&
			files->cells[i] && strcmp(files->cells[i], "quarantined") == 0)
			return true;
	return false;
}

static void print_remedies(const struct status *status)
{
	if (any_quarantined(&status->parts[STATUS_FILES]))
		fprintf(stderr, "\nOnce schema or configuration is mended, 'penstock replay' takes "
				"quarantined files up again.\n");
	if (status->parts[STATUS_DEAD_LETTERS].rows)
		fprintf(stderr,
			"\n'penstock replay --dead-letters' sends dead letters once more.\n");
}

/* Parts without rows say nothing; only the datasets are always shown. */
static void print_tables(const struct status *status)
{
	for (size_t i = 0; i < STATUS_PARTS; i++) {
		if (i != STATUS_DATASETS && status->parts[i].rows == 0)
			continue;
		printf("%s%s\n", i ? "\n" : "", status->parts[i].shape->title);
		print_listing(&status->parts[i], false);
	}
	print_remedies(status);
}

static int status_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct status_options *wanted = options;
	struct monitor_options monitor;
	struct status status;
	struct arena arena;
	struct err err;
	(void)argc;
	(void)argv;
	if (!monitor_options_fill(cli, &monitor, &err))
		return cli_fail(&err);
	arena_init(&arena, max_memory);
	bool ok = status_read(&monitor, &arena, &status, &err);
	if (ok && wanted->json)
		print_json(&status);
	else if (ok)
		print_tables(&status);
	arena_release(&arena);
	return ok ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_status = {
	.name = "status",
	.summary = "files, workers, batch runs, dead letters and alerts, as the ledger has them",
	.details =
		"Shows files that are loading or quarantined, workers of the last day (alive: 1 "
		"when\n"
		"the last heartbeat is younger than 30 s), the last five runs, dead letters, open\n"
		"alerts, the last run of each job, and the sources of this machine's inbox.",
	.options = {status_rows, sizeof(status_rows) / sizeof(status_rows[0])},
	.options_size = sizeof(struct status_options),
	.run = status_run,
};
