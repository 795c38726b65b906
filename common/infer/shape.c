/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/shape.h"

#include <string.h>

#include "infer/name.h"

#define SHAPES_MAX	 20000
#define SHAPES_MAX_BYTES ((size_t)64 << 20)
#define TEXT_MAX_BYTES	 ((size_t)2 << 20)
#define TYPE_MAX_BYTES	 ((size_t)1 << 20)
#define RECORD_MEMBERS	 64
#define MAP_MEMBERS	 8

static const struct signs json_signs = {'.', ""};

void shapes_init(struct shapes *shapes, const struct guesser *guesser)
{
	*shapes = (struct shapes){.guesser = guesser};
	arena_init(&shapes->arena, SHAPES_MAX_BYTES);
	buf_init(&shapes->text, TEXT_MAX_BYTES);
}

void shapes_release(struct shapes *shapes)
{
	arena_release(&shapes->arena);
	buf_release(&shapes->text);
}

struct shape *shape_new(struct shapes *shapes, const char *name)
{
	struct shape *shape = arena_calloc(&shapes->arena, 1, sizeof(*shape));
	shape->name = arena_strdup(&shapes->arena, name);
	guess_init(&shape->text);
	guess_init(&shape->number);
	shapes->count++;
	return shape;
}

/* The member of this name, at the list's end when it is new; NULL when there are too many. */
static struct shape *get_member(struct shapes *shapes, struct shape *shape, const char *name)
{
	struct shape **at = &shape->members;
	for (; *at; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	shapes->full |= shapes->count >= SHAPES_MAX;
	if (shapes->full)
		return NULL;
	shape->member_count++;
	*at = shape_new(shapes, name);
	return *at;
}

static void note_object(struct shapes *shapes, struct shape *shape, const struct json_value *value)
{
	struct json_value key;
	struct json_value member;
	for (const char *at = value->text + 1; json_next_member(value, &at, &key, &member);) {
		buf_clear(&shapes->text);
		json_unescape(&key, &shapes->text);
		struct shape *below = get_member(shapes, shape, buf_text(&shapes->text));
		if (below)
			shape_note(shapes, below, &member);
	}
}

static void note_array(struct shapes *shapes, struct shape *shape, const struct json_value *value)
{
	struct json_value item;
	for (const char *at = value->text + 1; json_next_element(value, &at, &item);) {
		if (!shape->items)
			shape->items = shape_new(shapes, shape->name);
		shape_note(shapes, shape->items, &item);
	}
}

/* Recursion is bounded by JSON_MAX_DEPTH. */
void shape_note(struct shapes *shapes, struct shape *shape, const struct json_value *value)
{
	shape->seen++;
	switch (value->kind) {
	case JSON_NULL:
		shape->nulls++;
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		shape->booleans++;
		break;
	case JSON_NUMBER:
		shape->numbers++;
		guess_text(&shape->number, shapes->guesser, &json_signs, value->text, value->len);
		break;
	case JSON_STRING:
		shape->texts++;
		buf_clear(&shapes->text);
		json_unescape(value, &shapes->text);
		guess_text(&shape->text, shapes->guesser, &json_signs, buf_text(&shapes->text),
			shapes->text.len);
		break;
	case JSON_ARRAY:
		shape->arrays++;
		note_array(shapes, shape, value);
		break;
	case JSON_OBJECT:
		shape->objects++;
		note_object(shapes, shape, value);
		break;
	}
}

static bool is_mixed(const struct shape *shape)
{
	return (shape->objects > 0) + (shape->arrays > 0) + (shape->texts > 0) +
		       (shape->numbers > 0) + (shape->booleans > 0) >
	       1;
}

/* Many members, each in few of the objects, are keys of a map. */
static bool is_map(const struct shape *shape)
{
	int64_t entries = 0;
	for (const struct shape *member = shape->members; member; member = member->next)
		entries += member->seen;
	return shape->member_count == 0 || shape->member_count > RECORD_MEMBERS ||
	       (shape->member_count > MAP_MEMBERS &&
		       entries * 2 < shape->objects * (int64_t)shape->member_count);
}

bool shape_is_record(const struct shape *shape)
{
	return shape->objects > 0 && !is_mixed(shape) && !is_map(shape);
}

static bool may_be_null(const struct shape *shape, int64_t of)
{
	return shape->nulls > 0 || shape->seen < of;
}

static bool has_plain_names(const struct shape *shape)
{
	for (const struct shape *member = shape->members; member; member = member->next)
		if (!name_is_plain(member->name))
			return false;
	return true;
}

static void put_type(struct buf *out, const char *type, bool nullable)
{
	buf_printf(out, nullable ? "[\"null\",%s]" : "%s", type);
}

/* What a field holds, while its type is made. */
struct nesting {
	struct arena *arena;
	struct guessed moment; /* its dates and times, where all are written alike */
	bool mixed;	       /* they are not */
};

static bool type_below(const struct nesting *nesting, const struct shape *shape, const char *name,
	struct guessed *ret_type);

/* A field has one list of patterns for all that is in it: where its dates and times are written in
 * several ways, those that need a pattern stay texts. */
static const char *plain_type(const struct nesting *nesting, const struct guessed *type)
{
	return type->pattern && nesting->mixed ? "\"string\"" : type->type;
}

static void note_moments(struct nesting *nesting, const struct shape *shape)
{
	struct guessed *moment = &nesting->moment;
	for (const struct shape *member = shape->members; member; member = member->next)
		note_moments(nesting, member);
	if (shape->items)
		note_moments(nesting, shape->items);
	if (shape->texts == 0)
		return;
	struct guessed type = guess_result(&shape->text, true, nesting->arena);
	if (!type.moment)
		return;
	const char *pattern = type.pattern ? type.pattern : "";
	const char *other = moment->pattern ? moment->pattern : "";
	nesting->mixed |= moment->moment && strcmp(pattern, other) != 0;
	*moment = type;
}

static bool put_below(const struct nesting *nesting, const struct shape *shape, const char *name,
	bool nullable, struct buf *out)
{
	struct guessed type;
	if (!type_below(nesting, shape, name, &type))
		return false;
	put_type(out, plain_type(nesting, &type), nullable);
	return true;
}

static bool put_record(
	const struct nesting *nesting, const struct shape *shape, const char *name, struct buf *out)
{
	buf_printf(out, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[", name);
	for (const struct shape *member = shape->members; member; member = member->next) {
		bool nullable = may_be_null(member, shape->objects);
		const char *inner = arena_printf(nesting->arena, "%s_%s", name, member->name);
		buf_printf(out, "{\"name\":\"%s\",\"type\":", member->name);
		if (!put_below(nesting, member, inner, nullable, out))
			return false;
		buf_append_text(out, nullable ? ",\"default\":null}" : "}");
		if (member->next)
			buf_append_text(out, ",");
	}
	buf_append_text(out, "]}");
	return true;
}

/* One type for all values; that of the first one, if it is everyone's. */
static bool put_map(
	const struct nesting *nesting, const struct shape *shape, const char *name, struct buf *out)
{
	const char *values = NULL;
	bool nullable = false;
	for (const struct shape *member = shape->members; member; member = member->next) {
		struct guessed type;
		nullable |= member->nulls > 0;
		if (member->nulls == member->seen)
			continue;
		if (!type_below(nesting, member, name, &type))
			return false;
		/* Numbers of all sizes are longs, or doubles. */
		const char *one = plain_type(nesting, &type);
		if (member->numbers)
			one = member->number.scale || member->number.exponent ? "\"double\""
									      : "\"long\"";
		bool wider = values && member->numbers && strcmp(values, "\"string\"") != 0 &&
			     (strcmp(values, "\"long\"") == 0 || strcmp(values, "\"double\"") == 0);
		if (values && strcmp(values, one) != 0 && !wider)
			return false;
		if (!values || strcmp(values, "\"long\"") == 0)
			values = one;
	}
	buf_append_text(out, "{\"type\":\"map\",\"values\":");
	put_type(out, values ? values : "\"string\"", nullable);
	buf_append_text(out, "}");
	return true;
}

static bool put_array(
	const struct nesting *nesting, const struct shape *shape, const char *name, struct buf *out)
{
	buf_append_text(out, "{\"type\":\"array\",\"items\":");
	const char *item = arena_printf(nesting->arena, "%s_item", name);
	if (!shape->items)
		buf_append_text(out, "\"string\"");
	else if (!put_below(nesting, shape->items, item, shape->items->nulls > 0, out))
		return false;
	buf_append_text(out, "}");
	return true;
}

static bool nested_type(const struct nesting *nesting, const struct shape *shape, const char *name,
	struct guessed *ret_type)
{
	struct buf out;
	buf_init(&out, TYPE_MAX_BYTES);
	bool record = shape->objects && !is_map(shape) && has_plain_names(shape);
	bool ok = shape->arrays ? put_array(nesting, shape, name, &out)
		  : record	? put_record(nesting, shape, name, &out)
				: put_map(nesting, shape, name, &out);
	ok = ok && !out.overflow;
	if (ok)
		*ret_type = (struct guessed){
			.type = arena_strndup(nesting->arena, buf_text(&out), out.len)};
	buf_release(&out);
	return ok;
}

/* Exponents beyond all decimals are for doubles alone. */
static struct guessed number_type(const struct shape *shape, struct arena *arena)
{
	struct guessed type = guess_result(&shape->number, false, arena);
	return type.text ? (struct guessed){.type = "\"double\""} : type;
}

static bool type_below(const struct nesting *nesting, const struct shape *shape, const char *name,
	struct guessed *ret_type)
{
	if (is_mixed(shape))
		return false;
	if (shape->objects || shape->arrays)
		return nested_type(nesting, shape, name, ret_type);
	if (shape->booleans)
		*ret_type = (struct guessed){.type = "\"boolean\""};
	else if (shape->numbers)
		*ret_type = number_type(shape, nesting->arena);
	else
		*ret_type = guess_result(&shape->text, true, nesting->arena);
	return true;
}

bool shape_type(
	const struct shape *shape, struct arena *arena, const char *name, struct guessed *ret_type)
{
	struct nesting nesting = {.arena = arena};
	note_moments(&nesting, shape);
	if (!type_below(&nesting, shape, name, ret_type))
		return false;
	if (!nesting.mixed) {
		ret_type->pattern = nesting.moment.pattern;
		ret_type->doubt = nesting.moment.doubt;
	}
	return true;
}
