/* SPDX-License-Identifier: Apache-2.0 */
/* A schema's life: text in, our own checks, avro-c as the second opinion, an immutable tree out. */
#include "schema/schema.h"

#include <avro.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "crypto/sha256.h"
#include "schema/parser.h"

static const size_t max_text = 1 << 20;
/* The compact text travels with every message. */
static const size_t max_compact = 256 * 1024;
static const size_t max_arena = (size_t)256 << 20;
/* Two levels of JSON a level of types, and room for what nobody reads. */
static const unsigned max_json_depth = 4 * SCHEMA_MAX_DEPTH;

static bool read_json(
	const char *text, size_t len, const char *origin, json_t **ret_json, struct err *err)
{
	if (len > max_text)
		return err_config(err, "%s: a schema has at most 1 MiB", origin);
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json)
		return err_config(err, "%s:%d: %s", origin, error.line, error.text);
	*ret_json = json;
	return true;
}

/* Members "penstock.*" that nothing reads are typing mistakes. */
static bool check_attributes(struct parser *p, const json_t *json, unsigned depth)
{
	const char *key;
	json_t *item;
	size_t i;
	if (depth > max_json_depth)
		return parse_fail(p, "nested too deeply");
	json_array_foreach((json_t *)json, i, item)
	{
		if (!check_attributes(p, item, depth + 1))
			return false;
	}
	json_object_foreach((json_t *)json, key, item)
	{
		if (strncmp(key, "penstock.", 9) == 0 && strcmp(key, "penstock.type") != 0)
			return parse_fail(
				p, "unknown attribute \"%.60s\"; there is \"penstock.type\"", key);
		if (!check_attributes(p, item, depth + 1))
			return false;
	}
	return true;
}

static bool keep_text(struct parser *p, const json_t *json, struct schema *schema)
{
	char *text = json_dumps(json, JSON_COMPACT);
	if (!text)
		return parse_fail(p, "the schema cannot be written as JSON");
	schema->text = arena_strdup(&schema->arena, text);
	schema->text_len = strlen(text);
	free(text);
	if (schema->text_len > max_compact)
		return parse_fail(p,
			"the schema has %zu bytes without white space; it travels with every "
			"message, so 256 KiB is the limit",
			schema->text_len);
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX];
	sha256_of(schema->text, schema->text_len, digest);
	sha256_hex(digest, hex);
	memcpy(schema->fingerprint, hex, sizeof(schema->fingerprint) - 1);
	return true;
}

/* avro-c ignores defaults, but refuses the \u0000 that those of bytes may hold. */
static void drop_defaults(json_t *json)
{
	const char *key;
	json_t *item;
	size_t i;
	json_object_del(json, "default");
	json_array_foreach(json, i, item) drop_defaults(item);
	json_object_foreach(json, key, item) drop_defaults(item);
}

/* Nothing leaves this program that the reference implementation for C would not read. */
static bool check_with_avro(struct parser *p, const json_t *json)
{
	json_t *bare = json_deep_copy(json);
	drop_defaults(bare);
	char *text = json_dumps(bare, JSON_COMPACT);
	json_decref(bare);
	avro_schema_t parsed = NULL;
	bool ok = text && avro_schema_from_json_length(text, strlen(text), &parsed) == 0;
	if (ok)
		avro_schema_decref(parsed);
	else
		parse_fail(p, "avro-c refuses the schema: %.300s", avro_strerror());
	free(text);
	return ok;
}

static bool build(struct schema *schema, const json_t *json, const char *origin, struct err *err)
{
	struct parser parser = {.arena = &schema->arena, .origin = origin, .err = err};
	schema->root = arena_calloc(&schema->arena, 1, sizeof(*schema->root));
	if (!check_attributes(&parser, json, 0) || !parse_root(&parser, json, schema->root) ||
		!parse_text(&parser, json, "doc", &schema->doc) ||
		!keep_text(&parser, json, schema) || !check_with_avro(&parser, json))
		return false;
	schema->name = schema->root->name;
	schema->fields = schema->root->fields;
	schema->field_count = schema->root->field_count;
	return true;
}

bool schema_parse(const char *text, size_t len, const char *origin, struct schema **ret_schema,
	struct err *err)
{
	json_t *json;
	if (!read_json(text, len, origin, &json, err))
		return false;
	struct schema *schema = calloc(1, sizeof(*schema));
	if (!schema)
		abort();
	arena_init(&schema->arena, max_arena);
	bool ok = build(schema, json, origin, err);
	json_decref(json);
	if (ok)
		*ret_schema = schema;
	else
		schema_free(schema);
	return ok;
}

bool schema_load(const char *path, struct schema **ret_schema, struct err *err)
{
	struct buf text;
	buf_init(&text, max_text);
	struct err reading;
	bool ok = file_read(path, &text, &reading) ||
		  err_config(err, "the schema cannot be read: %s", reading.message);
	ok = ok && schema_parse((const char *)text.data, text.len, path, ret_schema, err);
	buf_release(&text);
	return ok;
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	arena_release(&schema->arena);
	free(schema);
}

static bool same(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && memcmp(name, text, len) == 0;
}

int schema_find_field(const struct schema *schema, const char *name, size_t len, bool aliases)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (same(schema->fields[i].name, name, len))
			return (int)i;
	for (size_t i = 0; aliases && i < schema->field_count; i++)
		for (size_t k = 0; k < schema->fields[i].alias_count; k++)
			if (same(schema->fields[i].aliases[k], name, len))
				return (int)i;
	return -1;
}

int schema_find_column(const struct schema *schema, const char *column)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].column, column) == 0)
			return (int)i;
	return -1;
}

bool schema_look_up(struct schema *schema, size_t at, const char *column, struct err *err)
{
	struct field *field = &schema->fields[at];
	bool text = field->type->kind == TYPE_STRING || field->type->kind == TYPE_ENUM;
	if (!text || strcmp(field->column_sql, "text") != 0)
		return err_config(err, "field '%s' is %s: only plain text is looked up",
			field->name, field->column_sql);
	int other = schema_find_column(schema, column);
	if (column_is_reserved(column) || (other >= 0 && other != (int)at))
		return err_config(
			err, "the table has another column '%s'; choose one with column", column);
	column_make_key(field, arena_strdup(&schema->arena, column));
	return true;
}
