/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/sha256.h"
#include "schema/schema.h"
#include "support/cmocka_all.h"

static struct schema *parse(const char *text)
{
	struct err err;
	struct schema *schema = NULL;
	assert_ok(schema_parse(text, strlen(text), "t.avsc", &schema, &err));
	return schema;
}

/* A schema whose one field has this JSON behind its name. */
static struct schema *parse_field(const char *rest)
{
	char text[2000];
	snprintf(text, sizeof(text),
		"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\",%s}]}", rest);
	return parse(text);
}

static const struct column_case {
	const char *field;
	const char *sql;
	uint32_t oid;
} column_cases[] = {
	{"\"type\":\"boolean\"", "boolean", 16},
	{"\"type\":\"int\"", "integer", 23},
	{"\"type\":\"long\"", "bigint", 20},
	{"\"type\":\"float\"", "real", 700},
	{"\"type\":\"double\"", "double precision", 701},
	{"\"type\":\"bytes\"", "bytea", 17},
	{"\"type\":\"string\"", "text", 25},
	{"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":3}", "bytea", 17},
	{"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[\"A\"]}", "text", 25},
	{"\"type\":{\"type\":\"array\",\"items\":\"int\"}", "jsonb", 3802},
	{"\"type\":{\"type\":\"map\",\"values\":\"int\"}", "jsonb", 3802},
	{"\"type\":{\"type\":\"record\",\"name\":\"x\",\"fields\":[{\"name\":\"_row\",\"type\":"
	 "\"int\"}]}",
		"jsonb", 3802},
	{"\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}", "date", 1082},
	{"\"type\":{\"type\":\"int\",\"logicalType\":\"time-millis\"}", "time without time zone",
		1083},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"time-micros\"}", "time without time zone",
		1083},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}",
		"timestamp with time zone", 1184},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}",
		"timestamp with time zone", 1184},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"local-timestamp-millis\"}",
		"timestamp without time zone", 1114},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}",
		"timestamp without time zone", 1114},
	{"\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":12,\"scale\":2}",
		"numeric(12,2)", 1700},
	{"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":4,\"logicalType\":\"decimal\","
	 "\"precision\":9}",
		"numeric(9,0)", 1700},
	{"\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}", "uuid", 2950},
	{"\"type\":\"int\",\"penstock.type\":\"int2\"", "smallint", 21},
	{"\"type\":\"int\",\"penstock.type\":\"int8\"", "bigint", 20},
	{"\"type\":\"int\",\"penstock.type\":\"numeric\"", "numeric", 1700},
	{"\"type\":\"int\",\"penstock.type\":\"numeric(10)\"", "numeric(10,0)", 1700},
	{"\"type\":\"long\",\"penstock.type\":\"integer\"", "integer", 23},
	{"\"type\":\"long\",\"penstock.type\":\"numeric(21, 2)\"", "numeric(21,2)", 1700},
	{"\"type\":\"float\",\"penstock.type\":\"float8\"", "double precision", 701},
	{"\"type\":\"string\",\"penstock.type\":\"varchar(20)\"", "character varying(20)", 1043},
	{"\"type\":\"string\",\"penstock.type\":\"jsonb\"", "jsonb", 3802},
	{"\"type\":\"string\",\"penstock.type\":\"json\"", "json", 114},
	{"\"type\":\"string\",\"penstock.type\":\"uuid\"", "uuid", 2950},
	{"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":16},\"penstock.type\":\"uuid\"",
		"uuid", 2950},
	{"\"type\":{\"type\":\"array\",\"items\":\"int\"},\"penstock.type\":\"json\"", "json", 114},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"},\"penstock.type\":"
	 "\"timestamp\"",
		"timestamp without time zone", 1114},
};

static void every_type_has_its_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(column_cases) / sizeof(column_cases[0]); i++) {
		struct schema *schema = parse_field(column_cases[i].field);
		assert_string_equal(schema->fields[0].column_sql, column_cases[i].sql);
		assert_int_equal(schema->fields[0].column_oid, column_cases[i].oid);
		assert_false(schema->fields[0].type->nullable);
		schema_free(schema);
	}
}

static const char *const good_defaults[] = {
	"\"type\":\"boolean\",\"default\":true",
	"\"type\":\"int\",\"default\":-5",
	"\"type\":\"double\",\"default\":1",
	"\"type\":\"double\",\"default\":1.5e-7",
	"\"type\":\"bytes\",\"default\":\"\\u0000\\u00ff\"",
	"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":2},\"default\":\"a\\u00ff\"",
	"\"type\":[\"null\",\"int\"],\"default\":null",
	"\"type\":[\"int\",\"null\"],\"default\":3",
	"\"type\":{\"type\":\"array\",\"items\":\"int\"},\"default\":[1,2]",
	"\"type\":{\"type\":\"map\",\"values\":[\"null\",\"int\"]},\"default\":{\"a\":null}",
	"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[\"A\",\"B\"],\"default\":\"A\"},"
	"\"default\":\"B\"",
	"\"type\":{\"type\":\"record\",\"name\":\"x\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}"
	","
	"{\"name\":\"b\",\"type\":\"int\",\"default\":2}]},\"default\":{\"a\":1}",
};

static void defaults_are_kept_as_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_defaults) / sizeof(good_defaults[0]); i++) {
		struct schema *schema = parse_field(good_defaults[i]);
		assert_non_null(schema->fields[0].default_json);
		schema_free(schema);
	}
	struct schema *schema = parse_field("\"type\":\"bytes\",\"default\":\"\\u0000\\u00ff\"");
	assert_string_equal(schema->fields[0].default_json, "\"\\u0000\xC3\xBF\"");
	schema_free(schema);
}

static const struct bad_field {
	const char *field;
	const char *message;
} bad_fields[] = {
	{"\"type\":\"null\"", "stands only in a union"},
	{"\"type\":\"nope\"", "unknown type 'nope'"},
	{"\"type\":\"r\"", "contains itself"},
	{"\"type\":[\"null\",{\"type\":\"array\",\"items\":\"r\"}]", "contains itself"},
	{"\"type\":[\"int\",\"string\"]", "must be [\"null\", T]"},
	{"\"type\":[\"null\",\"null\"]", "must be [\"null\", T]"},
	{"\"type\":[\"null\"]", "must be [\"null\", T]"},
	{"\"type\":[\"null\",\"int\",\"string\"]", "must be [\"null\", T]"},
	{"\"type\":[\"null\",[\"null\",\"int\"]]", "directly in a union"},
	{"\"type\":5", "must be a name, an object"},
	{"\"type\":{\"typ\":\"int\"}", "must be a name, an object"},
	{"\"type\":\"int\",\"logicalType\":\"date\"", "belongs inside the type"},
	{"\"type\":{\"type\":\"int\",\"penstock.type\":\"int2\"}", "beside the field's name"},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"date\"}", "stands on int, not on long"},
	{"\"type\":{\"type\":\"long\",\"logicalType\":\"dates\"}", "is not known; known are date"},
	{"\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\"}", "\"precision\""},
	{"\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2,\"scale\":3}",
		"\"scale\" must be 0 to its precision"},
	{"\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":1001}",
		"1 to 1000"},
	{"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":4,\"logicalType\":\"decimal\","
	 "\"precision\":10}",
		"holds 9 decimal digits"},
	{"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":0}", "\"size\" of a fixed"},
	{"\"type\":{\"type\":\"fixed\",\"size\":1}", "needs a \"name\""},
	{"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[]}", "\"symbols\""},
	{"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[\"A\",\"A\"]}", "stands twice"},
	{"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[\"A-\"]}", "no Avro name"},
	{"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[\"A\"],\"default\":\"B\"}",
		"none of its symbols"},
	{"\"type\":{\"type\":\"record\",\"name\":\"x\",\"fields\":[]}", "one at least"},
	{"\"type\":{\"type\":\"record\",\"name\":\"r\",\"fields\":[]}", "defined twice"},
	{"\"type\":{\"type\":\"array\"}", "needs \"items\""},
	{"\"type\":\"int\",\"default\":\"1\"", "no value of type int"},
	{"\"type\":\"int\",\"default\":2147483648", "no value of type int"},
	{"\"type\":\"int\",\"default\":1.0", "no value of type int"},
	{"\"type\":[\"null\",\"int\"],\"default\":3", "must be null"},
	{"\"type\":[\"int\",\"null\"],\"default\":null", "no value of type int"},
	{"\"type\":\"bytes\",\"default\":\"\\u0100\"", "\\u0000 to \\u00ff"},
	{"\"type\":\"string\",\"default\":\"a\\u0000\"", "NUL"},
	{"\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":2},\"default\":\"a\"",
		"1 bytes, the type 2"},
	{"\"type\":\"int\",\"doc\":7", "\"doc\" must be a string"},
	{"\"type\":\"int\",\"doc\":\"a\\u0000b\"", "NUL"},
	{"\"type\":\"int\",\"aliases\":\"x\"", "array of strings"},
	{"\"type\":\"int\",\"penstock.typ\":\"x\"", "unknown attribute"},
	{"\"type\":\"int\",\"penstock.type\":\"date\"",
		"int2, int4, int8, float8, numeric, text would"},
	{"\"type\":\"double\",\"penstock.type\":\"float4\"", "float8 would"},
	{"\"type\":\"int\",\"penstock.type\":\"int2(3)\"", "is not understood"},
	{"\"type\":\"int\",\"penstock.type\":\"numeric(9,0)\"", "numeric(10,0) would"},
	{"\"type\":\"int\",\"penstock.type\":\"numeric(1,2,3)\"", "is not understood"},
	{"\"type\":\"int\",\"penstock.type\":\"varchar(9)\"", "fits string and enum"},
	{"\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":[\"ABC\"]},\"penstock.type\":"
	 "\"varchar(2)\"",
		"does not hold the symbol 'ABC'"},
	{"\"type\":{\"type\":\"array\",\"items\":\"int\"},\"penstock.type\":\"text\"",
		"json, jsonb would"},
};

static void bad_fields_are_refused_with_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_fields) / sizeof(bad_fields[0]); i++) {
		char text[2000];
		struct err err;
		struct schema *schema = NULL;
		snprintf(text, sizeof(text),
			"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\",%s}]}",
			bad_fields[i].field);
		bool ok = schema_parse(text, strlen(text), "t.avsc", &schema, &err);
		if (ok)
			fail_msg("accepted: %s", bad_fields[i].field);
		if (!strstr(err.message, bad_fields[i].message))
			fail_msg("%s: '%s' lacks '%s'", bad_fields[i].field, err.message,
				bad_fields[i].message);
		assert_int_equal(err_exit_code(&err), 2);
		assert_null(schema);
	}
}

static const struct bad_text {
	const char *text;
	const char *message;
} bad_texts[] = {
	{"", "t.avsc:1: "},
	{"{\"a\":1,\n\"a\":2}", "t.avsc:2: duplicate"},
	{"{}", "top level must be"},
	{"[]", "top level must be"},
	{"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", "top level must be"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[]}", "one at least"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[1]}", "must be an object"},
	{"{\"type\":\"record\",\"name\":\"1r\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
		"no Avro name"},
	{"{\"type\":\"record\",\"name\":\"int\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
		"built-in"},
	{"{\"type\":\"record\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
		"needs a \"name\""},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a b\",\"type\":\"int\"}]}",
		"aliases"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"_file\",\"type\":\"int\"}]}",
		"the name is taken"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"ctid\",\"type\":\"int\"}]}",
		"the name is taken"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
	 "{\"name\":\"a\",\"type\":\"int\"}]}",
		"stands twice"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
	 "{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"a\"]}]}",
		"names field 'a' and field 'b'"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\",\"type\":\"int\","
	 "\"aliases\":"
	 "[\"q\"]},{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"q\"]}]}",
		"names field 'x' and field 'b'"},
	{"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":"
	 "\"a123456789012345678901234567890123456789012345678901234567890123\",\"type\":\"int\"}]}",
		"63 bytes"},
};

static void bad_schemas_are_refused_with_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		struct err err;
		struct schema *schema;
		assert_err(schema_parse(bad_texts[i].text, strlen(bad_texts[i].text), "t.avsc",
				   &schema, &err),
			ERR_FATAL, bad_texts[i].message);
	}
}

static void a_schema_cut_anywhere_is_an_error(void **state)
{
	(void)state;
	static const char text[] =
		"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":["
		"\"null\","
		"{\"type\":\"fixed\",\"name\":\"x\",\"size\":3}],\"default\":null}]}";
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct err err;
		struct schema *schema;
		char *exact = test_malloc(n + 1);
		memcpy(exact, text, n);
		assert_false(schema_parse(exact, n, "t.avsc", &schema, &err));
		test_free(exact);
	}
}

static void names_follow_namespaces(void **state)
{
	(void)state;
	struct schema *schema = parse(
		"{\"type\":\"record\",\"name\":\"r\",\"namespace\":\"a.b\",\"fields\":["
		"{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"e\",\"aliases\":[\"old\"],"
		"\"symbols\":[\"A\"]}},"
		"{\"name\":\"y\",\"type\":[\"null\",\"e\"]},{\"name\":\"z\",\"type\":\"a.b.e\"},"
		"{\"name\":\"w\",\"type\":{\"type\":\"fixed\",\"name\":\"c.f\",\"size\":1}}]}");
	assert_string_equal(schema->name, "a.b.r");
	assert_string_equal(schema->fields[0].type->name, "a.b.e");
	assert_string_equal(schema->fields[0].type->aliases[0], "a.b.old");
	assert_string_equal(schema->fields[1].type->name, "a.b.e");
	assert_true(schema->fields[1].type->nullable);
	assert_false(schema->fields[0].type->nullable);
	assert_int_equal(schema->fields[2].type->symbol_count, 1);
	assert_string_equal(schema->fields[3].type->name, "c.f");
	schema_free(schema);
}

static void fields_are_found_by_name_then_alias(void **state)
{
	(void)state;
	struct schema *schema =
		parse("{\"type\":\"record\",\"name\":\"r\",\"doc\":\"top\",\"fields\":["
		      "{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"Alpha, the first\"]},"
		      "{\"name\":\"b\",\"type\":[\"string\",\"null\"],\"doc\":\"bee\"}]}");
	assert_int_equal(schema_find_field(schema, "b", 1, false), 1);
	assert_int_equal(schema_find_field(schema, "Alpha, the first", 16, true), 0);
	assert_int_equal(schema_find_field(schema, "Alpha, the first", 16, false), -1);
	assert_int_equal(schema_find_field(schema, "B", 1, true), -1);
	assert_string_equal(schema->doc, "top");
	assert_string_equal(schema->fields[1].doc, "bee");
	assert_int_equal(schema->fields[1].type->null_branch, 1);
	schema_free(schema);
}

static void white_space_does_not_change_the_fingerprint(void **state)
{
	(void)state;
	struct schema *a = parse("{\"type\":\"record\", \"name\":\"r\",\n\"x\":[1, 2],\"fields\":"
				 "[{\"name\":\"a\",\"type\":\"int\"}]}");
	struct schema *b = parse(a->text);
	struct schema *c = parse("{\"type\":\"record\",\"name\":\"r\",\"x\":[1,3],\"fields\":"
				 "[{\"name\":\"a\",\"type\":\"int\"}]}");
	assert_string_equal(a->text, "{\"type\":\"record\",\"name\":\"r\",\"x\":[1,2],\"fields\":"
				     "[{\"name\":\"a\",\"type\":\"int\"}]}");
	assert_int_equal(a->text_len, strlen(a->text));
	assert_string_equal(a->fingerprint, b->fingerprint);
	assert_string_not_equal(a->fingerprint, c->fingerprint);
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX];
	sha256_of(a->text, a->text_len, digest);
	sha256_hex(digest, hex);
	assert_memory_equal(a->fingerprint, hex, 16);
	schema_free(a);
	schema_free(b);
	schema_free(c);
}

/* Records that hold the one before twice: 2^n types from a text of n lines. */
static void a_schema_that_unfolds_without_end_is_refused(void **state)
{
	(void)state;
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_append_text(&text,
		"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f0\","
		"\"type\":{\"type\":\"record\",\"name\":\"t0\",\"fields\":[{\"name\":"
		"\"a\",\"type\":\"int\"}]}}");
	for (int i = 1; i < 25; i++)
		buf_printf(&text,
			",{\"name\":\"f%d\",\"type\":{\"type\":\"record\",\"name\":\"t%d\","
			"\"fields\":"
			"[{\"name\":\"a\",\"type\":\"t%d\"},{\"name\":\"b\",\"type\":\"t%d\"}]}}",
			i, i, i - 1, i - 1);
	buf_append_text(&text, "]}");
	struct err err;
	struct schema *schema;
	assert_err(schema_parse((char *)text.data, text.len, "t.avsc", &schema, &err), ERR_FATAL,
		"unfolds into more");
	buf_release(&text);
}

static void deep_nesting_is_refused(void **state)
{
	(void)state;
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_append_text(
		&text, "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\",\"type\":");
	for (int i = 0; i < 40; i++)
		buf_append_text(&text, "{\"type\":\"array\",\"items\":");
	buf_append_text(&text, "\"int\"");
	for (int i = 0; i < 40; i++)
		buf_append_text(&text, "}");
	buf_append_text(&text, "}]}");
	struct err err;
	struct schema *schema;
	assert_err(schema_parse((char *)text.data, text.len, "t.avsc", &schema, &err), ERR_FATAL,
		"nested more than");
	buf_release(&text);
}

static void the_projects_own_schema_parses(void **state)
{
	(void)state;
	struct err err;
	struct schema *schema;
	assert_ok(schema_load(SOURCE_DIR "/schemas/penstock/reject.avsc", &schema, &err));
	assert_string_equal(schema->name, "penstock.reject");
	schema_free(schema);
	assert_err(schema_load("/nowhere/x.avsc", &schema, &err), ERR_FATAL, "/nowhere/x.avsc");
	assert_int_equal(err_exit_code(&err), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_its_column),
		cmocka_unit_test(defaults_are_kept_as_json),
		cmocka_unit_test(bad_fields_are_refused_with_the_reason),
		cmocka_unit_test(bad_schemas_are_refused_with_the_reason),
		cmocka_unit_test(a_schema_cut_anywhere_is_an_error),
		cmocka_unit_test(names_follow_namespaces),
		cmocka_unit_test(fields_are_found_by_name_then_alias),
		cmocka_unit_test(white_space_does_not_change_the_fingerprint),
		cmocka_unit_test(a_schema_that_unfolds_without_end_is_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(the_projects_own_schema_parses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
