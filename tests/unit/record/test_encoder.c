/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are encoded by the plan and decoded by avro-c, which writes them as JSON. */
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/encoder.h"
#include "support/cmocka_all.h"

static struct schema *parse_field(const char *rest)
{
	char text[2000];
	struct err err;
	struct schema *schema = NULL;
	snprintf(text, sizeof(text),
		"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\",%s}]}", rest);
	assert_ok(schema_parse(text, strlen(text), "t.avsc", &schema, &err));
	return schema;
}

/* {"f": <value>} without the wrapping. */
static char *decode(const struct schema *schema, const struct buf *bytes)
{
	avro_schema_t parsed;
	assert_int_equal(avro_schema_from_json_length(schema->text, schema->text_len, &parsed), 0);
	avro_value_iface_t *iface = avro_generic_class_from_schema(parsed);
	avro_value_t row;
	avro_generic_value_new(iface, &row);
	avro_reader_t reader = avro_reader_memory((const char *)bytes->data, (int64_t)bytes->len);
	assert_int_equal(avro_value_read(reader, &row), 0);
	char byte;
	assert_int_not_equal(avro_read(reader, &byte, 1), 0);
	char *json;
	assert_int_equal(avro_value_to_json(&row, 1, &json), 0);
	size_t n = strlen(json);
	memmove(json, json + 6, n - 7);
	json[n - 7] = '\0';
	avro_reader_free(reader);
	avro_value_decref(&row);
	avro_value_iface_decref(iface);
	avro_schema_decref(parsed);
	return json;
}

#define DECIMAL(p, s)                                                                              \
	"\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" #p               \
	",\"scale\":" #s "}"
#define LOGICAL(base, name) "\"type\":{\"type\":\"" base "\",\"logicalType\":\"" name "\"}"
#define FIXED(n, more)	    "\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":" #n more "}"
#define RECORD                                                                                     \
	"\"type\":{\"type\":\"record\",\"name\":\"n\",\"fields\":["                                \
	"{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":[\"null\",\"string\"]},"       \
	"{\"name\":\"c\",\"type\":{\"type\":\"array\",\"items\":\"double\"},\"default\":[1.5]}]}"

/* `json` NULL: avro-c is not asked; `why` not NULL: refused. */
static const struct row_case {
	const char *field;
	enum cell_kind kind;
	const char *text;
	const char *json;
	const char *why;
} cases[] = {
	{"\"type\":\"boolean\"", CELL_TEXT, "YES", "true", NULL},
	{"\"type\":\"boolean\"", CELL_TEXT, "0", "false", NULL},
	{"\"type\":\"boolean\"", CELL_JSON, "true", "true", NULL},
	{"\"type\":\"boolean\"", CELL_JSON, "1", NULL, "a JSON number"},
	{"\"type\":\"boolean\"", CELL_TEXT, "maybe", NULL, "'maybe': expected true or false"},
	{"\"type\":\"int\"", CELL_TEXT, "-2147483648", "-2147483648", NULL},
	{"\"type\":\"int\"", CELL_TEXT, "2147483648", NULL, "4-byte"},
	{"\"type\":\"int\"", CELL_TEXT, "", NULL, "'': expected a whole number"},
	{"\"type\":\"int\"", CELL_JSON, "12", "12", NULL},
	{"\"type\":\"int\"", CELL_JSON, "\"12\"", "12", NULL},
	{"\"type\":\"int\"", CELL_JSON, "1.5", NULL, "expected a whole number"},
	{"\"type\":\"int\"", CELL_JSON, "[]", NULL, "no nested type"},
	{"\"type\":\"int\"", CELL_NULL, "", NULL, "null, the field is not nullable"},
	{"\"type\":\"int\"", CELL_MISSING, "", NULL, "missing"},
	{"\"type\":\"int\",\"default\":9", CELL_MISSING, "", "9", NULL},
	{"\"type\":[\"null\",\"int\"]", CELL_MISSING, "", "null", NULL},
	{"\"type\":[\"null\",\"int\"]", CELL_NULL, "", "null", NULL},
	{"\"type\":[\"null\",\"int\"]", CELL_JSON, "null", "null", NULL},
	{"\"type\":[\"null\",\"int\"]", CELL_TEXT, "5", "{\"int\": 5}", NULL},
	{"\"type\":[\"int\",\"null\"],\"default\":8", CELL_MISSING, "", "{\"int\": 8}", NULL},
	{"\"type\":[\"int\",\"null\"],\"default\":8", CELL_NULL, "", "null", NULL},
	{"\"type\":\"int\",\"penstock.type\":\"int2\"", CELL_TEXT, "32768", NULL, "2-byte"},
	{"\"type\":\"long\",\"penstock.type\":\"int4\"", CELL_TEXT, "2147483648", NULL, "4-byte"},
	{"\"type\":\"long\"", CELL_TEXT, "9223372036854775807", "9223372036854775807", NULL},
	{"\"type\":\"long\"", CELL_TEXT, "9223372036854775808", NULL, "8-byte"},
	{"\"type\":\"float\"", CELL_TEXT, "0.25", "0.25", NULL},
	{"\"type\":\"float\"", CELL_TEXT, "1e39", NULL, "out of range of a float"},
	{"\"type\":\"double\"", CELL_TEXT, "-1.5e10", "-15000000000.0", NULL},
	{"\"type\":\"double\"", CELL_JSON, "1E2", "100.0", NULL},
	{"\"type\":\"double\"", CELL_JSON, "\"NaN\"", NULL, NULL},
	{"\"type\":\"string\"", CELL_TEXT, "gr\xC3\xBC\xC3\x9F", "\"gr\\u00FC\\u00DF\"", NULL},
	{"\"type\":\"string\"", CELL_TEXT, "0123456789abcdef", "\"0123456789abcdef\"", NULL},
	{"\"type\":\"string\"", CELL_TEXT,
		"0123456789abcd\xFF"
		"f",
		NULL, "not valid UTF-8"},
	{"\"type\":\"string\"", CELL_JSON, "\"a\\u00E4\\n\"", "\"a\\u00E4\\n\"", NULL},
	{"\"type\":\"string\"", CELL_JSON, "\"a\\u0000\"", NULL, "NUL"},
	{"\"type\":\"string\"", CELL_JSON, "5", NULL, "expected a string"},
	{"\"type\":\"string\",\"penstock.type\":\"varchar(2)\"", CELL_TEXT, "\xC3\xA4\xC3\xA4",
		"\"\\u00E4\\u00E4\"", NULL},
	{"\"type\":\"string\",\"penstock.type\":\"varchar(2)\"", CELL_TEXT, "abc", NULL,
		"longer than the column"},
	{"\"type\":\"string\",\"penstock.type\":\"jsonb\"", CELL_TEXT, "{\"a\":1}",
		"\"{\\\"a\\\":1}\"", NULL},
	{"\"type\":\"string\",\"penstock.type\":\"jsonb\"", CELL_TEXT, "{\"a\":\"\\u0000\"}", NULL,
		"jsonb cannot hold"},
	{"\"type\":\"string\",\"penstock.type\":\"jsonb\"", CELL_TEXT, "[\"\\\\u0000\"]",
		"\"[\\\"\\\\\\\\u0000\\\"]\"", NULL},
	{"\"type\":\"string\",\"penstock.type\":\"jsonb\"", CELL_TEXT, "1e999999", NULL,
		"jsonb cannot hold"},
	{"\"type\":\"string\",\"penstock.type\":\"json\"", CELL_TEXT, "{", NULL, "expected JSON"},
	{"\"type\":\"string\",\"penstock.type\":\"uuid\"", CELL_TEXT, "x", NULL, "expected a uuid"},
	{"\"type\":\"bytes\"", CELL_TEXT, "ab", "\"ab\"", NULL},
	{"\"type\":\"bytes\"", CELL_TEXT, "\\x616263", "\"abc\"", NULL},
	{"\"type\":\"bytes\"", CELL_TEXT, "\\x61626", NULL, "pairs of hexadecimal"},
	{"\"type\":\"bytes\"", CELL_TEXT, "\\x6g", NULL, "pairs of hexadecimal"},
	{"\"type\":\"bytes\",\"default\":\"A\\u00FF\"", CELL_MISSING, "", "\"A\\u00FF\"", NULL},
	{FIXED(2, ""), CELL_TEXT, "ab", "\"ab\"", NULL},
	{FIXED(2, ""), CELL_TEXT, "abc", NULL, "not as many bytes"},
	{FIXED(16, "") ",\"penstock.type\":\"uuid\"", CELL_TEXT,
		"41424344-4546-4748-494A-4b4c4d4e4f50", "\"ABCDEFGHIJKLMNOP\"", NULL},
	{"\"type\":{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}", CELL_TEXT, "B",
		"\"B\"", NULL},
	{"\"type\":{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}", CELL_TEXT, "b",
		NULL, "one of the enum's symbols"},
	{LOGICAL("int", "date"), CELL_TEXT, "1970-01-02", "1", NULL},
	{LOGICAL("int", "date"), CELL_TEXT, "1900-02-29", NULL, "no such day"},
	{LOGICAL("int", "date"), CELL_TEXT, "01/02/1970", NULL, "YYYY-MM-DD"},
	{LOGICAL("int", "date"), CELL_JSON, "1", NULL, "expected a string"},
	{LOGICAL("int", "date") ",\"default\":2", CELL_MISSING, "", "2", NULL},
	{LOGICAL("int", "time-millis"), CELL_TEXT, "00:00:01.5", "1500", NULL},
	{LOGICAL("int", "time-millis"), CELL_TEXT, "00:00:01.0005", NULL,
		"more digits of a second"},
	{LOGICAL("long", "time-micros"), CELL_TEXT, "00:01", "60000000", NULL},
	{LOGICAL("long", "timestamp-millis"), CELL_TEXT, "1970-01-01 01:00:00.25+01:00", "250",
		NULL},
	{LOGICAL("long", "timestamp-micros"), CELL_JSON, "\"1969-12-31T23:59:59.999999Z\"", "-1",
		NULL},
	{LOGICAL("long", "local-timestamp-micros"), CELL_TEXT, "1970-01-01T00:00:00Z", NULL,
		"a zone"},
	{LOGICAL("string", "uuid"), CELL_TEXT, "01234567-89AB-cdef-0123-456789abcdef",
		"\"01234567-89ab-cdef-0123-456789abcdef\"", NULL},
	{DECIMAL(5, 2), CELL_TEXT, "661.93", "\"\\u0001\\u0002\\u0091\"", NULL},
	{DECIMAL(5, 2), CELL_TEXT, "1.27", "\"\x7F\"", NULL},
	{DECIMAL(5, 2), CELL_TEXT, "1.28", NULL, NULL},
	{DECIMAL(5, 2), CELL_TEXT, "-1.28", "\"\\u0080\"", NULL},
	{DECIMAL(5, 2), CELL_TEXT, "-1.29", "\"\\u00FF\x7F\"", NULL},
	{DECIMAL(5, 2), CELL_JSON, "0.01", "\"\\u0001\"", NULL},
	{DECIMAL(5, 2), CELL_TEXT, "0.001", NULL, "the scale"},
	{DECIMAL(5, 2), CELL_TEXT, "1000", NULL, "the precision"},
	{DECIMAL(5, 2), CELL_TEXT, "NaN", NULL, "expected a decimal"},
	{FIXED(4, ",\"logicalType\":\"decimal\",\"precision\":5"), CELL_TEXT, "-2",
		"\"\\u00FF\\u00FF\\u00FF\\u00FE\"", NULL},
	{RECORD, CELL_JSON, "{\"b\":\"x\",\"a\":1}",
		"{\"a\": 1, \"b\": {\"string\": \"x\"}, \"c\": [1.5]}", NULL},
	{RECORD, CELL_TEXT, "{\"a\":1,\"c\":[]}", "{\"a\": 1, \"b\": null, \"c\": []}", NULL},
	{RECORD, CELL_JSON, "{\"a\":1,\"z\":2}", NULL, " in z: the record has no such member"},
	{RECORD, CELL_JSON, "{\"b\":\"x\"}", NULL, " in a: missing"},
	{RECORD, CELL_JSON, "{\"a\":1,\"c\":[1,\"x\"]}", NULL, " in c.[]: expected a number"},
	{RECORD, CELL_TEXT, "{\"a\":1", NULL, "expected JSON"},
	{"\"type\":{\"type\":\"map\",\"values\":[\"null\",\"int\"]}", CELL_JSON,
		"{\"k\":1,\"l\":null}", "{\"k\": {\"int\": 1}, \"l\": null}", NULL},
	{"\"type\":{\"type\":\"map\",\"values\":\"int\"}", CELL_JSON, "{}", "{}", NULL},
	{"\"type\":{\"type\":\"map\",\"values\":\"int\"},\"default\":{\"x\":3}", CELL_MISSING, "",
		"{\"x\": 3}", NULL},
	{"\"type\":{\"type\":\"map\",\"values\":\"int\"}", CELL_JSON, "{\"k\\u0000\":1}", NULL,
		"NUL"},
};

static bool run(
	const struct schema *schema, const struct row_case *c, struct buf *out, struct err *err)
{
	struct encoder *encoder;
	int field = -1;
	struct cell cell = {c->text, (uint32_t)strlen(c->text), (uint8_t)c->kind, false};
	assert_true(encoder_new(schema, NULL, &encoder, err));
	bool ok = encoder_row(encoder, &cell, out, &field, err);
	assert_int_equal(field, ok ? -1 : 0);
	encoder_free(encoder);
	return ok;
}

static void rows_are_what_avro_c_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct row_case *c = &cases[i];
		struct schema *schema = parse_field(c->field);
		struct buf out;
		struct err err;
		buf_init(&out, 1 << 16);
		bool ok = run(schema, c, &out, &err);
		if (ok != !c->why)
			fail_msg("%s '%s': %s", c->field, c->text, ok ? "accepted" : err.message);
		if (!ok) {
			assert_int_equal(out.len, 0);
			assert_int_equal(err.class, ERR_DATA);
			if (!strstr(err.message, c->why))
				fail_msg("%s: '%s' lacks '%s'", c->field, err.message, c->why);
		} else if (c->json && !strstr(schema->text, "\\u00")) {
			char *json = decode(schema, &out);
			if (strcmp(json, c->json) != 0)
				fail_msg("%s '%s': %s, not %s", c->field, c->text, json, c->json);
			free(json);
		}
		buf_release(&out);
		schema_free(schema);
	}
}

static void a_row_too_large_leaves_nothing(void **state)
{
	(void)state;
	static const struct row_case c = {NULL, CELL_TEXT, "0123456789", NULL, NULL};
	struct schema *schema = parse_field("\"type\":\"string\"");
	struct buf out;
	struct err err;
	buf_init(&out, 12);
	buf_append_text(&out, "12345");
	assert_err(run(schema, &c, &out, &err), ERR_DATA, "larger than a message");
	assert_int_equal(out.len, 5);
	assert_false(out.overflow);
	buf_release(&out);
	schema_free(schema);
}

static void defaults_beyond_postgres_are_refused(void **state)
{
	(void)state;
	static const char *const fields[] = {LOGICAL("int", "date") ",\"default\":2147483647",
		LOGICAL("int", "time-millis") ",\"default\":-1",
		DECIMAL(2, 0) ",\"default\":\"\\u0064\"", DECIMAL(2, 0) ",\"default\":\"\"",
		LOGICAL("string", "uuid") ",\"default\":\"x\"",
		"\"type\":\"int\",\"penstock.type\":\"int2\",\"default\":70000"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct schema *schema = parse_field(fields[i]);
		struct encoder *encoder;
		struct err err;
		assert_err(encoder_new(schema, NULL, &encoder, &err), ERR_FATAL,
			"field 'f': the default");
		schema_free(schema);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_what_avro_c_reads),
		cmocka_unit_test(a_row_too_large_leaves_nothing),
		cmocka_unit_test(defaults_beyond_postgres_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
