/* SPDX-License-Identifier: Apache-2.0 */
#include "format/avro_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "record/binary.h"
#include "record/value_json.h"

/* The operations of a schema, whose size the schema room bounds. */
#define OPS_MAX_BYTES ((size_t)64 << 20)

/* Floats are written as the doubles they are, so that a double field gets every digit. */
static struct type *widen(struct arena *arena, const struct type *type)
{
	struct type *wide = arena_calloc(arena, 1, sizeof(*wide));
	*wide = *type;
	if (type->kind == TYPE_FLOAT)
		wide->kind = TYPE_DOUBLE;
	if (type->items)
		wide->items = widen(arena, type->items);
	wide->fields = arena_calloc(arena, type->field_count + 1, sizeof(*wide->fields));
	for (size_t i = 0; i < type->field_count; i++) {
		wide->fields[i] = type->fields[i];
		wide->fields[i].type = widen(arena, type->fields[i].type);
	}
	return wide;
}

static bool open_fields(struct avro_records *records, struct reader *reader, struct err *err)
{
	const struct schema *schema = records->schema;
	size_t count = schema->field_count;
	struct arena *arena = &records->arena;
	struct string_list names = {arena_calloc(arena, count + 1, sizeof(char *)), count};
	records->ops = arena_calloc(arena, count + 1, sizeof(struct json_op *));
	records->cells = arena_calloc(arena, count + 1, sizeof(*records->cells));
	records->starts = arena_calloc(arena, count + 1, sizeof(*records->starts));
	for (size_t i = 0; i < count; i++) {
		const struct type *type = schema->fields[i].type;
		names.items[i] = schema->fields[i].name;
		if (!json_op_new(arena, type, widen(arena, type), NULL, &records->ops[i], err))
			return false;
	}
	reader_copy_columns(reader, &names);
	return true;
}

bool avro_records_init(struct avro_records *records, struct reader *reader, const char *schema,
	size_t len, struct err *err)
{
	arena_init(&records->arena, OPS_MAX_BYTES);
	buf_init(&records->text, RECORD_MAX_BYTES);
	json_scanner_init(&records->scanner);
	if (schema_parse(schema, len, "the schema in the file", &records->schema, err) &&
		open_fields(records, reader, err))
		return true;
	err->class = ERR_DATA;
	err->from = ERR_FROM_PENSTOCK;
	return false;
}

void avro_records_release(struct avro_records *records)
{
	if (!records->schema)
		return;
	schema_free(records->schema);
	arena_release(&records->arena);
	buf_release(&records->text);
	json_scanner_release(&records->scanner);
}

/* Bytes that are text stay text, which fields of bytes and of strings both take. */
static bool is_plain_text(const struct type *type, const unsigned char *at,
	const unsigned char *end, const unsigned char **ret_text, size_t *ret_len)
{
	bool fixed = type->kind == TYPE_FIXED && type->size <= (size_t)(end - at);
	*ret_text = at;
	*ret_len = type->size;
	if (type->logical != LOGICAL_NONE ||
		(!fixed && (type->kind != TYPE_BYTES ||
				   !binary_read_bytes(&at, end, ret_text, ret_len))))
		return false;
	return (*ret_len < 2 || memcmp(*ret_text, "\\x", 2) != 0) &&
	       utf8_valid(*ret_text, *ret_len, NULL);
}

static bool is_nested(const struct type *type)
{
	return type->kind == TYPE_RECORD || type->kind == TYPE_ARRAY || type->kind == TYPE_MAP;
}

/* A map may hold a key twice, an object must not. */
static bool is_strict(struct avro_records *records, size_t start, const char **ret_why)
{
	struct json_value value;
	size_t at = 0;
	return records->text.overflow ||
	       json_validate(&records->scanner, (const char *)records->text.data + start,
		       records->text.len - start, &value, ret_why, &at);
}

static const char *why_not(const struct type *type)
{
	if (type->logical == LOGICAL_DECIMAL)
		return "no decimal, or more digits than its precision";
	switch (type->kind) {
	case TYPE_BOOLEAN:
		return "neither true nor false";
	case TYPE_INT:
	case TYPE_LONG:
		return "out of the range of its type";
	case TYPE_ENUM:
		return "no such symbol";
	case TYPE_STRING:
		return "not valid UTF-8";
	default:
		return "a value inside is not one of its type";
	}
}

/* One value that is there, as JSON; *ret_why NULL unless it is not one. False: *at did not move. */
static bool put_value(struct avro_records *records, size_t field, const unsigned char **at,
	const unsigned char *end, struct json_writer *json, const char **ret_why)
{
	const struct type *type = records->schema->fields[field].type;
	const unsigned char *text = NULL;
	size_t len = 0;
	if (is_plain_text(type, *at, end, &text, &len)) {
		json_string_n(json, (const char *)text, len);
		*at = text + len;
		return true;
	}
	const unsigned char *start = *at;
	if (value_json_present(records->ops[field], at, end, json))
		return !is_nested(type) || is_strict(records, records->starts[field], ret_why);
	*at = start;
	*ret_why = why_not(type);
	return false;
}

/* A bad value is left out of the text, and skipped. */
static bool skip_bad(const struct type *type, const unsigned char **at, const unsigned char *end)
{
	struct type present = *type;
	present.nullable = false;
	return value_skip(&present, at, end);
}

static bool read_field(struct avro_records *records, struct reader *reader, size_t field,
	const unsigned char **at, const unsigned char *end, struct json_writer *json)
{
	const struct field *named = &records->schema->fields[field];
	struct json_writer before = *json;
	size_t len = records->text.len;
	bool null = false;
	const char *why = NULL;
	if (named->type->nullable && !value_is_null(named->type, at, end, &null))
		return false;
	json_key(json, named->name);
	records->starts[field] = records->text.len;
	records->cells[field].kind = null ? CELL_NULL : CELL_JSON;
	const unsigned char *start = *at;
	if (null)
		json_null(json);
	else if (!put_value(records, field, at, end, json, &why)) {
		*json = before;
		records->text.len = len;
		*at = start;
		if (!reader->record.bad)
			reader_bad(reader, named->name, "%s", why);
		return skip_bad(named->type, at, end);
	}
	records->cells[field].len = (uint32_t)(records->text.len - records->starts[field]);
	return true;
}

static void take_cells(struct avro_records *records, struct reader *reader)
{
	struct record *record = &reader->record;
	record->text = (const char *)records->text.data;
	record->text_len = records->text.len;
	if (records->text.overflow) {
		record->text_len = 0;
		reader_bad(reader, "", "longer than %d bytes as JSON", RECORD_MAX_BYTES);
	}
	if (record->bad)
		return;
	record->cells = records->cells;
	record->cell_count = records->schema->field_count;
	for (size_t i = 0; i < record->cell_count; i++)
		records->cells[i].data = record->text + records->starts[i];
}

bool avro_records_read(struct avro_records *records, struct reader *reader,
	const unsigned char **at, const unsigned char *end)
{
	struct json_writer json;
	buf_clear(&records->text);
	json_begin(&json, &records->text);
	json_object(&json);
	for (size_t i = 0; i < records->schema->field_count; i++)
		if (!read_field(records, reader, i, at, end, &json))
			return false;
	json_object_end(&json);
	take_cells(records, reader);
	return true;
}
