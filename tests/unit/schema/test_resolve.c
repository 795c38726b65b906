/* SPDX-License-Identifier: Apache-2.0 */
/* Resolution, held against avro-c's resolver where that knows the rule (no defaults, no aliases).
 */
#include <avro.h>
#include <stdio.h>
#include <string.h>

#include "schema/schema.h"
#include "support/cmocka_all.h"

static struct schema *record_of(const char *fields)
{
	char text[2000];
	struct err err;
	struct schema *schema = NULL;
	snprintf(
		text, sizeof(text), "{\"type\":\"record\",\"name\":\"r\",\"fields\":[%s]}", fields);
	assert_ok(schema_parse(text, strlen(text), "t", &schema, &err));
	return schema;
}

static bool can_read(const char *writer, const char *reader, struct err *err)
{
	struct schema *w = record_of(writer);
	struct schema *r = record_of(reader);
	bool ok = schema_can_read(w, r, err);
	schema_free(w);
	schema_free(r);
	return ok;
}

#define F(type)		 "{\"name\":\"f\",\"type\":" type "}"
#define L(base, logical) F("{\"type\":\"" base "\",\"logicalType\":\"" logical "\"}")
#define E(symbols, more) F("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[" symbols "]" more "}")
#define D(p, s)                                                                                    \
	F("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" #p ",\"scale\":" #s "}")

/* reason NULL: it can be read. */
static const struct rule {
	const char *writer;
	const char *reader;
	const char *reason;
} rules[] = {
	{F("\"int\""), F("\"int\"") ",{\"name\":\"g\",\"type\":\"int\",\"default\":1}", NULL},
	{F("\"int\""), F("\"int\"") ",{\"name\":\"g\",\"type\":\"int\"}", "has no \"default\""},
	{F("\"int\"") ",{\"name\":\"g\",\"type\":\"int\"}", F("\"int\""), NULL},
	{F("\"int\""), "{\"name\":\"g\",\"type\":\"long\",\"aliases\":[\"f\"]}", NULL},
	{F("\"int\""), F("[\"null\",\"int\"]"), NULL},
	{F("[\"int\",\"null\"]"), F("[\"null\",\"long\"]"), NULL},
	{F("[\"null\",\"int\"]"), F("\"int\""), "null could be written"},
	{E("\"A\",\"B\"", ""), E("\"B\",\"A\",\"C\"", ""), NULL},
	{E("\"A\",\"B\"", ""), E("\"A\"", ""), "symbol 'B'"},
	{E("\"A\",\"B\"", ""), E("\"A\"", ",\"default\":\"A\""), NULL},
	{F("{\"type\":\"fixed\",\"name\":\"x\",\"size\":2}"),
		F("{\"type\":\"fixed\",\"name\":\"x\",\"size\":3}"), "fixed of 2"},
	{F("{\"type\":\"fixed\",\"name\":\"x\",\"size\":2}"),
		F("{\"type\":\"fixed\",\"name\":\"y\",\"size\":2}"), "is another"},
	{F("{\"type\":\"fixed\",\"name\":\"x\",\"size\":2}"),
		F("{\"type\":\"fixed\",\"name\":\"y\",\"aliases\":[\"x\"],\"size\":2}"), NULL},
	{L("int", "time-millis"), L("long", "time-micros"), NULL},
	{L("long", "time-micros"), L("int", "time-millis"), NULL},
	{L("long", "timestamp-millis"), L("long", "timestamp-micros"), NULL},
	{L("long", "timestamp-millis"), L("long", "local-timestamp-millis"),
		"logical type changed"},
	{L("int", "date"), F("\"int\""), "logical type changed"},
	{F("\"int\""), L("int", "date"), "logical type changed"},
	{L("string", "uuid"), F("\"string\""), NULL},
	{F("\"string\""), L("string", "uuid"), "logical type changed"},
	{D(9, 2), D(9, 2), NULL},
	{D(9, 2), D(10, 2), "decimal(9,2) was written"},
	{F("\"int\""), "{\"name\":\"f\",\"type\":\"int\",\"penstock.type\":\"int2\"}",
		"was not checked to fit smallint"},
	{"{\"name\":\"f\",\"type\":\"string\",\"penstock.type\":\"varchar(5)\"}",
		"{\"name\":\"f\",\"type\":\"string\",\"penstock.type\":\"varchar(6)\"}",
		"was not checked to fit"},
	{"{\"name\":\"f\",\"type\":\"string\",\"penstock.type\":\"varchar(5)\"}", F("\"string\""),
		NULL},
	{F("{\"type\":\"array\",\"items\":\"int\"}"),
		F("{\"type\":\"array\",\"items\":\"double\"}"), NULL},
	{F("{\"type\":\"array\",\"items\":\"int\"}"), F("{\"type\":\"map\",\"values\":\"int\"}"),
		"array was written, map cannot read it"},
	{F("{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}"),
		F("{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"a\",\"type\":"
		  "\"string\"}]}"),
		"field 'f.a': int was written"},
};

static void resolution_follows_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct err err;
		bool ok = can_read(rules[i].writer, rules[i].reader, &err);
		if (!ok && !rules[i].reason)
			fail_msg("%s -> %s: %s", rules[i].writer, rules[i].reader, err.message);
		if (ok && rules[i].reason)
			fail_msg("accepted %s -> %s", rules[i].writer, rules[i].reader);
		if (!ok && !strstr(err.message, rules[i].reason))
			fail_msg("'%s' lacks '%s'", err.message, rules[i].reason);
	}
}

/* avro-c's opinion on a pair of plain types. */
static bool avro_can_read(const char *writer, const char *reader)
{
	avro_schema_t w;
	avro_schema_t r;
	assert_int_equal(avro_schema_from_json_length(writer, strlen(writer), &w), 0);
	assert_int_equal(avro_schema_from_json_length(reader, strlen(reader), &r), 0);
	avro_value_iface_t *iface = avro_resolved_reader_new(w, r);
	if (iface)
		avro_value_iface_decref(iface);
	avro_schema_decref(w);
	avro_schema_decref(r);
	return iface != NULL;
}

static void promotions_are_those_of_avro_c(void **state)
{
	(void)state;
	static const char *const types[] = {"\"boolean\"", "\"int\"", "\"long\"", "\"float\"",
		"\"double\"", "\"bytes\"", "\"string\"",
		"{\"type\":\"fixed\",\"name\":\"x\",\"size\":2}",
		"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}",
		"{\"type\":\"array\",\"items\":\"int\"}", "{\"type\":\"map\",\"values\":\"int\"}"};
	size_t count = sizeof(types) / sizeof(types[0]);
	for (size_t w = 0; w < count; w++) {
		for (size_t r = 0; r < count; r++) {
			char writer[200];
			char reader[200];
			struct err err;
			snprintf(writer, sizeof(writer), "{\"name\":\"f\",\"type\":%s}", types[w]);
			snprintf(reader, sizeof(reader), "{\"name\":\"f\",\"type\":%s}", types[r]);
			bool ours = can_read(writer, reader, &err);
			/* bytes <-> string came with specification 1.8; avro-c has neither. */
			bool text = (w == 5 && r == 6) || (w == 6 && r == 5);
			if (ours != (avro_can_read(types[w], types[r]) || text))
				fail_msg("%s read as %s: %d", types[w], types[r], ours);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolution_follows_the_rules),
		cmocka_unit_test(promotions_are_those_of_avro_c),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
