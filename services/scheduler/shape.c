/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/shape.h"

#include <string.h>

#include "penstock_scheduler_sql.h"
#include "postgres/quote.h"

enum { KIND, POPULATED, DEFINITION, COMMENT, COLUMN, TYPE, COLLATION, COLUMN_COMMENT };

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static void take_rows(const struct database_rows *rows, struct arena *arena, struct shape *shape)
{
	size_t n = database_row_count(rows);
	shape->kind = *database_text(rows, 0, KIND);
	shape->populated = database_bool(rows, 0, POPULATED);
	shape->definition = copy(arena, database_text(rows, 0, DEFINITION));
	shape->comment = copy(arena, database_text(rows, 0, COMMENT));
	shape->columns = arena_calloc(arena, n, sizeof(*shape->columns));
	for (size_t i = 0; i < n && database_text(rows, i, COLUMN); i++)
		shape->columns[shape->count++] = (struct shape_column){
			.name = copy(arena, database_text(rows, i, COLUMN)),
			.type = copy(arena, database_text(rows, i, TYPE)),
			.collation = copy(arena, database_text(rows, i, COLLATION)),
			.comment = copy(arena, database_text(rows, i, COLUMN_COMMENT)),
		};
}

bool shape_read(struct database *database, const char *schema, const char *name,
	struct arena *arena, struct shape *ret_shape, struct err *err)
{
	struct buf qualified;
	struct database_rows *rows = NULL;
	buf_init(&qualified, 1024);
	quote_qualified(&qualified, schema, name);
	const char *parameters[] = {buf_text(&qualified)};
	bool ok = database_query(database, sql_scheduler_shape, parameters, 1, &rows, err);
	if (ok) {
		*ret_shape = (struct shape){0};
		if (database_row_count(rows))
			take_rows(rows, arena, ret_shape);
		database_rows_free(rows);
	}
	buf_release(&qualified);
	return ok;
}

const char *shape_kind_name(char kind)
{
	static const struct {
		char kind;
		const char *name;
	} kinds[] = {{SHAPE_VIEW, "a view"}, {SHAPE_TABLE, "a table"},
		{SHAPE_MATVIEW, "a materialized view"}, {'f', "a foreign table"},
		{'p', "a partitioned table"}};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "something else";
}

static bool same_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

size_t shape_common(const struct shape *one, const struct shape *other)
{
	size_t n = 0;
	while (n < one->count && n < other->count &&
		same_text(one->columns[n].name, other->columns[n].name) &&
		same_text(one->columns[n].type, other->columns[n].type) &&
		same_text(one->columns[n].collation, other->columns[n].collation))
		n++;
	return n;
}

void shape_print_column(const struct shape *shape, size_t at, struct buf *out)
{
	if (at >= shape->count) {
		buf_append_text(out, "nothing");
		return;
	}
	const struct shape_column *column = &shape->columns[at];
	buf_printf(out, "%s %s", column->name, column->type);
	if (column->collation)
		buf_printf(out, " COLLATE %s", column->collation);
}

void shape_list_columns(const struct shape *shape, const char *prefix, struct buf *out)
{
	for (size_t i = 0; i < shape->count; i++) {
		buf_append_text(out, i ? ", " : "");
		buf_append_text(out, prefix);
		quote_identifier(out, shape->columns[i].name);
	}
}
