/* SPDX-License-Identifier: Apache-2.0 */
/* penstock verify: is each table what its files say? Built aside from the archive and compared. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/rebuilding.h"

static const size_t max_json = (size_t)64 << 20;
static const int64_t default_examples = 5;

struct verify_options {
	bool repair;
	int64_t examples;
	bool json;
};

static const struct opt verify_rows[] = {
	{"repair", 0, OPT_FLAG, offsetof(struct verify_options, repair), NULL,
		"make the tables so, each in one transaction"},
	{"examples", 0, OPT_INT, offsetof(struct verify_options, examples), "N",
		"rows shown of each kind of difference (5)"},
	{"json", 0, OPT_FLAG, offsetof(struct verify_options, json), NULL,
		"print a JSON array of objects"},
};

struct verify {
	const struct verify_options *options;
	struct rebuilding rebuilding;
	struct buf text; /* the JSON */
	struct json_writer json;
	bool differs;
};

static bool is_different(const struct rebuild_difference *difference)
{
	return difference->missing || difference->surplus || difference->different;
}

static void print_examples(const struct database_rows *rows)
{
	for (size_t i = 0; rows && i < database_row_count(rows); i++) {
		const char *name = database_text(rows, i, 3);
		const char *record = database_text(rows, i, 4);
		printf("  %-9s %s: ", database_text(rows, i, 0), database_text(rows, i, 1));
		if (!name)
			printf("no file %s in the ledger\n", database_text(rows, i, 2));
		else if (record)
			printf("%s, record %s (file %s)\n", name, record,
				database_text(rows, i, 2));
		else
			printf("%s (file %s)\n", name, database_text(rows, i, 2));
	}
}

static void print_lines(const struct verify *verify, const struct dataset *dataset,
	const struct rebuild_outcome *outcome)
{
	const struct rebuild_difference *difference = &outcome->difference;
	char rows[64];
	char files[64];
	text_format_counted(rows, difference->rows, "row");
	text_format_counted(files, difference->files, "file");
	printf("%s: %s of %s", dataset->config->name, rows, files);
	if (is_different(difference))
		printf(", %" PRId64 " missing, %" PRId64 " surplus, %" PRId64 " different%s\n",
			difference->missing, difference->surplus, difference->different,
			verify->options->repair ? ": repaired" : "");
	else
		printf(": the table is what they say\n");
	print_examples(outcome->examples);
	fflush(stdout);
}

static void put_int(struct json_writer *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

static void put_text(struct json_writer *json, const char *key, const char *text)
{
	json_key(json, key);
	if (text)
		json_string(json, text);
	else
		json_null(json);
}

static void put_examples(struct json_writer *json, const struct database_rows *rows)
{
	json_key(json, "examples");
	json_array(json);
	for (size_t i = 0; rows && i < database_row_count(rows); i++) {
		json_object(json);
		put_text(json, "kind", database_text(rows, i, 0));
		put_text(json, "key", database_text(rows, i, 1));
		put_int(json, "file_id", database_int(rows, i, 2));
		put_text(json, "file", database_text(rows, i, 3));
		put_int(json, "record", database_int(rows, i, 4));
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_json(
	struct verify *verify, const struct dataset *dataset, const struct rebuild_outcome *outcome)
{
	struct json_writer *json = &verify->json;
	json_object(json);
	put_text(json, "dataset", dataset->config->name);
	put_int(json, "files", outcome->difference.files);
	put_int(json, "rows", outcome->difference.rows);
	put_int(json, "missing", outcome->difference.missing);
	put_int(json, "surplus", outcome->difference.surplus);
	put_int(json, "different", outcome->difference.different);
	json_key(json, "repaired");
	json_bool(json, verify->options->repair && is_different(&outcome->difference));
	put_examples(json, outcome->examples);
	json_object_end(json);
}

static bool verify_dataset(struct verify *verify, const struct dataset *dataset, struct err *err)
{
	const struct verify_options *options = verify->options;
	const struct rebuild_task task = {.dataset = dataset,
		.apply = options->repair,
		.examples = options->examples ? options->examples : default_examples};
	struct rebuild_outcome outcome = {0};
	if (!rebuilding_run(&verify->rebuilding, &task, &outcome, err))
		return false;
	if (options->json)
		put_json(verify, dataset, &outcome);
	else
		print_lines(verify, dataset, &outcome);
	verify->differs = verify->differs || is_different(&outcome.difference);
	rebuild_outcome_release(&outcome);
	return true;
}

static bool verify_named(struct verify *verify, const char *name, struct err *err)
{
	const struct dataset *dataset = datasets_find(verify->rebuilding.datasets, name);
	if (!dataset)
		return err_usage(err, "there is no dataset '%s'", name);
	return verify_dataset(verify, dataset, err);
}

static bool verify_all(struct verify *verify, int argc, char **argv, struct err *err)
{
	const struct datasets *datasets = verify->rebuilding.datasets;
	for (int i = 0; i < argc; i++)
		if (!verify_named(verify, argv[i], err))
			return false;
	for (size_t i = 0; argc == 0 && i < datasets->count; i++)
		if (!verify_dataset(verify, &datasets->items[i], err))
			return false;
	return true;
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct verify verify = {.options = options};
	struct err err = {0};
	if (!rebuilding_open(cli, "penstock verify", &verify.rebuilding, &err))
		return cli_fail(&err);
	buf_init(&verify.text, max_json);
	json_begin(&verify.json, &verify.text);
	json_array(&verify.json);
	bool ok = verify_all(&verify, argc, argv, &err);
	json_array_end(&verify.json);
	if (verify.options->json)
		printf("%s\n", buf_text(&verify.text));
	buf_release(&verify.text);
	rebuilding_close(&verify.rebuilding);
	if (!ok)
		return cli_exit_code(cli_fail(&err));
	return verify.differs && !verify.options->repair ? EXIT_WITH_REJECTS : EXIT_GOOD;
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "[DATASET...]",
	.summary = "whether the tables are what their files say",
	.details =
		"Builds each dataset aside from the archive, of the chunks that are loaded, and\n"
		"compares it with its table, row by row. Without --repair nothing is changed and\n"
		"nobody waits; with it, workers of the dataset wait while the difference is "
		"applied.\n"
		"Exit code 3: there are differences.\n"
		"\n"
		"  penstock verify\n"
		"  penstock verify orders --repair",
	.options = {verify_rows, sizeof(verify_rows) / sizeof(verify_rows[0])},
	.options_size = sizeof(struct verify_options),
	.max_arguments = -1,
	.run = run,
};
