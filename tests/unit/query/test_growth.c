/* SPDX-License-Identifier: Apache-2.0 */
#include "query/growth.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "support/cmocka_all.h"

static const char *aggregate_names[] = {"sum", "count", "max"};
static const struct string_list aggregates = {aggregate_names, 3};

/* Each source with "+" where rows may be added, "-" where not; the key's expressions behind a '|'.
 */
static void describe(const char *sql, const char *key, char *ret_text, size_t size)
{
	struct arena arena;
	struct query_growth growth;
	struct err err;
	struct buf buf;
	const struct string_list keys = {&key, 1};
	arena_init(&arena, 4 << 20);
	buf_init(&buf, size);
	if (query_growth_read(sql, "m.sql", &keys, &aggregates, &arena, &growth, &err)) {
		for (size_t i = 0; i < growth.source_count; i++) {
			const struct query_source *source = &growth.sources[i];
			buf_printf(&buf, "%s%s", i ? " " : "", source->fixed ? "-" : "+");
			buf_append(&buf, growth.text + source->at, source->length);
		}
		buf_printf(&buf, " | %s%s", growth.key[0], growth.grouped ? " of groups" : "");
	} else {
		assert_int_equal(err.from, ERR_FROM_CONFIG);
		static const char start[] = "m.sql: not incremental: ";
		bool usual = strncmp(err.message, start, strlen(start)) == 0;
		buf_append_text(&buf, err.message + (usual ? strlen(start) : 0));
	}
	snprintf(ret_text, size, "%s", buf_text(&buf));
	buf_release(&buf);
	arena_release(&arena);
}

static const struct {
	const char *sql;
	const char *expected;
} cases[] = {
	{"SELECT t.k, t.x FROM raw.t WHERE (t.x > 1)", "+raw.t | t.k"},
	{"SELECT a.k FROM (raw.a JOIN raw.b b_1 USING (i))", "+raw.a +raw.b | a.k"},
	{"SELECT a.k FROM (raw.a LEFT JOIN raw.b ON ((a.i = b.i)))", "+raw.a -raw.b | a.k"},
	{"SELECT a.k FROM (raw.a RIGHT JOIN raw.b ON ((a.i = b.i)))", "-raw.a +raw.b | a.k"},
	{"SELECT a.k FROM (raw.a FULL JOIN raw.b ON ((a.i = b.i)))", "-raw.a -raw.b | a.k"},
	{"SELECT a.k FROM raw.\"A \"\"b\" a, raw.c", "+raw.\"A \"\"b\" +raw.c | a.k"},
	{"SELECT a.k FROM raw.a WHERE (EXISTS ( SELECT FROM raw.b WHERE (b.i = a.i)))",
		"+raw.a -raw.b | a.k"},
	{"SELECT a.k, ( SELECT max(b.i) AS max FROM raw.b) AS m FROM raw.a", "-raw.b +raw.a | a.k"},
	{"SELECT q.k FROM ( SELECT t.k FROM raw.t WHERE (t.x IS DISTINCT FROM 3)) q",
		"+raw.t | q.k"},
	{"SELECT q.k FROM ( SELECT t.k FROM raw.t GROUP BY t.k) q", "-raw.t | q.k"},
	{"SELECT q.k FROM ( SELECT sum(t.k) AS k FROM raw.t) q", "-raw.t | q.k"},
	{"SELECT q.k FROM ( SELECT DISTINCT t.k FROM raw.t) q", "-raw.t | q.k"},
	{"SELECT q.k FROM ( SELECT t.k FROM raw.t LIMIT 5) q", "-raw.t | q.k"},
	{"SELECT q.k FROM ( SELECT t.k, sum(t.x) OVER () AS s FROM raw.t) q", "-raw.t | q.k"},
	{"SELECT q.k FROM ( SELECT a.k FROM raw.a UNION ALL SELECT b.k FROM raw.b) q",
		"+raw.a +raw.b | q.k"},
	{"SELECT q.k FROM ( SELECT a.k FROM raw.a UNION SELECT b.k FROM raw.b) q",
		"-raw.a -raw.b | q.k"},
	{"SELECT q.k FROM ( SELECT a.k FROM raw.a UNION ALL SELECT b.k FROM raw.b GROUP BY b.k) q",
		"+raw.a -raw.b | q.k"},
	{"SELECT q.k FROM ( SELECT a.k FROM raw.a UNION ALL SELECT b.k FROM raw.b LIMIT 3) q",
		"-raw.a -raw.b | q.k"},
	{"SELECT q.k FROM ( SELECT a.k FROM raw.a EXCEPT ALL SELECT b.k FROM raw.b) q",
		"-raw.a -raw.b | q.k"},
	{"SELECT q.k FROM ( SELECT a.k FROM raw.a EXCEPT (SELECT b.k FROM raw.b UNION ALL SELECT "
	 "c.k FROM raw.c)) q",
		"-raw.a -raw.b -raw.c | q.k"},
	{"WITH RECURSIVE w AS ( SELECT t.k FROM raw.t UNION ALL SELECT w.k FROM w) SELECT w.k FROM "
	 "w",
		"-raw.t | w.k"},
	{"WITH w AS ( SELECT t.k FROM raw.t) SELECT w.k FROM (w JOIN raw.b ON (true))",
		"+raw.t +raw.b | w.k"},
	{"WITH w AS ( SELECT t.k FROM raw.t) SELECT a.k FROM w a, w b", "-raw.t | a.k"},
	{"WITH w AS ( SELECT t.k FROM raw.t) SELECT a.k FROM raw.a", "+raw.a | a.k"},
	{"WITH w AS ( SELECT t.k FROM raw.t) SELECT a.k FROM raw.a WHERE (a.k IN ( SELECT w.k FROM "
	 "w))",
		"+raw.a -raw.t | a.k"},
	{"SELECT (date_trunc('m,(FROM'::text, t.d))::date AS k, sum(t.x) AS s FROM raw.t GROUP BY "
	 "((date_trunc('m,(FROM'::text, t.d))::date) HAVING (sum(t.x) > 0)",
		"+raw.t | (date_trunc('m,(FROM'::text, t.d))::date of groups"},
	{"SELECT DISTINCT ON (t.k, (E'\\')('::text)) t.x, t.k FROM raw.t ORDER BY t.k",
		"+raw.t | t.k of groups"},
	{"SELECT DISTINCT t.x, t.k FROM raw.t", "+raw.t | t.k of groups"},
	{"SELECT t.x AS k, sum(t.y) AS s FROM raw.t GROUP BY t.x, t.k", "+raw.t | t.x of groups"},
	{"SELECT sum(t.y) AS k FROM raw.t GROUP BY t.x",
		"column k of the unique_key is not in GROUP BY"},
	{"SELECT sum(t.y) AS k FROM raw.t", "column k of the unique_key is not in GROUP BY"},
	{"SELECT DISTINCT ON (t.x) t.k FROM raw.t",
		"column k of the unique_key is not in DISTINCT ON"},
	{"SELECT t.x FROM raw.t", "m.sql: the query has no column k, which the unique_key names"},
	{"SELECT a.k FROM raw.a UNION SELECT b.k FROM raw.b",
		"UNION without ALL, INTERSECT or EXCEPT: added rows may be there already"},
	{"SELECT t.k FROM raw.t LIMIT 3", "LIMIT: added rows may push others out"},
	{"SELECT t.k, count(*) OVER () AS n FROM raw.t",
		"window functions: added rows change what earlier ones give"},
	{"SELECT t.k FROM raw.t TABLESAMPLE system (10)", "TABLESAMPLE takes other rows each time"},
	{"SELECT t.k FROM raw.t GROUP BY ROLLUP(t.k)", "column k of the unique_key is not in GROUP "
						       "BY"},
	{"VALUES (1)", "VALUES reads no table"},
	{"SELECT 1 AS k", "it has no FROM"},
};

static void places_and_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		describe(cases[i].sql, "k", text, sizeof(text));
		if (strcmp(text, cases[i].expected) != 0)
			fail_msg("%s\n  gives    %s\n  expected %s", cases[i].sql, text,
				cases[i].expected);
	}
}

/* Cut anywhere it is refused or understood; it never crashes. */
static void every_prefix_ends_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char sql[512];
		char text[1024];
		for (size_t n = 0; n < strlen(cases[i].sql); n++) {
			snprintf(sql, sizeof(sql), "%.*s", (int)n, cases[i].sql);
			describe(sql, "k", text, sizeof(text));
		}
	}
}

static void texts_are_put_together(void **state)
{
	(void)state;
	static const char sql[] = "SELECT t.k, sum(t.x) AS s FROM raw.t, raw.u z WHERE (t.x > 0) "
				  "GROUP BY t.k HAVING (sum(t.x) > 1) ORDER BY t.k";
	const char *key = "k";
	const struct string_list keys = {&key, 1};
	struct arena arena;
	struct query_growth growth;
	struct err err;
	struct buf buf;
	arena_init(&arena, 4 << 20);
	buf_init(&buf, 4096);
	if (!query_growth_read(sql, "m.sql", &keys, &aggregates, &arena, &growth, &err))
		fail_msg("%s", err.message);
	query_growth_added(&growth, 0, "(NEW)", &buf);
	assert_string_equal(buf_text(&buf),
		"SELECT t.k, sum(t.x) AS s FROM (NEW) AS \"t\", raw.u z WHERE (t.x > 0) GROUP BY "
		"t.k ORDER BY t.k");
	buf_clear(&buf);
	query_growth_replace(&growth, 1, "(NEW)", &buf);
	assert_non_null(strstr(buf_text(&buf), "FROM raw.t, (NEW) z WHERE"));
	buf_clear(&buf);
	query_growth_restrict(&growth, "KEYS", &buf);
	assert_string_equal(buf_text(&buf),
		"SELECT t.k, sum(t.x) AS s FROM raw.t, raw.u z  WHERE ((t.k)) IN (KEYS) AND ( "
		"(t.x > 0) )\nGROUP BY t.k HAVING (sum(t.x) > 1) ORDER BY t.k");
	buf_release(&buf);
	arena_release(&arena);
}

/* What is added to one arm of a UNION ALL is had without the others, as far as they can be empty.
 */
static void arms_are_had_alone(void **state)
{
	(void)state;
	static const char sql[] =
		"SELECT q.k FROM ( SELECT a.k FROM (raw.a JOIN raw.b USING (k)) UNION ALL SELECT "
		"c.k "
		"FROM raw.c z UNION ALL SELECT d.k FROM raw.d GROUP BY d.k) q, raw.e";
	static const char *const expected[] = {
		"(NEW) AS \"a\" JOIN raw.b USING (k)) UNION ALL SELECT c.k FROM (SELECT * FROM "
		"raw.c "
		"WHERE false) z UNION ALL SELECT d.k FROM raw.d GROUP BY d.k) q, raw.e",
		"raw.a JOIN (NEW) AS \"b\" USING (k)) UNION ALL SELECT c.k FROM (SELECT * FROM "
		"raw.c "
		"WHERE false) z UNION ALL SELECT d.k FROM raw.d GROUP BY d.k) q, raw.e",
		"(SELECT * FROM raw.a WHERE false) AS \"a\" JOIN (SELECT * FROM raw.b WHERE false) "
		"AS "
		"\"b\" USING (k)) UNION ALL SELECT c.k FROM (NEW) z UNION ALL SELECT d.k FROM "
		"raw.d "
		"GROUP BY d.k) q, raw.e",
		NULL,
		"raw.a JOIN raw.b USING (k)) UNION ALL SELECT c.k FROM raw.c z UNION ALL SELECT "
		"d.k FROM "
		"raw.d GROUP BY d.k) q, (NEW) AS \"e\""};
	const char *key = "k";
	const struct string_list keys = {&key, 1};
	struct arena arena;
	struct query_growth growth;
	struct err err;
	struct buf buf;
	arena_init(&arena, 4 << 20);
	buf_init(&buf, 4096);
	if (!query_growth_read(sql, "m.sql", &keys, &aggregates, &arena, &growth, &err))
		fail_msg("%s", err.message);
	assert_int_equal(growth.source_count, 5);
	for (size_t i = 0; i < growth.source_count; i++) {
		if (!expected[i])
			continue;
		query_growth_added(&growth, i, "(NEW)", &buf);
		assert_string_equal(
			strstr(buf_text(&buf), "FROM (") + strlen("FROM ( SELECT a.k FROM ("),
			expected[i]);
		buf_clear(&buf);
	}
	buf_release(&buf);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_and_reasons),
		cmocka_unit_test(every_prefix_ends_well),
		cmocka_unit_test(texts_are_put_together),
		cmocka_unit_test(arms_are_had_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
