/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cell into each type: what the encoder takes, the transcoder takes too, and the text made of it
 * is one the encoder takes again. The first byte says whether the cell is JSON, and chooses the
 * forms.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "record/encoder.h"
#include "record/transcoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {"\"boolean\"", "\"int\"", "\"long\"", "\"float\"", "\"double\"",
	"\"string\"", "\"bytes\"", "{\"type\":\"int\",\"logicalType\":\"date\"}",
	"{\"type\":\"int\",\"logicalType\":\"time-millis\"}",
	"{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}",
	"{\"type\":\"long\",\"logicalType\":\"local-timestamp-millis\"}",
	"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":40,\"scale\":7}",
	"{\"type\":\"string\",\"logicalType\":\"uuid\"}",
	"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}",
	"{\"type\":\"array\",\"items\":[\"null\",{\"type\":\"int\",\"logicalType\":\"date\"}]}",
	"{\"type\":\"map\",\"values\":{\"type\":\"record\",\"name\":\"n\",\"fields\":["
	"{\"name\":\"x\",\"type\":\"double\"},{\"name\":\"y\",\"type\":[\"null\",\"string\"],"
	"\"default\":null}]}}"};
#define TYPES (sizeof(types) / sizeof(types[0]))

static struct schema *schema_of(const char *type)
{
	char text[1000];
	struct schema *schema = NULL;
	int n = snprintf(text, sizeof(text),
		"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\",\"type\":%s}]}",
		type);
	if (!schema_parse(text, (size_t)n, "fuzz", &schema, NULL))
		abort();
	return schema;
}

static void transcode(const struct schema *schema, const struct buf *row)
{
	static const unsigned char none[1] = {0};
	struct chunk chunk = {.info = {.file_id = 1, .first = 1, .width = 1, .rows = 1},
		.block = row->data,
		.block_len = row->len,
		.skipped = none,
		.skipped_len = 1};
	struct transcoder *transcoder = NULL;
	struct copy_rows rows;
	copy_rows_init(&rows);
	if (!transcoder_new(schema, schema, &transcoder, NULL) ||
		!transcoder_chunk(transcoder, &chunk, &rows, NULL) || rows.count != 1)
		abort();
	struct buf text;
	buf_init(&text, (size_t)1 << 22);
	transcoder_row_json(transcoder, &chunk, &rows, 0, &text);
	transcoder_row_csv(transcoder, &chunk, &rows, 0, &text);
	buf_release(&text);
	transcoder_free(transcoder);
	copy_rows_release(&rows);
}

static void encode(const char *type, const struct reading *reading, const struct cell *cell)
{
	struct schema *schema = schema_of(type);
	struct encoder *encoder = NULL;
	struct buf row;
	int field = 0;
	buf_init(&row, (size_t)1 << 20);
	if (encoder_new(schema, reading, &encoder, NULL)) {
		if (encoder_row(encoder, cell, &row, &field, NULL))
			transcode(schema, &row);
		encoder_free(encoder);
	}
	buf_release(&row);
	schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *patterns[] = {"%d/%m/%Y", "%d %b %y %I:%M:%S.%f %p", "%H:%M", "%Y%j%z"};
	const char *words[] = {"ja", "nein"};
	if (size < 2)
		return 0;
	const char *type = types[data[1] % TYPES];
	const char *text = (const char *)data + 2;
	size_t len = size - 2;
	struct field_reading form = {
		.name = "f", .pattern = {&patterns[data[0] >> 2 & 3], 1}, .yes = {words, 1}};
	struct reading reading = {.csv = {.decimal = ',', .thousands = "."}};
	if (data[0] & 2) {
		bool boolean = data[1] % TYPES == 0;
		form.pattern.count = !boolean;
		form.yes.count = boolean;
		form.no = (struct string_list){&words[1], boolean};
		reading.fields = &form;
		reading.field_count = 1;
	}
	struct json_scanner scanner;
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	json_scanner_init(&scanner);
	struct cell cell = {text, (uint32_t)len, CELL_TEXT, false};
	if (data[0] & 1 && json_validate(&scanner, text, len, &value, &why, &at))
		cell = (struct cell){value.text, (uint32_t)value.len,
			value.kind == JSON_NULL ? CELL_NULL : CELL_JSON, false};
	json_scanner_release(&scanner);
	encode(type, data[0] & 16 ? &reading : NULL, &cell);
	return 0;
}
