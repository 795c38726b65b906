/* SPDX-License-Identifier: Apache-2.0 */
/* publish FILE...: each file sent now, one line a publication; --wait follows it into the tables.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/object_file.h"
#include "cli/progress.h"
#include "cli/stream_file.h"
#include "cli/table.h"
#include "cli/wait_loaded.h"
#include "producer/producer.h"

static const int64_t kafka_wait_us = 60 * INT64_C(1000000);
static const int64_t ping_ms = 2000;
/* Their names are in memory, 1 KiB each at most. */
enum { max_objects = 100000 };
#define NAMES_MAX_BYTES ((size_t)256 << 20)

struct publish_arguments {
	const char *dataset;
	const char *name;
	bool again;
	bool wait;
	bool window;
	bool json;
};

static const struct opt rows[] = {
	{"dataset", 'd', OPT_TEXT, offsetof(struct publish_arguments, dataset), "NAME",
		"the dataset, instead of the one whose 'files' match the name"},
	{"name", 0, OPT_TEXT, offsetof(struct publish_arguments, name), "NAME",
		"what a URL's content, or standard input, is called"},
	{"again", 0, OPT_FLAG, offsetof(struct publish_arguments, again), NULL,
		"publish known content once more, as a publication of its own"},
	{"wait", 'w', OPT_FLAG, offsetof(struct publish_arguments, wait), NULL,
		"until all of it is in the tables (reads Postgres)"},
	{"window", 0, OPT_FLAG, offsetof(struct publish_arguments, window), NULL,
		"keep what waits for workers within what dev's embedded broker holds"},
	{"json", 0, OPT_FLAG, offsetof(struct publish_arguments, json), NULL,
		"print a JSON array of objects"},
};

static const struct table_column columns[] = {
	{"name", "name", TABLE_TEXT},
	{"dataset", "dataset", TABLE_TEXT},
	{"file id", "file_id", TABLE_INT},
	{"sha256", "sha256", TABLE_TEXT},
	{"outcome", "outcome", TABLE_TEXT},
	{"published", "published_at", TABLE_TEXT},
	{"chunks", "chunks", TABLE_INT},
	{"records", "records", TABLE_INT},
	{"rows", "rows", TABLE_INT},
	{"rejects", "rejects", TABLE_INT},
	{"reason", "reason", TABLE_TEXT},
};

struct run {
	const struct publish_arguments *arguments;
	const struct config *config;
	struct arena arena;
	struct table *table; /* NULL: lines are printed as they come */
	struct progress progress;
	bool drawing;
	const char *label;
	struct loaded_list sent; /* every publication reported so far */
	struct object_files objects;
	bool rejects;
	bool failed;
};

static void show_progress(void *context, int64_t done, int64_t total, int64_t row_count)
{
	struct run *run = context;
	if (!run->drawing)
		progress_begin(&run->progress, run->label, total, true);
	run->drawing = true;
	progress_update(&run->progress, done, row_count);
}

static void end_progress(struct run *run, const struct publication_result *result)
{
	if (run->drawing)
		progress_end(&run->progress, run->progress.total, result->rows);
	run->drawing = false;
}

static const char *outcome_of(const struct publication_result *result)
{
	if (result->quarantined || result->retracted)
		return result->retracted ? "retracted" : "quarantined";
	return result->already ? "already published" : "published";
}

static void add_to_table(struct run *run, const struct publication_result *result)
{
	char at[CLOCK_ISO_SIZE] = "";
	if (result->sent_ms)
		clock_iso(at, result->sent_ms * 1000);
	table_text(run->table, result->name);
	table_text(run->table, result->dataset);
	table_int(run->table, result->file_id);
	table_text(run->table, result->sha256);
	table_text(run->table, outcome_of(result));
	table_text(run->table, result->sent_ms ? at : NULL);
	table_int(run->table, result->chunks);
	table_int(run->table, result->records);
	table_int(run->table, result->rows);
	table_int(run->table, result->rejects);
	table_text(run->table, result->reason);
}

static void print_counts(const struct publication_result *result)
{
	char loads[64];
	char rejects[64];
	char chunks[64];
	text_format_counted(loads, result->rows, "row");
	text_format_counted(rejects, result->rejects, "reject");
	text_format_counted(chunks, result->chunks, "chunk");
	printf("dataset %s, file %" PRId64 ", %s, %s, %s", result->dataset, result->file_id, loads,
		rejects, chunks);
}

static void print_line(const struct publication_result *result)
{
	char at[CLOCK_ISO_SIZE];
	printf("%s: ", result->name);
	if (result->quarantined) {
		printf("quarantined%s: %s", result->already ? " before" : "", result->reason);
	} else if (result->retracted) {
		printf("retracted before (file %" PRId64 "): --again publishes it anew%s%s",
			result->file_id, *result->reason ? ": " : "", result->reason);
	} else if (result->already) {
		clock_iso(at, result->sent_ms * 1000);
		printf("already published on %s (", at);
		print_counts(result);
		printf(")");
	} else {
		print_counts(result);
	}
	printf("\n");
	fflush(stdout);
}

static void published(void *context, const struct publication_result *result)
{
	struct run *run = context;
	end_progress(run, result);
	/* After a retry, an archive's first members are found again as published already. */
	if (!loaded_list_add(&run->sent, &run->arena, result))
		return;
	if (run->table)
		add_to_table(run, result);
	else
		print_line(result);
	run->failed = run->failed || result->quarantined || result->retracted;
	run->rejects = run->rejects || result->rejects > 0;
}

/* ---- Kafka away ---- */

static bool wait_for_kafka(struct run *run, struct publisher *publisher, struct err *err)
{
	const char *servers = "the configured brokers";
	for (size_t i = 0; i < run->config->kafka.count; i++)
		if (strcmp(run->config->kafka.items[i].key, "bootstrap.servers") == 0)
			servers = run->config->kafka.items[i].value;
	fprintf(stderr, "penstock: waiting for Kafka at %s, %" PRId64 " s at most: %s\n", servers,
		kafka_wait_us / 1000000, err->message);
	int64_t deadline = clock_monotonic_us() + kafka_wait_us;
	while (!publisher_ping(publisher, ping_ms, err)) {
		if (err->class != ERR_RETRY || clock_monotonic_us() >= deadline ||
			stop_wait_ms(500))
			return false;
	}
	return true;
}

static bool publish_one(
	struct run *run, struct publisher *publisher, const char *path, struct err *err)
{
	run->label = file_name(path);
	while (!publish_file(publisher, path, published, run, err)) {
		run->drawing = false;
		if (err->class != ERR_RETRY || err->from != ERR_FROM_KAFKA || stop_requested() ||
			!wait_for_kafka(run, publisher, err))
			return false;
	}
	return true;
}

static void show_stream(void *context, int64_t bytes)
{
	progress_update(context, bytes, 0);
}

/* The progress of what comes is another line than that of what is published then. */
static bool take_stream(
	struct run *run, const char *argument, char ret_path[PATH_MAX], struct err *err)
{
	const struct publish_arguments *arguments = run->arguments;
	struct progress progress;
	bool input = strcmp(argument, "-") == 0;
	const struct stream_file stream = {
		.name = !arguments->name && input && arguments->dataset ? "stdin" : arguments->name,
		.progress = show_stream,
		.context = &progress};
	progress_begin(&progress, input ? "standard input" : "download", 0, true);
	return stream_file_get(&stream, argument, ret_path, err);
}

static bool publish_name(
	struct run *run, struct publisher *publisher, const char *name, struct err *err)
{
	char path[PATH_MAX];
	bool stream = stream_file_is(name);
	if (!stream && !s3_is_url(name))
		return publish_one(run, publisher, name, err);
	if (stream ? !take_stream(run, name, path, err)
		   : !object_file_get(&run->objects, name, path, err))
		return false;
	bool ok = publish_one(run, publisher, path, err);
	object_file_remove(path);
	return ok;
}

static void keep_first(int *code, const struct err *err)
{
	int failure = cli_fail(err);
	*code = *code == EXIT_GOOD ? failure : *code;
}

/* An argument is one file, or many objects. */
static void publish_argument(
	struct run *run, struct publisher *publisher, const char *argument, int *code)
{
	struct err err = {0};
	struct arena names;
	struct string_list list = {0};
	arena_init(&names, NAMES_MAX_BYTES);
	list.items = arena_calloc(&names, max_objects, sizeof(*list.items));
	if (!object_files_expand(&run->objects, argument, &names, &list, max_objects, &err)) {
		keep_first(code, &err);
		list.count = 0;
	}
	for (size_t i = 0; i < list.count && !stop_requested(); i++)
		if (!publish_name(run, publisher, list.items[i], &err))
			keep_first(code, &err);
	arena_release(&names);
}

/* Every file gets its turn, whatever became of the one before. */
static int publish_all(struct run *run, struct publisher *publisher, int argc, char **argv)
{
	int code = EXIT_GOOD;
	for (int i = 0; i < argc && !stop_requested(); i++)
		publish_argument(run, publisher, argv[i], &code);
	object_files_release(&run->objects);
	return code;
}

static int finish(struct run *run, int code)
{
	if (run->arguments->wait && !stop_requested()) {
		struct err err = {0};
		struct loaded_verdict verdict = {0};
		if (!wait_loaded(run->config, &run->sent, &verdict, &err))
			code = cli_fail(&err);
		run->failed = run->failed || verdict.dead_letters > 0;
		run->rejects = run->rejects || verdict.rejects > 0;
	}
	if (run->table)
		table_print(run->table, true);
	if (code == EXIT_GOOD && run->failed)
		code = EXIT_FAILED;
	if (code == EXIT_GOOD && run->rejects)
		code = EXIT_WITH_REJECTS;
	return cli_exit_code(code);
}

static bool check_dataset(
	const struct datasets *datasets, const struct publish_arguments *arguments, struct err *err)
{
	return !arguments->dataset || datasets_find(datasets, arguments->dataset) ||
	       err_usage(err, "there is no dataset '%s'; config print shows those there are",
		       arguments->dataset);
}

static bool check_name(
	const struct publish_arguments *arguments, int argc, char **argv, struct err *err)
{
	return !arguments->name || (argc == 1 && stream_file_is(argv[0])) ||
	       err_usage(err, "--name goes with one URL, or with - (standard input)");
}

static int run_publish(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct publish_arguments *arguments = options;
	struct err err = {0};
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets || !check_dataset(datasets, arguments, &err) ||
		!check_name(arguments, argc, argv, &err))
		return cli_fail(&err);
	struct run run = {
		.arguments = arguments, .config = &cli->config, .objects.config = &cli->config};
	arena_init(&run.arena, 64 << 20);
	const struct publish_options settings = {
		.config = &cli->config,
		.datasets = datasets,
		.kafka = cli_kafka(cli, "penstock-publish"),
		.dataset = arguments->dataset,
		.again = arguments->again,
		.window = arguments->window || cli->config.embedded_broker,
		.progress = show_progress,
		.context = &run,
	};
	struct publisher *publisher = NULL;
	int code;
	if (arguments->json)
		run.table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	if (publisher_open(&settings, &publisher, &err)) {
		code = publish_all(&run, publisher, argc, argv);
		publisher_close(publisher);
		code = finish(&run, code);
	} else {
		code = cli_fail(&err);
	}
	if (run.table)
		table_free(run.table);
	arena_release(&run.arena);
	return code;
}

const struct command command_publish = {
	.name = "publish",
	.arguments = "FILE...",
	.summary = "publishes files now",
	.details =
		"Each file is archived and its rows are sent to the dataset's topic; needs "
		"Kafka only.\n"
		"Content that was published before is not sent again: --again makes it a new\n"
		"publication. Every file of a zip or tar archive is published on its own.\n"
		"FILE may be - (standard input), a URL (http, https), s3://BUCKET/KEY, or\n"
		"s3://BUCKET/PREFIX/ for every object below.\n"
		"Exit code 3: some records are rejects; 1: a file was refused or could not be "
		"sent.\n"
		"\n"
		"  penstock publish orders.csv --wait\n"
		"  penstock publish --dataset orders export-*.txt\n"
		"  penstock publish s3://landing/2026/\n"
		"  penstock publish https://data.example.org/rates.csv\n"
		"  psql -c 'COPY orders TO STDOUT CSV HEADER' | penstock publish --dataset orders "
		"-",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct publish_arguments),
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run_publish,
};
