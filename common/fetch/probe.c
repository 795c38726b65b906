/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One state, one byte at a time. A path is followed by the number of its members that the open
 * objects matched; a value inside an array can match none.
 */
#include "fetch/probe.h"

#include <string.h>

#include "base/text.h"

enum state {
	BEFORE_VALUE,
	BEFORE_FIRST_ELEMENT, /* or ']' */
	BEFORE_FIRST_KEY,     /* or '}' */
	BEFORE_KEY,
	BEFORE_COLON,
	AFTER_VALUE,
	IN_STRING,
	IN_ESCAPE,
	IN_WORD, /* a number or literal */
	STATES,
};

void probe_init(struct probe *probe, const char *const *paths, size_t count)
{
	*probe = (struct probe){.count = count};
	buf_init(&probe->text, PROBE_TEXT_MAX);
	json_scanner_init(&probe->scanner);
	for (size_t i = 0; i < count; i++) {
		probe->paths[i].path = paths[i];
		buf_init(&probe->paths[i].found.text, PROBE_TEXT_MAX);
	}
}

void probe_release(struct probe *probe)
{
	for (size_t i = 0; i < probe->count; i++)
		buf_release(&probe->paths[i].found.text);
	buf_release(&probe->text);
	json_scanner_release(&probe->scanner);
}

void probe_clear(struct probe *probe)
{
	probe->state = BEFORE_VALUE;
	probe->depth = 0;
	probe->started = 0;
	probe->taker = NULL;
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_path *path = &probe->paths[i];
		path->matched = 0;
		path->here = false;
		path->array = 0;
		path->found.there = false;
		path->found.has_elements = false;
		buf_clear(&path->found.text);
	}
}

static bool fail(const struct probe *probe, const char *why, struct err *err)
{
	struct buf excerpt;
	buf_init(&excerpt, 1024);
	text_excerpt(&excerpt, probe->start, probe->started, sizeof(probe->start));
	err_fail(err, ERR_DATA, "the answer is no JSON document (%s): %s", why,
		probe->started ? buf_text(&excerpt) : "it is empty");
	buf_release(&excerpt);
	return false;
}

/* ---- paths ---- */

/* The path's member number `at`; NULL behind the last one. */
static const char *member(const char *path, unsigned at, size_t *ret_n)
{
	while (at-- && path) {
		path = strchr(path, '.');
		path += path ? 1 : 0;
	}
	*ret_n = path ? strcspn(path, ".") : 0;
	return path;
}

static bool inside_object(const struct probe *probe)
{
	return probe->depth && probe->objects >> (probe->depth - 1) & 1;
}

static bool is_followed(const struct probe *probe, const struct probe_path *path)
{
	return path->path && *path->path && path->matched + 1 == probe->depth;
}

/* Whether a key of the object in hand can be any path's. */
static bool wants_key(const struct probe *probe)
{
	for (size_t i = 0; i < probe->count; i++)
		if (is_followed(probe, &probe->paths[i]))
			return true;
	return false;
}

static void match_key(struct probe *probe)
{
	struct json_value key;
	const char *why = NULL;
	size_t at = 0;
	bool good = !probe->text.overflow &&
		    json_validate(&probe->scanner, (const char *)probe->text.data, probe->text.len,
			    &key, &why, &at);
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_path *path = &probe->paths[i];
		size_t n = 0;
		path->here = false;
		if (!good || !is_followed(probe, path))
			continue;
		const char *name = member(path->path, path->matched, &n);
		path->here = name && json_equals(&key, name, n);
	}
}

static bool is_last(const struct probe_path *path)
{
	size_t n = 0;
	return !*path->path || !member(path->path, path->matched + 1, &n);
}

/* ---- values ---- */

/* A value begins: it may be an array's element, a path's target, or lead further along one. */
static void begin_value(struct probe *probe, enum json_kind kind)
{
	probe->taker = NULL;
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_path *path = &probe->paths[i];
		if (!path->path)
			continue;
		if (path->array && path->array == probe->depth)
			path->found.has_elements = true;
		bool here = *path->path ? inside_object(probe) && path->here : probe->depth == 0;
		path->here = false;
		if (here && is_last(path)) {
			path->found.there = true;
			path->found.kind = kind;
			path->found.has_elements = false;
			buf_clear(&path->found.text);
			probe->taker = &path->found;
			path->array = kind == JSON_ARRAY ? probe->depth + 1 : 0;
		} else if (here && kind == JSON_OBJECT) {
			path->matched++;
		}
	}
}

static bool open_value(struct probe *probe, bool object, struct err *err)
{
	if (probe->depth == JSON_MAX_DEPTH)
		return fail(probe, "nested too deeply", err);
	begin_value(probe, object ? JSON_OBJECT : JSON_ARRAY);
	uint64_t bit = (uint64_t)1 << probe->depth++;
	probe->objects = object ? probe->objects | bit : probe->objects & ~bit;
	probe->state = object ? BEFORE_FIRST_KEY : BEFORE_FIRST_ELEMENT;
	return true;
}

static bool close_value(struct probe *probe, bool object, struct err *err)
{
	if (!probe->depth || inside_object(probe) != object)
		return fail(probe, object ? "a stray }" : "a stray ]", err);
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_path *path = &probe->paths[i];
		if (path->matched >= probe->depth)
			path->matched = probe->depth - 1;
		if (path->array == probe->depth)
			path->array = 0;
	}
	probe->depth--;
	probe->state = AFTER_VALUE;
	return true;
}

static void begin_text(struct probe *probe, enum state state, bool key, unsigned char byte)
{
	probe->state = state;
	probe->is_key = key;
	buf_clear(&probe->text);
	buf_append_byte(&probe->text, byte);
}

/* The text of the string, number or literal in hand is whole. */
static bool end_value_text(struct probe *probe, struct err *err)
{
	struct probe_found *found = probe->taker;
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	probe->state = AFTER_VALUE;
	if (probe->text.overflow && found) {
		found->text.overflow = true;
		return true;
	}
	if (!probe->text.overflow && !json_validate(&probe->scanner, (const char *)probe->text.data,
					     probe->text.len, &value, &why, &at))
		return fail(probe, why, err);
	if (!found || probe->text.overflow)
		return true;
	found->kind = value.kind;
	if (value.kind == JSON_STRING)
		json_unescape(&value, &found->text);
	else if (value.kind == JSON_NUMBER)
		buf_append(&found->text, value.text, value.len);
	return true;
}

static bool end_string(struct probe *probe, struct err *err)
{
	if (!probe->is_key)
		return end_value_text(probe, err);
	match_key(probe);
	probe->state = BEFORE_COLON;
	return true;
}

/* ---- bytes ---- */

static bool on_value(struct probe *probe, unsigned char byte, struct err *err)
{
	if (byte == '{' || byte == '[')
		return open_value(probe, byte == '{', err);
	if (byte == ']' && probe->state == BEFORE_FIRST_ELEMENT)
		return close_value(probe, false, err);
	if (byte != '"' && !strchr("-0123456789tfn", byte))
		return fail(probe, "a value was expected", err);
	begin_value(probe, byte == '"' ? JSON_STRING : JSON_NULL);
	begin_text(probe, byte == '"' ? IN_STRING : IN_WORD, false, byte);
	/* Not kept where nobody asked for it. */
	probe->text.overflow = byte == '"' && !probe->taker;
	return true;
}

static bool on_key(struct probe *probe, unsigned char byte, struct err *err)
{
	if (byte == '}' && probe->state == BEFORE_FIRST_KEY)
		return close_value(probe, true, err);
	if (byte != '"')
		return fail(probe, "a member's name was expected", err);
	begin_text(probe, IN_STRING, true, byte);
	probe->text.overflow = !wants_key(probe);
	return true;
}

static bool on_colon(struct probe *probe, unsigned char byte, struct err *err)
{
	probe->state = BEFORE_VALUE;
	return byte == ':' || fail(probe, "a colon was expected", err);
}

static bool on_separator(struct probe *probe, unsigned char byte, struct err *err)
{
	if (byte == '}' || byte == ']')
		return close_value(probe, byte == '}', err);
	if (byte != ',' || !probe->depth)
		return fail(probe, probe->depth ? "a comma was expected" : "more follows", err);
	probe->state = inside_object(probe) ? BEFORE_KEY : BEFORE_VALUE;
	return true;
}

static bool on_string(struct probe *probe, unsigned char byte, struct err *err)
{
	if (byte < ' ')
		return fail(probe, "a control character in a string", err);
	if (!probe->text.overflow)
		buf_append_byte(&probe->text, byte);
	if (byte == '\\')
		probe->state = IN_ESCAPE;
	return byte != '"' || end_string(probe, err);
}

static bool on_escape(struct probe *probe, unsigned char byte, struct err *err)
{
	if (!strchr("\"\\/bfnrtu", byte) || !byte)
		return fail(probe, "a bad escape in a string", err);
	if (!probe->text.overflow)
		buf_append_byte(&probe->text, byte);
	probe->state = IN_STRING;
	return true;
}

static bool is_space(unsigned char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static bool step(struct probe *probe, unsigned char byte, struct err *err)
{
	static bool (*const steps[STATES])(struct probe *, unsigned char, struct err *) = {
		[BEFORE_VALUE] = on_value,
		[BEFORE_FIRST_ELEMENT] = on_value,
		[BEFORE_FIRST_KEY] = on_key,
		[BEFORE_KEY] = on_key,
		[BEFORE_COLON] = on_colon,
		[AFTER_VALUE] = on_separator,
		[IN_STRING] = on_string,
		[IN_ESCAPE] = on_escape,
	};
	if (probe->state == IN_WORD) {
		if (!is_space(byte) && !strchr(",]}", byte)) {
			buf_append_byte(&probe->text, byte);
			return true;
		}
		if (!end_value_text(probe, err))
			return false;
	}
	bool in_string = probe->state == IN_STRING || probe->state == IN_ESCAPE;
	return (is_space(byte) && !in_string) || steps[probe->state](probe, byte, err);
}

bool probe_feed(struct probe *probe, const void *data, size_t n, struct err *err)
{
	const unsigned char *bytes = data;
	size_t room = sizeof(probe->start) - probe->started;
	size_t taken = n < room ? n : room;
	memcpy(probe->start + probe->started, bytes, taken);
	probe->started += taken;
	for (size_t i = 0; i < n; i++)
		if (!step(probe, bytes[i], err))
			return false;
	return true;
}

bool probe_end(struct probe *probe, struct err *err)
{
	if (probe->state == IN_WORD && !end_value_text(probe, err))
		return false;
	if (probe->state != AFTER_VALUE || probe->depth)
		return fail(probe, "it breaks off", err);
	return true;
}
