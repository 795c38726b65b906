/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/watch.h"

#include "postgres/migrate.h"

void watch_init(struct watch *watch, const struct monitor_options *options)
{
	*watch = (struct watch){.options = options};
}

void watch_release(struct watch *watch)
{
	kafka_admin_close(watch->admin);
	if (watch->database)
		database_close(watch->database);
	*watch = (struct watch){.options = watch->options};
}

bool watch_kafka(struct watch *watch, struct kafka_admin **ret_admin, struct err *err)
{
	if (!watch->admin && !kafka_admin_open(&watch->options->kafka, &watch->admin, err))
		return false;
	*ret_admin = watch->admin;
	return true;
}

bool watch_ledger(struct watch *watch, struct database **ret_database, struct err *err)
{
	const struct config *config = watch->options->config;
	if (!config->postgres_configured)
		return err_config(err,
			"%s names no database: set postgres, or the environment variable PGHOST or "
			"PGSERVICE, or start `penstock dev` in its folder",
			config->path);
	if (watch->database && !database_usable(watch->database)) {
		database_close(watch->database);
		watch->database = NULL;
	}
	const struct database_options options = {.conninfo = config->postgres,
		.application = "penstock-monitor",
		.connect_ms = WATCH_MS,
		.statement_ms = WATCH_MS};
	if (!watch->database && !migrate_open(&options, &watch->database, err))
		return false;
	*ret_database = watch->database;
	return true;
}
