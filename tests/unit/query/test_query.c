/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/cmocka_all.h"

/* The relations as "schema.name:line name:line ...", or the error's message. */
static void describe(const char *sql, char *ret_text, size_t size)
{
	struct arena arena;
	struct query query = {0};
	struct err err;
	arena_init(&arena, 4 << 20);
	struct buf buf;
	buf_init(&buf, size);
	if (query_parse(sql, "m.sql", &arena, &query, &err)) {
		for (size_t i = 0; i < query.relation_count; i++)
			buf_printf(&buf, "%s%s%s%s:%d", i ? " " : "", query.relations[i].schema,
				*query.relations[i].schema ? "." : "", query.relations[i].name,
				query.relations[i].line);
	} else {
		assert_int_equal(err.class, ERR_FATAL);
		assert_int_equal(err.from, ERR_FROM_CONFIG);
		buf_append_text(&buf, err.message);
	}
	snprintf(ret_text, size, "%s", buf_text(&buf));
	buf_release(&buf);
	arena_release(&arena);
}

static const struct {
	const char *sql;
	const char *expected;
} relations[] = {
	{"SELECT 1", ""},
	{"VALUES (1)", ""},
	{"TABLE raw.orders", "raw.orders:1"},
	{"select * from raw.orders o, raw.orders p", "raw.orders:1"},
	{"select *\nfrom a\njoin \"B c\" using (x);\n-- done\n", "a:2 B c:3"},
	{"select (select max(x) from s.t) from only u where exists (select from v)",
		"s.t:1 u:1 v:1"},
	{"with a as (select * from b) select * from a", "b:1"},
	{"with a as (select * from a) select * from a", "a:1"},
	{"with recursive a as (select 1 union all select * from a) select * from a", ""},
	{"with a as (select 1), b as (select * from a) select * from b", ""},
	{"with b as (select * from a), a as (select 1) select * from b, a", "a:1"},
	{"with a as (select 1) select * from s.a", "s.a:1"},
	{"select * from (with a as (select 1) select * from a) q, a", "a:1"},
	{"with x as (with a as (select 1) select * from a) select * from x, a", "a:1"},
	{"(with a as (select 1) select * from a) union all select * from a", "a:1"},
	{"with a as (select 1) (select * from a union all select * from c) order by 1", "c:1"},
	{"select * from generate_series(1, 3) g, lateral (select * from t where t.x = g) l", "t:1"},
	{"select 'from x' -- from y\n/* from z */ from w", "w:2"},
	{"select * from \xc3\xa4.\"\xc3\xbc\"\"q\"", "\xc3\xa4.\xc3\xbc\"q:1"},
	{"select * from t tablesample system (10) where a = any(array(select b from s))",
		"t:1 s:1"},
	{"select * from a natural join (b cross join c)", "a:1 b:1 c:1"},
	{"", "m.sql: it is empty"},
	{"-- materialized: view\n", "m.sql: it is empty"},
	{"select 1;\nselect 2", "m.sql:2: a second statement"},
	{"delete from t", "m.sql: not a SELECT"},
	{"create table t as select 1", "m.sql: not a SELECT"},
	{"select * into t from s", "m.sql: the query contains SELECT INTO"},
	{"select * from t for update", "m.sql: the query contains FOR UPDATE"},
	{"with d as (delete from t returning *) select * from d",
		"m.sql: the query contains a DELETE"},
	{"with d as (insert into t select 1 returning *) table d",
		"m.sql: the query contains an INSERT"},
	{"with d as (update t set a = 1 returning *) table d",
		"m.sql: the query contains an UPDATE"},
	{"select * from (select * from t for share) q", "m.sql: the query contains FOR UPDATE"},
	{"select * from db.s.t", "m.sql:1: s.t is named with a database"},
	{"select 1,\n\nfrom t", "m.sql:3: syntax error"},
	{"select '\xc3\xa4',\nfrom t", "m.sql:2: syntax error"},
	{"select 1\nfrom \"t", "m.sql:2: unterminated quoted identifier"},
	{"select\n'\xff'", "m.sql:2: not UTF-8"},
};

static void test_relations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		char text[2048];
		describe(relations[i].sql, text, sizeof(text));
		bool is_error = strncmp(relations[i].expected, "m.sql", 5) == 0;
		size_t n = is_error ? strlen(relations[i].expected) : sizeof(text);
		if (strncmp(text, relations[i].expected, n) != 0)
			fail_msg("%s: got '%s'", relations[i].sql, text);
	}
}

static void test_bare_text(void **state)
{
	(void)state;
	struct arena arena;
	struct query query;
	struct err err;
	arena_init(&arena, 1 << 20);
	assert_ok(query_parse("-- a: b\nselect 1 ; -- done", "m.sql", &arena, &query, &err));
	assert_string_equal(query.text, "-- a: b\nselect 1 ");
	assert_ok(query_parse("select 1 -- x", "m.sql", &arena, &query, &err));
	assert_string_equal(query.text, "select 1 -- x");
	assert_ok(query_parse(";; select 2;", "m.sql", &arena, &query, &err));
	assert_non_null(strstr(query.text, "select 2"));
	assert_null(strchr(query.text, ';'));
	arena_release(&arena);
}

static void test_sizes(void **state)
{
	(void)state;
	char text[2048];
	char *sql = malloc(QUERY_MAX_BYTES + 100);
	assert_non_null(sql);
	size_t n = (size_t)snprintf(sql, 16, "select 1");
	for (int i = 0; i < 900; i++) {
		memcpy(sql + n, " union all table t", 19);
		n += 18;
	}
	describe(sql, text, sizeof(text));
	assert_string_equal(text, "t:1");
	n = 8;
	for (int i = 0; i < 5000; i++) {
		memcpy(sql + n, "+1", 3);
		n += 2;
	}
	describe(sql, text, sizeof(text));
	assert_non_null(strstr(text, "nested too deeply"));
	memset(sql, ' ', QUERY_MAX_BYTES + 1);
	memcpy(sql + QUERY_MAX_BYTES + 1, "", 1);
	describe(sql, text, sizeof(text));
	assert_non_null(strstr(text, "longer than 256 KiB"));
	free(sql);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_bare_text),
		cmocka_unit_test(test_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
