/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/report_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_writer.h"

#define FLUSH_AT (64 * 1024)
/* One row's text: Postgres allows 1 GiB a value; a report is for people. */
#define MAX_ROW	 (64 * 1024 * 1024)

enum type { TYPE_TEXT, TYPE_BOOL, TYPE_NUMBER, TYPE_JSON };

struct report_style {
	const char *ending;
	const char *type; /* an object's Content-Type */
	void (*head)(struct buf *out, const struct database_rows *columns);
	void (*row)(struct buf *out, const struct database_rows *row, bool first);
	const char *end;
	const char *end_empty; /* when there was no row */
};

static enum type type_of(const struct database_rows *rows, size_t column)
{
	static const struct {
		uint32_t oid;
		enum type type;
	} types[] = {{16, TYPE_BOOL}, {20, TYPE_NUMBER}, {21, TYPE_NUMBER}, {23, TYPE_NUMBER},
		{26, TYPE_NUMBER}, {700, TYPE_NUMBER}, {701, TYPE_NUMBER}, {1700, TYPE_NUMBER},
		{114, TYPE_JSON}, {3802, TYPE_JSON}};
	uint32_t oid = database_column_type(rows, column);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].oid == oid)
			return types[i].type;
	return TYPE_TEXT;
}

static const char *value_text(const struct database_rows *row, size_t column)
{
	const char *text = database_text(row, 0, column);
	if (!text || type_of(row, column) != TYPE_BOOL)
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

static void csv_head(struct buf *out, const struct database_rows *columns)
{
	for (size_t i = 0; i < database_column_count(columns); i++) {
		buf_append_text(out, i ? "," : "");
		csv_field(out, database_column_name(columns, i));
	}
	buf_append_byte(out, '\n');
}

static void csv_row(struct buf *out, const struct database_rows *row, bool first)
{
	(void)first;
	for (size_t i = 0; i < database_column_count(row); i++) {
		buf_append_text(out, i ? "," : "");
		csv_field(out, value_text(row, i));
	}
	buf_append_byte(out, '\n');
}

static void json_head(struct buf *out, const struct database_rows *columns)
{
	(void)columns;
	buf_append_text(out, "[");
}

static void json_value(struct json_writer *json, const struct database_rows *row, size_t column)
{
	const char *text = value_text(row, column);
	enum type type = type_of(row, column);
	/* NaN and infinities are no JSON numbers. */
	bool finite = text && (*text == '-' ? text[1] != 'I' : *text >= '0' && *text <= '9');
	if (!text || (type == TYPE_NUMBER && !finite))
		json_null(json);
	else if (type == TYPE_TEXT)
		json_string(json, text);
	else
		json_raw(json, text, strlen(text));
}

static void json_row(struct buf *out, const struct database_rows *row, bool first)
{
	struct json_writer json;
	buf_append_text(out, first ? "\n" : ",\n");
	json_begin(&json, out);
	json_object(&json);
	for (size_t i = 0; i < database_column_count(row); i++) {
		json_key(&json, database_column_name(row, i));
		json_value(&json, row, i);
	}
	json_object_end(&json);
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

static void markdown_head(struct buf *out, const struct database_rows *columns)
{
	buf_append_text(out, "|");
	for (size_t i = 0; i < database_column_count(columns); i++)
		markdown_cell(out, database_column_name(columns, i));
	buf_append_text(out, "\n|");
	for (size_t i = 0; i < database_column_count(columns); i++)
		buf_append_text(out, type_of(columns, i) == TYPE_NUMBER ? " ---: |" : " --- |");
	buf_append_text(out, "\n");
}

static void markdown_row(struct buf *out, const struct database_rows *row, bool first)
{
	(void)first;
	buf_append_text(out, "|");
	for (size_t i = 0; i < database_column_count(row); i++)
		markdown_cell(out, value_text(row, i));
	buf_append_text(out, "\n");
}

static const struct report_style styles[] = {
	[REPORT_CSV] = {".csv", "text/csv; charset=utf-8", csv_head, csv_row, "", ""},
	[REPORT_JSON] = {".json", "application/json", json_head, json_row, "\n]\n", "]\n"},
	[REPORT_MARKDOWN] = {".md", "text/markdown; charset=utf-8", markdown_head, markdown_row, "",
		""},
};

const char *report_ending(enum report_format format)
{
	return styles[format].ending;
}

static bool flush(struct report_writer *writer, struct err *err)
{
	if (writer->buf.overflow)
		return err_fail(err, ERR_FATAL, "%s: a row is longer than %d MiB", writer->path,
			MAX_ROW >> 20);
	bool ok = file_write_all(writer->fd, writer->buf.data, writer->buf.len, err);
	buf_clear(&writer->buf);
	buf_trim(&writer->buf, FLUSH_AT);
	return ok;
}

/* Beside the file, so that it can be renamed; an object's lies where there is room. */
static bool open_temporary(struct report_writer *writer, struct err *err)
{
	const char *name = file_name(writer->path);
	const char *folder = getenv("TMPDIR");
	char *temporary = writer->temporary;
	size_t size = sizeof(writer->temporary);
	int n = writer->s3
			? snprintf(temporary, size, "%s/penstock-report-XXXXXX",
				  folder && *folder ? folder : "/var/tmp")
			: snprintf(temporary, size, "%.*s.%s.%ld.new", (int)(name - writer->path),
				  writer->path, name, (long)getpid());
	if (n >= (int)size)
		return err_fail(err, ERR_FATAL, "%s: the path is too long", writer->path);
	writer->fd = writer->s3 ? mkostemp(temporary, O_CLOEXEC)
				: open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return writer->fd >= 0 || err_fail_errno(err, ERR_FATAL, "creating %s", temporary);
}

bool report_writer_open(struct report_writer *writer, const char *path, struct s3 *s3,
	enum report_format format, const struct database_rows *columns, struct err *err)
{
	*writer =
		(struct report_writer){.path = path, .s3 = s3, .fd = -1, .style = &styles[format]};
	buf_init(&writer->buf, MAX_ROW + FLUSH_AT);
	if (!open_temporary(writer, err))
		return false;
	writer->style->head(&writer->buf, columns);
	return true;
}

bool report_writer_row(
	struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	writer->style->row(&writer->buf, row, writer->rows == 0);
	writer->rows++;
	return (writer->buf.len < FLUSH_AT && !writer->buf.overflow) || flush(writer, err);
}

static bool publish_file(struct report_writer *writer, struct err *err)
{
	if (fsync(writer->fd) != 0)
		return err_fail_errno(err, ERR_RETRY, "writing %s", writer->temporary);
	if (rename(writer->temporary, writer->path) != 0)
		return err_fail_errno(err, ERR_FATAL, "renaming to %s", writer->path);
	writer->temporary[0] = '\0';
	return file_sync_folder_of(writer->path, err);
}

static bool publish_object(struct report_writer *writer, struct err *err)
{
	struct s3_place place;
	const struct s3_content content = {
		.fd = writer->fd,
		.size = (int64_t)lseek(writer->fd, 0, SEEK_END),
		.type = writer->style->type,
	};
	return s3_place_parse(writer->path, &place, err) &&
	       s3_upload(writer->s3, place.bucket, place.key, &content, err);
}

bool report_writer_publish(struct report_writer *writer, struct err *err)
{
	buf_append_text(&writer->buf, writer->rows ? writer->style->end : writer->style->end_empty);
	return flush(writer, err) &&
	       (writer->s3 ? publish_object(writer, err) : publish_file(writer, err));
}

void report_writer_close(struct report_writer *writer)
{
	if (writer->fd >= 0) {
		close(writer->fd);
		if (*writer->temporary)
			unlink(writer->temporary);
	}
	buf_release(&writer->buf);
}
