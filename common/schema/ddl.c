/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/ddl.h"

#include <string.h>

#include "schema/literal.h"

void ddl_quote_identifier(struct buf *out, const char *name)
{
	if (strlen(name) > 63)
		BUG("identifier '%s' has more than 63 bytes", name);
	buf_append_byte(out, '"');
	for (; *name; name++) {
		if (*name == '"')
			buf_append_byte(out, '"');
		buf_append_byte(out, (unsigned char)*name);
	}
	buf_append_byte(out, '"');
}

void ddl_quote_table(struct buf *out, const struct ddl_table *table)
{
	ddl_quote_identifier(out, table->schema);
	buf_append_byte(out, '.');
	ddl_quote_identifier(out, table->name);
}

static bool in_key(const struct ddl_table *table, const char *name)
{
	for (size_t i = 0; i < table->key.count; i++)
		if (strcmp(table->key.items[i], name) == 0)
			return true;
	return false;
}

static void append_key(const struct ddl_table *table, struct buf *out)
{
	buf_append_text(out, "\tPRIMARY KEY (");
	for (size_t i = 0; i < table->key.count; i++) {
		buf_append_text(out, i ? ", " : "");
		ddl_quote_identifier(out, table->key.items[i]);
	}
	buf_append_text(out, table->key.count ? ")" : "\"_file\", \"_row\")");
}

void ddl_create_table(const struct schema *schema, const struct ddl_table *table, struct buf *out)
{
	buf_append_text(out, "CREATE SCHEMA IF NOT EXISTS ");
	ddl_quote_identifier(out, table->schema);
	buf_append_text(out, ";\nCREATE TABLE ");
	ddl_quote_table(out, table);
	buf_append_text(out, " (\n");
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		bool not_null = !field->type->nullable || in_key(table, field->column);
		buf_append_byte(out, '\t');
		ddl_quote_identifier(out, field->column);
		buf_printf(out, " %s%s,\n", field->column_sql, not_null ? " NOT NULL" : "");
	}
	buf_append_text(out, "\t\"_file\" bigint NOT NULL,\n\t\"_row\" bigint NOT NULL,\n");
	append_key(table, out);
	buf_append_text(out, "\n);\n");
}

static void append_comment(
	const struct ddl_table *table, const char *column, const char *doc, struct buf *out)
{
	buf_append_text(out, column ? "COMMENT ON COLUMN " : "COMMENT ON TABLE ");
	ddl_quote_table(out, table);
	if (column) {
		buf_append_byte(out, '.');
		ddl_quote_identifier(out, column);
	}
	buf_append_text(out, " IS ");
	if (doc)
		literal_append_text(out, doc, strlen(doc));
	else
		buf_append_text(out, "NULL");
	buf_append_text(out, ";\n");
}

void ddl_comments(const struct schema *schema, const struct ddl_table *table, struct buf *out)
{
	append_comment(table, NULL, schema->doc, out);
	for (size_t i = 0; i < schema->field_count; i++)
		append_comment(table, schema->fields[i].column, schema->fields[i].doc, out);
	append_comment(table, "_file", "File id of the publication the row came with.", out);
	append_comment(table, "_row", "Number of the row in its file, from 1.", out);
}

struct upgrade {
	const struct schema *schema;
	const struct ddl_table *table;
	const struct ddl_column *columns;
	size_t count;
	struct buf *out;
	struct buf problems;
};

static const struct ddl_column *find_column(const struct upgrade *up, const char *name)
{
	for (size_t i = 0; i < up->count; i++)
		if (strcmp(up->columns[i].name, name) == 0)
			return &up->columns[i];
	return NULL;
}

static void problem(struct upgrade *up, const char *column, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void problem(struct upgrade *up, const char *column, const char *fmt, ...)
{
	char text[300];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_printf(&up->problems, "%scolumn \"%s\" %s", up->problems.len ? "; " : "", column, text);
}

static void alter(struct upgrade *up, const char *what, const char *column)
{
	buf_append_text(up->out, "ALTER TABLE ");
	ddl_quote_table(up->out, up->table);
	buf_append_text(up->out, what);
	ddl_quote_identifier(up->out, column);
}

/*
 * The rows already there get the default, as if they had been read with this schema. The column
 * keeps it: workers that have not met the new schema yet leave the column out.
 */
static void add_column(struct upgrade *up, const struct field *field)
{
	bool has_value = field->default_json && strcmp(field->default_json, "null") != 0;
	if (!field->type->nullable && !has_value) {
		problem(up, field->column, "is missing and cannot be added without a \"default\"");
		return;
	}
	if (in_key(up->table, field->column)) {
		problem(up, field->column, "is missing and belongs to the key");
		return;
	}
	if (has_value && field->column_type == COLUMN_KEY) {
		problem(up, field->column,
			"is missing, and the rows already there cannot be given the key of the "
			"default: make it nullable with default null");
		return;
	}
	size_t before = up->out->len;
	alter(up, " ADD COLUMN ", field->column);
	buf_printf(up->out, " %s%s", field->column_sql, field->type->nullable ? "" : " NOT NULL");
	if (has_value) {
		buf_append_text(up->out, " DEFAULT ");
		if (!literal_append_default(up->out, field)) {
			up->out->len = before;
			problem(up, field->column,
				"is missing and its nested default has no simple SQL form: make it "
				"nullable with default null, or an empty array or map");
			return;
		}
	}
	buf_append_text(up->out, ";\n");
}

static void compare_fields(struct upgrade *up)
{
	for (size_t i = 0; i < up->schema->field_count; i++) {
		const struct field *field = &up->schema->fields[i];
		const struct ddl_column *column = find_column(up, field->column);
		if (!column)
			add_column(up, field);
		else if (column->oid != field->column_oid ||
			 strcmp(column->type, field->column_sql) != 0)
			problem(up, field->column, "is %s, the schema says %s", column->type,
				field->column_sql);
	}
}

static void compare_lineage(struct upgrade *up)
{
	static const char *const names[] = {"_file", "_row"};
	for (size_t i = 0; i < 2; i++) {
		const struct ddl_column *column = find_column(up, names[i]);
		if (!column)
			problem(up, names[i], "is missing: the table was not made by penstock");
		else if (strcmp(column->type, "bigint") != 0)
			problem(up, names[i], "is %s, it must be bigint", column->type);
	}
}

static void compare_surplus(struct upgrade *up)
{
	for (size_t i = 0; i < up->count; i++) {
		const struct ddl_column *column = &up->columns[i];
		bool ours = strcmp(column->name, "_file") == 0 || strcmp(column->name, "_row") == 0;
		if (!ours && column->not_null && !column->has_default &&
			schema_find_column(up->schema, column->name) < 0)
			problem(up, column->name,
				"is NOT NULL without a default and the schema does not have it");
	}
}

bool ddl_upgrade(const struct schema *schema, const struct ddl_table *table,
	const struct ddl_column *columns, size_t count, struct buf *out, struct err *err)
{
	struct upgrade up = {schema, table, columns, count, out, {0}};
	size_t before = out->len;
	buf_init(&up.problems, 64 * 1024);
	compare_fields(&up);
	compare_lineage(&up);
	compare_surplus(&up);
	bool ok = up.problems.len == 0;
	if (!ok) {
		out->len = before;
		err_config(err, "table %s.%s does not fit the schema: %s", table->schema,
			table->name, buf_text(&up.problems));
	}
	buf_release(&up.problems);
	return ok;
}

void ddl_relax(const struct schema *schema, const struct ddl_table *table,
	const struct ddl_column *columns, size_t count, struct buf *out)
{
	struct upgrade up = {schema, table, columns, count, out, {0}};
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		const struct ddl_column *column = find_column(&up, field->column);
		if (!column || !column->not_null || !field->type->nullable ||
			in_key(table, field->column))
			continue;
		alter(&up, " ALTER COLUMN ", field->column);
		buf_append_text(out, " DROP NOT NULL;\n");
	}
}
