/* SPDX-License-Identifier: Apache-2.0 */
#include "cutter/mapping.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cutter/header.h"

/* Every name of a file and what was made of it. */
#define MAPPING_MAX_BYTES ((size_t)256 << 20)
#define MESSAGE_BYTES	  1200
#define NAME_BYTES	  60

static const char *path_of(const struct reading *reading, const struct field *field)
{
	for (size_t i = 0; i < reading->field_count; i++)
		if (reading->fields[i].path && strcmp(reading->fields[i].name, field->name) == 0)
			return reading->fields[i].path;
	return "";
}

/* Whether the input names its columns itself. */
static bool has_names(const struct reading *reading)
{
	return reading->format == FORMAT_CSV || reading->format == FORMAT_AVRO;
}

/* How many columns the field may stand in. */
static size_t count_names(const struct reading *reading, const struct field *field)
{
	bool one = has_names(reading) || *path_of(reading, field);
	return one ? 1 : 1 + field->alias_count;
}

void mapping_wanted(const struct reading *reading, const struct schema *schema, struct arena *arena,
	struct string_list *ret_wanted)
{
	size_t count = 0;
	for (size_t f = 0; f < schema->field_count; f++)
		count += count_names(reading, &schema->fields[f]);
	ret_wanted->items = arena_calloc(arena, count + 1, sizeof(char *));
	ret_wanted->count = 0;
	for (size_t f = 0; f < schema->field_count; f++) {
		const struct field *field = &schema->fields[f];
		const char *path = has_names(reading) ? "" : path_of(reading, field);
		ret_wanted->items[ret_wanted->count++] = *path ? path : field->name;
		for (size_t a = 1; a < count_names(reading, field); a++)
			ret_wanted->items[ret_wanted->count++] = field->aliases[a - 1];
	}
}

/* Text fields hold an empty text apart from a null: only a cell without quotes is null there. */
static bool takes_text(const struct type *type)
{
	switch (type->kind) {
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_FIXED:
		return type->logical == LOGICAL_NONE;
	case TYPE_ENUM:
		return true;
	default:
		return false;
	}
}

static void init_sources(struct mapping *mapping)
{
	const struct schema *schema = mapping->schema;
	mapping->sources =
		arena_calloc(&mapping->arena, schema->field_count, sizeof(*mapping->sources));
	mapping->cells =
		arena_calloc(&mapping->arena, schema->field_count, sizeof(*mapping->cells));
	for (size_t f = 0; f < schema->field_count; f++)
		mapping->sources[f].quoted_null = !takes_text(schema->fields[f].type);
	for (size_t f = 0; f < schema->field_count; f++)
		mapping->cells[f] = (struct cell){.data = "", .kind = CELL_MISSING};
	const struct string_list *nulls = &mapping->reading->csv.nulls;
	for (size_t i = 0; i < nulls->count; i++)
		if (strlen(nulls->items[i]) > mapping->longest_null)
			mapping->longest_null = strlen(nulls->items[i]);
}

static bool find_keys(struct mapping *mapping, struct err *err)
{
	const struct string_list *key = &mapping->reading->key;
	mapping->key_fields =
		arena_calloc(&mapping->arena, key->count + 1, sizeof(*mapping->key_fields));
	for (; mapping->key_count < key->count; mapping->key_count++) {
		const char *name = key->items[mapping->key_count];
		int field = schema_find_field(mapping->schema, name, strlen(name), false);
		if (field < 0)
			return err_config(
				err, "key: '%s' is no field of %s", name, mapping->schema->name);
		mapping->key_fields[mapping->key_count] = field;
	}
	return true;
}

static bool find_named(const struct mapping *mapping, const char *name, const char *what,
	bool aliases, int *ret_field, struct err *err)
{
	*ret_field = schema_find_field(mapping->schema, name, strlen(name), aliases);
	if (*ret_field < 0)
		return err_config(err, "unpivot: %s '%s' is no field of %s", what, name,
			mapping->schema->name);
	return true;
}

/* The fields unpivot names; *ret_keep[f] is true for those that stand in columns of their own. */
static bool find_unpivot_fields(struct mapping *mapping, bool *keep, struct err *err)
{
	const struct unpivot *unpivot = &mapping->reading->unpivot;
	if (mapping->reading->format != FORMAT_CSV || mapping->reading->csv.header == 0)
		return err_config(
			err, "unpivot takes the names from a header: CSV with header >= 1");
	if (!find_named(mapping, unpivot->names, "names", false, &mapping->names_field, err) ||
		!find_named(mapping, unpivot->values, "values", false, &mapping->values_field, err))
		return false;
	for (size_t i = 0; i < unpivot->keep.count; i++) {
		int field = 0;
		if (!find_named(mapping, unpivot->keep.items[i], "keep", true, &field, err))
			return false;
		keep[field] = true;
	}
	mapping->takes_text = takes_text(mapping->schema->fields[mapping->values_field].type);
	return true;
}

struct differences {
	struct buf missing;
	struct buf unknown;
};

static void add_name(struct buf *list, const char *name, size_t column)
{
	buf_append_text(list, list->len ? ", " : "");
	if (*name)
		text_excerpt(list, name, strlen(name), NAME_BYTES);
	else
		buf_printf(list, "column %zu without a name", column + 1);
}

static bool judge_differences(struct differences *found, struct err *err)
{
	bool ok = found->missing.len == 0 && found->unknown.len == 0;
	if (!ok)
		err_fail(err, ERR_DATA, "header: %s%s%s%s%s%s",
			found->missing.len ? "missing columns: " : "", buf_text(&found->missing),
			found->missing.len && found->unknown.len ? "; " : "",
			found->unknown.len ? "columns the schema does not name: " : "",
			buf_text(&found->unknown),
			found->unknown.len ? " (`unknown_columns: ignore` leaves them out)" : "");
	buf_release(&found->missing);
	buf_release(&found->unknown);
	return ok;
}

static void set_column(struct mapping *mapping, size_t field, int column)
{
	size_t *columns = arena_calloc(&mapping->arena, 1, sizeof(*columns));
	columns[0] = (size_t)column;
	mapping->sources[field].columns = columns;
	mapping->sources[field].count = 1;
}

static bool is_unpivoted(const struct mapping *mapping, size_t field)
{
	return mapping->reading->unpivot.enabled &&
	       ((int)field == mapping->names_field || (int)field == mapping->values_field);
}

static void map_fields(struct mapping *mapping, const struct header *header, const bool *keep,
	struct differences *found)
{
	bool unpivot = mapping->reading->unpivot.enabled;
	for (size_t f = 0; f < mapping->schema->field_count; f++) {
		const struct field *field = &mapping->schema->fields[f];
		bool may_have = !unpivot || (keep[f] && !is_unpivoted(mapping, f));
		if (may_have && header->column_of_field[f] != NOWHERE)
			set_column(mapping, f, header->column_of_field[f]);
		else if (!is_unpivoted(mapping, f) && !field->default_json)
			add_name(&found->missing, field->name, f);
	}
}

/* Columns no field keeps: values with unpivot, unknown ones without. */
static void map_columns(struct mapping *mapping, const struct header *header, const bool *keep,
	struct differences *found)
{
	bool unpivot = mapping->reading->unpivot.enabled;
	bool ignore = mapping->reading->unknown == UNKNOWN_IGNORE;
	const struct string_list *columns = mapping->columns;
	mapping->value_columns =
		arena_calloc(&mapping->arena, columns->count + 1, sizeof(*mapping->value_columns));
	mapping->width = unpivot ? 0 : 1;
	for (size_t c = 0; c < columns->count; c++) {
		int field = header->field_of_column[c];
		if (field != NOWHERE && (!unpivot || keep[field]))
			continue;
		if (unpivot && *columns->items[c])
			mapping->value_columns[mapping->width++] = c;
		else if (!ignore)
			add_name(&found->unknown, columns->items[c], c);
	}
}

static int compare_names(const void *a, const void *b, void *context)
{
	const struct string_list *columns = context;
	return strcmp(columns->items[*(const size_t *)a], columns->items[*(const size_t *)b]);
}

/* Two value columns of one name would give two rows of one key. */
static bool check_value_columns(struct mapping *mapping, struct err *err)
{
	size_t n = mapping->width;
	const struct string_list *columns = mapping->columns;
	if (n == 0)
		return err_fail(err, ERR_DATA, "header: no columns to unpivot");
	size_t *sorted = arena_calloc(&mapping->arena, n, sizeof(*sorted));
	memcpy(sorted, mapping->value_columns, n * sizeof(*sorted));
	qsort_r(sorted, n, sizeof(*sorted), compare_names, (void *)(uintptr_t)columns);
	for (size_t i = 1; i < n; i++)
		if (strcmp(columns->items[sorted[i - 1]], columns->items[sorted[i]]) == 0)
			return err_fail(err, ERR_DATA, "header: duplicate columns: '%s'",
				columns->items[sorted[i]]);
	return true;
}

static bool map_names(struct mapping *mapping, struct err *err)
{
	struct header header;
	struct differences found;
	bool *keep = arena_calloc(&mapping->arena, mapping->schema->field_count, sizeof(*keep));
	if (mapping->reading->unpivot.enabled && !find_unpivot_fields(mapping, keep, err))
		return false;
	if (!header_match(mapping->schema, mapping->columns, &mapping->arena, &header, err))
		return false;
	buf_init(&found.missing, MESSAGE_BYTES);
	buf_init(&found.unknown, MESSAGE_BYTES);
	map_fields(mapping, &header, keep, &found);
	map_columns(mapping, &header, keep, &found);
	if (!judge_differences(&found, err))
		return false;
	return !mapping->reading->unpivot.enabled || check_value_columns(mapping, err);
}

/* The columns are mapping_wanted's. */
static void map_json(struct mapping *mapping)
{
	size_t *columns =
		arena_calloc(&mapping->arena, mapping->columns->count + 1, sizeof(*columns));
	size_t next = 0;
	mapping->width = 1;
	for (size_t f = 0; f < mapping->schema->field_count; f++) {
		struct source *source = &mapping->sources[f];
		source->columns = &columns[next];
		source->count = count_names(mapping->reading, &mapping->schema->fields[f]);
		for (size_t i = 0; i < source->count; i++, next++)
			columns[next] = next;
	}
}

bool mapping_init(struct mapping *mapping, const struct reading *reading,
	const struct schema *schema, const struct string_list *columns, struct err *err)
{
	*mapping = (struct mapping){.reading = reading,
		.schema = schema,
		.columns = columns,
		.names_field = NOWHERE,
		.values_field = NOWHERE};
	arena_init(&mapping->arena, MAPPING_MAX_BYTES);
	init_sources(mapping);
	if (!find_keys(mapping, err))
		return false;
	if (has_names(reading) || reading->unpivot.enabled)
		return map_names(mapping, err);
	map_json(mapping);
	return true;
}

void mapping_release(struct mapping *mapping)
{
	arena_release(&mapping->arena);
}

static bool means_null(const struct mapping *mapping, const struct cell *cell)
{
	const struct string_list *nulls = &mapping->reading->csv.nulls;
	for (size_t i = 0; i < nulls->count; i++) {
		size_t n = strlen(nulls->items[i]);
		if (n == cell->len && memcmp(nulls->items[i], cell->data, n) == 0)
			return true;
	}
	return false;
}

/* Makes a null of a cell that means one. */
static void judge_null(const struct mapping *mapping, bool quoted_null, struct cell *cell)
{
	if (cell->len <= mapping->longest_null && cell->kind == CELL_TEXT &&
		(!cell->quoted || quoted_null) && means_null(mapping, cell))
		*cell = (struct cell){.data = "", .kind = CELL_NULL};
}

/* A field's cell out of several columns; false when two of them hold one. */
static bool take_one_of(const struct mapping *mapping, const struct record *record, size_t field,
	struct row_problem *ret_problem)
{
	const struct source *source = &mapping->sources[field];
	struct cell *to = &mapping->cells[field];
	*to = (struct cell){.data = "", .kind = CELL_MISSING};
	for (size_t i = 0; i < source->count; i++) {
		const struct cell *cell = &record->cells[source->columns[i]];
		if (cell->kind == CELL_MISSING)
			continue;
		if (to->kind != CELL_MISSING) {
			ret_problem->column = mapping->columns->items[source->columns[i]];
			snprintf(ret_problem->reason, sizeof(ret_problem->reason),
				"two members name the field %s",
				mapping->schema->fields[field].name);
			return false;
		}
		*to = *cell;
		judge_null(mapping, source->quoted_null, to);
	}
	return true;
}

/*
 * Cells no column has keep what mapping_init gave them: they are missing. Most cells are longer
 * than any text that means null.
 */
static bool take_cells(
	struct mapping *mapping, const struct record *record, struct row_problem *ret_problem)
{
	const struct cell *from = record->cells;
	struct cell *to = mapping->cells;
	size_t longest_null = mapping->longest_null;
	for (size_t f = 0; f < mapping->schema->field_count; f++) {
		const struct source *source = &mapping->sources[f];
		if (source->count == 1) {
			to[f] = from[source->columns[0]];
			if (to[f].len <= longest_null)
				judge_null(mapping, source->quoted_null, &to[f]);
		} else if (source->count && !take_one_of(mapping, record, f, ret_problem)) {
			return false;
		}
	}
	return true;
}

static bool is_null(const struct mapping *mapping, int field)
{
	const char *fallback = mapping->schema->fields[field].default_json;
	switch (mapping->cells[field].kind) {
	case CELL_NULL:
		return true;
	case CELL_MISSING:
		return !fallback || strcmp(fallback, "null") == 0;
	default:
		return false;
	}
}

static bool check_keys(
	const struct mapping *mapping, size_t position, struct row_problem *ret_problem)
{
	for (size_t k = 0; k < mapping->key_count; k++) {
		int field = mapping->key_fields[k];
		if (!is_null(mapping, field))
			continue;
		ret_problem->column = mapping_column_name(mapping, field, position);
		snprintf(ret_problem->reason, sizeof(ret_problem->reason), "key field %s is null",
			mapping->schema->fields[field].name);
		return false;
	}
	return true;
}

/* The cells of an unpivoted row; false when skip_nulls leaves it out. */
static bool take_value(struct mapping *mapping, const struct record *record, size_t position)
{
	size_t column = mapping->value_columns[position];
	const char *name = mapping->columns->items[column];
	struct cell *value = &mapping->cells[mapping->values_field];
	*value = record->cells[column];
	judge_null(mapping, !mapping->takes_text, value);
	if (value->kind == CELL_NULL && mapping->reading->unpivot.skip_nulls)
		return false;
	mapping->cells[mapping->names_field] =
		(struct cell){.data = name, .len = (uint32_t)strlen(name), .kind = CELL_TEXT};
	return true;
}

enum row_kind mapping_row(struct mapping *mapping, const struct record *record, size_t position,
	struct row_problem *ret_problem)
{
	if (mapping->reading->unpivot.enabled && !take_value(mapping, record, position))
		return ROW_SKIPPED;
	return take_cells(mapping, record, ret_problem) &&
			       check_keys(mapping, position, ret_problem)
		       ? ROW_GOOD
		       : ROW_BAD;
}

const char *mapping_column_name(const struct mapping *mapping, int field, size_t position)
{
	if (field == mapping->values_field || field == mapping->names_field)
		return mapping->columns->items[mapping->value_columns[position]];
	const struct source *source = &mapping->sources[field];
	return source->count ? mapping->columns->items[source->columns[0]]
			     : mapping->schema->fields[field].name;
}
