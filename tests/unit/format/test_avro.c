/* SPDX-License-Identifier: Apache-2.0 */
/* Avro container files, cut at every byte and in pieces of every size. The values of every type,
 * and all codecs, against other writers: tests/integration/test_avro.py. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "format/snappy.h"
#include "records.h"

#define SYNC "0123456789abcdef"

static const char schema[] =
	"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"long\"},"
	"{\"name\":\"b\",\"type\":[\"null\",\"string\"]}]}";
/* Two records of 8 bytes: 1, "hello" and -2, null followed by 3, "abc". */
static const unsigned char first[] = "\x02\x02\x0ahello";
static const unsigned char second[] = "\x03\x00\x06\x02\x06"
				      "abc";

static const struct string_list nothing = {NULL, 0};
static const struct reading reading = {.format = FORMAT_AVRO};

static void put_long(struct buf *out, size_t value)
{
	for (value <<= 1; value >= 128; value >>= 7)
		buf_append_byte(out, (unsigned char)(value | 128));
	buf_append_byte(out, (unsigned char)value);
}

static void put_bytes(struct buf *out, const void *data, size_t n)
{
	put_long(out, n);
	buf_append(out, data, n);
}

static void put_header(struct buf *out, const char *codec)
{
	buf_append_text(out, "Obj\x01");
	put_long(out, 2);
	put_bytes(out, "avro.codec", 10);
	put_bytes(out, codec, strlen(codec));
	put_bytes(out, "avro.schema", 11);
	put_bytes(out, schema, sizeof(schema) - 1);
	buf_append_byte(out, 0);
	buf_append_text(out, SYNC);
}

static void put_block(struct buf *out, size_t records, const void *data, size_t n)
{
	put_long(out, records);
	put_bytes(out, data, n);
	buf_append_text(out, SYNC);
}

static void two_blocks(struct buf *out)
{
	buf_init(out, 1 << 20);
	put_header(out, "null");
	put_block(out, 1, first, sizeof(first) - 1);
	put_block(out, 0, "", 0);
	put_block(out, 2, second, sizeof(second) - 1);
}

static void records_and_their_ranges(void **state)
{
	(void)state;
	struct buf file;
	char expected[200];
	two_blocks(&file);
	int at = (int)(file.len - 18 - 18 - 18 - sizeof(first) + 1 - sizeof(second) + 1 + 2);
	int next = at + 8 + 16 + 18 + 2;
	snprintf(expected, sizeof(expected), "%d-%d[1|\"hello\"]\n%d-%d[-2|~]\n%d-%d[3|\"abc\"]\n",
		at, at + 8, next, next + 2, next + 2, next + 8);
	assert_renders_n(&reading, &nothing, file.data, file.len, true, expected);
	buf_release(&file);
}

/* Whatever is missing is noticed, but where a block ends: there nothing is missing. */
static void cut_at_every_byte(void **state)
{
	(void)state;
	struct buf file;
	struct buf out;
	two_blocks(&file);
	buf_init(&out, 1 << 20);
	size_t header = file.len - (3 * 18 + sizeof(first) - 1 + sizeof(second) - 1);
	size_t one = header + 18 + sizeof(first) - 1;
	for (size_t n = 0; n <= file.len; n++) {
		buf_clear(&out);
		render(&reading, &nothing, file.data, n, WINDOW_PIECE, false, &out);
		bool whole = n == header || n == one || n == one + 18 || n == file.len;
		assert_int_equal(strstr(buf_text(&out), "ERR DATA") == NULL, whole);
	}
	buf_release(&file);
	buf_release(&out);
}

/* No change of a byte does more than change what is read or break the file. */
static void every_byte_changed(void **state)
{
	(void)state;
	struct buf file;
	struct buf out;
	two_blocks(&file);
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < file.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			file.data[i] ^= (unsigned char)(1u << bit);
			buf_clear(&out);
			render(&reading, &nothing, file.data, file.len, 64, false, &out);
			file.data[i] ^= (unsigned char)(1u << bit);
		}
	}
	buf_release(&file);
	buf_release(&out);
}

/* The records of a compressed block share its bytes: one behind the other, to its end. */
static void compressed_blocks_are_tiled(void **state)
{
	(void)state;
	struct buf raw;
	struct buf file;
	struct err err = {0};
	unsigned char packed[4096];
	z_stream stream = {0};
	buf_init(&raw, 1 << 20);
	buf_init(&file, 1 << 20);
	for (int i = 0; i < 500; i++)
		buf_append(&raw, first, sizeof(first) - 1);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = raw.data;
	stream.avail_in = (uInt)raw.len;
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	put_header(&file, "deflate");
	put_block(&file, 500, packed, stream.total_out);
	struct input *input = memory_input(file.data, file.len);
	struct reader *reader = NULL;
	const struct record *record = NULL;
	assert_ok(reader_open(&reading, input, &nothing, &reader, &err));
	int64_t at = (int64_t)(file.len - 16 - stream.total_out);
	int64_t count = 0;
	for (;;) {
		assert_ok(reader_next(reader, &record, &err));
		if (!record)
			break;
		assert_int_equal(record->start, at);
		assert_true(record->end >= at);
		at = record->end;
		count++;
	}
	assert_int_equal(count, 500);
	assert_int_equal(at, file.len - 16);
	reader_close(reader);
	input_close(input);
	deflateEnd(&stream);
	buf_release(&raw);
	buf_release(&file);
}

static void assert_snappy(const char *data, size_t n, const char *expected)
{
	struct buf out;
	buf_init(&out, 100);
	bool ok = snappy_decompress((const unsigned char *)data, n, &out);
	assert_int_equal(ok, expected != NULL);
	if (expected)
		assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void snappy_streams(void **state)
{
	(void)state;
	assert_snappy("\x00", 1, "");
	assert_snappy("\x03\x08"
		      "abc",
		5, "abc");
	assert_snappy("\x08\x04"
		      "ab\x09\x02",
		6, "abababab");
	assert_snappy("\x08\x04"
		      "ab\x09\x02\x00",
		7, NULL); /* a literal without its byte */
	assert_snappy("\x08\x04"
		      "ab\x16\x02\x00",
		7, "abababab");
	assert_snappy("\x08\x04"
		      "ab\x17\x02\x00\x00\x00",
		9, "abababab");
	assert_snappy("\x08\x04"
		      "ab\x16\x03\x00",
		7, NULL); /* from before the beginning */
	assert_snappy("\x08\x04"
		      "ab\x16\x00\x00",
		7, NULL);
	assert_snappy("\x02\x08"
		      "abc",
		5, NULL); /* more than promised */
	assert_snappy("\x65\x08"
		      "abc",
		5, NULL); /* more than there is room for */
	assert_snappy("\xff\xff\xff\xff\xff", 5, NULL);
	assert_snappy("\x03\xfc\xff\xff\xff\xff"
		      "abc",
		9, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_and_their_ranges),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(every_byte_changed),
		cmocka_unit_test(compressed_blocks_are_tiled),
		cmocka_unit_test(snappy_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
