/* SPDX-License-Identifier: Apache-2.0 */
/* A row a member, for reading and writing. */
#include "fetch/state.h"

#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/json_scan.h"
#include "base/json_writer.h"
#include "base/text.h"

static const size_t max_bytes = 256 << 10;

#define AT(member)   offsetof(struct fetch_state, member)
#define SIZE(member) sizeof(((struct fetch_state *)0)->member)
#define NUMBER(name)                                                                               \
	{                                                                                          \
#name, AT(name), 0                                                                 \
	}
#define TEXT(name)                                                                                 \
	{                                                                                          \
#name, AT(name), SIZE(name)                                                        \
	}

static const struct member {
	const char *name;
	size_t offset;
	size_t size; /* of a text; 0: a number */
} members[] = {NUMBER(phase), NUMBER(started_s), NUMBER(began_ms), NUMBER(ended_ms),
	NUMBER(success_ms), NUMBER(failure_ms), NUMBER(failures), NUMBER(not_before_ms),
	NUMBER(fatal), NUMBER(last_files), NUMBER(last_bytes), TEXT(error), TEXT(settings),
	TEXT(etag), TEXT(last_modified), NUMBER(page), NUMBER(files), NUMBER(bytes), TEXT(next),
	NUMBER(next_is_number), TEXT(new_etag), TEXT(new_last_modified), NUMBER(mark_page),
	TEXT(mark_sha256), TEXT(mark_next)};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static bool read_number(const struct json_value *value, int64_t *ret_number)
{
	char text[32];
	if (value->kind != JSON_NUMBER || value->len >= sizeof(text))
		return false;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_int64(text, ret_number);
}

static bool read_text(const struct json_value *value, char *to, size_t size)
{
	struct buf text;
	if (value->kind != JSON_STRING)
		return false;
	buf_init(&text, size);
	json_unescape(value, &text);
	bool ok = !text.overflow && text.len < size;
	if (ok && text.len)
		memcpy(to, text.data, text.len);
	if (ok)
		to[text.len] = '\0';
	buf_release(&text);
	return ok;
}

/* A member that is missing stays zero: an older version did not know it. */
static bool read_members(const struct json_value *object, struct fetch_state *state)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		struct json_value value;
		char *to = (char *)state + members[i].offset;
		if (!json_find(object, members[i].name, &value))
			continue;
		if (members[i].size ? !read_text(&value, to, members[i].size)
				    : !read_number(&value, (int64_t *)(void *)to))
			return false;
	}
	return state->phase >= FETCH_IDLE && state->phase <= FETCH_RELEASING;
}

static bool parse(struct buf *text, struct fetch_state *state)
{
	struct json_scanner scanner;
	struct json_value document;
	const char *why = NULL;
	size_t at = 0;
	json_scanner_init(&scanner);
	bool ok = json_validate(
			  &scanner, (const char *)text->data, text->len, &document, &why, &at) &&
		  document.kind == JSON_OBJECT && read_members(&document, state);
	json_scanner_release(&scanner);
	return ok;
}

bool fetch_state_load(const char *path, struct fetch_state *ret_state, struct err *err)
{
	struct fetch_state state = {0};
	struct buf text;
	struct err why = {0};
	buf_init(&text, max_bytes);
	bool ok = file_read(path, &text, &why);
	if (!ok && strcmp(why.native, "ENOENT") == 0) {
		ok = true;
	} else if (!ok) {
		if (err)
			*err = why;
	} else if (!parse(&text, &state)) {
		ok = err_fail(err, ERR_FATAL,
			"%s is damaged; without it the source is fetched from its beginning", path);
	}
	buf_release(&text);
	if (ok)
		*ret_state = state;
	return ok;
}

bool fetch_state_save(const char *path, const struct fetch_state *state, struct err *err)
{
	struct buf text;
	struct json_writer json;
	buf_init(&text, max_bytes);
	json_begin(&json, &text);
	json_object(&json);
	for (size_t i = 0; i < MEMBERS; i++) {
		const char *from = (const char *)state + members[i].offset;
		json_key(&json, members[i].name);
		if (members[i].size)
			json_string(&json, from);
		else
			json_int(&json, *(const int64_t *)(const void *)from);
	}
	json_object_end(&json);
	buf_append_byte(&text, '\n');
	bool ok = file_replace(path, text.data, text.len, err);
	buf_release(&text);
	return ok;
}
