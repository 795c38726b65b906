/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as a worker gets it: opened, its schema parsed, its rows transcoded and printed. Hashes
 * keep random bytes from coming far, so the same bytes also stand in as the block of a chunk whose
 * header is right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/transcoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
	"{\"type\":\"record\",\"name\":\"r\",\"fields\":["
	"{\"name\":\"a\",\"type\":[\"null\",\"int\"]},{\"name\":\"b\",\"type\":\"string\"},"
	"{\"name\":\"c\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":30,"
	"\"scale\":3}},{\"name\":\"d\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\","
	"\"name\":\"n\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":\"map\",\"values\":"
	"\"double\"}},"
	"{\"name\":\"y\",\"type\":[{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"P\",\"Q\"]},"
	"\"null\"]}]}}},{\"name\":\"e\",\"type\":{\"type\":\"long\",\"logicalType\":"
	"\"timestamp-millis\"}},{\"name\":\"f\",\"type\":{\"type\":\"string\",\"logicalType\":"
	"\"uuid\"}}]}";

static void transcode(const struct schema *schema, const struct chunk *chunk)
{
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct buf text;
	copy_rows_init(&rows);
	buf_init(&text, 1 << 20);
	if (transcoder_new(schema, schema, &transcoder, NULL)) {
		if (transcoder_chunk(transcoder, chunk, &rows, NULL) && rows.count > 0) {
			transcoder_row_json(transcoder, chunk, &rows, rows.count - 1, &text);
			transcoder_row_csv(transcoder, chunk, &rows, 0, &text);
		}
		transcoder_free(transcoder);
	}
	copy_rows_release(&rows);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema *schema;
	struct chunk chunk;
	if (chunk_open(data, size, &chunk, NULL) &&
		schema_parse(chunk.schema_text, chunk.schema_len, "fuzz", &schema, NULL)) {
		transcode(schema, &chunk);
		schema_free(schema);
	}
	if (size < 2 || !schema_parse(schema_text, sizeof(schema_text) - 1, "fuzz", &schema, NULL))
		return 0;
	static const unsigned char none[1] = {0};
	chunk = (struct chunk){.info = {.file_id = 1, .first = 1, .width = 1},
		.block = data + 1,
		.block_len = size - 1,
		.skipped = none,
		.skipped_len = 1};
	chunk.info.rows = 1 + data[0] % 4;
	transcode(schema, &chunk);
	schema_free(schema);
	return 0;
}
