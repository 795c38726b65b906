/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "schema/ddl.h"
#include "support/cmocka_all.h"

static const char text[] =
	"{\"type\":\"record\",\"name\":\"r\",\"doc\":\"it's a \\\\ table\",\"fields\":["
	"{\"name\":\"id\",\"type\":[\"null\",\"long\"]},"
	"{\"name\":\"na\\u006de\",\"type\":\"string\",\"doc\":\"who\"},"
	"{\"name\":\"price\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\","
	"\"precision\":9,"
	"\"scale\":2},\"default\":\"\\u00fb.\"},"
	"{\"name\":\"day\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"},\"default\":-3},"
	"{\"name\":\"note\",\"type\":[\"null\",\"string\"]}]}";

struct fixture {
	struct schema *schema;
	struct ddl_table table;
	struct buf out;
	const char *key[1];
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct err err;
	assert_ok(schema_parse(text, sizeof(text) - 1, "t", &f->schema, &err));
	f->key[0] = "id";
	f->table = (struct ddl_table){"raw", "or\"ders", {f->key, 1}};
	buf_init(&f->out, 1 << 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	schema_free(f->schema);
	buf_release(&f->out);
	test_free(f);
	return 0;
}

static void tables_end_in_the_lineage_columns(void **state)
{
	struct fixture *f = *state;
	ddl_create_table(f->schema, &f->table, &f->out);
	assert_string_equal(buf_text(&f->out), "CREATE SCHEMA IF NOT EXISTS \"raw\";\n"
					       "CREATE TABLE \"raw\".\"or\"\"ders\" (\n"
					       "\t\"id\" bigint NOT NULL,\n"
					       "\t\"name\" text NOT NULL,\n"
					       "\t\"price\" numeric(9,2) NOT NULL,\n"
					       "\t\"day\" date NOT NULL,\n"
					       "\t\"note\" text,\n"
					       "\t\"_file\" bigint NOT NULL,\n"
					       "\t\"_row\" bigint NOT NULL,\n"
					       "\tPRIMARY KEY (\"id\")\n);\n");
	buf_clear(&f->out);
	f->table.key.count = 0;
	ddl_create_table(f->schema, &f->table, &f->out);
	assert_non_null(strstr(buf_text(&f->out), "PRIMARY KEY (\"_file\", \"_row\")"));
}

static void comments_are_quoted(void **state)
{
	struct fixture *f = *state;
	ddl_comments(f->schema, &f->table, &f->out);
	const char *sql = buf_text(&f->out);
	assert_non_null(strstr(sql, "TABLE \"raw\".\"or\"\"ders\" IS E'it''s a \\\\ table';\n"));
	assert_non_null(strstr(sql, ".\"name\" IS 'who';\n"));
	assert_non_null(strstr(sql, ".\"note\" IS NULL;\n"));
}

static const struct ddl_column old_columns[] = {
	{"id", "bigint", 20, true, false},
	{"name", "text", 25, true, false},
	{"_file", "bigint", 20, true, false},
	{"_row", "bigint", 20, true, false},
	{"extra", "integer", 23, false, false},
};

static void new_fields_become_columns(void **state)
{
	struct fixture *f = *state;
	struct err err;
	assert_ok(ddl_upgrade(f->schema, &f->table, old_columns, 5, &f->out, &err));
	assert_string_equal(buf_text(&f->out),
		"ALTER TABLE \"raw\".\"or\"\"ders\" ADD COLUMN \"price\" numeric(9,2) NOT NULL "
		"DEFAULT -12.34;\n"
		"ALTER TABLE \"raw\".\"or\"\"ders\" ADD COLUMN \"day\" date NOT NULL DEFAULT "
		"(DATE 'epoch' + INTERVAL '-3 days');\n"
		"ALTER TABLE \"raw\".\"or\"\"ders\" ADD COLUMN \"note\" text;\n");
}

static void every_difference_is_named(void **state)
{
	struct fixture *f = *state;
	struct err err;
	static const struct ddl_column columns[] = {
		{"name", "character varying(5)", 1043, true, false},
		{"price", "numeric(9,2)", 1700, true, false},
		{"day", "date", 1082, true, false},
		{"_file", "integer", 23, true, false},
		{"surplus", "integer", 23, true, false},
		{"filled", "integer", 23, true, true},
	};
	assert_err(ddl_upgrade(f->schema, &f->table, columns, 6, &f->out, &err), ERR_FATAL,
		"\"id\" is missing and belongs to the key");
	assert_non_null(
		strstr(err.message, "\"name\" is character varying(5), the schema says text"));
	assert_non_null(strstr(err.message, "\"_file\" is integer, it must be bigint"));
	assert_non_null(strstr(err.message, "\"_row\" is missing"));
	assert_non_null(strstr(err.message, "\"surplus\" is NOT NULL without a default"));
	assert_null(strstr(err.message, "filled"));
	assert_int_equal(f->out.len, 0);
}

static void a_table_that_fits_needs_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err;
	struct ddl_column columns[7];
	size_t n = 0;
	for (size_t i = 0; i < f->schema->field_count; i++)
		columns[n++] = (struct ddl_column){f->schema->fields[i].name,
			f->schema->fields[i].column_sql, f->schema->fields[i].column_oid,
			!f->schema->fields[i].type->nullable, false};
	columns[n++] = old_columns[2];
	columns[n++] = old_columns[3];
	assert_ok(ddl_upgrade(f->schema, &f->table, columns, n, &f->out, &err));
	assert_int_equal(f->out.len, 0);
	/* A field that became nullable. */
	for (size_t i = 0; i < n; i++)
		columns[i].not_null = true;
	assert_ok(ddl_upgrade(f->schema, &f->table, columns, n, &f->out, &err));
	assert_int_equal(f->out.len, 0);
	ddl_relax(f->schema, &f->table, columns, n, &f->out);
	assert_string_equal(buf_text(&f->out),
		"ALTER TABLE \"raw\".\"or\"\"ders\" ALTER COLUMN \"note\" DROP NOT NULL;\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tables_end_in_the_lineage_columns),
		TEST(comments_are_quoted),
		TEST(new_fields_become_columns),
		TEST(every_difference_is_named),
		TEST(a_table_that_fits_needs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
