/* SPDX-License-Identifier: Apache-2.0 */
/* How long ago a raw table was loaded: by its files in the ledger, or by a column of its own. */
#include <inttypes.h>
#include <string.h>

#include "base/nearest.h"
#include "postgres/quote.h"
#include "scheduler/check_sql.h"
#include "scheduler/project_parts.h"

static bool loads(const struct config_dataset *dataset, const struct check *check)
{
	return strcmp(dataset->table_schema, check->schema) == 0 &&
	       strcmp(dataset->table_name, check->table) == 0;
}

static bool no_dataset(const struct config *config, const struct check *check, struct arena *arena,
	struct err *err)
{
	struct nearest nearest;
	nearest_begin(&nearest, check->on);
	for (size_t i = 0; i < config->dataset_count; i++)
		nearest_try(&nearest, arena_printf(arena, "%s.%s", config->datasets[i].table_schema,
					      config->datasets[i].table_name));
	return err_config(err,
		"%s: freshness: no dataset loads into %s%s%s%s: give a loaded_at_field, or name "
		"the table of a dataset",
		check->origin, check->on, nearest.best ? " (did you mean '" : "",
		nearest.best ? nearest.best : "", nearest.best ? "'?)" : "");
}

bool freshness_bind(const struct config *config, struct project *project, struct err *err)
{
	for (size_t i = 0; i < project->check_count; i++) {
		struct check *check = &project->checks[i];
		struct string_list *datasets = &check->values;
		if (check->kind != CHECK_FRESHNESS || check->field)
			continue;
		datasets->items = arena_calloc(
			&project->arena, config->dataset_count + 1, sizeof(*datasets->items));
		for (size_t j = 0; j < config->dataset_count; j++)
			if (loads(&config->datasets[j], check))
				datasets->items[datasets->count++] =
					arena_strdup(&project->arena, config->datasets[j].name);
		if (!datasets->count)
			return no_dataset(config, check, &project->arena, err);
	}
	return true;
}

static void latest(const struct check *check, struct buf *sql)
{
	if (!check->field) {
		buf_append_text(sql, "max(complete_at) AS at FROM penstock.file WHERE state IN "
				     "('complete', 'superseded') AND dataset IN (");
		for (size_t i = 0; i < check->values.count; i++) {
			buf_append_text(sql, i ? ", " : "");
			quote_literal(sql, check->values.items[i]);
		}
		buf_append_text(sql, ")");
		return;
	}
	buf_append_text(sql, "max(");
	buf_append_text(sql, check->field);
	buf_append_text(sql, "\n)::timestamptz AS at FROM ");
	quote_qualified(sql, check->schema, check->table);
	if (check->where) {
		buf_append_text(sql, " WHERE (");
		buf_append_text(sql, check->where);
		buf_append_text(sql, "\n)");
	}
}

static void limit_text(const char *name, int64_t seconds, struct buf *sql)
{
	if (seconds)
		buf_printf(sql, " || ', %s ' || interval '%" PRId64 " seconds'", name, seconds);
}

void freshness_statement(const struct check *check, struct buf *sql)
{
	int64_t warn = check->warn_after_s;
	int64_t error = check->error_after_s;
	int64_t first = warn && (!error || warn < error) ? warn : error;
	buf_printf(sql,
		"SELECT (age > %" PRId64 ")::integer::bigint, coalesce('last loaded ' || "
		"date_trunc('second', at) || ', ' || justify_hours(make_interval(secs => "
		"trunc(nullif(age, 'Infinity')))) || ' ago', 'never loaded')",
		first);
	limit_text("warn_after", warn, sql);
	limit_text("error_after", error, sql);
	if (error)
		buf_printf(sql, ", age <= %" PRId64, error);
	else
		buf_append_text(sql, ", true");
	buf_append_text(sql, " FROM (SELECT at, coalesce(extract(epoch FROM now() - at)::float8, "
			     "'Infinity') AS age FROM (SELECT ");
	latest(check, sql);
	buf_append_text(sql, ") l) a");
}
