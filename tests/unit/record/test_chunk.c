/* SPDX-License-Identifier: Apache-2.0 */
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/binary.h"
#include "record/chunk.h"
#include "support/cmocka_all.h"

static const char schema_text[] =
	"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"
	"{\"name\":\"name\",\"type\":\"string\"}]}";

struct fixture {
	struct chunk_writer writer;
	struct chunk_info info;
	struct buf message;
};

static void add_row(struct fixture *f, int64_t id, const char *name)
{
	binary_append_long(&f->writer.block, id);
	binary_append_bytes(&f->writer.block, name, strlen(name));
	chunk_add_row(&f->writer);
}

/* Five records of width 2: rows 11, 13, 14, 16; the record of 17 and 18 was rejected. */
static void fill(struct fixture *f)
{
	static const int64_t skipped[] = {12, 15, 17, 18, 19, 20};
	add_row(f, 1, "a");
	add_row(f, -70000, "b\xC3\xA4");
	add_row(f, INT64_MIN, "");
	add_row(f, 4, "d");
	for (size_t i = 0; i < 6; i++)
		chunk_add_skipped(&f->writer, skipped[i]);
	chunk_add_reject(&f->writer, &(struct reject){9, 300, 400, "id", "'x' is bad", "x,\0y", 4});
	chunk_add_reject(&f->writer, &(struct reject){10, 400, 401, "", "bad \xFF", "", 0});
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	chunk_writer_init(&f->writer);
	buf_init(&f->message, 1 << 20);
	f->info = (struct chunk_info){.dataset = "orders",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.file_id = INT64_C(1) << 60,
		.chunk = 3,
		.start = 100,
		.end = 500,
		.first = 11,
		.width = 2,
		.records = 5,
		.rows = 4};
	chunk_set_name(&f->info, "caf\xC3\xA9.csv");
	fill(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	chunk_writer_release(&f->writer);
	buf_release(&f->message);
	test_free(f);
	return 0;
}

static void finish(struct fixture *f)
{
	chunk_finish(&f->writer, &f->info, schema_text, sizeof(schema_text) - 1, &f->message);
	assert_false(f->message.overflow);
	assert_true(f->message.len <= chunk_writer_size(&f->writer, sizeof(schema_text) - 1));
	assert_true(f->message.len + 2048 + sizeof(schema_text) >=
		    chunk_writer_size(&f->writer, sizeof(schema_text) - 1));
}

static void what_was_written_is_read(void **state)
{
	struct fixture *f = *state;
	struct chunk chunk;
	struct err err;
	finish(f);
	assert_ok(chunk_open(f->message.data, f->message.len, &chunk, &err));
	assert_memory_equal(&chunk.info, &f->info, sizeof(chunk.info));
	assert_int_equal(chunk.schema_len, sizeof(schema_text) - 1);
	assert_memory_equal(chunk.schema_text, schema_text, chunk.schema_len);
	assert_int_equal(chunk.block_len, f->writer.block.len);
	assert_memory_equal(chunk.block, f->writer.block.data, chunk.block_len);
	struct chunk_cursor at = {0};
	int64_t row;
	int64_t sum = 0;
	while (chunk_next_skipped(&chunk, &at, &row))
		sum = sum * 100 + row;
	assert_int_equal(sum, 121517181920);
	struct buf scratch;
	struct reject reject;
	buf_init(&scratch, 1 << 16);
	at = (struct chunk_cursor){0};
	assert_true(chunk_next_reject(&chunk, &at, &scratch, &reject));
	assert_int_equal(reject.record, 9);
	assert_int_equal(reject.start, 300);
	assert_int_equal(reject.end, 400);
	assert_string_equal(reject.column, "id");
	assert_string_equal(reject.reason, "'x' is bad");
	assert_int_equal(reject.text_len, 4);
	assert_memory_equal(reject.text, "x,\0y", 4);
	assert_true(chunk_next_reject(&chunk, &at, &scratch, &reject));
	assert_string_equal(reject.reason, "bad ?");
	assert_false(chunk_next_reject(&chunk, &at, &scratch, &reject));
	buf_release(&scratch);
}

static void the_same_arguments_give_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	finish(f);
	struct buf first = f->message;
	buf_init(&f->message, 1 << 20);
	chunk_writer_clear(&f->writer);
	fill(f);
	finish(f);
	assert_int_equal(f->message.len, first.len);
	assert_memory_equal(f->message.data, first.data, first.len);
	buf_release(&first);
}

static void a_chunk_without_rows_closes_a_file(void **state)
{
	struct fixture *f = *state;
	struct chunk chunk;
	struct err err;
	chunk_writer_clear(&f->writer);
	f->info.records = 0;
	f->info.rows = 0;
	f->info.chunks = 4;
	finish(f);
	assert_ok(chunk_open(f->message.data, f->message.len, &chunk, &err));
	assert_null(chunk.block);
	assert_int_equal(chunk.info.chunks, 4);
	assert_int_equal(chunk.skipped_count, 0);
	struct chunk_cursor at = {0};
	int64_t row;
	assert_false(chunk_next_skipped(&chunk, &at, &row));
}

static void assert_refused(const unsigned char *bytes, size_t len, size_t at)
{
	struct chunk chunk;
	struct err err;
	/* Exactly as much memory as bytes: reading beyond them shows under ASan. */
	unsigned char *exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	bool ok = chunk_open(exact, len, &chunk, &err);
	free(exact);
	if (ok)
		fail_msg("accepted with a change at byte %zu", at);
	assert_int_equal(err.class, ERR_DATA);
}

/*
 * There is no byte that cannot matter: the header is covered by its hash, the block by the CRC and
 * the lengths, both sync markers by comparison.
 */
static void a_change_anywhere_is_seen(void **state)
{
	struct fixture *f = *state;
	finish(f);
	for (size_t i = 0; i < f->message.len; i++) {
		unsigned char was = f->message.data[i];
		for (unsigned bit = 0; bit < 8; bit++) {
			f->message.data[i] = (unsigned char)(was ^ 1u << bit);
			assert_refused(f->message.data, f->message.len, i);
		}
		f->message.data[i] = (unsigned char)~was;
		assert_refused(f->message.data, f->message.len, i);
		f->message.data[i] = was;
	}
}

static void a_cut_or_surplus_byte_is_seen(void **state)
{
	struct fixture *f = *state;
	finish(f);
	for (size_t n = 0; n < f->message.len; n++)
		assert_refused(f->message.data, n, n);
	buf_append_byte(&f->message, 0);
	assert_refused(f->message.data, f->message.len, f->message.len);
	f->message.len--;
	size_t len = f->message.len;
	buf_append(&f->message, f->message.data, len);
	assert_refused(f->message.data, f->message.len, len);
}

static void the_headers_tell_what_the_metadata_tells(void **state)
{
	struct fixture *f = *state;
	struct chunk_header headers[CHUNK_HEADERS];
	assert_int_equal(chunk_headers(&f->info, headers), CHUNK_HEADERS - 1);
	assert_string_equal(headers[0].name, "penstock.dataset");
	assert_string_equal(headers[0].value, "orders");
	assert_string_equal(headers[2].name, "penstock.id");
	assert_string_equal(headers[2].value, "1152921504606846976");
	assert_string_equal(headers[10].name, "penstock.rows");
	f->info.chunks = 4;
	assert_int_equal(chunk_headers(&f->info, headers), CHUNK_HEADERS);
	assert_string_equal(headers[11].name, "penstock.chunks");
	assert_string_equal(headers[11].value, "4");
}

static void names_become_utf8_and_fit(void **state)
{
	struct fixture *f = *state;
	char name[3000];
	chunk_set_name(&f->info, "a\xFF\xC3");
	assert_string_equal(f->info.name, "a??");
	for (size_t i = 0; i < sizeof(name) - 1; i += 2)
		memcpy(name + i, "\xC3\xA4", 2);
	name[sizeof(name) - 2] = '\0';
	memmove(name + 1, name, sizeof(name) - 1);
	name[0] = 'x';
	chunk_set_name(&f->info, name);
	assert_int_equal(strlen(f->info.name), CHUNK_MAX_NAME - 1);
}

static void write_file(const struct buf *message, char *path)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, message->data, message->len), message->len);
	close(fd);
}

static void avro_c_reads_it(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/penstock-chunk-XXXXXX";
	finish(f);
	write_file(&f->message, path);
	avro_file_reader_t reader;
	assert_int_equal(avro_file_reader(path, &reader), 0);
	avro_schema_t schema = avro_file_reader_get_writer_schema(reader);
	avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
	avro_value_t row;
	avro_generic_value_new(iface, &row);
	static const int64_t ids[] = {1, -70000, INT64_MIN, 4};
	for (size_t i = 0; i < 4; i++) {
		avro_value_t field;
		int64_t id;
		assert_int_equal(avro_file_reader_read_value(reader, &row), 0);
		avro_value_get_by_index(&row, 0, &field, NULL);
		avro_value_get_long(&field, &id);
		assert_true(id == ids[i]);
	}
	assert_int_equal(avro_file_reader_read_value(reader, &row), EOF);
	avro_value_decref(&row);
	avro_value_iface_decref(iface);
	avro_schema_decref(schema);
	avro_file_reader_close(reader);
	unlink(path);
}

static void python_reads_it(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/penstock-chunk-XXXXXX";
	char command[1000];
	char output[2000] = "";
	finish(f);
	write_file(&f->message, path);
	snprintf(command, sizeof(command),
		PYTHON " " SOURCE_DIR "/tests/unit/record/read_chunk.py %s " SOURCE_DIR
		       "/schemas/penstock/reject.avsc",
		path);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_true(fread(output, 1, sizeof(output) - 1, pipe) > 0);
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	assert_string_equal(output,
		"row 1 a\nrow -70000 b\xC3\xA4\nrow -9223372036854775808 \nrow 4 d\n"
		"name caf\xC3\xA9.csv\nskipped [12, 15, 17, 18, 19, 20]\n"
		"reject 9 300 400 id 'x' is bad b'x,\\x00y'\n"
		"reject 10 400 401  bad ? b''\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(the_same_arguments_give_the_same_bytes),
		TEST(a_chunk_without_rows_closes_a_file),
		TEST(a_change_anywhere_is_seen),
		TEST(a_cut_or_surplus_byte_is_seen),
		TEST(the_headers_tell_what_the_metadata_tells),
		TEST(names_become_utf8_and_fit),
		TEST(avro_c_reads_it),
		TEST(python_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
