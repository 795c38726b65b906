/* SPDX-License-Identifier: Apache-2.0 */
/* Fields read by forms of their own: what a pattern or a word becomes, in CSV and JSON. */
#include <stdio.h>
#include <string.h>

#include "record/binary.h"
#include "record/encoder.h"
#include "support/cmocka_all.h"

static const char schema_text[] =
	"{\"type\":\"record\",\"name\":\"r\",\"fields\":["
	"{\"name\":\"day\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
	"{\"name\":\"clock\",\"type\":{\"type\":\"int\",\"logicalType\":\"time-millis\"}},"
	"{\"name\":\"at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":"
	"\"timestamp-millis\"}]},"
	"{\"name\":\"local\",\"type\":{\"type\":\"long\",\"logicalType\":"
	"\"local-timestamp-micros\"}},"
	"{\"name\":\"open\",\"type\":\"boolean\"},"
	"{\"name\":\"name\",\"type\":\"string\"}]}";

static struct schema *parse(const char *text)
{
	struct err err;
	struct schema *schema = NULL;
	assert_ok(schema_parse(text, strlen(text), "t.avsc", &schema, &err));
	return schema;
}

static struct schema *parsed(void)
{
	return parse(schema_text);
}

#define LIST(...)                                                                                  \
	{                                                                                          \
		(const char *[]){__VA_ARGS__},                                                     \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)                     \
	}

static struct field_reading forms[] = {
	{.name = "day", .pattern = LIST("%d/%m/%Y", "%Y-%m-%d %H:%M", "%m/%d/%Y")},
	{.name = "clock", .pattern = LIST("%I.%M %p")},
	{.name = "at", .pattern = LIST("%d %b %Y %H:%M:%S.%f%z", "%d %b %Y")},
	{.name = "local", .pattern = LIST("%Y%m%d")},
	{.name = "open", .yes = LIST("Y", "Ja"), .no = LIST("N", "")},
};

static const struct {
	size_t field;
	enum cell_kind kind;
	const char *text;
	int64_t value;
	const char *why; /* NULL: accepted */
} cases[] = {
	{0, CELL_TEXT, "29/02/2024", 19782, NULL},
	{0, CELL_TEXT, "2024-02-29 00:00", 19782, NULL},
	{0, CELL_TEXT, "02/29/2024", 19782, NULL},
	{0, CELL_JSON, "\"29\\/02/2024\"", 19782, NULL},
	{0, CELL_TEXT, "2024-02-29 10:00", 0, "a time of day other than midnight"},
	{0, CELL_TEXT, "31/02/2024", 0, "the month has no such day"},
	{0, CELL_TEXT, "2024-02-29", 0,
		"'2024-02-29': expected a text like '%d/%m/%Y' or '%Y-%m-%d %H:%M' or '%m/%d/%Y'"},
	{0, CELL_JSON, "20240229", 0, "a JSON number, expected a string"},
	{1, CELL_TEXT, "1.05 PM", 47100000, NULL},
	{1, CELL_TEXT, "13:05", 0, "expected a text like"},
	{2, CELL_TEXT, "01 Jan 1970 01:00:00.5+01:00", 500, NULL},
	{2, CELL_TEXT, "31 dec 1969", -86400000, NULL},
	{2, CELL_TEXT, "01 Jan 1970 01:00:00.0005Z", 0, "more digits of a second"},
	{3, CELL_TEXT, "19700102", INT64_C(86400000000), NULL},
	{4, CELL_TEXT, "y", 1, NULL},
	{4, CELL_TEXT, "JA", 1, NULL},
	{4, CELL_TEXT, "", 0, NULL},
	{4, CELL_JSON, "true", 1, NULL},
	{4, CELL_JSON, "false", 0, NULL},
	{4, CELL_JSON, "\"n\"", 0, NULL},
	{4, CELL_TEXT, "true", 0, "expected one of the field's words"},
	{4, CELL_TEXT, "yes", 0, "expected one of the field's words"},
};

/* The field's value out of a row whose other cells are good. */
static int64_t value_of(const unsigned char *row, size_t len, size_t field)
{
	const unsigned char *p = row;
	int64_t value = 0;
	for (size_t f = 0; f <= field; f++) {
		if (f == 4) {
			value = *p++;
			continue;
		}
		if (f == 2)
			assert_true(binary_read_long(&p, row + len, &value));
		assert_true(binary_read_long(&p, row + len, &value));
	}
	return value;
}

static void values_are_read_by_their_forms(void **state)
{
	(void)state;
	struct err err;
	struct encoder *encoder = NULL;
	struct schema *schema = parsed();
	struct reading reading = {.fields = forms, .field_count = 5};
	struct buf out;
	buf_init(&out, 4096);
	assert_ok(encoder_new(schema, &reading, &encoder, &err));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cell cells[] = {{"01/01/1970", 10, CELL_TEXT, false},
			{"1.00 AM", 7, CELL_TEXT, false}, {"1 Jan 1970", 10, CELL_TEXT, false},
			{"19700101", 8, CELL_TEXT, false}, {"Y", 1, CELL_TEXT, false},
			{"x", 1, CELL_TEXT, false}};
		int field = -1;
		cells[cases[i].field] = (struct cell){cases[i].text,
			(uint32_t)strlen(cases[i].text), (uint8_t)cases[i].kind, false};
		buf_clear(&out);
		if (encoder_row(encoder, cells, &out, &field, &err) != !cases[i].why)
			fail_msg("'%s': %s", cases[i].text, cases[i].why ? "taken" : err.message);
		if (!cases[i].why) {
			assert_int_equal(
				value_of(out.data, out.len, cases[i].field), cases[i].value);
			continue;
		}
		assert_int_equal(field, cases[i].field);
		if (!strstr(err.message, cases[i].why))
			fail_msg("'%s' lacks '%s'", err.message, cases[i].why);
	}
	encoder_free(encoder);
	buf_release(&out);
	schema_free(schema);
}

static const char nested_text[] =
	"{\"type\":\"record\",\"name\":\"r\",\"fields\":["
	"{\"name\":\"days\",\"type\":{\"type\":\"array\",\"items\":[\"null\",{\"type\":\"int\","
	"\"logicalType\":\"date\"}]}},"
	"{\"name\":\"log\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"record\",\"name\":"
	"\"e\","
	"\"fields\":[{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":"
	"\"timestamp-millis\"}},{\"name\":\"clock\",\"type\":{\"type\":\"int\",\"logicalType\":"
	"\"time-millis\"}},{\"name\":\"ok\",\"type\":\"boolean\"},{\"name\":\"n\",\"type\":\"int\"}"
	"]}}}]}";

/* Encodes a row of two JSON texts; false with err. */
static bool encode_two(const struct schema *schema, const struct reading *reading, const char *days,
	const char *log, struct buf *out, struct err *err)
{
	struct cell cells[] = {{days, (uint32_t)strlen(days), CELL_JSON, false},
		{log, (uint32_t)strlen(log), CELL_JSON, false}};
	struct encoder *encoder = NULL;
	int field = -1;
	assert_true(encoder_new(schema, reading, &encoder, err));
	bool ok = encoder_row(encoder, cells, out, &field, err);
	encoder_free(encoder);
	return ok;
}

/* What is in arrays, maps and records is read by the field's forms, each value by those that fit.
 */
static void nested_values_are_read_by_the_fields_forms(void **state)
{
	(void)state;
	struct field_reading nested[] = {
		{.name = "days", .pattern = LIST("%d.%m.%Y")},
		{.name = "log",
			.pattern = LIST("%H.%M", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M%z"),
			.yes = LIST("Ja"),
			.no = LIST("Nein")},
	};
	struct reading reading = {.fields = nested, .field_count = 2};
	struct schema *schema = parse(nested_text);
	struct err err;
	struct buf one;
	struct buf other;
	buf_init(&one, 4096);
	buf_init(&other, 4096);
	assert_ok(encode_two(schema, &reading, "[\"31.01.2024\",null,\"29.02.2024\"]",
		"{\"x\":{\"at\":\"01.02.2024 "
		"10:30+01:00\",\"clock\":\"7.05\",\"ok\":\"ja\",\"n\":1}}",
		&one, &err));
	assert_ok(encode_two(schema, NULL, "[\"2024-01-31\",null,\"2024-02-29\"]",
		"{\"x\":{\"at\":\"2024-02-01T09:30:00Z\",\"clock\":\"07:05\",\"ok\":true,\"n\":1}}",
		&other, &err));
	assert_int_equal(one.len, other.len);
	assert_memory_equal(one.data, other.data, one.len);
	assert_false(encode_two(schema, &reading, "[\"2024-01-31\"]", "{}", &one, &err));
	assert_non_null(strstr(err.message, "in []: expected a text like '%d.%m.%Y'"));
	buf_release(&one);
	buf_release(&other);
	schema_free(schema);
}

static void nested_forms_that_fit_nothing_are_refused(void **state)
{
	(void)state;
	const struct {
		struct field_reading form;
		const char *why;
	} bad[] = {
		{{.name = "days", .pattern = LIST("%d.%m.%Y", "%H:%M")},
			"pattern '%H:%M' fits no date or time in the field"},
		{{.name = "days", .yes = LIST("J"), .no = LIST("N")}, "no boolean"},
	};
	struct schema *schema = parse(nested_text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err;
		struct encoder *encoder = NULL;
		struct field_reading form = bad[i].form;
		struct reading reading = {.fields = &form, .field_count = 1};
		assert_err(encoder_new(schema, &reading, &encoder, &err), ERR_FATAL, bad[i].why);
	}
	schema_free(schema);
}

static void forms_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	const struct {
		struct field_reading form;
		const char *why;
	} bad[] = {
		{{.name = "nothing", .pattern = LIST("%H")}, "'nothing' is no field of r"},
		{{.name = "name", .pattern = LIST("%Y-%m-%d")},
			"fields.name: the field is no date"},
		{{.name = "day", .pattern = LIST("%H:%M")}, "'%H:%M' has no date"},
		{{.name = "day", .pattern = LIST("%d/%m/%Y", "%Q")}, "'%Q': after %"},
		{{.name = "clock", .pattern = LIST("%Y-%m-%d %H:%M")}, "has a date"},
		{{.name = "local", .pattern = LIST("%Y-%m-%d %H:%M%z")}, "has a zone"},
		{{.name = "open", .pattern = LIST("%H:%M")}, "no date or time"},
		{{.name = "open", .yes = LIST("J")}, "words for both"},
		{{.name = "open", .yes = LIST("J", "x"), .no = LIST("X")}, "both true and false"},
		{{.name = "name", .yes = LIST("J"), .no = LIST("N")}, "no boolean"},
	};
	struct schema *schema = parsed();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err;
		struct encoder *encoder = NULL;
		struct field_reading form = bad[i].form;
		struct reading reading = {.fields = &form, .field_count = 1};
		assert_err(encoder_new(schema, &reading, &encoder, &err), ERR_FATAL, bad[i].why);
		assert_int_equal(err_exit_code(&err), 2);
	}
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_by_their_forms),
		cmocka_unit_test(forms_that_do_not_fit_are_refused),
		cmocka_unit_test(nested_values_are_read_by_the_fields_forms),
		cmocka_unit_test(nested_forms_that_fit_nothing_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
