/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind is a condition that failing rows meet, or an aggregate (both counted in a scan that checks
 * of a table share), or a query that lists failures.
 */
#include "scheduler/check_sql.h"

#include <string.h>

#include "base/text.h"
#include "postgres/quote.h"

/* Of columns: what a property file can hold, quoted. */
#define LIST_MAX ((size_t)4 << 20)

static void column(const struct check *check, struct buf *sql)
{
	quote_identifier(sql, check->table);
	buf_append_byte(sql, '.');
	quote_identifier(sql, check->column);
}

static void not_null(const struct check *check, struct buf *sql)
{
	column(check, sql);
	buf_append_text(sql, " IS NULL");
}

static void value_list(const struct check *check, const char *in, struct buf *sql)
{
	column(check, sql);
	buf_append_text(sql, check->bare ? "" : "::text");
	buf_append_text(sql, in);
	for (size_t i = 0; i < check->values.count; i++) {
		buf_append_text(sql, i ? ", " : " (");
		if (check->bare)
			buf_append_text(sql, check->values.items[i]);
		else
			quote_literal(sql, check->values.items[i]);
	}
	buf_append_text(sql, ")");
}

static void accepted_values(const struct check *check, struct buf *sql)
{
	value_list(check, " NOT IN", sql);
}

static void rejected_values(const struct check *check, struct buf *sql)
{
	value_list(check, " IN", sql);
}

static void boundary(const struct check *check, const char *op, const char *value, struct buf *sql)
{
	column(check, sql);
	buf_printf(sql, " %s%s (", op, check->exclusive ? "=" : "");
	buf_append_text(sql, value);
	buf_append_text(sql, "\n)");
}

static void range(const struct check *check, struct buf *sql)
{
	if (check->low)
		boundary(check, "<", check->low, sql);
	if (check->low && check->high)
		buf_append_text(sql, " OR ");
	if (check->high)
		boundary(check, ">", check->high, sql);
}

static void regex(const struct check *check, struct buf *sql)
{
	column(check, sql);
	buf_append_text(sql, "::text !~ ");
	quote_literal(sql, check->text);
}

static void not_empty_string(const struct check *check, struct buf *sql)
{
	buf_append_text(sql, check->untrimmed ? "(" : "btrim(");
	column(check, sql);
	buf_append_text(sql, check->untrimmed ? "::text) = ''" : "::text, E' \\t\\r\\n') = ''");
}

static void expression(const struct check *check, struct buf *sql)
{
	buf_append_text(sql, "NOT (");
	if (*check->column) {
		column(check, sql);
		buf_append_text(sql, " ");
	}
	buf_append_text(sql, check->text);
	buf_append_text(sql, "\n)");
}

/* `where` stands before what it guards: a condition alone may be tested in any order. */
static void guarded(const struct check *check,
	void (*condition)(const struct check *, struct buf *), struct buf *sql)
{
	if (check->where) {
		buf_append_text(sql, "CASE WHEN (");
		buf_append_text(sql, check->where);
		buf_append_text(sql, "\n) THEN ");
	}
	condition(check, sql);
	buf_append_text(sql, check->where ? " END" : "");
}

/* FILTER for aggregates over the rows that `where` leaves. */
static void filter(const struct check *check, struct buf *sql)
{
	if (!check->where)
		return;
	buf_append_text(sql, " FILTER (WHERE ");
	buf_append_text(sql, check->where);
	buf_append_text(sql, "\n)");
}

static void count(const struct check *check, const char *what, struct buf *sql)
{
	buf_append_text(sql, "count(");
	if (what)
		buf_append_text(sql, what);
	else
		column(check, sql);
	buf_append_text(sql, ")");
	filter(check, sql);
}

static void bounds(const char *low, const char *high, struct buf *sql)
{
	buf_printf(sql, " NOT BETWEEN %s AND %s", low ? low : "0", high ? high : "'Infinity'");
}

static void expected(const char *low, const char *high, struct buf *sql)
{
	if (low && high && strcmp(low, high) == 0)
		buf_printf(sql, ", expected %s", low);
	else
		buf_printf(sql, ", expected%s%s%s%s%s", low ? " at least " : "", low ? low : "",
			low && high ? " and" : "", high ? " at most " : "", high ? high : "");
}

static void row_count(const struct check *check, struct buf *sql)
{
	const char *low = check->kind == CHECK_NOT_EMPTY ? "1" : check->low;
	buf_append_text(sql, "((");
	count(check, "*", sql);
	buf_append_text(sql, ")::numeric");
	bounds(low, check->high, sql);
	buf_append_text(sql, ")::integer::bigint, ");
	count(check, "*", sql);
	buf_append_text(sql, " || CASE ");
	count(check, "*", sql);
	buf_append_text(sql, " WHEN 1 THEN ' row' ELSE ' rows' END || '");
	expected(low, check->high, sql);
	buf_append_text(sql, "'");
}

static void proportion(const struct check *check, struct buf *sql)
{
	struct buf share;
	buf_init(&share, CHECK_SQL_MAX * 4);
	count(check, NULL, &share);
	buf_append_text(&share, "::numeric / nullif(");
	count(check, "*", &share);
	buf_append_text(&share, ", 0)");
	buf_append_text(sql, "coalesce((");
	buf_append_text(sql, buf_text(&share));
	bounds(check->low, check->high, sql);
	buf_append_text(sql, ")::integer, 0)::bigint, round(");
	buf_append_text(sql, buf_text(&share));
	buf_append_text(sql, ", 4) || ' of the rows have a value");
	expected(check->low, check->high, sql);
	buf_append_text(sql, "'");
	buf_release(&share);
}

static void recency(const struct check *check, struct buf *sql)
{
	buf_append_text(sql, "(coalesce(max(");
	column(check, sql);
	buf_append_text(sql, ")");
	filter(check, sql);
	buf_printf(sql,
		" < now() - interval '%s %s', true))::integer::bigint, coalesce('the latest is ' "
		"|| max(",
		check->low, check->text);
	column(check, sql);
	buf_append_text(sql, ")");
	filter(check, sql);
	buf_printf(sql, "::text, 'there is none') || ', expected within %s %s'", check->low,
		check->text);
}

/* The rows a listing is about: the table, or those of it that meet `where`, as c. */
static void rows_as_c(const struct check *check, struct buf *sql)
{
	if (check->where)
		buf_append_text(sql, "(SELECT * FROM ");
	quote_qualified(sql, check->schema, check->table);
	if (check->where) {
		buf_append_text(sql, " WHERE (\n");
		buf_append_text(sql, check->where);
		buf_append_text(sql, "\n))");
	}
	buf_append_text(sql, " c");
}

static void own_column(const struct check *check, struct buf *sql)
{
	buf_append_text(sql, "c.");
	quote_identifier(sql, check->column);
}

static void unique(const struct project *project, const struct check *check, struct buf *sql)
{
	(void)project;
	buf_append_text(sql, "SELECT ");
	own_column(check, sql);
	buf_append_text(sql, ", count(*) AS occurs FROM ");
	rows_as_c(check, sql);
	buf_append_text(sql, " WHERE ");
	own_column(check, sql);
	buf_append_text(sql, " IS NOT NULL GROUP BY ");
	own_column(check, sql);
	buf_append_text(sql, " HAVING count(*) > 1");
}

static void relation(const struct project *project, const struct check *check,
	const struct check_relation *relation, struct buf *sql)
{
	const char *schema = NULL;
	const char *table = NULL;
	project_find_relation(project, check, relation, &schema, &table);
	if (*schema)
		quote_qualified(sql, schema, table);
	else
		quote_identifier(sql, table);
}

static void relationships(const struct project *project, const struct check *check, struct buf *sql)
{
	buf_append_text(sql, "SELECT c.* FROM ");
	rows_as_c(check, sql);
	buf_append_text(sql, " WHERE ");
	own_column(check, sql);
	buf_append_text(sql, " IS NOT NULL AND NOT EXISTS (SELECT FROM ");
	relation(project, check, &check->to, sql);
	buf_append_text(sql, " p WHERE p.");
	quote_identifier(sql, check->field);
	buf_append_text(sql, " = ");
	own_column(check, sql);
	buf_append_text(sql, ")");
}

static void unique_across(const struct project *project, const struct check *check, struct buf *sql)
{
	buf_append_text(sql, "SELECT u.value AS ");
	quote_identifier(sql, check->column);
	buf_append_text(sql, ", count(*) AS occurs FROM (SELECT ");
	own_column(check, sql);
	buf_append_text(sql, " AS value FROM ");
	rows_as_c(check, sql);
	for (size_t i = 0; i < check->field_count; i++) {
		buf_append_text(sql, " UNION ALL SELECT p.");
		quote_identifier(sql, check->fields[i].column);
		buf_append_text(sql, " FROM ");
		relation(project, check, &check->fields[i].relation, sql);
		buf_append_text(sql, " p");
	}
	buf_append_text(sql, ") u WHERE u.value IS NOT NULL GROUP BY u.value HAVING count(*) > 1");
}

/* As in dbt_utils, two nulls are the same here. */
static void unique_combination(
	const struct project *project, const struct check *check, struct buf *sql)
{
	struct buf list;
	(void)project;
	buf_init(&list, LIST_MAX);
	for (size_t i = 0; i < check->columns.count; i++) {
		buf_append_text(&list, i ? ", c." : "c.");
		quote_identifier(&list, check->columns.items[i]);
	}
	buf_append_text(sql, "SELECT ");
	buf_append_text(sql, buf_text(&list));
	buf_append_text(sql, ", count(*) AS occurs FROM ");
	rows_as_c(check, sql);
	buf_append_text(sql, " GROUP BY ");
	buf_append_text(sql, buf_text(&list));
	buf_append_text(sql, " HAVING count(*) > 1");
	buf_release(&list);
}

static void user_query(const struct project *project, const struct check *check, struct buf *sql)
{
	(void)project;
	buf_append_text(sql, check->query.text);
}

static void equal_rowcount(
	const struct project *project, const struct check *check, struct buf *sql)
{
	buf_append_text(sql, "SELECT abs(a.n - b.n), a.n || CASE a.n WHEN 1 THEN ' row' ELSE ' "
			     "rows' END || ', the other has ' || b.n, false "
			     "FROM (SELECT count(*) AS n FROM ");
	rows_as_c(check, sql);
	buf_append_text(sql, ") a, (SELECT count(*) AS n FROM ");
	relation(project, check, &check->to, sql);
	buf_append_text(sql, ") b");
}

static const struct {
	void (*condition)(const struct check *check, struct buf *sql);
	void (*aggregate)(const struct check *check, struct buf *sql); /* failures, note */
	void (*listing)(const struct project *project, const struct check *check, struct buf *sql);
	const char *fault; /* what is counted, one of them */
	const char *rest;
} kinds[CHECK_KINDS] = {
	[CHECK_UNIQUE] = {NULL, NULL, unique, "value", " more than once"},
	[CHECK_NOT_NULL] = {not_null, NULL, NULL, "null", ""},
	[CHECK_ACCEPTED_VALUES] = {accepted_values, NULL, NULL, "row", " with another value"},
	[CHECK_REJECTED_VALUES] = {rejected_values, NULL, NULL, "row", " with such a value"},
	[CHECK_RELATIONSHIPS] = {NULL, NULL, relationships, "row", " without a partner"},
	[CHECK_RANGE] = {range, NULL, NULL, "row", " out of range"},
	[CHECK_REGEX] = {regex, NULL, NULL, "row", " without a match"},
	[CHECK_NOT_EMPTY_STRING] = {not_empty_string, NULL, NULL, "empty text", ""},
	[CHECK_PROPORTION] = {NULL, proportion, NULL, "", ""},
	[CHECK_EXPRESSION] = {expression, NULL, NULL, "row", " where it is not true"},
	[CHECK_RECENCY] = {NULL, recency, NULL, "", ""},
	[CHECK_UNIQUE_ACROSS] = {NULL, NULL, unique_across, "value", " more than once"},
	[CHECK_UNIQUE_COMBINATION] = {NULL, NULL, unique_combination, "combination",
		" more than once"},
	[CHECK_ROW_COUNT] = {NULL, row_count, NULL, "", ""},
	[CHECK_NOT_EMPTY] = {NULL, row_count, NULL, "", ""},
	[CHECK_EQUAL_ROWCOUNT] = {NULL, NULL, NULL, "", ""},
	[CHECK_FRESHNESS] = {NULL, NULL, NULL, "", ""},
	[CHECK_SQL] = {NULL, NULL, user_query, "row", " that should not be there"},
};

bool check_is_scanned(const struct check *check)
{
	return kinds[check->kind].condition || kinds[check->kind].aggregate;
}

void check_count(enum check_kind kind, int64_t failures, struct buf *out)
{
	char counted[64];
	text_format_counted(counted, failures, kinds[kind].fault);
	buf_printf(out, "%s%s", counted, kinds[kind].rest);
}

void check_scan_columns(const struct check *check, struct buf *sql)
{
	if (kinds[check->kind].aggregate) {
		kinds[check->kind].aggregate(check, sql);
	} else {
		buf_append_text(sql, "count(*) FILTER (WHERE ");
		guarded(check, kinds[check->kind].condition, sql);
		buf_append_text(sql, "), NULL::text");
	}
	buf_append_text(sql, ", false");
}

void check_statement(const struct project *project, const struct check *check, struct buf *sql)
{
	if (check->kind == CHECK_FRESHNESS) {
		freshness_statement(check, sql);
	} else if (check->kind == CHECK_EQUAL_ROWCOUNT) {
		equal_rowcount(project, check, sql);
	} else {
		buf_append_text(sql, "SELECT count(*), NULL::text, false FROM (\n");
		kinds[check->kind].listing(project, check, sql);
		buf_append_text(sql, "\n) q");
	}
}

void check_failing_rows(const struct project *project, const struct check *check, struct buf *sql)
{
	if (kinds[check->kind].listing) {
		kinds[check->kind].listing(project, check, sql);
		return;
	}
	buf_append_text(sql, "SELECT * FROM ");
	quote_qualified(sql, check->schema, check->table);
	buf_append_text(sql, " WHERE ");
	guarded(check, kinds[check->kind].condition, sql);
}
