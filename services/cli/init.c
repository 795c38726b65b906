/* SPDX-License-Identifier: Apache-2.0 */
/* penstock init: what the services find when they start. Idempotent; says what it did. */
#include "cli/init.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/seed.h"
#include "cli/table.h"
#include "postgres/migrate.h"
#include "producer/route.h"

static const int64_t try_ms = 2000;   /* one attempt to reach a server */
static const int64_t call_ms = 30000; /* one order to Kafka */
static const char default_wait[] = "30s";

struct init_options {
	const char *wait;
	bool recreate;
	bool forget;
	bool yes;
	bool json;
};

struct init {
	const struct init_options *options;
	const struct config *config;
	const struct datasets *datasets;
	struct kafka_admin *admin;
	struct database *database;
	struct table *report;
	int64_t deadline_us; /* of waiting for servers */
};

static const struct table_column columns[] = {
	{"dataset", "dataset", TABLE_TEXT},
	{"what", "what", TABLE_TEXT},
	{"name", "name", TABLE_TEXT},
	{"did", "did", TABLE_TEXT},
	{"now", "now", TABLE_TEXT},
};

static void report(struct init *init, const char *dataset, const char *what, const char *name,
	const char *did, const char *now)
{
	table_text(init->report, dataset);
	table_text(init->report, what);
	table_text(init->report, name);
	table_text(init->report, did);
	table_text(init->report, now);
}

/* After a failed attempt: whether to try again; says once what is waited for. */
static bool keep_waiting(struct init *init, const char *server, bool *told, struct err *err)
{
	int64_t left_ms = (init->deadline_us - clock_monotonic_us()) / 1000;
	if (err->class != ERR_RETRY || left_ms <= 0)
		return false;
	if (!*told) {
		char left[32];
		char message[64];
		text_format_duration(left, left_ms);
		snprintf(message, sizeof(message), "waiting for %s", server);
		log_warn(message, log_str("at_most", left), log_str("reason", err->message));
	}
	*told = true;
	return !stop_wait_ms(left_ms < 500 ? left_ms : 500);
}

static bool wait_for_kafka(struct init *init, struct err *err)
{
	bool told = false;
	while (!kafka_admin_ping(init->admin, try_ms, err))
		if (!keep_waiting(init, "Kafka", &told, err))
			return false;
	return true;
}

static bool wait_for_postgres(struct init *init, struct err *err)
{
	const struct database_options options = {.conninfo = init->config->postgres,
		.application = "penstock init",
		.connect_ms = try_ms};
	bool told = false;
	while (!database_open(&options, &init->database, err))
		if (!keep_waiting(init, "Postgres", &told, err))
			return false;
	return true;
}

static bool migrate(struct init *init, struct err *err)
{
	char did[64] = "unchanged";
	int applied = 0;
	if (!migrate_ledger(init->database, &applied, err))
		return false;
	if (applied)
		snprintf(did, sizeof(did), "%d migration%s applied", applied,
			applied == 1 ? "" : "s");
	report(init, NULL, "ledger", "penstock", did, NULL);
	return true;
}

static bool confirmed(const struct init_options *options, struct err *err)
{
	char answer[16] = "";
	if (options->yes)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_usage(
			err, "--recreate would drop what is loaded; --yes says that you mean it");
	fprintf(stderr, "This empties the tables of every dataset%s. Type yes to go on: ",
		options->forget ? ", and its archived files are deleted for good"
				: "; they are loaded again from the archive");
	if (fgets(answer, sizeof(answer), stdin) && strcmp(answer, "yes\n") == 0)
		return true;
	return err_usage(err, "nothing was changed");
}

static bool empty_topic(struct init *init, const char *topic, struct err *err)
{
	struct err why;
	if (init_empty_topic(init->admin, topic, call_ms, &why))
		return true;
	/* What stays on the topic is loaded once more by its ledger identity: no harm, unless it
	 * was to be forgotten. */
	if (!init->options->forget && why.class != ERR_RETRY) {
		log_err(LOG_WARN, "the topic keeps its messages", &why);
		return true;
	}
	if (err)
		*err = why;
	return false;
}

static bool forget_archive(const struct init *init, const char *dataset, struct err *err)
{
	struct archive *archive = NULL;
	if (!archive_open(init->config->archive, &init->config->s3, &archive, err))
		return false;
	bool ok = archive_forget(archive, dataset, err);
	archive_close(archive);
	return ok;
}

/* What was refused for having no dataset. */
static bool forget_unrouted(const struct init *init, struct err *err)
{
	return forget_archive(init, UNROUTED_DATASET, err) &&
	       init_clear_ledger(init->database, UNROUTED_DATASET, err);
}

/*
 * Topics first: what a worker still loads from them goes with the tables. The archive is forgotten
 * before the ledger, so that no producer sends a file again in between.
 */
static bool prepare_recreation(struct init *init, struct err *err)
{
	bool data = false;
	if (!init_has_data(init->database, init->datasets, &data, err))
		return false;
	if (data && !confirmed(init->options, err))
		return false;
	if (init->options->forget && !init_no_workers(init->database, err))
		return false;
	for (size_t i = 0; i < init->datasets->count; i++) {
		const struct dataset *dataset = &init->datasets->items[i];
		if (!empty_topic(init, dataset->topic, err))
			return false;
		if (init->options->forget && !forget_archive(init, dataset->config->name, err))
			return false;
	}
	return empty_topic(init, init->datasets->dead_topic, err) &&
	       (!init->options->forget || forget_unrouted(init, err));
}

static bool make_topic(struct init *init, const char *dataset, const char *topic, struct err *err)
{
	bool created = false;
	int32_t partitions = 0;
	char now[64];
	if (!init_topic(init->admin, topic, init->config, !dataset, call_ms, &created, &partitions,
		    err))
		return err_prefix(err, "topic %s", topic);
	text_format_counted(now, partitions, "partition");
	report(init, dataset, "topic", topic, created ? "created" : "unchanged", now);
	return true;
}

static bool make_dataset(struct init *init, const struct dataset *dataset, struct err *err)
{
	static const char *const did[] = {
		[INIT_TABLE_UNCHANGED] = "unchanged",
		[INIT_TABLE_CREATED] = "created",
		[INIT_TABLE_UPGRADED] = "upgraded",
		[INIT_TABLE_EMPTIED] = "emptied",
	};
	struct init_result result;
	char version[32];
	char table[160];
	if (!init_dataset(init->database, dataset, init->options->recreate, init->options->forget,
		    &result, err))
		return false;
	snprintf(table, sizeof(table), "%s.%s", dataset->table.schema, dataset->table.name);
	report(init, dataset->config->name, "table", table, did[result.table], NULL);
	snprintf(version, sizeof(version), "version %" PRId64, result.schema_version);
	report(init, dataset->config->name, "schema", dataset->schema->name,
		result.schema_new ? "recorded" : "unchanged", version);
	return true;
}

static bool make_lookup(struct init *init, const struct config_lookup *lookup, struct err *err)
{
	bool created = false;
	char table[160];
	snprintf(table, sizeof(table), "%s.%s", lookup->table.schema, lookup->table.name);
	if (!init_lookup(init->database, lookup, &created, err))
		return false;
	report(init, NULL, "lookup", table, created ? "created" : "unchanged", NULL);
	return true;
}

/* Each table once, however many fields share it. */
static bool make_lookups(struct init *init, struct err *err)
{
	if (init->options->recreate && !init_empty_lookups(init->database, init->datasets, err))
		return false;
	for (size_t i = 0; i < init->datasets->count; i++) {
		const struct dataset *dataset = &init->datasets->items[i];
		for (size_t k = 0; k < dataset->lookup_count; k++) {
			const struct config_lookup *lookup = dataset->lookups[k].config;
			if (config_find_lookup(init->config, &lookup->table) == lookup &&
				!make_lookup(init, lookup, err))
				return false;
		}
	}
	return true;
}

static void report_seed(
	struct init *init, const struct config_seed *seed, const struct seed_result *result)
{
	char table[160];
	char did[96];
	char now[64];
	snprintf(table, sizeof(table), "%s.%s", seed->table.schema, seed->table.name);
	snprintf(did, sizeof(did), "%s%" PRId64 " added, %" PRId64 " changed",
		result->created ? "created, " : "", result->added, result->changed);
	text_format_counted(now, result->rows, "row");
	bool changed = result->created || result->added || result->changed;
	report(init, NULL, "seed", table, changed ? did : "unchanged", now);
}

/* Before the tables that are loaded: base rows come first. */
static bool load_seeds(struct init *init, struct err *err)
{
	const struct config *config = init->config;
	if (config->seed_count == 0)
		return true;
	bool ok = database_exec(init->database,
		"BEGIN; SET LOCAL lock_timeout = '" INIT_LOCK_MS
		"'; SET LOCAL client_min_messages = warning",
		err);
	for (size_t i = 0; i < config->seed_count && ok; i++) {
		struct seed_result result;
		ok = seed_load(init->database, &config->seeds[i], &result, err);
		if (ok)
			report_seed(init, &config->seeds[i], &result);
	}
	ok = ok && database_exec(init->database, "COMMIT", err);
	if (!ok)
		database_rollback(init->database);
	return ok;
}

static bool make_all(struct init *init, struct err *err)
{
	const struct datasets *datasets = init->datasets;
	if (!wait_for_kafka(init, err) || !wait_for_postgres(init, err) || !migrate(init, err))
		return false;
	if (init->options->recreate && !prepare_recreation(init, err))
		return false;
	if (!make_lookups(init, err) || !load_seeds(init, err))
		return false;
	for (size_t i = 0; i < datasets->count; i++)
		if (!make_topic(
			    init, datasets->items[i].config->name, datasets->items[i].topic, err) ||
			!make_dataset(init, &datasets->items[i], err))
			return false;
	return make_topic(init, NULL, datasets->dead_topic, err);
}

static bool open_all(struct cli *cli, struct init *init, struct err *err)
{
	int64_t wait_ms = 0;
	const char *wait = init->options->wait ? init->options->wait : default_wait;
	if (!text_duration(wait, &wait_ms))
		return err_usage(
			err, "--wait takes a duration such as 500ms, 30s or 2m, not '%s'", wait);
	if (init->options->forget && !init->options->recreate)
		return err_usage(err, "--forget goes with --recreate");
	init->deadline_us = clock_monotonic_us() + wait_ms * 1000;
	init->datasets = cli_datasets(cli, err);
	if (!init->datasets)
		return false;
	init->config = &cli->config;
	const struct kafka_settings kafka = cli_kafka(cli, "penstock-init");
	return kafka_admin_open(&kafka, &init->admin, err);
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct init init = {.options = options};
	struct err err;
	int code = EXIT_GOOD;
	(void)argc;
	(void)argv;
	init.report = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	bool ok = open_all(cli, &init, &err);
	if (ok) {
		ok = make_all(&init, &err);
		/* Also after a failure: this much is done. */
		table_print(init.report, init.options->json);
	}
	if (!ok)
		code = cli_exit_code(cli_fail(&err));
	table_free(init.report);
	if (init.database)
		database_close(init.database);
	if (init.admin)
		kafka_admin_close(init.admin);
	return code;
}

static const struct opt rows[] = {
	{"wait", 0, OPT_TEXT, offsetof(struct init_options, wait), "TIME",
		"how long to wait for Kafka and Postgres (30s)"},
	{"recreate", 0, OPT_FLAG, offsetof(struct init_options, recreate), NULL,
		"empty or remake all tables, clear the ledger and the topics"},
	{"forget", 0, OPT_FLAG, offsetof(struct init_options, forget), NULL,
		"with --recreate: delete the archived files too, load nothing again"},
	{"yes", 0, OPT_FLAG, offsetof(struct init_options, yes), NULL,
		"do not ask before anything is dropped"},
	{"json", 0, OPT_FLAG, offsetof(struct init_options, json), NULL,
		"print a JSON array of objects"},
};

const struct command command_init = {
	.name = "init",
	.summary = "makes topics, ledger, tables and comments; again after a schema has grown",
	.details =
		"Running it again changes nothing. With --recreate the producer loads everything\n"
		"again from the archive.",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct init_options),
	.run = run,
};
