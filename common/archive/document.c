/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per member says where it lies in struct manifest and what it is; writing and reading walk
 * the same rows, so what is written is what is read.
 */
#include "archive/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "base/json_writer.h"
#include "base/text.h"

/*
 * Raised when rows are added or change their meaning; older programs then refuse the document. Rows
 * that came later than a document keep what manifest_init gave them.
 */
static const int64_t document_version = 2;

enum kind { INTEGER, COUNT, REAL, FLAG, LETTER, TEXT, TEXTS, NAME, PARTITIONS, GROUP, GROUPS };

struct member {
	const char *name;
	size_t offset;
	const char *const
		*names; /* NAME: what the values of the enum are called, NULL at the end */
	const struct member *members; /* GROUP, GROUPS; a row without a name ends it */
	/* GROUPS, an array of structs; `offset` leads to the pointer, `members` count from there.
	 */
	size_t count; /* offset of the number of structs */
	size_t size;  /* of one */
	enum kind kind;
	int since; /* the document's version that brought it; 0: the first */
};

#define AT(field)    offsetof(struct manifest, field)
#define FIELD(field) offsetof(struct field_reading, field)

static const char *const state_names[] = {"pending", "sent", "quarantined", "retracted", NULL};
static const char *const format_names[] = {"csv", "ndjson", "json", "avro", NULL};
static const char *const ragged_names[] = {"reject", "pad", "fold", NULL};
static const char *const unknown_names[] = {"refuse", "ignore", NULL};

static const struct member csv_members[] = {
	{.name = "delimiter", .kind = TEXT, .offset = AT(reading.csv.delimiter)},
	{.name = "quote", .kind = LETTER, .offset = AT(reading.csv.quote)},
	{.name = "escape", .kind = LETTER, .offset = AT(reading.csv.escape), .since = 2},
	{.name = "header", .kind = COUNT, .offset = AT(reading.csv.header)},
	{.name = "header_join", .kind = TEXT, .offset = AT(reading.csv.header_join), .since = 2},
	{.name = "columns", .kind = TEXTS, .offset = AT(reading.csv.columns), .since = 2},
	{.name = "skip", .kind = COUNT, .offset = AT(reading.csv.skip)},
	{.name = "footer", .kind = COUNT, .offset = AT(reading.csv.footer), .since = 2},
	{.name = "comment", .kind = TEXTS, .offset = AT(reading.csv.comment), .since = 2},
	{.name = "nulls", .kind = TEXTS, .offset = AT(reading.csv.nulls)},
	{.name = "trim", .kind = FLAG, .offset = AT(reading.csv.trim)},
	{.name = "decimal", .kind = LETTER, .offset = AT(reading.csv.decimal), .since = 2},
	{.name = "thousands", .kind = TEXT, .offset = AT(reading.csv.thousands), .since = 2},
	{.name = "encoding", .kind = TEXT, .offset = AT(reading.csv.encoding)},
	{.name = "ragged", .kind = NAME, .offset = AT(reading.csv.ragged), .names = ragged_names},
	{0},
};

static const struct member json_members[] = {
	{.name = "records", .kind = TEXT, .offset = AT(reading.json.records)},
	{0},
};

static const struct member unpivot_members[] = {
	{.name = "enabled", .kind = FLAG, .offset = AT(reading.unpivot.enabled)},
	{.name = "keep", .kind = TEXTS, .offset = AT(reading.unpivot.keep)},
	{.name = "names", .kind = TEXT, .offset = AT(reading.unpivot.names)},
	{.name = "values", .kind = TEXT, .offset = AT(reading.unpivot.values)},
	{.name = "skip_nulls", .kind = FLAG, .offset = AT(reading.unpivot.skip_nulls)},
	{0},
};

static const struct member field_members[] = {
	{.name = "name", .kind = TEXT, .offset = FIELD(name)},
	{.name = "path", .kind = TEXT, .offset = FIELD(path)},
	{.name = "pattern", .kind = TEXTS, .offset = FIELD(pattern)},
	{.name = "true", .kind = TEXTS, .offset = FIELD(yes)},
	{.name = "false", .kind = TEXTS, .offset = FIELD(no)},
	{0},
};

static const struct member reading_members[] = {
	{.name = "format", .kind = NAME, .offset = AT(reading.format), .names = format_names},
	{.name = "csv", .kind = GROUP, .members = csv_members},
	{.name = "json", .kind = GROUP, .members = json_members},
	{.name = "unpivot", .kind = GROUP, .members = unpivot_members},
	{.name = "fields",
		.kind = GROUPS,
		.offset = AT(reading.fields),
		.members = field_members,
		.since = 2,
		.count = AT(reading.field_count),
		.size = sizeof(struct field_reading)},
	{.name = "unknown", .kind = NAME, .offset = AT(reading.unknown), .names = unknown_names},
	{.name = "key", .kind = TEXTS, .offset = AT(reading.key)},
	{.name = "chunk_bytes", .kind = COUNT, .offset = AT(reading.chunk_bytes)},
	{.name = "max_reject_share", .kind = REAL, .offset = AT(reading.max_reject_share)},
	{.name = "max_rejects", .kind = INTEGER, .offset = AT(reading.max_rejects)},
	{0},
};

static const struct member manifest_members[] = {
	{.name = "dataset", .kind = TEXT, .offset = AT(dataset)},
	{.name = "sha256", .kind = TEXT, .offset = AT(sha256)},
	{.name = "repeat", .kind = INTEGER, .offset = AT(repeat)},
	{.name = "file_id", .kind = INTEGER, .offset = AT(file_id)},
	{.name = "name", .kind = TEXT, .offset = AT(name)},
	{.name = "size", .kind = INTEGER, .offset = AT(size)},
	{.name = "state", .kind = NAME, .offset = AT(state), .names = state_names},
	{.name = "reason", .kind = TEXT, .offset = AT(reason)},
	{.name = "created_ms", .kind = INTEGER, .offset = AT(created_ms)},
	{.name = "sent_ms", .kind = INTEGER, .offset = AT(sent_ms)},
	{.name = "rounds", .kind = INTEGER, .offset = AT(rounds)},
	{.name = "chunks", .kind = INTEGER, .offset = AT(chunks)},
	{.name = "records", .kind = INTEGER, .offset = AT(records)},
	{.name = "rows", .kind = INTEGER, .offset = AT(rows)},
	{.name = "rejects", .kind = INTEGER, .offset = AT(rejects)},
	{.name = "topic", .kind = TEXT, .offset = AT(topic)},
	{.name = "partitions", .kind = PARTITIONS},
	{.name = "cutter_version", .kind = INTEGER, .offset = AT(cutter_version)},
	{.name = "reading", .kind = GROUP, .members = reading_members},
	{.name = "schema", .kind = TEXT, .offset = AT(schema)},
	{0},
};

const char *publication_state_name(enum publication_state state)
{
	return state_names[state];
}

/* ---- writing ---- */

/* A byte as the character of that number, so that any byte survives. */
static void write_letter(struct json_writer *json, unsigned char letter)
{
	char text[2] = {(char)letter, 0};
	size_t n = letter ? 1 : 0;
	if (letter >= 0x80) {
		text[0] = (char)(0xC0 | letter >> 6);
		text[1] = (char)(0x80 | (letter & 0x3F));
		n = 2;
	}
	json_string_n(json, text, n);
}

static void write_texts(struct json_writer *json, const struct string_list *list)
{
	json_array(json);
	for (size_t i = 0; i < list->count; i++)
		json_string(json, list->items[i]);
	json_array_end(json);
}

static void write_partitions(struct json_writer *json, const struct manifest *manifest)
{
	json_array(json);
	for (size_t i = 0; i < manifest->partition_count; i++) {
		json_object(json);
		json_key(json, "partition");
		json_int(json, manifest->partitions[i].partition);
		json_key(json, "offset");
		json_int(json, manifest->partitions[i].offset);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_members(struct json_writer *json, const void *scope, const struct member *member);

static void write_groups(struct json_writer *json, const void *scope, const struct member *member)
{
	const char *item = *(const char *const *)((const char *)scope + member->offset);
	size_t count = *(const size_t *)(const void *)((const char *)scope + member->count);
	json_array(json);
	for (size_t i = 0; i < count; i++, item += member->size) {
		json_object(json);
		write_members(json, item, member->members);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_member(struct json_writer *json, const void *scope, const struct member *member)
{
	const void *at = (const char *)scope + member->offset;
	const char *text = NULL;
	switch (member->kind) {
	case INTEGER:
		json_int(json, *(const int64_t *)at);
		break;
	case COUNT:
		json_int(json, *(const uint32_t *)at);
		break;
	case REAL:
		json_double(json, *(const double *)at);
		break;
	case FLAG:
		json_bool(json, *(const bool *)at);
		break;
	case LETTER:
		write_letter(json, *(const unsigned char *)at);
		break;
	case TEXT:
		text = *(const char *const *)at;
		json_string(json, text ? text : "");
		break;
	case TEXTS:
		write_texts(json, at);
		break;
	case NAME:
		json_string(json, member->names[*(const unsigned *)at]);
		break;
	case PARTITIONS:
		write_partitions(json, scope);
		break;
	case GROUP:
		json_object(json);
		write_members(json, scope, member->members);
		json_object_end(json);
		break;
	case GROUPS:
		write_groups(json, scope, member);
		break;
	}
}

static void write_members(struct json_writer *json, const void *scope, const struct member *member)
{
	for (; member->name; member++) {
		json_key(json, member->name);
		write_member(json, scope, member);
	}
}

void manifest_write(const struct manifest *manifest, struct buf *out)
{
	struct json_writer json;
	json_begin(&json, out);
	json_object(&json);
	json_key(&json, "version");
	json_int(&json, document_version);
	write_members(&json, manifest, manifest_members);
	json_object_end(&json);
	buf_append_byte(out, '\n');
}

/* ---- reading ---- */

struct parse {
	struct manifest *manifest;
	int64_t version;
	struct buf scratch;
	const char *path;
};

static bool wrong(const struct parse *parse, const char *name, const char *what, struct err *err)
{
	return err_fail(err, ERR_FATAL, "manifest %s: member '%s' %s", parse->path, name, what);
}

static bool read_integer(const struct json_value *value, int64_t *ret_value)
{
	char text[32];
	if (value->kind != JSON_NUMBER || value->len >= sizeof(text))
		return false;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_int64(text, ret_value);
}

static bool read_count(const struct json_value *value, uint32_t *ret_value)
{
	int64_t number;
	if (!read_integer(value, &number) || number < 0 || number > UINT32_MAX)
		return false;
	*ret_value = (uint32_t)number;
	return true;
}

static bool read_real(const struct json_value *value, double *ret_value)
{
	char text[64];
	if (value->kind != JSON_NUMBER || value->len >= sizeof(text))
		return false;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	*ret_value = strtod(text, NULL);
	return true;
}

static bool read_flag(const struct json_value *value, bool *ret_value)
{
	if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
		return false;
	*ret_value = value->kind == JSON_TRUE;
	return true;
}

/* The text in the arena; refused when it holds a NUL. */
static bool read_text(struct parse *parse, const struct json_value *value, const char **ret_text)
{
	if (value->kind != JSON_STRING)
		return false;
	buf_clear(&parse->scratch);
	json_unescape(value, &parse->scratch);
	if (memchr(buf_text(&parse->scratch), '\0', parse->scratch.len))
		return false;
	*ret_text = arena_strndup(
		&parse->manifest->arena, buf_text(&parse->scratch), parse->scratch.len);
	return true;
}

static bool read_letter(struct parse *parse, const struct json_value *value, char *ret_letter)
{
	const char *text;
	if (!read_text(parse, value, &text))
		return false;
	unsigned char a = (unsigned char)text[0];
	unsigned char b = a ? (unsigned char)text[1] : 0;
	if (a >= 0x80 ? a > 0xC3 || text[2] != '\0' : b != 0)
		return false;
	*ret_letter = (char)(a >= 0x80 ? (a & 3) << 6 | (b & 0x3F) : a);
	return true;
}

static size_t count_elements(const struct json_value *array)
{
	size_t count = 0;
	const char *at = array->text + 1;
	for (struct json_value element; json_next_element(array, &at, &element);)
		count++;
	return count;
}

static bool read_texts(
	struct parse *parse, const struct json_value *value, struct string_list *ret_list)
{
	if (value->kind != JSON_ARRAY)
		return false;
	struct string_list list = {.count = count_elements(value)};
	list.items = arena_calloc(&parse->manifest->arena, list.count + 1, sizeof(*list.items));
	const char *at = value->text + 1;
	struct json_value element;
	for (size_t i = 0; json_next_element(value, &at, &element); i++)
		if (!read_text(parse, &element, &list.items[i]))
			return false;
	*ret_list = list;
	return true;
}

static bool read_name(const struct json_value *value, const char *const *names, unsigned *ret_value)
{
	for (unsigned i = 0; value->kind == JSON_STRING && names[i]; i++) {
		if (json_equals(value, names[i], strlen(names[i]))) {
			*ret_value = i;
			return true;
		}
	}
	return false;
}

static bool read_partitions(struct parse *parse, const struct json_value *value)
{
	if (value->kind != JSON_ARRAY)
		return false;
	struct manifest *manifest = parse->manifest;
	size_t count = count_elements(value);
	manifest->partitions =
		arena_calloc(&manifest->arena, count + 1, sizeof(*manifest->partitions));
	const char *at = value->text + 1;
	struct json_value element;
	for (size_t i = 0; json_next_element(value, &at, &element); i++) {
		struct json_value number;
		struct json_value offset;
		int64_t partition;
		if (element.kind != JSON_OBJECT || !json_find(&element, "partition", &number) ||
			!json_find(&element, "offset", &offset) ||
			!read_integer(&number, &partition) || partition < 0 ||
			partition > INT32_MAX ||
			!read_integer(&offset, &manifest->partitions[i].offset))
			return false;
		manifest->partitions[i].partition = (int32_t)partition;
	}
	manifest->partition_count = count;
	return true;
}

static bool read_members(struct parse *parse, const struct json_value *object,
	const struct member *members, void *scope, struct err *err);

static bool read_groups(struct parse *parse, const struct json_value *value,
	const struct member *member, void *scope, struct err *err)
{
	size_t count = count_elements(value);
	char *item = arena_calloc(&parse->manifest->arena, count + 1, member->size);
	*(void **)(void *)((char *)scope + member->offset) = item;
	*(size_t *)(void *)((char *)scope + member->count) = count;
	const char *at = value->text + 1;
	for (struct json_value element; json_next_element(value, &at, &element);
		item += member->size) {
		if (element.kind != JSON_OBJECT)
			return wrong(parse, member->name, "has an impossible value", err);
		if (!read_members(parse, &element, member->members, item, err))
			return false;
	}
	return true;
}

static bool read_member(struct parse *parse, const struct json_value *value,
	const struct member *member, void *scope, struct err *err)
{
	void *at = (char *)scope + member->offset;
	bool ok = false;
	switch (member->kind) {
	case INTEGER:
		ok = read_integer(value, at);
		break;
	case COUNT:
		ok = read_count(value, at);
		break;
	case REAL:
		ok = read_real(value, at);
		break;
	case FLAG:
		ok = read_flag(value, at);
		break;
	case LETTER:
		ok = read_letter(parse, value, at);
		break;
	case TEXT:
		ok = read_text(parse, value, at);
		break;
	case TEXTS:
		ok = read_texts(parse, value, at);
		break;
	case NAME:
		ok = read_name(value, member->names, at);
		break;
	case PARTITIONS:
		ok = read_partitions(parse, value);
		break;
	case GROUP:
		if (value->kind == JSON_OBJECT)
			return read_members(parse, value, member->members, scope, err);
		break;
	case GROUPS:
		if (value->kind == JSON_ARRAY)
			return read_groups(parse, value, member, scope, err);
		break;
	}
	return ok || wrong(parse, member->name, "has an impossible value", err);
}

static bool read_members(struct parse *parse, const struct json_value *object,
	const struct member *members, void *scope, struct err *err)
{
	size_t known = members == manifest_members; /* the version */
	for (const struct member *member = members; member->name; member++) {
		struct json_value value;
		if (member->since > parse->version)
			continue;
		if (!json_find(object, member->name, &value))
			return wrong(parse, member->name, "is missing", err);
		if (!read_member(parse, &value, member, scope, err))
			return false;
		known++;
	}
	/* Members are distinct (json_validate) and every row was found: a surplus is unknown. */
	size_t count = 0;
	const char *at = object->text + 1;
	struct json_value key;
	struct json_value value;
	while (json_next_member(object, &at, &key, &value))
		count++;
	if (count != known)
		return err_fail(err, ERR_FATAL,
			"manifest %s: %zu members where this program knows %zu", parse->path, count,
			known);
	return true;
}

static bool read_document(struct parse *parse, const char *text, size_t len, struct err *err)
{
	struct json_scanner scanner;
	json_scanner_init(&scanner);
	struct json_value document;
	const char *why = "";
	size_t at = 0;
	bool valid = json_validate(&scanner, text, len, &document, &why, &at);
	json_scanner_release(&scanner);
	if (!valid)
		return err_fail(
			err, ERR_FATAL, "manifest %s: %s at byte %zu", parse->path, why, at);
	struct json_value value;
	int64_t version;
	if (document.kind != JSON_OBJECT || !json_find(&document, "version", &value) ||
		!read_integer(&value, &version))
		return wrong(parse, "version", "is missing", err);
	if (version < 1 || version > document_version)
		return err_fail(err, ERR_FATAL,
			"manifest %s has version %lld, this program reads versions up to %lld: use "
			"the program that wrote it, or a newer one",
			parse->path, (long long)version, (long long)document_version);
	parse->version = version;
	return read_members(parse, &document, manifest_members, parse->manifest, err);
}

bool manifest_parse(
	const char *text, size_t len, const char *path, struct manifest *manifest, struct err *err)
{
	struct parse parse = {.manifest = manifest, .path = path};
	buf_init(&parse.scratch, MANIFEST_MAX_BYTES);
	bool ok = read_document(&parse, text, len, err);
	buf_release(&parse.scratch);
	return ok;
}
