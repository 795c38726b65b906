/* SPDX-License-Identifier: Apache-2.0 */
/* Which column feeds which field, what is null, what unpivot makes of a record. */
#include "cuts.h"

#define TEXT(name)	     "{\"name\":\"" name "\",\"type\":\"string\"}"
#define LONG(name)	     "{\"name\":\"" name "\",\"type\":\"long\"}"
#define NULLABLE(name, type) "{\"name\":\"" name "\",\"type\":[\"null\",\"" type "\"]}"

/* One file under the CSV defaults. */
static void csv(const char *fields, const char *data, const char *expected)
{
	struct reading reading = csv_defaults();
	struct schema *schema = schema_of(fields);
	assert_cuts(&reading, schema, data, expected);
	schema_free(schema);
}

static void headers_that_fit(void **state)
{
	(void)state;
	csv(TEXT("a") "," LONG("b"), "a,b\nx,1\n", "1:x|1\n");
	csv(TEXT("a") "," LONG("b"), "b,a\n1,x\n", "1:x|1\n");
	csv("{\"name\":\"a\",\"type\":\"string\",\"aliases\":[\"old\"]}", "old\nx\n", "1:x\n");
	csv(LONG("order_id") "," TEXT("customer"), "Order ID,CUSTOMER\n1,x\n", "1:1|x\n");
	csv(TEXT("a") ",{\"name\":\"b\",\"type\":\"long\",\"default\":7}", "a\nx\n", "1:x|7\n");
	/* The exact name comes first, whoever looks like it. */
	csv("{\"name\":\"a\",\"type\":\"string\",\"default\":\"-\"},"
	    "{\"name\":\"A\",\"type\":\"string\"}",
		"A\nx\n", "1:-|x\n");
}

static void headers_that_do_not(void **state)
{
	(void)state;
	csv(TEXT("a") "," LONG("b") "," LONG("c"), "a,x,y y\n1,2,3\n",
		"ERR DATA header: missing columns: b, c; columns the schema does not name: x, y y "
		"(`unknown_columns: ignore` leaves them out)\n");
	csv(TEXT("a"), "a,\nx,\n",
		"ERR DATA header: columns the schema does not name: column 2 without a name "
		"(`unknown_columns: ignore` leaves them out)\n");
	csv(TEXT("a") "," TEXT("b"), "a,b,a\n1,2,3\n",
		"ERR DATA header: duplicate columns: 'a' (columns 1 and 3, field a)\n");
	csv("{\"name\":\"a\",\"type\":\"string\",\"aliases\":[\"old\"]}", "a,old\n1,2\n",
		"ERR DATA header: duplicate columns: 'old' (columns 1 and 2, field a)\n");
	/* Two columns, or two fields, that only look alike: nobody guesses. */
	csv(TEXT("a_b"), "A b,a-B\n1,2\n",
		"ERR DATA header: missing columns: a_b; columns the schema does not name: A b, a-B "
		"(`unknown_columns: ignore` leaves them out)\n");
	csv(NULLABLE("a", "string"), "", "ERR DATA no header: the file is empty\n");
	csv(NULLABLE("a", "string") "," NULLABLE("b", "string"), "a\n1\n",
		"ERR DATA header: missing columns: b\n");
}

static void unknown_columns_ignored(void **state)
{
	(void)state;
	struct reading reading = csv_defaults();
	struct schema *schema = schema_of(TEXT("a"));
	reading.unknown = UNKNOWN_IGNORE;
	assert_cuts(&reading, schema, "x,a,,x\n1,2,3,4\n", "1:2\n");
	reading.csv.header = 0;
	assert_cuts(&reading, schema, "1\n2\n", "1:1\n2:2\n");
	schema_free(schema);
}

static void nulls(void **state)
{
	(void)state;
	const char *words[] = {"", "NA"};
	struct reading reading = csv_defaults();
	struct schema *schema = schema_of(NULLABLE("a", "string") "," NULLABLE("b", "long"));
	assert_cuts(&reading, schema, "a,b\n,\n\"\",\"\"\nNA,1\n", "1:~|~\n2:|~\n3:NA|1\n");
	reading.csv.nulls = (struct string_list){words, 2};
	assert_cuts(
		&reading, schema, "a,b\nNA,NA\n\"NA\",\"NA\"\nNAN,1\n", "1:~|~\n2:NA|~\n3:NAN|1\n");
	reading.csv.nulls.count = 0;
	assert_cuts(&reading, schema, "a,b\n,1\n", "1:|1\n");
	schema_free(schema);
}

static void keys(void **state)
{
	(void)state;
	const char *key[] = {"b", "a"};
	struct reading reading = csv_defaults();
	struct schema *schema = schema_of(NULLABLE("a", "string") "," NULLABLE("b", "long"));
	reading.key = (struct string_list){key, 2};
	assert_cuts(&reading, schema, "A,b\nx,1\n,2\nz,\n\"\",4\n",
		"1:x|1\n4:|4\n"
		"!2 8-11 A: key field a is null @,2\n"
		"!3 11-14 b: key field b is null @z,\n");
	schema_free(schema);
}

static void json_members(void **state)
{
	(void)state;
	const char *key[] = {"a"};
	struct reading reading = csv_defaults();
	struct schema *schema =
		schema_of("{\"name\":\"a\",\"type\":\"string\",\"aliases\":[\"old\"]}," NULLABLE(
			"b", "long"));
	reading.format = FORMAT_NDJSON;
	reading.key = (struct string_list){key, 1};
	assert_cuts(&reading, schema,
		"{\"a\":\"x\",\"b\":1}\n{\"b\":null,\"old\":\"\\u00e4\"}\n{\"b\":1}\n"
		"{\"a\":\"x\",\"old\":\"y\",\"b\":1}\n{\"a\":null}\n{\"a\":\"x\",\"c\":1}\n",
		"1:x|1\n2:\xC3\xA4|~\n"
		"!3 42-50 a: key field a is null @{\"b\":1}\n"
		"!4 50-76 old: two members name the field a @{\"a\":\"x\",\"old\":\"y\",\"b\":1}\n"
		"!5 76-87 a: key field a is null @{\"a\":null}\n"
		"!6 87-103 c: a member the schema does not name @{\"a\":\"x\",\"c\":1}\n");
	schema_free(schema);
}

static struct reading unpivoting(bool skip_nulls)
{
	static const char *keep[] = {"country"};
	struct reading reading = csv_defaults();
	reading.unpivot = (struct unpivot){.enabled = true,
		.keep = {keep, 1},
		.names = "year",
		.values = "people",
		.skip_nulls = skip_nulls};
	return reading;
}

#define WIDE TEXT("country") "," LONG("year") "," NULLABLE("people", "long")

static void unpivot(void **state)
{
	(void)state;
	struct reading reading = unpivoting(false);
	struct schema *schema = schema_of(WIDE);
	assert_cuts(&reading, schema, "2000,country,2001\n1,x,2\n,y,3\n",
		"1:x|2000|1\n2:x|2001|2\n3:y|2000|~\n4:y|2001|3\n");
	reading = unpivoting(true);
	assert_cuts(&reading, schema, "country,2000,2001\nx,,2\ny,,\nz,5,\n",
		"2:x|2001|2\n5:z|2000|5\n");
	/* One bad cell rejects the record with all its rows: a record loads whole or not at all. */
	assert_cuts(&reading, schema, "country,2000,2001\nx,1,two\ny,1,2\n",
		"3:y|2000|1\n4:y|2001|2\n"
		"!1 18-26 2001: 'two': expected a whole number @x,1,two\n");
	schema_free(schema);
	/* Kept columns may be called as they are in the file. */
	reading.unpivot.keep.items = (const char *[]){"Country Name"};
	schema = schema_of("{\"name\":\"country\",\"type\":\"string\",\"aliases\":"
			   "[\"Country Name\"]}," LONG("year") "," NULLABLE("people", "long"));
	assert_cuts(&reading, schema, "Country Name,2000\nx,1\n", "1:x|2000|1\n");
	schema_free(schema);
}

static void unpivot_that_does_not_fit(void **state)
{
	(void)state;
	struct reading reading = unpivoting(true);
	struct schema *schema = schema_of(WIDE);
	assert_cuts(&reading, schema, "land,2000\nx,1\n",
		"ERR DATA header: missing columns: country\n");
	assert_cuts(&reading, schema, "country\nx\n", "ERR DATA header: no columns to unpivot\n");
	assert_cuts(&reading, schema, "country,2000,2000\nx,1,2\n",
		"ERR DATA header: duplicate columns: '2000'\n");
	assert_cuts(&reading, schema, "country,2000,\nx,1,\n",
		"ERR DATA header: columns the schema does not name: column 3 without a name "
		"(`unknown_columns: ignore` leaves them out)\n");
	reading.unknown = UNKNOWN_IGNORE;
	assert_cuts(&reading, schema, "country,2000,\nx,1,\n", "1:x|2000|1\n");
	reading.csv.header = 0;
	assert_cuts(&reading, schema, "x,1\n",
		"ERR FATAL unpivot takes the names from a header: CSV with header >= 1\n");
	reading = unpivoting(true);
	reading.unpivot.values = "persons";
	assert_cuts(&reading, schema, "country,2000\nx,1\n",
		"ERR FATAL unpivot: values 'persons' is no field of t\n");
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_that_fit),
		cmocka_unit_test(headers_that_do_not),
		cmocka_unit_test(unknown_columns_ignored),
		cmocka_unit_test(nulls),
		cmocka_unit_test(keys),
		cmocka_unit_test(json_members),
		cmocka_unit_test(unpivot),
		cmocka_unit_test(unpivot_that_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
