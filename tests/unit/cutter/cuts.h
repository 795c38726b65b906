/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in memory -> chunks -> one text a test can compare; every chunk is checked on the way. */
#ifndef PENSTOCK_TESTS_CUTTER_CUTS_H
#define PENSTOCK_TESTS_CUTTER_CUTS_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "cutter/cutter.h"
#include "support/cmocka_all.h"

#define NO_LIMIT .max_reject_share = -1, .max_rejects = -1

static const char *no_text[] = {""};

/* A CSV reading as the configuration's defaults have it. */
static inline struct reading csv_defaults(void)
{
	return (struct reading){.format = FORMAT_CSV,
		.csv = {.delimiter = ",", .quote = '"', .header = 1, .nulls = {no_text, 1}},
		.chunk_bytes = 512 << 10,
		NO_LIMIT};
}

/* A schema of fields in the test's own hand: `"name": ..., "type": ...` objects. */
static inline struct schema *schema_of(const char *fields)
{
	char text[8192];
	struct err err = {0};
	struct schema *schema = NULL;
	int n = snprintf(
		text, sizeof(text), "{\"type\":\"record\",\"name\":\"t\",\"fields\":[%s]}", fields);
	assert_ok(schema_parse(text, (size_t)n, "test", &schema, &err));
	return schema;
}

static inline struct input *memory_input(const void *data, size_t n)
{
	struct err err = {0};
	struct input *input = NULL;
	int fd = memfd_create("input", MFD_CLOEXEC);
	assert_ok(file_write_all(fd, data, n, &err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(input_open(fd, "memory", &(struct input_limits){0}, &input, &err));
	return input;
}

/* ---- a decoder of rows of strings and longs, nullable or not, written from the specification ----
 */

static inline int64_t take_long(const unsigned char **p)
{
	uint64_t value = 0;
	unsigned shift = 0;
	for (;; shift += 7) {
		unsigned char byte = *(*p)++;
		value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
	}
}

static inline void render_value(const struct type *type, const unsigned char **p, struct buf *out)
{
	if (type->nullable && take_long(p) == type->null_branch) {
		buf_append_text(out, "~");
	} else if (type->kind == TYPE_STRING) {
		int64_t n = take_long(p);
		buf_append(out, *p, (size_t)n);
		*p += n;
	} else {
		buf_printf(out, "%" PRId64, take_long(p));
	}
}

/* "row number:a|b" lines for rows, "!record start-end column: reason @text" for rejects. */
static inline void render_chunk(
	const struct schema *schema, const struct chunk *chunk, struct buf *out)
{
	const unsigned char *p = chunk->block;
	struct chunk_cursor at = {0};
	int64_t skipped = INT64_MAX;
	if (!chunk_next_skipped(chunk, &at, &skipped))
		skipped = INT64_MAX;
	int64_t end = chunk->info.first + chunk->info.records * chunk->info.width;
	for (int64_t row = chunk->info.first; row < end; row++) {
		if (row == skipped) {
			if (!chunk_next_skipped(chunk, &at, &skipped))
				skipped = INT64_MAX;
			continue;
		}
		buf_printf(out, "%" PRId64 ":", row);
		for (size_t f = 0; f < schema->field_count; f++) {
			buf_append_text(out, f ? "|" : "");
			render_value(schema->fields[f].type, &p, out);
		}
		buf_append_text(out, "\n");
	}
	assert_ptr_equal(p, chunk->block + chunk->block_len);
	struct reject reject;
	struct buf scratch;
	struct chunk_cursor rejects = {0};
	buf_init(&scratch, 65536);
	while (chunk_next_reject(chunk, &rejects, &scratch, &reject)) {
		buf_printf(out, "!%" PRId64 " %" PRId64 "-%" PRId64 " %s: %s @", reject.record,
			reject.start, reject.end, reject.column, reject.reason);
		buf_append(out, reject.text, reject.text_len);
		buf_append_text(out, "\n");
	}
	buf_release(&scratch);
}

struct cuts {
	int64_t chunks;
	size_t longest; /* message */
	struct buf text;
	struct buf messages; /* all, one behind the other */
};

static inline void cuts_release(struct cuts *cuts)
{
	buf_release(&cuts->text);
	buf_release(&cuts->messages);
}

static inline struct chunk_info origin_of_tests(void)
{
	struct chunk_info origin = {.file_id = 77, .dataset = "tests", .name = "memory.csv"};
	memset(origin.sha256, 'a', 64);
	return origin;
}

/* Cuts all of `data`; what fails ends the text as "ERR <class> message". */
static inline struct cuts cut(
	const struct reading *reading, const struct schema *schema, const void *data, size_t n)
{
	struct cuts cuts = {0};
	struct err err = {0};
	struct cutter *cutter = NULL;
	struct chunk_info origin = origin_of_tests();
	struct chunk_info info = {0};
	struct buf message;
	int64_t end = 0;
	int64_t next_row = 1;
	bool done = false;
	struct input *input = memory_input(data, n);
	buf_init(&cuts.text, (size_t)64 << 20);
	buf_init(&cuts.messages, (size_t)64 << 20);
	buf_init(&message, 1 << 20);
	bool ok = cutter_open(reading, schema, input, &origin, &cutter, &err);
	while (ok && (ok = cutter_next(cutter, &message, &info, &done, &err)) && !done) {
		struct chunk chunk;
		assert_false(message.overflow);
		assert_ok(chunk_open(message.data, message.len, &chunk, &err));
		assert_memory_equal(&chunk.info, &info, sizeof(info));
		assert_int_equal(info.chunk, cuts.chunks);
		assert_int_equal(info.start, end);
		assert_true(info.end >= info.start);
		assert_int_equal(info.first, next_row);
		assert_int_equal(info.records * info.width, info.rows + chunk.skipped_count);
		end = info.end;
		next_row += info.records * info.width;
		cuts.chunks++;
		cuts.longest = message.len > cuts.longest ? message.len : cuts.longest;
		render_chunk(schema, &chunk, &cuts.text);
		buf_append(&cuts.messages, message.data, message.len);
		buf_clear(&message);
	}
	if (ok) {
		assert_int_equal(info.chunks, cuts.chunks);
		assert_int_equal(end, n);
	} else {
		buf_printf(&cuts.text, "ERR %s %s\n", err_class_name(err.class), err.message);
	}
	cutter_close(cutter);
	input_close(input);
	buf_release(&message);
	return cuts;
}

/* The whole text of what `data` is cut into. */
static inline void assert_cuts(const struct reading *reading, const struct schema *schema,
	const char *data, const char *expected)
{
	struct cuts cuts = cut(reading, schema, data, strlen(data));
	assert_string_equal(buf_text(&cuts.text), expected);
	cuts_release(&cuts);
}

#endif
