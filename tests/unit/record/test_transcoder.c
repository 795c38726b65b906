/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows made by avro-c's value API with a fixed seed go through our encoder's and transcoder's eyes;
 * resolution is checked through the text of the rows. Postgres itself judges COPY in
 * tests/integration.
 */
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "record/encoder.h"
#include "record/transcoder.h"
#include "support/cmocka_all.h"

static struct schema *record_of(const char *fields)
{
	char text[4000];
	struct err err;
	struct schema *schema = NULL;
	snprintf(
		text, sizeof(text), "{\"type\":\"record\",\"name\":\"r\",\"fields\":[%s]}", fields);
	assert_ok(schema_parse(text, strlen(text), "t", &schema, &err));
	return schema;
}

/* A message of `rows` rows with these bytes; every third row number is skipped. */
static struct chunk make_chunk(const struct schema *schema, const void *block, size_t len,
	int64_t rows, struct buf *message)
{
	struct chunk_writer writer;
	struct chunk_info info = {.dataset = "d",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.name = "n",
		.file_id = 77,
		.first = 1,
		.width = 1,
		.rows = rows};
	struct chunk chunk;
	struct err err;
	chunk_writer_init(&writer);
	buf_append(&writer.block, block, len);
	for (int64_t made = 0; made < rows; info.records++) {
		if (info.records % 3 == 2) {
			chunk_add_skipped(&writer, info.records + 1);
		} else {
			chunk_add_row(&writer);
			made++;
		}
	}
	chunk_finish(&writer, &info, schema->text, schema->text_len, message);
	chunk_writer_release(&writer);
	assert_ok(chunk_open(message->data, message->len, &chunk, &err));
	return chunk;
}

/* Encodes JSON cells by `writer`, reads them back by `reader` as JSON and as CSV. */
static void read_back(const char *writer_fields, const char *reader_fields, const char *cell,
	const char *json, const char *csv)
{
	struct schema *writer = record_of(writer_fields);
	struct schema *reader = record_of(reader_fields);
	struct encoder *encoder;
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct buf block;
	struct buf message;
	struct buf text;
	struct err err;
	int field;
	struct cell cells[8];
	for (size_t i = 0; i < 8; i++)
		cells[i] = (struct cell){cell, (uint32_t)strlen(cell), CELL_JSON, false};
	buf_init(&block, 1 << 16);
	buf_init(&message, 1 << 16);
	buf_init(&text, 1 << 16);
	copy_rows_init(&rows);
	assert_ok(encoder_new(writer, NULL, &encoder, &err));
	assert_ok(encoder_row(encoder, cells, &block, &field, &err));
	struct chunk chunk = make_chunk(writer, block.data, block.len, 1, &message);
	assert_ok(transcoder_new(writer, reader, &transcoder, &err));
	assert_ok(transcoder_chunk(transcoder, &chunk, &rows, &err));
	assert_int_equal(rows.count, 1);
	transcoder_row_json(transcoder, &chunk, &rows, 0, &text);
	assert_string_equal(buf_text(&text), json);
	buf_clear(&text);
	transcoder_row_csv(transcoder, &chunk, &rows, 0, &text);
	assert_string_equal(buf_text(&text), csv);
	transcoder_free(transcoder);
	encoder_free(encoder);
	copy_rows_release(&rows);
	buf_release(&block);
	buf_release(&message);
	buf_release(&text);
	schema_free(writer);
	schema_free(reader);
}

#define A(type) "{\"name\":\"a\",\"type\":" type "}"
#define B(type) "{\"name\":\"b\",\"type\":" type "}"

static void schemas_resolve(void **state)
{
	(void)state;
	read_back(A("\"int\""), A("\"long\""), "5", "{\"a\":5}", "5");
	read_back(A("\"int\""), A("\"double\""), "5", "{\"a\":5}", "5");
	read_back(A("\"float\""), A("\"double\""), "0.1", "{\"a\":0.10000000149011612}",
		"0.10000000149011612");
	read_back(A("\"int\"") "," B("\"int\""), B("\"int\"") "," A("\"int\""), "5",
		"{\"b\":5,\"a\":5}", "5,5");
	read_back(A("\"int\"") "," B("\"int\""), B("\"int\""), "5", "{\"b\":5}", "5");
	read_back(A("\"int\"") "," B("\"int\""), A("\"int\""), "5", "{\"a\":5}", "5");
	read_back(A("\"int\""),
		"{\"name\":\"z\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"a\"]},"
		"{\"name\":\"c\",\"type\":\"string\",\"default\":\"x\"}",
		"5", "{\"z\":null,\"b\":5,\"c\":\"x\"}", ",5,x");
	read_back(A("[\"int\",\"null\"]"), A("[\"null\",\"long\"]"), "null", "{\"a\":null}", "");
	read_back(A("[\"int\",\"null\"]"), A("[\"null\",\"long\"]"), "5", "{\"a\":5}", "5");
	read_back(A("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"X\",\"Y\"]}"),
		A("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"X\"],\"default\":\"X\"}"),
		"\"Y\"", "{\"a\":\"X\"}", "X");
	read_back(A("{\"type\":\"int\",\"logicalType\":\"time-millis\"}"),
		A("{\"type\":\"long\",\"logicalType\":\"time-micros\"}"), "\"12:34:56.5\"",
		"{\"a\":\"12:34:56.5\"}", "12:34:56.5");
	read_back(A("{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"x\",\"type\":"
		    "\"int\"},"
		    "{\"name\":\"y\",\"type\":\"int\"}]}"),
		A("{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"new\",\"type\":"
		  "\"int\","
		  "\"default\":7},{\"name\":\"y\",\"type\":\"double\"}]}"),
		"{\"x\":1,\"y\":2}", "{\"a\":{\"y\":2,\"new\":7}}",
		"\"{\"\"y\"\":2,\"\"new\"\":7}\"");
}

static void texts_are_for_people(void **state)
{
	(void)state;
	read_back(A("\"string\""), A("\"string\""), "\"\"", "{\"a\":\"\"}", "\"\"");
	read_back(A("\"string\""), A("\"string\""), "\"a,\\\"b\\\"\\n\"",
		"{\"a\":\"a,\\\"b\\\"\\n\"}", "\"a,\"\"b\"\"\n\"");
	read_back(A("\"string\""), A("\"bytes\""), "\"ab\"", "{\"a\":\"\\\\x6162\"}", "\\x6162");
	read_back(
		A("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":30,\"scale\":3}"),
		A("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":30,\"scale\":3}"),
		"-123456789012345678901.5", "{\"a\":-123456789012345678901.500}",
		"-123456789012345678901.500");
	read_back(A("{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"),
		A("{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"),
		"\"2024-02-29 23:59:59.000001+01:00\"",
		"{\"a\":\"2024-02-29T22:59:59.000001+00:00\"}", "2024-02-29T22:59:59.000001+00:00");
	read_back(A("\"double\""), A("\"double\""), "\"NaN\"", "{\"a\":\"NaN\"}", "NaN");
	read_back("{\"name\":\"a\",\"type\":[\"null\",\"string\"],\"penstock.type\":\"jsonb\"}",
		"{\"name\":\"a\",\"type\":[\"null\",\"string\"],\"penstock.type\":\"jsonb\"}",
		"\"[1, null]\"", "{\"a\":[1, null]}", "\"[1, null]\"");
}

static void what_does_not_resolve_pauses(void **state)
{
	(void)state;
	struct schema *writer = record_of(A("\"string\""));
	struct schema *reader = record_of(A("\"int\""));
	struct transcoder *transcoder;
	struct err err;
	assert_err(transcoder_new(writer, reader, &transcoder, &err), ERR_PAUSE, "field 'a'");
	schema_free(writer);
	schema_free(reader);
}

static const char all_types[] = A("\"boolean\"") "," B(
	"[\"null\",\"int\"]") ",{\"name\":\"c\",\"type\":\"long\"},"
			      "{\"name\":\"d\",\"type\":\"float\"},{\"name\":\"e\",\"type\":["
			      "\"double\",\"null\"]},"
			      "{\"name\":\"f\",\"type\":\"bytes\"},{\"name\":\"g\",\"type\":"
			      "\"string\"},"
			      "{\"name\":\"h\",\"type\":{\"type\":\"fixed\",\"name\":\"x\","
			      "\"size\":3}},"
			      "{\"name\":\"i\",\"type\":{\"type\":\"enum\",\"name\":\"en\","
			      "\"symbols\":[\"P\",\"Q\",\"R\"]}},"
			      "{\"name\":\"j\",\"type\":[\"null\",{\"type\":\"array\","
			      "\"items\":[\"null\",\"long\"]}]},"
			      "{\"name\":\"k\",\"type\":{\"type\":\"map\",\"values\":\"string\"}},"
			      "{\"name\":\"l\",\"type\":{\"type\":\"record\",\"name\":\"n\","
			      "\"fields\":["
			      "{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"y\",\"type\":["
			      "\"null\",\"boolean\"]}]}}";

static uint64_t seed = 4711;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void random_text(char *ret_text)
{
	size_t n = next_random() % 20;
	for (size_t i = 0; i < n; i++)
		ret_text[i] = (char)(' ' + next_random() % 94);
	ret_text[n] = '\0';
}

/* Any value of the type, by avro-c. */
static void fill(avro_value_t *value)
{
	char text[32];
	avro_value_t item;
	size_t count;
	random_text(text);
	switch (avro_value_get_type(value)) {
	case AVRO_BOOLEAN:
		avro_value_set_boolean(value, (int)(next_random() % 2));
		break;
	case AVRO_INT32:
		avro_value_set_int(value, (int32_t)next_random());
		break;
	case AVRO_INT64:
		avro_value_set_long(value, (int64_t)(next_random() >> next_random() % 64));
		break;
	case AVRO_FLOAT:
		avro_value_set_float(value, (float)(next_random() % 100000) / 8);
		break;
	case AVRO_DOUBLE:
		avro_value_set_double(value, (double)(next_random() % 1000000) / 64);
		break;
	case AVRO_STRING:
		avro_value_set_string(value, text);
		break;
	case AVRO_BYTES:
		avro_value_set_bytes(value, text, strlen(text));
		break;
	case AVRO_FIXED:
		avro_value_set_fixed(value, "x\0z", 3);
		break;
	case AVRO_ENUM:
		avro_value_set_enum(value, (int)(next_random() % 3));
		break;
	case AVRO_UNION:
		avro_value_set_branch(value, (int)(next_random() % 2), &item);
		fill(&item);
		break;
	case AVRO_ARRAY:
	case AVRO_MAP:
		for (size_t n = next_random() % 4; n > 0; n--) {
			char key[8];
			snprintf(key, sizeof(key), "k%zu", n);
			if (avro_value_get_type(value) == AVRO_MAP)
				avro_value_add(value, key, &item, NULL, NULL);
			else
				avro_value_append(value, &item, NULL);
			fill(&item);
		}
		break;
	case AVRO_RECORD:
		avro_value_get_size(value, &count);
		for (size_t i = 0; i < count; i++) {
			avro_value_get_by_index(value, i, &item, NULL);
			fill(&item);
		}
		break;
	default:
		avro_value_set_null(value);
	}
}

/* `count` random rows as avro-c encodes them. */
static void make_rows(const struct schema *schema, int count, struct buf *block, size_t *starts)
{
	avro_schema_t parsed;
	assert_int_equal(avro_schema_from_json_length(schema->text, schema->text_len, &parsed), 0);
	avro_value_iface_t *iface = avro_generic_class_from_schema(parsed);
	for (int i = 0; i < count; i++) {
		avro_value_t row;
		char bytes[4000];
		avro_generic_value_new(iface, &row);
		fill(&row);
		avro_writer_t writer = avro_writer_memory(bytes, sizeof(bytes));
		assert_int_equal(avro_value_write(writer, &row), 0);
		starts[i] = block->len;
		buf_append(block, bytes, (size_t)avro_writer_tell(writer));
		avro_writer_free(writer);
		avro_value_decref(&row);
	}
	starts[count] = block->len;
	avro_value_iface_decref(iface);
	avro_schema_decref(parsed);
}

/* A row as JSON cells of the encoder. */
static void encode_again(
	const struct schema *schema, struct encoder *encoder, struct buf *json, struct buf *out)
{
	struct json_value row;
	struct json_scanner scanner;
	struct cell cells[16];
	const char *why;
	size_t at;
	int field;
	struct err err;
	json_scanner_init(&scanner);
	assert_true(json_validate(&scanner, buf_text(json), json->len, &row, &why, &at));
	for (size_t i = 0; i < schema->field_count; i++) {
		struct json_value value;
		assert_true(json_find(&row, schema->fields[i].name, &value));
		cells[i] = (struct cell){value.text, (uint32_t)value.len,
			value.kind == JSON_NULL ? CELL_NULL : CELL_JSON, false};
	}
	assert_ok(encoder_row(encoder, cells, out, &field, &err));
	json_scanner_release(&scanner);
}

static void random_rows_come_back_to_the_byte(void **state)
{
	(void)state;
	enum { COUNT = 2000 };
	static size_t starts[COUNT + 1];
	struct schema *schema = record_of(all_types);
	struct encoder *encoder;
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct buf block;
	struct buf message;
	struct buf json;
	struct buf again;
	struct err err;
	buf_init(&block, 1 << 20);
	buf_init(&message, 2 << 20);
	buf_init(&json, 1 << 16);
	buf_init(&again, 1 << 16);
	copy_rows_init(&rows);
	make_rows(schema, COUNT, &block, starts);
	assert_ok(encoder_new(schema, NULL, &encoder, &err));
	assert_ok(transcoder_new(schema, schema, &transcoder, &err));
	struct chunk chunk = make_chunk(schema, block.data, block.len, COUNT, &message);
	assert_ok(transcoder_chunk(transcoder, &chunk, &rows, &err));
	assert_int_equal(rows.count, COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(rows.block_starts[i], starts[i]);
		assert_int_equal(rows.row_numbers[i], i + i / 2 + 1);
		buf_clear(&json);
		buf_clear(&again);
		transcoder_row_json(transcoder, &chunk, &rows, i, &json);
		encode_again(schema, encoder, &json, &again);
		assert_int_equal(again.len, starts[i + 1] - starts[i]);
		assert_memory_equal(again.data, block.data + starts[i], again.len);
	}
	assert_int_equal(rows.starts[COUNT], rows.bytes.len);
	transcoder_free(transcoder);
	encoder_free(encoder);
	copy_rows_release(&rows);
	buf_release(&block);
	buf_release(&message);
	buf_release(&json);
	buf_release(&again);
	schema_free(schema);
}

/* A block cut anywhere, or with bytes changed, is an error or other rows: never a read beyond it.
 */
static void broken_rows_are_data_errors(void **state)
{
	(void)state;
	size_t starts[3];
	struct schema *schema = record_of(all_types);
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct buf block;
	struct buf message;
	struct err err;
	buf_init(&block, 1 << 16);
	buf_init(&message, 1 << 16);
	copy_rows_init(&rows);
	make_rows(schema, 2, &block, starts);
	assert_ok(transcoder_new(schema, schema, &transcoder, &err));
	for (size_t n = 2; n <= block.len + 1; n++) {
		unsigned char *exact = malloc(n);
		memcpy(exact, block.data, n <= block.len ? n : block.len);
		exact[n - 1] = n <= block.len ? exact[n - 1] : 0;
		buf_clear(&message);
		struct chunk chunk = make_chunk(schema, exact, n, 2, &message);
		chunk.block = exact;
		bool ok = transcoder_chunk(transcoder, &chunk, &rows, &err);
		assert_int_equal(ok, n == block.len);
		assert_int_equal(rows.count, ok ? 2 : 0);
		if (!ok)
			assert_int_equal(err.class, ERR_DATA);
		for (size_t i = 0; i < n; i++) {
			exact[i] ^= (unsigned char)(1u << next_random() % 8);
			if (!transcoder_chunk(transcoder, &chunk, &rows, &err))
				assert_int_equal(rows.bytes.len, 0);
		}
		free(exact);
	}
	transcoder_free(transcoder);
	copy_rows_release(&rows);
	buf_release(&block);
	buf_release(&message);
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas_resolve),
		cmocka_unit_test(texts_are_for_people),
		cmocka_unit_test(what_does_not_resolve_pauses),
		cmocka_unit_test(random_rows_come_back_to_the_byte),
		cmocka_unit_test(broken_rows_are_data_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
