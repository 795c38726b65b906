/* SPDX-License-Identifier: Apache-2.0 */
/*
 * penstock retract: one publication taken back. The manifest says so first, so that whatever is
 * cut off afterwards is finished by the same command, or by `verify --repair`.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"
#include "cli/find_publication.h"
#include "cli/rebuilding.h"
#include "cli/table.h"
#include "producer/ledger.h"

static const size_t max_names = (size_t)64 << 20;

struct retract_options {
	const char *dataset;
	const char *sha256;
	const char *reason;
	int64_t file_id;
	bool dry_run;
	bool json;
};

static const struct opt retract_rows[] = {
	{"dataset", 'd', OPT_TEXT, offsetof(struct retract_options, dataset), "NAME",
		"of this dataset"},
	{"file-id", 0, OPT_INT, offsetof(struct retract_options, file_id), "N",
		"the publication with this file id"},
	{"sha256", 0, OPT_TEXT, offsetof(struct retract_options, sha256), "HEX",
		"the publication of this content: the hash or its beginning"},
	{"reason", 0, OPT_TEXT, offsetof(struct retract_options, reason), "TEXT",
		"kept in the manifest and the ledger"},
	{"dry-run", 0, OPT_FLAG, offsetof(struct retract_options, dry_run), NULL,
		"tell what would change, and change nothing"},
	{"json", 0, OPT_FLAG, offsetof(struct retract_options, json), NULL,
		"print a JSON array of objects"},
};

static const struct table_column columns[] = {
	{"name", "name", TABLE_TEXT},
	{"dataset", "dataset", TABLE_TEXT},
	{"file id", "file_id", TABLE_INT},
	{"outcome", "outcome", TABLE_TEXT},
	{"removed", "removed", TABLE_INT},
	{"came back", "came_back", TABLE_INT},
	{"older version", "replaced", TABLE_INT},
};

/* ---- which ---- */

static bool fail_several(const struct found_publications *found, struct err *err)
{
	struct buf list;
	buf_init(&list, 4000);
	for (size_t i = 0; i < found->count && i < 10; i++)
		buf_printf(&list, "\n  --file-id %" PRId64 "  %s of dataset %s%s",
			found->items[i].file_id, found->items[i].name, found->items[i].dataset,
			found->items[i].state == PUBLICATION_RETRACTED ? " (retracted)" : "");
	err_usage(err, "%zu publications fit; say which:%s", found->count, buf_text(&list));
	buf_release(&list);
	return false;
}

/* The only one that fits; of several, the only one that is not retracted. */
static bool choose(const struct found_publications *found, const struct found_publication **ret_one,
	struct err *err)
{
	const struct found_publication *one = NULL;
	size_t alive = 0;
	for (size_t i = 0; i < found->count; i++) {
		if (found->items[i].state == PUBLICATION_RETRACTED)
			continue;
		one = &found->items[i];
		alive++;
	}
	if (found->count == 0)
		return err_fail(err, ERR_FATAL, "the archive has no such publication");
	if (alive > 1 || (alive == 0 && found->count > 1))
		return fail_several(found, err);
	*ret_one = one ? one : &found->items[0];
	return true;
}

static bool find_one(struct rebuilding *rebuilding, const struct retract_options *options,
	const char *name, struct arena *arena, const struct found_publication **ret_one,
	struct err *err)
{
	const struct publication_wanted wanted = {.dataset = options->dataset,
		.name = name,
		.sha256 = options->sha256,
		.file_id = options->file_id};
	struct found_publications found;
	if (!name && !options->sha256 && !options->file_id)
		return err_usage(err, "say which: FILE, --file-id or --sha256");
	return find_publications(rebuilding->archive, rebuilding->datasets, &wanted, NULL, NULL,
		       arena, &found, err) &&
	       choose(&found, ret_one, err);
}

/* ---- taking it back ---- */

static bool is_done(struct rebuilding *rebuilding, const struct manifest *manifest, bool *ret_done,
	struct err *err)
{
	char id[24];
	snprintf(id, sizeof(id), "%" PRId64, manifest->file_id);
	const char *const values[] = {manifest->dataset, id};
	struct database_rows *rows = NULL;
	if (!database_query(rebuilding->database,
		    "SELECT EXISTS (SELECT FROM penstock.file WHERE dataset = $1"
		    " AND file_id = $2::bigint AND state = 'retracted')",
		    values, 2, &rows, err))
		return false;
	*ret_done = manifest->state == PUBLICATION_RETRACTED && database_bool(rows, 0, 0);
	database_rows_free(rows);
	return true;
}

static bool note_in_manifest(struct rebuilding *rebuilding, struct manifest *manifest,
	const char *reason, struct err *err)
{
	if (manifest->state == PUBLICATION_RETRACTED)
		return true;
	manifest->state = PUBLICATION_RETRACTED;
	manifest->reason = reason ? reason : "retracted by hand";
	if (!manifest_save(rebuilding->archive, manifest, err))
		return false;
	fault_point("retract.noted");
	return true;
}

static void print(const struct retract_options *options, const struct manifest *manifest,
	const char *outcome, const struct rebuild_difference *difference)
{
	if (!options->json) {
		printf("%s (file %" PRId64 " of dataset %s): %s", manifest->name, manifest->file_id,
			manifest->dataset, outcome);
		if (difference)
			printf(": rows that leave the table %" PRId64 ", that come back %" PRId64
			       ", that get an older version %" PRId64,
				difference->surplus, difference->missing, difference->different);
		printf("\n");
		return;
	}
	static const struct rebuild_difference none = {0};
	const struct rebuild_difference *counts = difference ? difference : &none;
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	table_text(table, manifest->name);
	table_text(table, manifest->dataset);
	table_int(table, manifest->file_id);
	table_text(table, outcome);
	table_int(table, counts->surplus);
	table_int(table, counts->missing);
	table_int(table, counts->different);
	table_print(table, true);
	table_free(table);
}

/* Nothing of it was loaded: it only stops being listed, and tried again. */
static bool retract_refused(struct rebuilding *rebuilding, const struct retract_options *options,
	struct manifest *manifest, struct err *err)
{
	if (!options->dry_run &&
		(!note_in_manifest(rebuilding, manifest, options->reason, err) ||
			!ledger_note_quarantine(rebuilding->database, manifest, err)))
		return false;
	print(options, manifest, options->dry_run ? "would be retracted" : "retracted", NULL);
	return true;
}

static bool retract(struct rebuilding *rebuilding, const struct retract_options *options,
	const struct dataset *dataset, struct manifest *manifest, struct err *err)
{
	bool done = false;
	if (!is_done(rebuilding, manifest, &done, err))
		return false;
	if (done) {
		print(options, manifest, "retracted before", NULL);
		return true;
	}
	if (!dataset || manifest->state == PUBLICATION_QUARANTINED)
		return retract_refused(rebuilding, options, manifest, err);
	if (!options->dry_run && !note_in_manifest(rebuilding, manifest, options->reason, err))
		return false;
	const struct rebuild_task task = {
		.dataset = dataset, .retract = manifest, .apply = !options->dry_run};
	struct rebuild_outcome outcome = {0};
	if (!rebuilding_run(rebuilding, &task, &outcome, err))
		return false;
	print(options, manifest, options->dry_run ? "would be retracted" : "retracted",
		&outcome.difference);
	rebuild_outcome_release(&outcome);
	return true;
}

static bool find_and_retract(struct rebuilding *rebuilding, const struct retract_options *options,
	const char *name, struct arena *arena, struct err *err)
{
	const struct found_publication *one = NULL;
	struct manifest manifest;
	bool found = false;
	if (!find_one(rebuilding, options, name, arena, &one, err))
		return false;
	manifest_init(&manifest);
	bool ok = manifest_load(rebuilding->archive, one->dataset, one->sha256, one->repeat,
			  &manifest, &found, err) &&
		  (found || err_fail(err, ERR_RETRY, "its manifest was removed meanwhile")) &&
		  retract(rebuilding, options, datasets_find(rebuilding->datasets, one->dataset),
			  &manifest, err);
	manifest_release(&manifest);
	return ok;
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct rebuilding rebuilding;
	struct arena arena;
	struct err err = {0};
	if (!rebuilding_open(cli, "penstock retract", &rebuilding, &err))
		return cli_fail(&err);
	arena_init(&arena, max_names);
	bool ok = find_and_retract(&rebuilding, options, argc ? argv[0] : NULL, &arena, &err);
	arena_release(&arena);
	rebuilding_close(&rebuilding);
	return ok ? EXIT_GOOD : cli_exit_code(cli_fail(&err));
}

const struct command command_retract = {
	.name = "retract",
	.arguments = "[FILE]",
	.summary = "takes one publication back: its rows leave, those it had replaced return",
	.details =
		"FILE is the name it was published under. In one transaction, which locks out the\n"
		"dataset's workers at its end. What still waits on the topic stays out; publishing "
		"the\n"
		"same content again takes `publish --again`. A second time changes nothing. A file "
		"that\n"
		"was quarantined is only dismissed: neither listed nor replayed any more.\n"
		"\n"
		"  penstock retract orders-2026-05.csv --reason 'sent twice by the shop'\n"
		"  penstock retract --file-id 1857031338421555200 --dry-run",
	.options = {retract_rows, sizeof(retract_rows) / sizeof(retract_rows[0])},
	.options_size = sizeof(struct retract_options),
	.max_arguments = 1,
	.run = run,
};
