/* SPDX-License-Identifier: Apache-2.0 */
/* CSV, JSON and Markdown. */
#include <string.h>

#include "base/json_writer.h"
#include "report/style.h"

enum report_type report_type_of(const struct database_rows *rows, size_t column)
{
	static const struct {
		uint32_t oid;
		enum report_type type;
	} types[] = {{16, REPORT_TYPE_BOOL}, {20, REPORT_TYPE_NUMBER}, {21, REPORT_TYPE_NUMBER},
		{23, REPORT_TYPE_NUMBER}, {26, REPORT_TYPE_NUMBER}, {700, REPORT_TYPE_NUMBER},
		{701, REPORT_TYPE_NUMBER}, {1700, REPORT_TYPE_NUMBER}, {114, REPORT_TYPE_JSON},
		{3802, REPORT_TYPE_JSON}};
	uint32_t oid = database_column_type(rows, column);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].oid == oid)
			return types[i].type;
	return REPORT_TYPE_TEXT;
}

const char *report_value(const struct database_rows *row, size_t column)
{
	const char *text = database_text(row, 0, column);
	if (!text || report_type_of(row, column) != REPORT_TYPE_BOOL)
		return text;
	return *text == 't' ? "true" : "false";
}

/* RFC 4180 with line feeds; null is an empty field, an empty text is "". */
static void csv_field(struct buf *out, const char *text)
{
	if (!text)
		return;
	if (*text && !strpbrk(text, ",\"\r\n")) {
		buf_append_text(out, text);
		return;
	}
	buf_append_byte(out, '"');
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			buf_append_byte(out, '"');
		buf_append_byte(out, (unsigned char)*p);
	}
	buf_append_byte(out, '"');
}

static bool csv_head(
	struct report_writer *writer, const struct database_rows *columns, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	for (size_t i = 0; i < database_column_count(columns); i++) {
		buf_append_text(out, i ? "," : "");
		csv_field(out, database_column_name(columns, i));
	}
	buf_append_byte(out, '\n');
	return true;
}

static bool csv_row(struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	for (size_t i = 0; i < database_column_count(row); i++) {
		buf_append_text(out, i ? "," : "");
		csv_field(out, report_value(row, i));
	}
	buf_append_byte(out, '\n');
	return true;
}

static bool json_head(
	struct report_writer *writer, const struct database_rows *columns, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	(void)columns;
	buf_append_text(out, "[");
	return true;
}

static void json_value(struct json_writer *json, const struct database_rows *row, size_t column)
{
	const char *text = report_value(row, column);
	enum report_type type = report_type_of(row, column);
	/* NaN and infinities are no JSON numbers. */
	bool finite = text && (*text == '-' ? text[1] != 'I' : *text >= '0' && *text <= '9');
	if (!text || (type == REPORT_TYPE_NUMBER && !finite))
		json_null(json);
	else if (type == REPORT_TYPE_TEXT)
		json_string(json, text);
	else
		json_raw(json, text, strlen(text));
}

static bool json_row(struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	struct json_writer json;
	buf_append_text(out, writer->rows ? ",\n" : "\n");
	json_begin(&json, out);
	json_object(&json);
	for (size_t i = 0; i < database_column_count(row); i++) {
		json_key(&json, database_column_name(row, i));
		json_value(&json, row, i);
	}
	json_object_end(&json);
	return true;
}

static void markdown_cell(struct buf *out, const char *text)
{
	buf_append_text(out, " ");
	for (const char *p = text ? text : ""; *p; p++) {
		if (*p == '\n')
			buf_append_text(out, "<br>");
		else if (*p == '|' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (*p != '\r')
			buf_append_byte(out, (unsigned char)*p);
	}
	buf_append_text(out, " |");
}

static bool markdown_head(
	struct report_writer *writer, const struct database_rows *columns, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	buf_append_text(out, "|");
	for (size_t i = 0; i < database_column_count(columns); i++)
		markdown_cell(out, database_column_name(columns, i));
	buf_append_text(out, "\n|");
	for (size_t i = 0; i < database_column_count(columns); i++)
		buf_append_text(out,
			report_type_of(columns, i) == REPORT_TYPE_NUMBER ? " ---: |" : " --- |");
	buf_append_text(out, "\n");
	return true;
}

static bool markdown_row(
	struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	buf_append_text(out, "|");
	for (size_t i = 0; i < database_column_count(row); i++)
		markdown_cell(out, report_value(row, i));
	buf_append_text(out, "\n");
	return true;
}

static void no_end(struct report_writer *writer)
{
	(void)writer;
}

static void json_end(struct report_writer *writer)
{
	buf_append_text(&writer->buf, writer->rows ? "\n]\n" : "]\n");
}

const struct report_style report_style_csv = {
	".csv", "text/csv; charset=utf-8", csv_head, csv_row, no_end};
const struct report_style report_style_json = {
	".json", "application/json", json_head, json_row, json_end};
const struct report_style report_style_markdown = {
	".md", "text/markdown; charset=utf-8", markdown_head, markdown_row, no_end};
