/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with decimal and thousands signs, against Python's decimal module. */
#include <stdio.h>
#include <string.h>

#include "record/encoder.h"
#include "support/cmocka_all.h"

#define VECTORS 20000

#define SCHEMA(type) "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\"," type "}]}"

static struct schema *parsed(const char *text)
{
	struct err err;
	struct schema *schema = NULL;
	assert_ok(schema_parse(text, strlen(text), "t.avsc", &schema, &err));
	return schema;
}

/* The bytes of one value; false when it is refused. */
static bool encode(const struct schema *schema, const struct reading *reading, const char *text,
	enum cell_kind kind, struct buf *out, struct err *err)
{
	struct encoder *encoder = NULL;
	struct cell cell = {text, (uint32_t)strlen(text), (uint8_t)kind, false};
	int field = -1;
	buf_clear(out);
	assert_true(encoder_new(schema, reading, &encoder, err));
	bool ok = encoder_row(encoder, &cell, out, &field, err);
	encoder_free(encoder);
	return ok;
}

static void judge(const struct schema *schema, char **members)
{
	struct reading reading = {.format = FORMAT_CSV,
		.csv = {.delimiter = ";", .decimal = members[0][0], .thousands = members[1]}};
	struct buf ours;
	struct buf plain;
	struct err err;
	buf_init(&ours, 4096);
	buf_init(&plain, 4096);
	bool good = strcmp(members[3], "-") != 0;
	if (encode(schema, &reading, members[2], CELL_TEXT, &ours, &err) != good)
		fail_msg("'%s' with '%s' and '%s': %s", members[2], members[0], members[1],
			good ? err.message : "taken");
	if (good) {
		assert_true(encode(schema, NULL, members[3], CELL_TEXT, &plain, &err));
		assert_int_equal(ours.len, plain.len);
		assert_memory_equal(ours.data, plain.data, plain.len);
	}
	buf_release(&ours);
	buf_release(&plain);
}

static void same_as_python(void **state)
{
	(void)state;
	char command[512];
	char line[512];
	int count = 0;
	struct schema *decimal = parsed(SCHEMA("\"type\":{\"type\":\"bytes\",\"logicalType\":"
					       "\"decimal\",\"precision\":40,\"scale\":15}"));
	snprintf(command, sizeof(command),
		"PYTHONIOENCODING=utf-8 /usr/bin/python3 %s/tests/unit/record/number_oracle.py %d "
		"7",
		SOURCE_DIR, VECTORS);
	FILE *vectors = popen(command, "r");
	assert_non_null(vectors);
	while (fgets(line, sizeof(line), vectors)) {
		char *members[4];
		char *next = line;
		for (size_t i = 0; i < 4; i++) {
			members[i] = next;
			next += strcspn(next, "\t\n");
			*next++ = '\0';
		}
		judge(decimal, members);
		count++;
	}
	assert_int_equal(pclose(vectors), 0);
	assert_int_equal(count, VECTORS);
	schema_free(decimal);
}

static void every_type_of_number_takes_signs(void **state)
{
	(void)state;
	static const struct {
		const char *schema;
		enum cell_kind kind;
		const char *text;
		const char *plain; /* NULL: refused */
		const char *why;
	} cases[] = {
		{SCHEMA("\"type\":\"int\""), CELL_TEXT, "-1.234.567", "-1234567", NULL},
		{SCHEMA("\"type\":\"int\""), CELL_TEXT, "1,0", NULL, "expected a whole number"},
		{SCHEMA("\"type\":\"long\""), CELL_TEXT, "1.5", NULL,
			"'1.5': expected a number with ',' as decimal sign and '.' between groups "
			"of three digits"},
		{SCHEMA("\"type\":\"double\""), CELL_TEXT, "1.234,5e3", "1234.5e3", NULL},
		{SCHEMA("\"type\":\"double\""), CELL_TEXT, "1,5e3.000", NULL, "expected a number"},
		{SCHEMA("\"type\":\"float\""), CELL_TEXT, "-Infinity", "-Infinity", NULL},
		{SCHEMA("\"type\":[\"null\",\"double\"]"), CELL_TEXT, ",5", ".5", NULL},
		{SCHEMA("\"type\":[\"null\",\"double\"]"), CELL_TEXT, "", NULL,
			"expected a number"},
		{SCHEMA("\"type\":\"string\""), CELL_TEXT, "1.5", "1.5", NULL},
	};
	struct reading reading = {
		.format = FORMAT_CSV, .csv = {.delimiter = ";", .decimal = ',', .thousands = "."}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schema *schema = parsed(cases[i].schema);
		struct buf ours;
		struct buf plain;
		struct err err;
		buf_init(&ours, 4096);
		buf_init(&plain, 4096);
		bool ok = encode(schema, &reading, cases[i].text, cases[i].kind, &ours, &err);
		assert_int_equal(ok, cases[i].plain != NULL);
		if (!ok && !strstr(err.message, cases[i].why))
			fail_msg("'%s' lacks '%s'", err.message, cases[i].why);
		if (ok) {
			assert_true(encode(schema, NULL, cases[i].plain, CELL_TEXT, &plain, &err));
			assert_int_equal(ours.len, plain.len);
			assert_memory_equal(ours.data, plain.data, plain.len);
		}
		buf_release(&ours);
		buf_release(&plain);
		schema_free(schema);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_python),
		cmocka_unit_test(every_type_of_number_takes_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
