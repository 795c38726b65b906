/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One state, one byte at a time. A path is followed by the number of its names that led into the
 * objects and arrays open now.
 */
#include "fetch/probe.h"

#include <string.h>

#include "base/text.h"

#define PATHS_MAX_BYTES ((size_t)1 << 20)
/* No element follows that a path could count. */
#define NO_ELEMENT	SIZE_MAX

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
	arena_init(&probe->arena, PATHS_MAX_BYTES);
	for (size_t i = 0; i < count; i++) {
		probe->paths[i].text = paths[i];
		if (paths[i])
			probe->paths[i].path = json_path_split(paths[i], &probe->arena);
		buf_init(&probe->paths[i].found.text, PROBE_TEXT_MAX);
	}
}

void probe_release(struct probe *probe)
{
	for (size_t i = 0; i < probe->count; i++)
		buf_release(&probe->paths[i].found.text);
	buf_release(&probe->text);
	json_scanner_release(&probe->scanner);
	arena_release(&probe->arena);
}

void probe_clear(struct probe *probe)
{
	probe->state = BEFORE_VALUE;
	probe->depth = 0;
	probe->started = 0;
	probe->taken = false;
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_path *path = &probe->paths[i];
		path->matched = 0;
		path->here = false;
		path->element = 0;
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

static bool inside_object(const struct probe *probe)
{
	return probe->depth && probe->objects >> (probe->depth - 1) & 1;
}

/* Whether the path's next name is looked for in what is open innermost. */
static bool is_followed(const struct probe *probe, const struct probe_path *path)
{
	return path->matched < path->path.count && path->matched + 1 == probe->depth;
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
		path->here = false;
		if (!good || !is_followed(probe, path))
			continue;
		const char *name = path->path.names[path->matched];
		path->here = json_equals(&key, name, strlen(name));
	}
}

/* Whether the path leads on to the value that begins. */
static bool leads_here(const struct probe *probe, struct probe_path *path)
{
	bool here = path->here;
	size_t index = 0;
	path->here = false;
	if (path->path.count == 0)
		return probe->depth == 0;
	if (!is_followed(probe, path) || inside_object(probe))
		return here;
	bool counted = path->element != NO_ELEMENT &&
		       json_path_index(path->path.names[path->matched], &index) &&
		       index == path->element;
	path->element += path->element != NO_ELEMENT;
	return counted;
}

/* ---- values ---- */

static void take_value(struct probe *probe, struct probe_path *path, enum json_kind kind)
{
	path->found.there = true;
	path->found.kind = kind;
	path->found.has_elements = false;
	buf_clear(&path->found.text);
	path->takes = true;
	path->array = kind == JSON_ARRAY ? probe->depth + 1 : 0;
	probe->taken = true;
}

static void enter_value(struct probe_path *path)
{
	path->matched++;
	path->element = 0;
}

/* A value begins: it may be an array's element, a path's target, or lead further along one. */
static void begin_value(struct probe *probe, enum json_kind kind)
{
	probe->taken = false;
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_path *path = &probe->paths[i];
		path->takes = false;
		if (!path->text)
			continue;
		if (path->array && path->array == probe->depth)
			path->found.has_elements = true;
		if (!leads_here(probe, path))
			continue;
		if (path->matched + 1 >= path->path.count)
			take_value(probe, path, kind);
		else if (kind == JSON_OBJECT || kind == JSON_ARRAY)
			enter_value(path);
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
		/* Behind what a path led into, nothing else at this depth continues it. */
		if (probe->depth > 1 && path->matched + 1 >= probe->depth) {
			path->matched = probe->depth - 2;
			path->element = NO_ELEMENT;
		}
		if (path->array == probe->depth)
			path->array = 0;
	}
	probe->depth--;
	probe->state = AFTER_VALUE;
	return true;
}

static void begin_text(struct probe *probe, enum state state, bool key, unsigned char byte)
{
	probe->state = (int)state;
	probe->is_key = key;
	buf_clear(&probe->text);
	buf_append_byte(&probe->text, byte);
}

static void keep_value(struct probe *probe, const struct json_value *value)
{
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_found *found = &probe->paths[i].found;
		if (!probe->paths[i].takes)
			continue;
		found->text.overflow = probe->text.overflow;
		if (probe->text.overflow)
			continue;
		found->kind = value->kind;
		if (value->kind == JSON_STRING)
			json_unescape(value, &found->text);
		else if (value->kind == JSON_NUMBER)
			buf_append(&found->text, value->text, value->len);
	}
}

/* The text of the string, number or literal in hand is whole. */
static bool end_value_text(struct probe *probe, struct err *err)
{
	struct json_value value;
	const char *why = NULL;
	size_t at = 0;
	probe->state = AFTER_VALUE;
	if (!probe->text.overflow && !json_validate(&probe->scanner, (const char *)probe->text.data,
					     probe->text.len, &value, &why, &at))
		return fail(probe, why, err);
	if (probe->taken)
		keep_value(probe, &value);
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
	probe->text.overflow = byte == '"' && !probe->taken;
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
