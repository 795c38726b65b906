/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for people: rejected ones as JSON, previews as JSON and CSV. */
#include <string.h>

#include "base/json_scan.h"
#include "record/transcode.h"

static void find_row(
	struct transcoder *t, const struct chunk *chunk, const struct copy_rows *rows, size_t index)
{
	const unsigned char *at = chunk->block + rows->block_starts[index];
	const unsigned char *end = chunk->block + rows->block_starts[index + 1];
	if (index >= rows->count || !transcode_places(t, &at, end) || at != end)
		BUG("row %zu was not transcoded from this chunk", index);
}

static void put_value(
	struct transcoder *t, const struct transcode_column *column, struct json_writer *json)
{
	const unsigned char *at = column->source < 0 ? column->defaults : t->places[column->source];
	const unsigned char *end = column->source < 0 ? column->defaults + column->default_len
						      : t->places[column->source + 1];
	if (!value_json(column->json, &at, end, json))
		BUG("column '%s' was not transcoded", column->op.field->name);
}

void transcoder_row_json(struct transcoder *transcoder, const struct chunk *chunk,
	const struct copy_rows *rows, size_t index, struct buf *out)
{
	struct json_writer json;
	find_row(transcoder, chunk, rows, index);
	json_begin(&json, out);
	json_object(&json);
	for (size_t i = 0; i < transcoder->reader->field_count; i++) {
		json_key(&json, transcoder->reader->fields[i].name);
		put_value(transcoder, &transcoder->columns[i], &json);
	}
	json_object_end(&json);
}

static bool needs_quotes(const struct buf *text)
{
	if (text->len == 0)
		return true;
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = text->data[i];
		if (c == ',' || c == '"' || c == '\r' || c == '\n')
			return true;
	}
	return false;
}

static void put_cell(const struct buf *text, struct buf *out)
{
	if (!needs_quotes(text)) {
		buf_append(out, text->data, text->len);
		return;
	}
	buf_append_byte(out, '"');
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '"')
			buf_append_byte(out, '"');
		buf_append_byte(out, text->data[i]);
	}
	buf_append_byte(out, '"');
}

static bool is_null(const struct transcoder *t, const struct transcode_column *column)
{
	const unsigned char *at = column->source < 0 ? column->defaults : t->places[column->source];
	return column->op.nullable && *at == column->op.null_byte;
}

static void put_csv(struct transcoder *t, const struct transcode_column *column, struct buf *out)
{
	struct json_writer json;
	struct buf *text = &t->text;
	if (is_null(t, column))
		return;
	buf_clear(text);
	json_begin(&json, text);
	put_value(t, column, &json);
	bool string = text->len > 0 && text->data[0] == '"';
	if (!string || column->json->raw) {
		put_cell(text, out);
		return;
	}
	struct json_value value = {JSON_STRING, (const char *)text->data, text->len};
	buf_clear(&t->plain);
	json_unescape(&value, &t->plain);
	put_cell(&t->plain, out);
}

void transcoder_row_csv(struct transcoder *transcoder, const struct chunk *chunk,
	const struct copy_rows *rows, size_t index, struct buf *out)
{
	find_row(transcoder, chunk, rows, index);
	for (size_t i = 0; i < transcoder->reader->field_count; i++) {
		if (i > 0)
			buf_append_byte(out, ',');
		put_csv(transcoder, &transcoder->columns[i], out);
	}
}
