/* SPDX-License-Identifier: Apache-2.0 */
/* What Postgres knows of the relations, in five questions. */
#include <string.h>

#include "catalogue/parts.h"
#include "penstock_catalogue_sql.h"
#include "postgres/migrate.h"
#include "postgres/quote.h"

static const int64_t connect_ms = 3000;
static const int64_t statement_ms = 20000;
static const size_t max_names = (size_t)4 << 20;

static bool ask_columns(struct catalogue *catalogue, struct database *database, struct err *err)
{
	struct buf names;
	buf_init(&names, max_names);
	array_begin(&names);
	for (size_t i = 0; i < catalogue->project.model_count; i++)
		array_add(&names, catalogue->project.models[i].name);
	array_end(&names);
	const char *const parameters[] = {buf_text(&names)};
	bool ok = database_query(
		database, sql_catalogue_columns, parameters, 1, &catalogue->facts.columns, err);
	buf_release(&names);
	return ok;
}

static bool ask_all(struct catalogue *catalogue, struct database *database, struct err *err)
{
	struct ledger_facts *facts = &catalogue->facts;
	return ask_columns(catalogue, database, err) &&
	       database_query(database, sql_catalogue_datasets, NULL, 0, &facts->datasets, err) &&
	       database_query(database, sql_catalogue_models, NULL, 0, &facts->models, err) &&
	       database_query(database, sql_catalogue_checks, NULL, 0, &facts->checks, err) &&
	       database_query(database, sql_catalogue_runs, NULL, 0, &facts->runs, err);
}

void catalogue_ask(struct catalogue *catalogue)
{
	const struct database_options options = {.conninfo = catalogue->config->postgres,
		.application = "penstock docs",
		.connect_ms = connect_ms,
		.statement_ms = statement_ms};
	struct database *database = NULL;
	struct err err;
	if (!catalogue->config->postgres_configured) {
		catalogue->blind = "no database is configured";
		return;
	}
	if (!migrate_open(&options, &database, &err) || !ask_all(catalogue, database, &err)) {
		catalogue->blind = arena_strdup(&catalogue->arena, err.message);
		ledger_facts_release(&catalogue->facts);
	}
	database_close(database);
}

void ledger_facts_release(struct ledger_facts *facts)
{
	database_rows_free(facts->columns);
	database_rows_free(facts->datasets);
	database_rows_free(facts->models);
	database_rows_free(facts->checks);
	database_rows_free(facts->runs);
	*facts = (struct ledger_facts){0};
}

bool facts_find(const struct database_rows *rows, const char *name, size_t *ret_row)
{
	for (size_t i = 0; rows && i < database_row_count(rows); i++) {
		if (strcmp(database_text(rows, i, 0), name) == 0) {
			*ret_row = i;
			return true;
		}
	}
	return false;
}
