/* SPDX-License-Identifier: Apache-2.0 */
#include "query/aggregate.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "support/cmocka_all.h"

/* "table: group a, sum b" or the error's message without its beginning. */
static void describe(const char *sql, bool printed, char *ret_text, size_t size)
{
	struct arena arena;
	struct query query;
	struct query_aggregate aggregate;
	struct err err;
	struct buf buf;
	arena_init(&arena, 4 << 20);
	buf_init(&buf, size);
	if (!query_parse(sql, "m.sql", &arena, &query, &err))
		fail_msg("%s: %s", sql, err.message);
	if (printed ? query_aggregate_printed(sql, "m.sql", &arena, &aggregate, &err)
		    : query_aggregate(&query, "m.sql", &arena, &aggregate, &err)) {
		buf_append(&buf, query.text + aggregate.at, aggregate.length);
		for (size_t i = 0; i < aggregate.column_count; i++)
			buf_printf(&buf, "%s %s %s", i ? "," : ":",
				query_column_kind_name(aggregate.columns[i].kind),
				aggregate.columns[i].name);
	} else {
		assert_int_equal(err.from, ERR_FROM_CONFIG);
		static const char start[] = "m.sql:1: no speed layer for this query: ";
		const char *message = err.message;
		if (strncmp(message, start, strlen(start)) == 0)
			message += strlen(start);
		buf_append_text(&buf, message);
	}
	snprintf(ret_text, size, "%s", buf_text(&buf));
	buf_release(&buf);
	arena_release(&arena);
}

static const struct {
	const char *sql;
	const char *expected;
} taken[] = {
	{"SELECT sum(x) AS total FROM t", "t: sum total"},
	{"SELECT sum(x), count(*), min(y) a, max(y) FROM raw.t",
		"raw.t: sum sum, count count, min a, max max"},
	{"SELECT a, t.b, f(c) AS c, sum(x) FROM t GROUP BY t.b, a, f(c)",
		"t: group a, group b, group c, sum sum"},
	{"SELECT date_trunc('month', d) AS month, count(*)::int AS n FROM t GROUP BY month",
		"t: group month, count n"},
	{"SELECT a::text, b::int AS b, count(a) FILTER (WHERE a > 1) FROM t GROUP BY 2, 1",
		"t: group a, group b, count count"},
	{"SELECT a, pg_catalog.sum(x) FROM \"R w\" . \"t\"\"x\" o JOIN u USING (i) "
	 "LEFT JOIN v ON true, w, LATERAL unnest(o.l) k WHERE a IN (SELECT a FROM u) GROUP BY a",
		"\"R w\" . \"t\"\"x\": group a, sum sum"},
	{"WITH u AS (SELECT * FROM s.v) SELECT a, sum(x) FROM s.t JOIN u ON true GROUP BY a",
		"s.t: group a, sum sum"},
	{"SELECT max(DISTINCT x) FROM t ORDER BY 1", "t: max max"},
	{"SELECT a FROM t GROUP BY a", "t: group a"},
};

static const struct {
	const char *sql;
	const char *expected;
} refused[] = {
	{"VALUES (1)", "VALUES reads no table"},
	{"SELECT 1 AS x UNION SELECT 2", "UNION, INTERSECT or EXCEPT: make a model of each part"},
	{"SELECT DISTINCT a FROM t", "SELECT DISTINCT: a later row may repeat an earlier one"},
	{"SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1",
		"HAVING: later rows may bring a group in or out"},
	{"SELECT a, sum(x) FROM t GROUP BY a LIMIT 3", "LIMIT: later rows may push others out"},
	{"SELECT a, sum(x) FROM t GROUP BY a OFFSET 3", "OFFSET: later rows may push others out"},
	{"SELECT a, sum(x) OVER w FROM t WINDOW w AS ()",
		"WINDOW: later rows change the windows of earlier ones"},
	{"SELECT a, sum(count(*)) OVER () AS s FROM t GROUP BY a",
		"column s is a window function: later rows change it for earlier ones"},
	{"SELECT a, avg(x) AS mean FROM t GROUP BY a",
		"column mean is an average, which does not say of how many: keep the sum and the "
		"count"},
	{"SELECT a, count(DISTINCT x) FROM t GROUP BY a",
		"column count counts DISTINCT values: later rows may repeat earlier ones"},
	{"SELECT a, sum(x)::int AS s FROM t GROUP BY a",
		"column s is cast after it was taken, which may round each part: cast what goes "
		"into it"},
	{"SELECT a, round(sum(x)) AS s FROM t GROUP BY a",
		"column s is neither in GROUP BY nor sum, count, min or max of something"},
	{"SELECT a, 1 AS one FROM t GROUP BY a",
		"column one is neither in GROUP BY nor sum, count, min or max of something"},
	{"SELECT a, string_agg(b, ',') FROM t GROUP BY a",
		"column string_agg is neither in GROUP BY nor sum, count, min or max of something"},
	{"SELECT a + 1, sum(x) FROM t GROUP BY 1", "each column needs a name: write AS name"},
	{"SELECT * FROM t", "each column needs a name: write AS name"},
	{"SELECT a, a, sum(x) FROM t GROUP BY 1, 2", "column a is there twice"},
	{"SELECT a, sum(x) FROM t GROUP BY a, b",
		"it groups by what is not among its columns: add it to them"},
	{"SELECT a, sum(x) FROM t GROUP BY 3",
		"it groups by what is not among its columns: add it to them"},
	{"SELECT a, sum(x) FROM t GROUP BY ROLLUP (a)",
		"GROUPING SETS, ROLLUP or CUBE: a group's null and a total's null look alike"},
	{"SELECT sum(1) AS s", "it has no FROM"},
	{"SELECT a, sum(x) FROM t RIGHT JOIN u USING (i) GROUP BY a",
		"RIGHT or FULL JOIN: a later row of the first table may take back a row of nulls"},
	{"SELECT a, sum(x) FROM (t FULL JOIN u USING (i)) JOIN w ON true GROUP BY a",
		"RIGHT or FULL JOIN: a later row of the first table may take back a row of nulls"},
	{"SELECT a, sum(x) FROM (SELECT * FROM t) q GROUP BY a",
		"what comes first in FROM must be the table whose new rows are added"},
	{"SELECT a, sum(x) FROM generate_series(1, 3) a, t GROUP BY a",
		"what comes first in FROM must be the table whose new rows are added"},
	{"WITH t AS (SELECT 1 AS a) SELECT a FROM t GROUP BY a",
		"what comes first in FROM must be a table, not a WITH query"},
	{"SELECT a, sum(x) FROM ONLY t GROUP BY a", "ONLY: leave it out"},
	{"SELECT t.a, sum(t.x) FROM t JOIN t u USING (i) GROUP BY t.a",
		"it reads the first table in FROM more than once"},
	{"SELECT a, sum(x) FROM t WHERE x > (SELECT max(x) FROM t) GROUP BY a",
		"it reads the first table in FROM more than once"},
	{"SELECT raw.t.a, sum(x) FROM raw.t GROUP BY 1", "write table.column, without the schema"},
	{"SELECT a, sum(x) FROM t WHERE d < current_date GROUP BY a",
		"CURRENT_DATE, CURRENT_USER and their like are something else later"},
	{"SELECT a, sum(x) FROM t JOIN u TABLESAMPLE system (1) USING (i) GROUP BY a",
		"TABLESAMPLE takes other rows each time"},
	{"SELECT a, sum(x) FROM raw /* why */ . t GROUP BY a",
		"write the first table's name plainly: schema.table"},
	{"SELECT a,\n sum(x)\nFROM t\nGROUP BY a,\n b",
		"m.sql:5: no speed layer for this query: it groups by what is not among its "
		"columns: add it to them"},
};

static void test_taken_apart(void **state)
{
	char text[1000];
	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		describe(taken[i].sql, false, text, sizeof(text));
		assert_string_equal(text, taken[i].expected);
	}
}

static void test_refused(void **state)
{
	char text[1000];
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		describe(refused[i].sql, false, text, sizeof(text));
		assert_string_equal(text, refused[i].expected);
	}
}

/* Printed, an alias or a number in GROUP BY would be a column or a constant. */
static void test_printed(void **state)
{
	char text[1000];
	(void)state;
	describe("SELECT date_trunc('month', d) AS d, count(*) FROM t GROUP BY date_trunc('month', "
		 "d)",
		true, text, sizeof(text));
	assert_string_equal(text, "t: group d, count count");
	describe("SELECT date_trunc('month', d) AS d, count(*) FROM t GROUP BY d", true, text,
		sizeof(text));
	assert_string_equal(text, "it groups by what is not among its columns: add it to them");
	describe("SELECT a, count(*) FROM t GROUP BY 1", true, text, sizeof(text));
	assert_string_equal(text, "it groups by what is not among its columns: add it to them");
}

static void check_replaced(const char *sql, const char *expected)
{
	struct arena arena;
	struct query query;
	struct query_aggregate aggregate;
	struct err err;
	struct buf out;
	arena_init(&arena, 4 << 20);
	buf_init(&out, 1000);
	assert_true(query_parse(sql, "m.sql", &arena, &query, &err));
	assert_true(query_aggregate(&query, "m.sql", &arena, &aggregate, &err));
	query_replace_first(&query, &aggregate, "(NEW)", &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
	arena_release(&arena);
}

static void test_replaced(void **state)
{
	(void)state;
	check_replaced("-- t\nSELECT t.a FROM t, raw.t2 GROUP BY 1;\n",
		"-- t\nSELECT t.a FROM (NEW) AS \"t\", raw.t2 GROUP BY 1");
	check_replaced("SELECT o.a FROM raw . \"T\"\"1\" o GROUP BY 1",
		"SELECT o.a FROM (NEW) o GROUP BY 1");
	check_replaced("SELECT a FROM \"T\"\"1\"JOIN u ON true GROUP BY 1",
		"SELECT a FROM (NEW) AS \"T\"\"1\"JOIN u ON true GROUP BY 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_apart),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_printed),
		cmocka_unit_test(test_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
