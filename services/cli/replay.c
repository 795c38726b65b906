/* SPDX-License-Identifier: Apache-2.0 */
/* penstock replay: what was refused is tried again, once what was wrong is mended. */
#include "cli/replay.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "postgres/migrate.h"
#include "worker/redeliver.h"

static const size_t max_memory = (size_t)256 << 20;

static const struct opt replay_rows[] = {
	{"quarantined", 0, OPT_FLAG, offsetof(struct replay_options, quarantined), NULL,
		"files that were refused (what is done when no kind is named)"},
	{"dead-letters", 0, OPT_FLAG, offsetof(struct replay_options, dead_letters), NULL,
		"messages that could not be loaded, sent again as they were"},
	{"rejects", 0, OPT_FLAG, offsetof(struct replay_options, rejects), NULL,
		"files with rejects, corrected by schema and configuration as they are now"},
	{"dataset", 'd', OPT_TEXT, offsetof(struct replay_options, dataset), "NAME",
		"of this dataset only; .unrouted: those that had none"},
	{"sha256", 0, OPT_TEXT, offsetof(struct replay_options, sha256), "HEX",
		"of this content only: the hash or its beginning"},
	{"dry-run", 0, OPT_FLAG, offsetof(struct replay_options, dry_run), NULL,
		"tell what would become of it, and change nothing"},
	{"json", 0, OPT_FLAG, offsetof(struct replay_options, json), NULL,
		"print a JSON array of objects"},
};

static const struct table_column columns[] = {
	{"kind", "kind", TABLE_TEXT},
	{"name", "name", TABLE_TEXT},
	{"dataset", "dataset", TABLE_TEXT},
	{"file id", "file_id", TABLE_INT},
	{"outcome", "outcome", TABLE_TEXT},
	{"rows", "rows", TABLE_INT},
	{"rejects", "rejects", TABLE_INT},
	{"reason", "reason", TABLE_TEXT},
};

static void add_row(struct replay *replay, const char *kind, const char *outcome,
	const struct publication_result *result)
{
	table_text(replay->table, kind);
	table_text(replay->table, result->name);
	table_text(replay->table, result->dataset);
	table_int(replay->table, result->file_id);
	table_text(replay->table, outcome);
	table_int(replay->table, result->rows);
	table_int(replay->table, result->rejects);
	table_text(replay->table, result->reason);
}

void replay_tell(struct replay *replay, const char *kind, const char *outcome,
	const struct publication_result *result)
{
	replay->taken++;
	replay->left = replay->left || result->quarantined || result->rejects > 0;
	if (replay->table) {
		add_row(replay, kind, outcome, result);
		return;
	}
	printf("%s: %s", result->name, outcome);
	if (result->dataset)
		printf(" (dataset %s, file %" PRId64 ")", result->dataset, result->file_id);
	char rows[64];
	char rejects[64];
	text_format_counted(rows, result->rows, "row");
	text_format_counted(rejects, result->rejects, "reject");
	if (result->rows || result->rejects)
		printf(": %s, %s", rows, rejects);
	printf("%s%s\n", *result->reason ? ": " : "", result->reason);
	fflush(stdout);
}

/* ---- quarantined files ---- */

static bool is_quarantined(void *context, const struct manifest *manifest)
{
	(void)context;
	return manifest->state == PUBLICATION_QUARANTINED;
}

static bool replay_file(
	struct replay *replay, const struct found_publication *found, struct err *err)
{
	struct manifest manifest;
	struct publication_result result;
	bool there = false;
	manifest_init(&manifest);
	bool ok = manifest_load(publisher_archive(replay->publisher), found->dataset, found->sha256,
			  found->repeat, &manifest, &there, err) &&
		  (!there || replay_quarantined(replay->publisher, &manifest,
				     replay->options->dry_run, &result, err));
	if (ok && there)
		replay_tell(replay, "quarantined",
			result.quarantined	   ? "still quarantined"
			: replay->options->dry_run ? "would be published"
						   : "published",
			&result);
	manifest_release(&manifest);
	return ok;
}

/* One that cannot be tried keeps none of the others from it. */
static bool replay_files(struct replay *replay, struct err *err)
{
	struct found_publications found;
	bool all = true;
	if (!find_publications(publisher_archive(replay->publisher), &replay->cli->datasets,
		    &replay->wanted, is_quarantined, NULL, &replay->arena, &found, err))
		return false;
	for (size_t i = 0; i < found.count; i++) {
		struct err why = {0};
		if (replay_file(replay, &found.items[i], &why))
			continue;
		if (all)
			*err = why;
		all = false;
		if (why.class == ERR_RETRY)
			break;
	}
	return all;
}

/* ---- dead letters ---- */

static void letter_told(void *context, const struct letter *letter)
{
	static const char *const fates[] = {
		[LETTER_LOST] = "not in the dead topic any more",
		[LETTER_OMITTED] = "too large to have been kept",
		[LETTER_SENT] = "sent again",
	};
	struct replay *replay = context;
	struct publication_result result = {.dataset = letter->dataset, .file_id = letter->file_id};
	bool sent = letter->fate == LETTER_SENT;
	if (letter->file)
		text_copy(result.name, sizeof(result.name), letter->file);
	else
		snprintf(result.name, sizeof(result.name), "%s/%" PRId32 " at %" PRId64,
			letter->topic, letter->partition, letter->offset);
	text_copy(result.reason, sizeof(result.reason), letter->reason);
	replay->left = replay->left || !sent;
	replay_tell(replay, "dead letter",
		sent && replay->options->dry_run ? "would be sent again" : fates[letter->fate],
		&result);
}

static bool replay_letters(struct replay *replay, struct err *err)
{
	const struct database_options options = {
		.conninfo = replay->cli->config.postgres, .application = "penstock replay"};
	struct redelivery redelivery = {
		.kafka = cli_kafka(replay->cli, "penstock-replay"),
		.dead_topic = replay->cli->datasets.dead_topic,
		.dataset = replay->wanted.dataset,
		.file = replay->wanted.name,
		.dry_run = replay->options->dry_run,
		.told = letter_told,
		.context = replay,
	};
	if (!migrate_open(&options, &redelivery.database, err))
		return false;
	bool ok = redeliver(&redelivery, err);
	database_close(redelivery.database);
	return ok;
}

/* ---- the command ---- */

static bool replay_kinds(struct replay *replay, struct err *err)
{
	const struct replay_options *options = replay->options;
	bool any = options->quarantined || options->dead_letters || options->rejects;
	return ((any && !options->quarantined) || replay_files(replay, err)) &&
	       (!options->dead_letters || replay_letters(replay, err)) &&
	       (!options->rejects || replay_rejects(replay, err));
}

/* Every name given, or all. */
static bool replay_all(struct replay *replay, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		replay->wanted.name = argv[i];
		if (!replay_kinds(replay, err))
			return false;
	}
	return argc > 0 || replay_kinds(replay, err);
}

static int finish(const struct replay *replay, bool ok, const struct err *err)
{
	if (replay->table)
		table_print(replay->table, true);
	if (!ok)
		return cli_exit_code(cli_fail(err));
	if (replay->taken == 0 && !replay->table)
		printf("nothing to do\n");
	return cli_exit_code(replay->left ? EXIT_WITH_REJECTS : EXIT_GOOD);
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct replay replay = {.options = options, .cli = cli};
	struct err err = {0};
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets)
		return cli_fail(&err);
	replay.wanted = (struct publication_wanted){
		.dataset = replay.options->dataset, .sha256 = replay.options->sha256};
	const struct publish_options settings = {
		.config = &cli->config,
		.datasets = datasets,
		.kafka = cli_kafka(cli, "penstock-replay"),
		.window = cli->config.embedded_broker,
	};
	if (!publisher_open(&settings, &replay.publisher, &err))
		return cli_fail(&err);
	arena_init(&replay.arena, max_memory);
	if (replay.options->json)
		replay.table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	bool ok = replay_all(&replay, argc, argv, &err);
	publisher_close(replay.publisher);
	int code = finish(&replay, ok, &err);
	if (replay.table)
		table_free(replay.table);
	arena_release(&replay.arena);
	return code;
}

const struct command command_replay = {
	.name = "replay",
	.arguments = "[FILE...]",
	.summary = "tries again what was refused, once what was wrong is mended",
	.details =
		"Quarantined files are routed and judged by the configuration as it is now, and\n"
		"published from the archive. --rejects loads files that have rejects anew, in the\n"
		"place of what they had loaded. FILE are names they were published under; none: "
		"all.\n"
		"Exit code 3: something is still refused.\n"
		"\n"
		"  penstock replay --dry-run\n"
		"  penstock replay orders-2026-05.csv\n"
		"  penstock replay --rejects --dataset orders",
	.options = {replay_rows, sizeof(replay_rows) / sizeof(replay_rows[0])},
	.options_size = sizeof(struct replay_options),
	.max_arguments = -1,
	.run = run,
};
