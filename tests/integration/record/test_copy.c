/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same random texts twice into tables of the same DDL: by encoder, chunk, transcoder and COPY
 * BINARY, and by Postgres' own COPY CSV. Postgres says whether they differ.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/encoder.h"
#include "record/transcoder.h"
#include "schema/ddl.h"
#include "support/cmocka_all.h"
#include "support/postgres_server.h"

static uint64_t seed = 31415926;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int below(int n)
{
	return (int)(next_random() % (unsigned)n);
}

typedef void (*make_fn)(char *text, size_t size);

static void make_bool(char *text, size_t size)
{
	snprintf(text, size, "%s", below(2) ? "true" : "f");
}

static void make_small(char *text, size_t size)
{
	snprintf(text, size, "%d", below(65536) - 32768);
}

static void make_int(char *text, size_t size)
{
	snprintf(text, size, "%d", (int)(int32_t)(next_random() >> below(64)));
}

static void make_long(char *text, size_t size)
{
	int64_t value = (int64_t)(next_random() >> below(64));
	snprintf(text, size, "%" PRId64, below(2) ? value : -value);
}

static void make_float(char *text, size_t size)
{
	static const char *const special[] = {
		"NaN", "Infinity", "-Infinity", "-0", "1e-40", "3.4e38"};
	if (below(10) == 0)
		snprintf(text, size, "%s", special[below(6)]);
	else
		snprintf(text, size, "%d.%de%d", below(1000) - 500, below(100000), below(40) - 20);
}

static void make_digits(char *text, size_t size, int whole, int scale)
{
	size_t at = 0;
	if (below(2))
		text[at++] = '-';
	for (int n = 1 + below(whole); n > 0; n--)
		text[at++] = (char)('0' + below(10));
	if (scale && below(4)) {
		text[at++] = '.';
		for (int n = 1 + below(scale); n > 0; n--)
			text[at++] = (char)('0' + (below(3) ? below(10) : 0));
	}
	text[at] = '\0';
	assert_true(at < size);
}

static void make_decimal(char *text, size_t size)
{
	make_digits(text, size, 10, 2);
}

static void make_long_decimal(char *text, size_t size)
{
	make_digits(text, size, 40, 23);
}

static void make_integer_decimal(char *text, size_t size)
{
	make_digits(text, size, 9, 0);
}

static void make_text(char *text, size_t size)
{
	static const char *const parts[] = {
		"a", "\xC3\xA4", "\"", ",", "\n", "\xF0\x9F\x90\x98", " ", "\\", "x"};
	text[0] = '\0';
	for (int n = below(20); n > 0; n--)
		snprintf(text + strlen(text), size - strlen(text), "%s", parts[below(9)]);
}

static void make_short(char *text, size_t size)
{
	snprintf(text, size, "%.*s", 2 + below(4),
		"\xC3\xA4"
		"bcd");
}

static void make_bytes(char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "\\x");
	for (int n = below(10); n > 0; n--)
		at += (size_t)snprintf(text + at, size - at, "%02x", below(256));
}

static void make_fixed(char *text, size_t size)
{
	snprintf(text, size, "\\x%06x", below(1 << 24));
}

static void make_enum(char *text, size_t size)
{
	snprintf(text, size, "%s", below(2) ? "NEW" : "a_rather_long_symbol");
}

static void make_date(char *text, size_t size)
{
	snprintf(text, size, "%04d-%02d-%02d", 1 + below(9999), 1 + below(12), 1 + below(28));
}

static void make_time(char *text, size_t size)
{
	snprintf(
		text, size, "%02d:%02d:%02d.%06d", below(24), below(60), below(60), below(1000000));
}

static void make_time_millis(char *text, size_t size)
{
	snprintf(text, size, "%02d:%02d:%02d.%03d", below(24), below(60), below(60), below(1000));
}

static void make_stamp(char *text, size_t size)
{
	make_date(text, size);
	text[10] = below(2) ? 'T' : ' ';
	make_time(text + 11, size - 11);
}

static void make_stamp_zone(char *text, size_t size)
{
	make_date(text, size);
	text[10] = ' ';
	make_time_millis(text + 11, size - 11);
	snprintf(text + strlen(text), size - strlen(text), "%c%02d:%02d", below(2) ? '+' : '-',
		below(15), below(60));
}

static void make_uuid(char *text, size_t size)
{
	snprintf(text, size, "%08x-%04x-%04X-%04x-%06x%06x", below(1 << 30), below(1 << 16),
		below(1 << 16), below(1 << 16), below(1 << 24), below(1 << 24));
}

static void make_json(char *text, size_t size)
{
	snprintf(text, size, "{\"b\": [%d, null, \"\\u00e4\\n\"], \"a\": %d.50, \"c\": true}",
		below(100), below(1000));
}

static void make_record(char *text, size_t size)
{
	snprintf(text, size,
		"{\"x\": %d, \"list\": [%d.25, 1e-7], \"map\": {\"k%d\": \"v\", \"\": null}}",
		below(1000) - 500, below(9), below(10));
}

#define LOGICAL(base, name) "{\"type\":\"" base "\",\"logicalType\":\"" name "\"}"
#define DECIMAL(p, s)                                                                              \
	"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" #p ",\"scale\":" #s "}"
#define PG(type) ",\"penstock.type\":\"" type "\""

static const struct made_column {
	const char *type;
	const char *more;
	make_fn make;
} columns[] = {
	{"\"boolean\"", "", make_bool},
	{"\"int\"", PG("int2"), make_small},
	{"\"int\"", "", make_int},
	{"\"int\"", PG("numeric"), make_int},
	{"\"int\"", PG("float8"), make_int},
	{"\"long\"", "", make_long},
	{"\"long\"", PG("numeric(22,2)"), make_long},
	{"\"long\"", PG("text"), make_long},
	{"\"float\"", "", make_float},
	{"\"float\"", PG("float8"), make_small},
	{"\"double\"", "", make_float},
	{DECIMAL(12, 2), "", make_decimal},
	{DECIMAL(63, 23), "", make_long_decimal},
	{"{\"type\":\"fixed\",\"name\":\"fd\",\"size\":20,\"logicalType\":\"decimal\","
	 "\"precision\":9}",
		"", make_integer_decimal},
	{"\"string\"", "", make_text},
	{"\"string\"", PG("varchar(5)"), make_short},
	{"\"string\"", PG("json"), make_json},
	{"\"string\"", PG("jsonb"), make_json},
	{"\"string\"", PG("uuid"), make_uuid},
	{"\"bytes\"", "", make_bytes},
	{"{\"type\":\"fixed\",\"name\":\"f3\",\"size\":3}", "", make_fixed},
	{"{\"type\":\"fixed\",\"name\":\"f16\",\"size\":16}", PG("uuid"), make_uuid},
	{"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"NEW\",\"a_rather_long_symbol\"]}", "",
		make_enum},
	{LOGICAL("int", "date"), "", make_date},
	{LOGICAL("int", "time-millis"), "", make_time_millis},
	{LOGICAL("long", "time-micros"), "", make_time},
	{LOGICAL("long", "timestamp-millis"), "", make_stamp_zone},
	{LOGICAL("long", "timestamp-micros"), "", make_stamp},
	{LOGICAL("long", "timestamp-micros"), PG("timestamp"), make_stamp},
	{LOGICAL("long", "local-timestamp-micros"), "", make_stamp},
	{LOGICAL("string", "uuid"), "", make_uuid},
	{"{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},"
	 "{\"name\":\"list\",\"type\":{\"type\":\"array\",\"items\":\"double\"}},{\"name\":\"map\","
	 "\"type\":"
	 "{\"type\":\"map\",\"values\":[\"null\",\"string\"]}}]}",
		"", make_record},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ROWS	1500

/* Every type once as it is; `nullable` wraps each in a union, default text aside. */
static struct schema *make_schema(void)
{
	struct buf text;
	struct err err;
	struct schema *schema = NULL;
	buf_init(&text, 1 << 16);
	buf_append_text(&text, "{\"type\":\"record\",\"name\":\"r\",\"fields\":[");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(&text, "%s{\"name\":\"c%zu\",\"doc\":\"%zu's\",\"type\":[%s%s%s]%s}",
			i ? "," : "", i, i, i % 2 ? "\"null\"," : "", columns[i].type,
			i % 2 ? "" : ",\"null\"", columns[i].more);
	buf_append_text(&text, "]}");
	assert_ok(schema_parse(buf_text(&text), text.len, "t", &schema, &err));
	buf_release(&text);
	return schema;
}

static void append_csv(struct buf *csv, const char *text, bool null, bool last)
{
	if (!null) {
		buf_append_byte(csv, '"');
		for (; *text; text++) {
			if (*text == '"')
				buf_append_byte(csv, '"');
			buf_append_byte(csv, (unsigned char)*text);
		}
		buf_append_byte(csv, '"');
	}
	buf_append_byte(csv, last ? '\n' : ',');
}

static void make_rows(const struct schema *schema, struct chunk_writer *writer, struct buf *csv)
{
	struct encoder *encoder;
	struct err err;
	int field;
	assert_ok(encoder_new(schema, NULL, &encoder, &err));
	for (int row = 1; row <= ROWS; row++) {
		static char texts[COLUMNS][512];
		struct cell cells[COLUMNS];
		for (size_t i = 0; i < COLUMNS; i++) {
			bool null = below(8) == 0;
			columns[i].make(texts[i], sizeof(texts[i]));
			append_csv(csv, texts[i], null, false);
			cells[i] = (struct cell){texts[i], (uint32_t)strlen(texts[i]),
				null ? CELL_NULL : CELL_TEXT, false};
		}
		buf_printf(csv, "%d,%d\n", 99, row);
		assert_ok(encoder_row(encoder, cells, &writer->block, &field, &err));
		chunk_add_row(writer);
	}
	assert_false(csv->overflow);
	encoder_free(encoder);
}

static void copy_binary(
	struct database *db, const struct schema *schema, struct chunk_writer *writer)
{
	struct chunk_info info = {.dataset = "d",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.name = "n",
		.file_id = 99,
		.first = 1,
		.width = 1,
		.records = ROWS,
		.rows = ROWS};
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct chunk chunk;
	struct buf message;
	struct err err;
	int64_t loaded;
	buf_init(&message, 4 << 20);
	copy_rows_init(&rows);
	chunk_finish(writer, &info, schema->text, schema->text_len, &message);
	assert_ok(chunk_open(message.data, message.len, &chunk, &err));
	assert_ok(transcoder_new(schema, schema, &transcoder, &err));
	assert_ok(transcoder_chunk(transcoder, &chunk, &rows, &err));
	assert_ok(database_copy_start(db, "COPY t.a FROM STDIN (FORMAT binary)", &err));
	assert_ok(database_copy_data(db, copy_binary_header, sizeof(copy_binary_header), &err));
	assert_ok(database_copy_data(db, rows.bytes.data, rows.bytes.len, &err));
	assert_ok(database_copy_data(db, copy_binary_trailer, sizeof(copy_binary_trailer), &err));
	assert_ok(database_copy_end(db, &loaded, &err));
	assert_int_equal(loaded, ROWS);
	transcoder_free(transcoder);
	copy_rows_release(&rows);
	buf_release(&message);
}

static void create(struct database *db, const struct schema *schema, const char *name)
{
	struct ddl_table table = {"t", name, {NULL, 0}};
	struct buf sql;
	buf_init(&sql, 1 << 16);
	ddl_create_table(schema, &table, &sql);
	ddl_comments(schema, &table, &sql);
	sql_exec(db, "%s", buf_text(&sql));
	buf_release(&sql);
}

static void binary_rows_are_those_of_csv(void **state)
{
	(void)state;
	struct database *db = postgres_connect("record");
	struct schema *schema = make_schema();
	struct chunk_writer writer;
	struct buf csv;
	struct err err;
	int64_t loaded;
	buf_init(&csv, 8 << 20);
	chunk_writer_init(&writer);
	/* Texts without a zone are UTC by our rules, and by this session's. */
	sql_exec(db, "SET timezone = 'UTC'");
	create(db, schema, "a");
	create(db, schema, "b");
	make_rows(schema, &writer, &csv);
	copy_binary(db, schema, &writer);
	assert_ok(database_copy_start(db, "COPY t.b FROM STDIN (FORMAT csv)", &err));
	assert_ok(database_copy_data(db, csv.data, csv.len, &err));
	assert_ok(database_copy_end(db, &loaded, &err));
	assert_int_equal(loaded, ROWS);
	for (size_t i = 0; i < COLUMNS; i++) {
		int64_t differ = sql_int(db,
			"SELECT count(*) FROM t.a JOIN t.b USING (_file, _row) "
			"WHERE a.c%zu::text IS DISTINCT FROM b.c%zu::text",
			i, i);
		if (differ)
			fail_msg("c%zu %s%s: %d rows differ: %s", i, columns[i].type,
				columns[i].more, (int)differ,
				sql_text(db,
					"SELECT a.c%zu::text || ' | ' || b.c%zu::text FROM t.a "
					"JOIN t.b "
					"USING (_file, _row) WHERE a.c%zu::text IS DISTINCT FROM "
					"b.c%zu::text LIMIT 1",
					i, i, i, i));
		assert_true(sql_int(db, "SELECT count(c%zu) FROM t.a", i) > ROWS / 2);
	}
	assert_int_equal(
		sql_int(db, "SELECT count(*) FROM t.a JOIN t.b USING (_file, _row)"), ROWS);
	database_close(db);
	chunk_writer_release(&writer);
	buf_release(&csv);
	schema_free(schema);
}

static struct schema *parse(const char *fields)
{
	char text[4000];
	struct err err;
	struct schema *schema = NULL;
	snprintf(
		text, sizeof(text), "{\"type\":\"record\",\"name\":\"r\",\"fields\":[%s]}", fields);
	assert_ok(schema_parse(text, strlen(text), "t", &schema, &err));
	return schema;
}

static const char grown_fields[] =
	"{\"name\": \"a\", \"type\": \"int\"},"
	"{\"name\": \"b\", \"type\": \"string\", \"default\": \"it's \\\\ x\"},"
	"{\"name\": \"c\", \"type\": {\"type\": \"bytes\", \"logicalType\": \"decimal\", "
	"\"precision\": 9, \"scale\": 2}, \"default\": \"\\u00fb.\"},"
	"{\"name\": \"d\", \"type\": {\"type\": \"int\", \"logicalType\": \"date\"}, \"default\": "
	"-3},"
	"{\"name\": \"e\", \"type\": {\"type\": \"long\", \"logicalType\": \"timestamp-micros\"}, "
	"\"default\": -123456789},"
	"{\"name\": \"f\", \"type\": {\"type\": \"int\", \"logicalType\": \"time-millis\"}, "
	"\"default\": 3723004},"
	"{\"name\": \"g\", \"type\": \"bytes\", \"default\": \"\\u0000\\u00ff\"},"
	"{\"name\": \"h\", \"type\": [\"double\", \"null\"], \"default\": 0.1},"
	"{\"name\": \"i\", \"type\": \"boolean\", \"default\": true},"
	"{\"name\": \"j\", \"type\": {\"type\": \"array\", \"items\": \"int\"}, \"default\": []},"
	"{\"name\": \"k\", \"type\": [\"null\", \"int\"], \"default\": null}";

/* Old rows get a new field's default from ALTER TABLE; the transcoder gives it to old chunks. */
static void defaults_agree_with_the_upgrade(void **state)
{
	(void)state;
	static const struct ddl_column old_columns[] = {{"a", "integer", 23, true, false},
		{"_file", "bigint", 20, true, false}, {"_row", "bigint", 20, true, false}};
	struct database *db = postgres_connect("record");
	struct schema *old = parse("{\"name\":\"a\",\"type\":\"int\"}");
	struct schema *new = parse(grown_fields);
	struct ddl_table table = {"t", "up", {NULL, 0}};
	struct chunk_info info = {.dataset = "d",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.name = "n",
		.file_id = 99,
		.first = 2,
		.width = 1,
		.records = 1,
		.rows = 1};
	struct chunk_writer writer;
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct chunk chunk;
	struct buf buf;
	struct err err;
	int64_t loaded;
	buf_init(&buf, 1 << 16);
	copy_rows_init(&rows);
	chunk_writer_init(&writer);
	create(db, old, "up");
	sql_exec(db, "INSERT INTO t.up VALUES (7, 99, 1)");
	assert_ok(ddl_upgrade(new, &table, old_columns, 3, &buf, &err));
	sql_exec(db, "%s", buf_text(&buf));
	buf_clear(&buf);
	buf_append_byte(&writer.block, 14);
	chunk_add_row(&writer);
	chunk_finish(&writer, &info, old->text, old->text_len, &buf);
	assert_ok(chunk_open(buf.data, buf.len, &chunk, &err));
	assert_ok(transcoder_new(old, new, &transcoder, &err));
	assert_ok(transcoder_chunk(transcoder, &chunk, &rows, &err));
	assert_ok(database_copy_start(db,
		"COPY t.up (a,b,c,d,e,f,g,h,i,j,k,_file,_row) FROM STDIN (FORMAT binary)", &err));
	assert_ok(database_copy_data(db, copy_binary_header, sizeof(copy_binary_header), &err));
	assert_ok(database_copy_data(db, rows.bytes.data, rows.bytes.len, &err));
	assert_ok(database_copy_data(db, copy_binary_trailer, sizeof(copy_binary_trailer), &err));
	assert_ok(database_copy_end(db, &loaded, &err));
	assert_int_equal(sql_int(db, "SELECT count(*) FROM t.up"), 2);
	assert_int_equal(
		sql_int(db,
			"SELECT count(*) FROM (SELECT DISTINCT a,b,c,d,e,f,g,h,i,j,k FROM t.up) x"),
		1);
	assert_int_equal(sql_int(db, "SELECT count(*) FROM t.up WHERE c = -12.34 AND d = "
				     "'1969-12-29' AND f = '01:02:03.004' AND b = E'it''s \\\\ x'"),
		2);
	transcoder_free(transcoder);
	copy_rows_release(&rows);
	chunk_writer_release(&writer);
	buf_release(&buf);
	schema_free(old);
	schema_free(new);
	database_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_rows_are_those_of_csv),
		cmocka_unit_test(defaults_agree_with_the_upgrade),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
