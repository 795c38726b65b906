/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NAME_SHOWN 200

static const char *const kind_names[] = {
	[JSON_NULL] = "null",
	[JSON_FALSE] = "false",
	[JSON_TRUE] = "true",
	[JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string",
	[JSON_ARRAY] = "an array",
	[JSON_OBJECT] = "an object",
};

void json_fields_init(struct json_fields *fields, const struct reader *reader)
{
	size_t count = reader->columns.count;
	json_scanner_init(&fields->scanner);
	buf_init(&fields->name, RECORD_MAX_BYTES);
	fields->cells = calloc(count + 1, sizeof(*fields->cells));
	fields->guesses = calloc(count + 1, sizeof(*fields->guesses));
	if (!fields->cells || !fields->guesses)
		BUG("out of memory: %zu columns", count);
}

void json_fields_release(struct json_fields *fields)
{
	json_scanner_release(&fields->scanner);
	buf_release(&fields->name);
	free(fields->cells);
	free(fields->guesses);
}

static bool is_column(
	const struct string_list *columns, size_t column, const struct json_value *key)
{
	const char *name = columns->items[column];
	return json_equals(key, name, strlen(name));
}

/* The column called `key`, looked for first where the record before had it. */
static bool find_column(struct json_fields *fields, const struct string_list *columns, size_t place,
	const struct json_value *key, size_t *ret_column)
{
	if (place < fields->guess_count && is_column(columns, fields->guesses[place], key)) {
		*ret_column = fields->guesses[place];
		return true;
	}
	for (size_t column = 0; column < columns->count; column++) {
		if (!is_column(columns, column, key))
			continue;
		if (place < columns->count) {
			fields->guesses[place] = column;
			if (place == fields->guess_count)
				fields->guess_count++;
		}
		*ret_column = column;
		return true;
	}
	return false;
}

static void unknown_member(
	struct json_fields *fields, struct reader *reader, const struct json_value *key)
{
	struct buf shown;
	buf_clear(&fields->name);
	json_unescape(key, &fields->name);
	buf_init(&shown, sizeof(reader->column));
	text_excerpt(&shown, (const char *)fields->name.data, fields->name.len, NAME_SHOWN);
	memcpy(reader->column, buf_text(&shown), shown.len + 1);
	buf_release(&shown);
	reader_bad(reader, reader->column, "a member the schema does not name");
}

static struct cell cell_of(const struct json_value *value)
{
	return (struct cell){.data = value->text,
		.len = (uint32_t)value->len,
		.kind = value->kind == JSON_NULL ? CELL_NULL : CELL_JSON};
}

void json_fields_read(
	struct json_fields *fields, struct reader *reader, const char *text, size_t len)
{
	const struct string_list *columns = &reader->columns;
	struct json_value object;
	const char *why = NULL;
	size_t at = 0;
	if (!json_validate(&fields->scanner, text, len, &object, &why, &at)) {
		reader_bad(reader, "", "%s at byte %zu of the record", why, at);
		return;
	}
	if (object.kind != JSON_OBJECT) {
		reader_bad(reader, "", "%s, expected an object", kind_names[object.kind]);
		return;
	}
	for (size_t i = 0; i < columns->count; i++)
		fields->cells[i] = (struct cell){.data = "", .kind = CELL_MISSING};
	const char *walk = object.text + 1;
	struct json_value key;
	struct json_value value;
	for (size_t place = 0; json_next_member(&object, &walk, &key, &value); place++) {
		size_t column = 0;
		if (find_column(fields, columns, place, &key, &column)) {
			fields->cells[column] = cell_of(&value);
		} else if (reader->reading->unknown == UNKNOWN_REFUSE) {
			unknown_member(fields, reader, &key);
			return;
		}
	}
	reader->record.cells = fields->cells;
	reader->record.cell_count = columns->count;
}
