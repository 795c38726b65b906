/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema resolution (specification 1.11), decided from the two schemas alone: what passes here can
 * be read whatever the values are.
 */
#include <stdio.h>
#include <string.h>

#include "schema/parser.h"

struct resolver {
	struct err *err;
	char path[512];
	size_t path_len;
};

static bool refuse(struct resolver *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool refuse(struct resolver *r, const char *fmt, ...)
{
	char message[900];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return err_config(r->err, "field '%s': %s", r->path_len ? r->path : "(record)", message);
}

/* Kinds each kind of the reader takes besides its own ("the writer's schema may be promoted"). */
static const uint32_t promotions[TYPE_KINDS] = {
	[TYPE_LONG] = 1u << TYPE_INT,
	[TYPE_FLOAT] = 1u << TYPE_INT | 1u << TYPE_LONG,
	[TYPE_DOUBLE] = 1u << TYPE_INT | 1u << TYPE_LONG | 1u << TYPE_FLOAT,
	[TYPE_BYTES] = 1u << TYPE_STRING,
	[TYPE_STRING] = 1u << TYPE_BYTES,
};

/* Logical types of one family differ in their unit only. */
static int family(enum logical_type logical)
{
	static const unsigned char families[] = {
		[LOGICAL_NONE] = 0,
		[LOGICAL_DATE] = 1,
		[LOGICAL_TIME_MILLIS] = 2,
		[LOGICAL_TIME_MICROS] = 2,
		[LOGICAL_TIMESTAMP_MILLIS] = 3,
		[LOGICAL_TIMESTAMP_MICROS] = 3,
		[LOGICAL_LOCAL_TIMESTAMP_MILLIS] = 4,
		[LOGICAL_LOCAL_TIMESTAMP_MICROS] = 4,
		[LOGICAL_DECIMAL] = 5,
		[LOGICAL_UUID] = 6,
	};
	return families[logical];
}

static const char *last_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? dot + 1 : name;
}

static bool names_match(const struct type *writer, const struct type *reader)
{
	if (strcmp(last_name(writer->name), last_name(reader->name)) == 0)
		return true;
	for (size_t i = 0; i < reader->alias_count; i++)
		if (strcmp(reader->aliases[i], writer->name) == 0)
			return true;
	return false;
}

int schema_source_field(const struct type *writer, const struct field *reader)
{
	for (size_t i = 0; i < writer->field_count; i++)
		if (strcmp(writer->fields[i].name, reader->name) == 0)
			return (int)i;
	for (size_t i = 0; i < writer->field_count; i++)
		for (size_t k = 0; k < reader->alias_count; k++)
			if (strcmp(writer->fields[i].name, reader->aliases[k]) == 0)
				return (int)i;
	return -1;
}

static bool read_type(struct resolver *r, const struct type *writer, const struct type *reader);

/* Whether the column holds less than the field's type: the writer's encoder checked it then. */
static bool is_narrow(const struct field *field)
{
	enum type_kind kind = field->type->kind;
	switch (field->column_type) {
	case COLUMN_INT2:
		return true;
	case COLUMN_INT4:
		return kind == TYPE_LONG;
	case COLUMN_TEXT:
		return kind == TYPE_STRING && field->type->logical == LOGICAL_NONE &&
		       strcmp(field->column_sql, "text") != 0;
	case COLUMN_JSON:
	case COLUMN_JSONB:
		return kind == TYPE_STRING;
	case COLUMN_UUID:
		return kind == TYPE_STRING && field->type->logical == LOGICAL_NONE;
	default:
		return false;
	}
}

static bool read_field(struct resolver *r, const struct type *writer, const struct field *reader)
{
	size_t before = r->path_len;
	size_t room = sizeof(r->path) - before;
	int n = snprintf(r->path + before, room, "%s%s", before ? "." : "", reader->name);
	r->path_len = (size_t)n < room ? before + (size_t)n : sizeof(r->path) - 1;
	int source = schema_source_field(writer, reader);
	if (source < 0 && !reader->default_json)
		return refuse(r, "the data was written without it and it has no \"default\"");
	if (source >= 0) {
		const struct field *from = &writer->fields[source];
		if (!read_type(r, from->type, reader->type))
			return false;
		if (reader->column_sql && is_narrow(reader) &&
			(!from->column_sql || strcmp(from->column_sql, reader->column_sql) != 0))
			return refuse(r, "%s was not checked to fit %s when it was written",
				from->column_sql ? from->column_sql : "it", reader->column_sql);
	}
	r->path_len = before;
	r->path[before] = '\0';
	return true;
}

static bool read_record(struct resolver *r, const struct type *writer, const struct type *reader)
{
	for (size_t i = 0; i < reader->field_count; i++)
		if (!read_field(r, writer, &reader->fields[i]))
			return false;
	return true;
}

static bool read_enum(struct resolver *r, const struct type *writer, const struct type *reader)
{
	for (size_t i = 0; i < writer->symbol_count && !reader->enum_default; i++) {
		bool found = false;
		for (size_t k = 0; k < reader->symbol_count && !found; k++)
			found = strcmp(writer->symbols[i], reader->symbols[k]) == 0;
		if (!found)
			return refuse(r,
				"symbol '%s' was written, the enum has neither it nor a "
				"\"default\"",
				writer->symbols[i]);
	}
	return true;
}

static bool read_logical(struct resolver *r, const struct type *writer, const struct type *reader)
{
	/* A uuid's text is text. */
	bool uuid_as_text = writer->logical == LOGICAL_UUID && reader->logical == LOGICAL_NONE;
	if (family(writer->logical) != family(reader->logical) && !uuid_as_text)
		return refuse(r, "the logical type changed");
	if (reader->logical == LOGICAL_DECIMAL &&
		(writer->precision != reader->precision || writer->scale != reader->scale))
		return refuse(r, "decimal(%d,%d) was written, decimal(%d,%d) cannot read it",
			writer->precision, writer->scale, reader->precision, reader->scale);
	return true;
}

static bool read_type(struct resolver *r, const struct type *writer, const struct type *reader)
{
	if (writer->nullable && !reader->nullable)
		return refuse(r, "null could be written, now it cannot be read");
	bool promoted = promotions[reader->kind] >> writer->kind & 1;
	bool unit = writer->logical != reader->logical;
	if (writer->kind != reader->kind && !promoted &&
		!(unit && family(writer->logical) == family(reader->logical)))
		return refuse(r, "%s was written, %s cannot read it", type_kind_names[writer->kind],
			type_kind_names[reader->kind]);
	if (!read_logical(r, writer, reader))
		return false;
	if (writer->name && !names_match(writer, reader))
		return refuse(r, "type '%s' was written, '%s' is another (no alias says otherwise)",
			writer->name, reader->name);
	if (reader->kind == TYPE_FIXED && writer->size != reader->size)
		return refuse(r, "fixed of %zu bytes was written, %zu cannot read it", writer->size,
			reader->size);
	if (reader->kind == TYPE_RECORD)
		return read_record(r, writer, reader);
	if (reader->kind == TYPE_ENUM)
		return read_enum(r, writer, reader);
	return !reader->items || read_type(r, writer->items, reader->items);
}

bool schema_can_read(const struct schema *writer, const struct schema *reader, struct err *err)
{
	struct resolver resolver = {.err = err};
	return read_type(&resolver, writer->root, reader->root);
}
