/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents and lines: where the records are, and their members as fields. */
#include <string.h>

#include "infer/draft.h"
#include "infer/name.h"
#include "infer/shape.h"

#define PATH_DEPTH  16
#define NAME_LENGTH 200
#define MAX_DEPTH   8 /* of objects whose members are columns */

/* A step of a path, its dots escaped. */
static const char *step(struct arena *arena, const char *above, const char *name)
{
	struct buf path;
	buf_init(&path, strlen(above) + 2 * strlen(name) + 2);
	buf_append_text(&path, above);
	if (*above)
		buf_append_text(&path, ".");
	for (const char *p = name; *p; p++) {
		if (*p == '.' || *p == '\\')
			buf_append_byte(&path, '\\');
		buf_append_byte(&path, (unsigned char)*p);
	}
	const char *copy = arena_strdup(arena, buf_text(&path));
	buf_release(&path);
	return copy;
}

/* ---- the path to the records ---- */

/* Walks over the sample's quotes and brackets, which may end anywhere. */
struct walk {
	const char *at;
	const char *end;
	struct arena *arena;
	const char *path; /* of the object the walk is in */
	unsigned depth;	  /* of brackets, whatever they are */
	const char *best; /* path of the longest array of objects; NULL: none yet */
	size_t best_bytes;
};

static void skip_space(struct walk *walk)
{
	while (walk->at < walk->end && strchr(" \t\r\n", *walk->at))
		walk->at++;
}

/* A string's inside, as it is written; the walk is behind it. */
static void take_string(struct walk *walk, const char **ret_text, size_t *ret_len)
{
	const char *p = ++walk->at;
	while (p < walk->end && *p != '"')
		p += 1 + (*p == '\\');
	if (p > walk->end)
		p = walk->end;
	*ret_text = walk->at;
	*ret_len = (size_t)(p - walk->at);
	walk->at = p + (p < walk->end);
}

static void skip_value(struct walk *walk)
{
	unsigned depth = 0;
	const char *text;
	size_t len;
	while (walk->at < walk->end) {
		char c = *walk->at;
		if (c == '"') {
			take_string(walk, &text, &len);
			if (depth == 0)
				return;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return;
		depth += c == '{' || c == '[';
		walk->at++;
		if ((c == '}' || c == ']') && --depth == 0)
			return;
	}
}

static void look_into(struct walk *walk);

static void look_into_array(struct walk *walk)
{
	const char *start = walk->at;
	const char *path = walk->path;
	const char *p = start + 1;
	while (p < walk->end && strchr(" \t\r\n", *p))
		p++;
	bool objects = p < walk->end && *p == '{';
	skip_value(walk);
	size_t bytes = (size_t)(walk->at - start);
	if (objects && bytes > walk->best_bytes) {
		walk->best = path;
		walk->best_bytes = bytes;
	}
}

static void look_into_object(struct walk *walk)
{
	const char *above = walk->path;
	walk->at++;
	for (;;) {
		const char *name;
		size_t len;
		skip_space(walk);
		if (walk->at < walk->end && *walk->at == ',') {
			walk->at++;
			continue;
		}
		if (walk->at == walk->end || *walk->at != '"')
			break;
		take_string(walk, &name, &len);
		skip_space(walk);
		walk->at += walk->at < walk->end && *walk->at == ':';
		/* What has escapes of JSON in it, or is longer than names are, is gone past. */
		bool plain = len > 0 && len <= NAME_LENGTH && !memchr(name, '\\', len);
		if (plain) {
			walk->path =
				step(walk->arena, above, arena_strndup(walk->arena, name, len));
			look_into(walk);
		} else {
			skip_value(walk);
		}
	}
	walk->at += walk->at < walk->end;
	walk->path = above;
}

static void look_into(struct walk *walk)
{
	skip_space(walk);
	if (walk->at == walk->end)
		return;
	if (*walk->at == '{' && walk->depth < PATH_DEPTH) {
		walk->depth++;
		look_into_object(walk);
		walk->depth--;
	} else if (*walk->at == '[') {
		look_into_array(walk);
	} else {
		skip_value(walk);
	}
}

static const char *find_records(struct draft *draft, const struct sample *sample)
{
	const char *text = (const char *)sample->bytes.data;
	struct walk walk = {
		.at = text, .end = text + sample->bytes.len, .arena = &draft->arena, .path = ""};
	if (sample->bytes.len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		walk.at += 3;
	look_into(&walk);
	return walk.best ? walk.best : "";
}

/* ---- the fields ---- */

struct records {
	struct shapes shapes;
	struct shape *root;
	struct json_scanner scanner;
	int64_t bad;
};

static bool note_record(void *context, const struct record *record)
{
	struct records *records = context;
	struct json_value value;
	const char *why;
	size_t at;
	if (record->bad || !json_validate(&records->scanner, record->text, record->text_len, &value,
				   &why, &at))
		records->bad++;
	else
		shape_note(&records->shapes, records->root, &value);
	return true;
}

struct place {
	const char *path;   /* of the object; "" for the record */
	const char *prefix; /* of its fields' names */
	bool nullable;
	unsigned depth; /* of objects around it */
};

static bool leave_out(struct draft *draft, const char *path, const char *why)
{
	draft->reading.unknown = UNKNOWN_IGNORE;
	draft_note(draft, "left out: %.200s, %s", path, why);
	return true;
}

static bool add_value(struct draft *draft, const struct shape *shape, const struct place *place,
	const char *path, struct err *err)
{
	struct guessed type;
	const char *name = arena_printf(&draft->arena, "%s%s", place->prefix, shape->name);
	const char *inner =
		arena_printf(&draft->arena, "%s_value", name_of_field(&draft->arena, name));
	if (*place->path && *shape->name == '\0')
		return leave_out(draft, path, "which is no path: its last name is empty");
	if (!shape_type(shape, &draft->arena, inner, &type))
		return leave_out(draft, path, "whose values are of several kinds");
	struct draft_field *field = draft_add_field(draft, name, *place->path == '\0');
	if (!field)
		return err_fail(err, ERR_DATA, "more than %d members: a table has no more columns",
			DRAFT_MAX_FIELDS);
	if (*place->path)
		field->path = path;
	draft_set_type(field, type);
	field->nullable = place->nullable;
	field->key = type.exact && !place->nullable;
	return true;
}

static void keep_headers(struct draft *draft, const struct shape *root)
{
	struct string_list *headers = &draft->headers;
	headers->items = arena_calloc(&draft->arena, root->member_count + 1, sizeof(char *));
	for (const struct shape *member = root->members; member; member = member->next)
		headers->items[headers->count++] = arena_strdup(&draft->arena, member->name);
}

/* Objects become columns, a path each; very deep ones, or those of no name, stay values. */
static bool add_members(
	struct draft *draft, const struct shape *shape, const struct place *place, struct err *err)
{
	for (const struct shape *member = shape->members; member; member = member->next) {
		const char *path = step(&draft->arena, place->path, member->name);
		struct place below = {.path = path,
			.prefix = arena_printf(&draft->arena, "%s%s_", place->prefix, member->name),
			.nullable = place->nullable || member->nulls > 0 ||
				    member->seen < shape->objects,
			.depth = place->depth + 1};
		struct place here = {place->path, place->prefix, below.nullable, place->depth};
		bool apart = shape_is_record(member) && *member->name && below.depth < MAX_DEPTH;
		if (apart ? !add_members(draft, member, &below, err)
			  : !add_value(draft, member, &here, path, err))
			return false;
	}
	return true;
}

static bool read_shapes(
	struct draft *draft, const struct sample *sample, struct records *records, struct err *err)
{
	static const struct string_list nothing = {NULL, 0};
	struct reading reading = draft->reading;
	struct sample_walk walk = {&reading, &nothing, note_record, records, NULL};
	reading.unknown = UNKNOWN_IGNORE;
	if (!sample_records(sample, &walk, err))
		return false;
	if (records->shapes.full)
		return err_fail(
			err, ERR_DATA, "the records have too many different members to be columns");
	if (!records->root->objects)
		return err_fail(err, ERR_DATA, "no JSON objects that could be records%s",
			sample->whole ? "" : " in its first MiB");
	return true;
}

bool infer_json(struct draft *draft, const struct sample *sample, struct err *err)
{
	struct guesser guesser;
	struct records records = {0};
	static const struct place top = {"", "", false, 0};
	draft->reading.json.records =
		draft->reading.format == FORMAT_JSON ? find_records(draft, sample) : "";
	guesser_init(&guesser);
	shapes_init(&records.shapes, &guesser);
	json_scanner_init(&records.scanner);
	records.root = shape_new(&records.shapes, "");
	bool ok = read_shapes(draft, sample, &records, err);
	keep_headers(draft, records.root);
	ok = ok && add_members(draft, records.root, &top, err);
	if (ok && draft->field_count == 0)
		ok = err_fail(err, ERR_DATA, "the records have no members");
	if (records.bad)
		draft_note(draft, "records that are no objects: %lld", (long long)records.bad);
	json_scanner_release(&records.scanner);
	shapes_release(&records.shapes);
	guesser_release(&guesser);
	return ok;
}
