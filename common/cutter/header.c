/* SPDX-License-Identifier: Apache-2.0 */
#include "cutter/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define MESSAGE_BYTES 1200
#define NAME_BYTES    60

/* A name with case and everything but letters and digits left aside; bytes beyond ASCII stay. */
struct loose_name {
	const char *text;
	int column; /* NOWHERE for a field's name */
	int field;  /* NOWHERE for a column's */
};

static char *loosen(struct arena *arena, const char *name)
{
	char *loose = arena_strdup(arena, name);
	char *to = loose;
	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c >= 'A' && c <= 'Z')
			*to++ = (char)(c + 32);
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80)
			*to++ = (char)c;
	}
	*to = '\0';
	return loose;
}

static int compare_loose(const void *a, const void *b)
{
	return strcmp(((const struct loose_name *)a)->text, ((const struct loose_name *)b)->text);
}

/* Names and aliases of the fields without a column, names of the columns without a field. */
static size_t collect_loose(const struct schema *schema, const struct string_list *columns,
	const struct header *header, struct arena *arena, struct loose_name *names)
{
	size_t n = 0;
	for (size_t f = 0; f < schema->field_count; f++) {
		const struct field *field = &schema->fields[f];
		if (header->column_of_field[f] != NOWHERE)
			continue;
		names[n++] = (struct loose_name){loosen(arena, field->name), NOWHERE, (int)f};
		for (size_t a = 0; a < field->alias_count; a++)
			names[n++] = (struct loose_name){
				loosen(arena, field->aliases[a]), NOWHERE, (int)f};
	}
	for (size_t c = 0; c < columns->count; c++)
		if (header->field_of_column[c] == NOWHERE)
			names[n++] = (struct loose_name){
				loosen(arena, columns->items[c]), (int)c, NOWHERE};
	return n;
}

/* One run of equal loose names: a pair when it names exactly one column and one field. */
static void pair_run(const struct loose_name *names, size_t n, struct header *header)
{
	int column = NOWHERE;
	int field = NOWHERE;
	for (size_t i = 0; i < n; i++) {
		bool is_column = names[i].column != NOWHERE;
		if ((is_column && column != NOWHERE) ||
			(!is_column && field != NOWHERE && field != names[i].field))
			return;
		if (is_column)
			column = names[i].column;
		else
			field = names[i].field;
	}
	/* An alias may have paired the field already. */
	if (column == NOWHERE || field == NOWHERE || header->column_of_field[field] != NOWHERE)
		return;
	header->field_of_column[column] = field;
	header->column_of_field[field] = column;
}

static void match_loosely(const struct schema *schema, const struct string_list *columns,
	struct arena *arena, struct header *header)
{
	size_t count = columns->count;
	for (size_t f = 0; f < schema->field_count; f++)
		count += 1 + schema->fields[f].alias_count;
	struct loose_name *names = arena_calloc(arena, count + 1, sizeof(*names));
	size_t n = collect_loose(schema, columns, header, arena, names);
	qsort(names, n, sizeof(*names), compare_loose);
	for (size_t from = 0; from < n;) {
		size_t to = from + 1;
		while (to < n && strcmp(names[from].text, names[to].text) == 0)
			to++;
		if (names[from].text[0])
			pair_run(names + from, to - from, header);
		from = to;
	}
}

static int *nowhere(struct arena *arena, size_t count)
{
	int *list = arena_calloc(arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		list[i] = NOWHERE;
	return list;
}

static void add_claim(
	struct buf *claims, const char *field, const char *column, size_t first, size_t second)
{
	buf_append_text(claims, claims->len ? ", '" : "'");
	text_excerpt(claims, column, strlen(column), NAME_BYTES);
	buf_printf(claims, "' (columns %zu and %zu, field %s)", first + 1, second + 1, field);
}

bool header_match(const struct schema *schema, const struct string_list *columns,
	struct arena *arena, struct header *ret_header, struct err *err)
{
	struct header header = {.field_of_column = nowhere(arena, columns->count),
		.column_of_field = nowhere(arena, schema->field_count)};
	struct buf claims;
	buf_init(&claims, MESSAGE_BYTES);
	for (size_t c = 0; c < columns->count; c++) {
		const char *name = columns->items[c];
		int field = schema_find_field(schema, name, strlen(name), true);
		if (field < 0)
			continue;
		if (header.column_of_field[field] != NOWHERE)
			add_claim(&claims, schema->fields[field].name, name,
				(size_t)header.column_of_field[field], c);
		header.field_of_column[c] = field;
		header.column_of_field[field] = (int)c;
	}
	bool ok = claims.len == 0;
	if (ok) {
		match_loosely(schema, columns, arena, &header);
		*ret_header = header;
	} else {
		err_fail(err, ERR_DATA, "header: duplicate columns: %s", buf_text(&claims));
	}
	buf_release(&claims);
	return ok;
}
