/* SPDX-License-Identifier: Apache-2.0 */
/* How long ago a raw table was loaded: by its files in the ledger, or by a column of its own. */
#include <inttypes.h>
#include <string.h>

#include "postgres/quote.h"
#include "scheduler/check_sql.h"

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
