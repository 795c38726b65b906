/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON documents: the array of records at a path, streamed. Only the records themselves are held in
 * memory and looked into; beside them quotes and brackets are followed.
 */
#include <string.h>

#include "base/json_path.h"
#include "format/json_fields.h"
#include "format/json_frame.h"
#include "format/reader_impl.h"

struct json {
	struct reader reader;
	struct json_fields fields;
	struct json_scanner scanner;	    /* member names on the way to the records */
	struct json_path path;		    /* to the records */
	bool in_array[JSON_PATH_MAX_NAMES]; /* what each of its names was found in */
	bool single; /* one object is there instead of an array: the only record */
	bool begun;  /* the first element was looked for */
	bool done;
};

/* A member's name and colon, consumed; *ret_same tells whether it is `name`. */
static bool take_name(struct json *json, const char *name, bool *ret_same, struct err *err)
{
	struct window *window = &json->reader.window;
	int byte = 0;
	if (!json_peek(window, &byte, err))
		return false;
	if (byte != '"')
		return json_unexpected(window, "a member name", err);
	size_t len = 0;
	bool whole = true;
	struct json_value key;
	const char *why = "too long";
	size_t at = 0;
	if (!json_frame(window, &len, &whole, err))
		return false;
	if (!whole || !json_validate(&json->scanner, (const char *)window_text(window), len, &key,
			      &why, &at))
		return err_fail(err, ERR_DATA,
			"the document is broken at byte %lld: member name: %s",
			(long long)window_position(window) + (long long)at, why);
	*ret_same = json_equals(&key, name, strlen(name));
	window_consume(window, len);
	return json_expect(window, ':', err);
}

static bool skip_value(struct json *json, struct err *err)
{
	int byte = 0;
	return json_peek(&json->reader.window, &byte, err) && json_skip(&json->reader.window, err);
}

static bool no_member(const struct json *json, const char *name, struct err *err)
{
	return err_fail(err, ERR_DATA, "no member '%s' on the way to the records ('%s')", name,
		json->reader.reading->json.records);
}

/* Enters the object that stands here, up to the value of its member `name`. */
static bool enter_object(struct json *json, const char *name, struct err *err)
{
	struct window *window = &json->reader.window;
	int byte = 0;
	bool same = false;
	if (!json_expect(window, '{', err) || !json_peek(window, &byte, err))
		return false;
	while (byte != '}') {
		if (!take_name(json, name, &same, err))
			return false;
		if (same)
			return true;
		if (!skip_value(json, err) || !json_peek(window, &byte, err))
			return false;
		if (byte == ',')
			window_consume(window, 1);
		else if (byte != '}')
			return json_unexpected(window, "',' or '}'", err);
	}
	return no_member(json, name, err);
}

/* Enters the array that stands here, up to the element that `name` counts. */
static bool enter_array(struct json *json, const char *name, size_t index, struct err *err)
{
	struct window *window = &json->reader.window;
	int byte = 0;
	if (!json_expect(window, '[', err) || !json_peek(window, &byte, err))
		return false;
	for (; index > 0 && byte != ']'; index--) {
		if (!skip_value(json, err) || !json_peek(window, &byte, err))
			return false;
		if (byte != ']' && !json_expect(window, ',', err))
			return false;
	}
	return byte != ']' || no_member(json, name, err);
}

static bool enter(struct json *json, size_t step, struct err *err)
{
	const char *name = json->path.names[step];
	size_t index = 0;
	int byte = 0;
	if (!json_peek(&json->reader.window, &byte, err))
		return false;
	json->in_array[step] = byte == '[' && json_path_index(name, &index);
	return json->in_array[step] ? enter_array(json, name, index, err)
				    : enter_object(json, name, err);
}

/* Behind the value of member `name`: the rest of its object. */
static bool leave_object(struct json *json, const char *name, struct err *err)
{
	struct window *window = &json->reader.window;
	for (;;) {
		int byte = 0;
		bool same = false;
		if (!json_peek(window, &byte, err))
			return false;
		if (byte != ',')
			return json_expect(window, '}', err);
		window_consume(window, 1);
		if (!take_name(json, name, &same, err))
			return false;
		if (same)
			return err_fail(err, ERR_DATA, "duplicate member '%s' at byte %lld", name,
				(long long)window_position(window));
		if (!skip_value(json, err))
			return false;
	}
}

static bool leave_array(struct json *json, struct err *err)
{
	struct window *window = &json->reader.window;
	for (;;) {
		int byte = 0;
		if (!json_peek(window, &byte, err))
			return false;
		if (byte != ',')
			return json_expect(window, ']', err);
		window_consume(window, 1);
		if (!skip_value(json, err))
			return false;
	}
}

/* Behind the records: the rest of the document. */
static bool finish(struct json *json, struct err *err)
{
	int byte = 0;
	for (size_t i = json->path.count; i > 0; i--)
		if (json->in_array[i - 1] ? !leave_array(json, err)
					  : !leave_object(json, json->path.names[i - 1], err))
			return false;
	if (!json_peek(&json->reader.window, &byte, err))
		return false;
	if (byte >= 0)
		return json_unexpected(&json->reader.window, "the end", err);
	json->done = true;
	return true;
}

static bool json_open(struct reader *reader, const struct string_list *wanted, struct err *err)
{
	struct json *json = (struct json *)reader;
	const char *records = reader->reading->json.records;
	int byte = 0;
	reader_copy_columns(reader, wanted);
	json_fields_init(&json->fields, reader);
	json_scanner_init(&json->scanner);
	json->path = json_path_split(records ? records : "", &reader->arena);
	for (size_t i = 0; i < json->path.count; i++)
		if (!enter(json, i, err))
			return false;
	if (!json_peek(&reader->window, &byte, err))
		return false;
	json->single = byte == '{';
	return json->single || json_expect(&reader->window, '[', err);
}

static void json_close(struct reader *reader)
{
	struct json *json = (struct json *)reader;
	json_fields_release(&json->fields);
	json_scanner_release(&json->scanner);
}

/* Moves to the next element, if there is one. */
static bool find_element(struct json *json, bool *ret_found, struct err *err)
{
	struct window *window = &json->reader.window;
	int byte = 0;
	bool first = !json->begun;
	json->begun = true;
	if (!json_peek(window, &byte, err))
		return false;
	*ret_found = byte != ']';
	if (byte == ']') {
		window_consume(window, 1);
		return true;
	}
	if (first)
		return true;
	if (byte != ',')
		return json_unexpected(window, "',' or ']'", err);
	window_consume(window, 1);
	return json_peek(window, &byte, err);
}

/* The value at the window's start as a record. */
static bool take_record(struct json *json, struct err *err)
{
	struct reader *reader = &json->reader;
	struct window *window = &reader->window;
	struct record *record = &reader->record;
	size_t len = 0;
	bool whole = true;
	if (!json_frame(window, &len, &whole, err))
		return false;
	record->start = window_position(window);
	if (whole) {
		record->text = (const char *)window_text(window);
		record->text_len = len;
		window_consume(window, len);
		json_fields_read(&json->fields, reader, record->text, len);
	} else {
		reader_keep_text(reader);
		if (!json_skip(window, err))
			return false;
		reader_bad(reader, "", "longer than %d bytes", RECORD_MAX_BYTES);
	}
	record->end = window_position(window);
	return true;
}

static bool json_next(struct reader *reader, bool *ret_end, struct err *err)
{
	struct json *json = (struct json *)reader;
	bool found = false;
	if (json->single) {
		found = !json->begun;
		json->begun = true;
	} else if (!json->done && !find_element(json, &found, err)) {
		return false;
	}
	*ret_end = !found;
	if (found)
		return take_record(json, err);
	return json->done || finish(json, err);
}

const struct format format_json = {
	.suffixes = (const char *const[]){".json", NULL},
	.reader_size = sizeof(struct json),
	.open = json_open,
	.next = json_next,
	.close = json_close,
};
