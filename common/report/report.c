/* SPDX-License-Identifier: Apache-2.0 */
/* sql/reports/<name>.sql -> output/<name>.csv, each from one snapshot of the database. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "postgres/database.h"
#include "report/files.h"
#include "report/report.h"

#define REPORTS_MAX_BYTES ((size_t)256 * 1024 * 1024)

struct reports {
	struct arena arena;
	const struct config *config;
	struct s3 *s3; /* where `output` is a bucket; NULL for a folder */
	struct report_files files;
};

static bool select_reports(
	struct reports *reports, const char *const *names, size_t count, struct err *err)
{
	for (size_t i = 0; i < reports->files.count; i++)
		reports->files.items[i].selected = count == 0;
	for (size_t i = 0; i < count; i++) {
		bool found = false;
		for (size_t j = 0; j < reports->files.count; j++) {
			if (strcmp(reports->files.items[j].name, names[i]) == 0)
				found = reports->files.items[j].selected = true;
		}
		if (!found)
			return err_usage(err, "no report is called '%s': there is no %s/%s.sql",
				names[i], reports->config->reports.sql, names[i]);
	}
	return true;
}

static bool write_row(void *context, const struct database_rows *one, struct err *err)
{
	return report_writer_row(context, one, err);
}

/* Columns first, so that a report without rows has its head. */
static bool read_columns(struct database *database, const struct report *report,
	struct database_rows **ret_columns, struct err *err)
{
	struct buf sql;
	buf_init(&sql, 2 * QUERY_MAX_BYTES);
	buf_append_text(&sql, "SELECT * FROM (\n");
	buf_append_text(&sql, report->query.text);
	buf_append_text(&sql, "\n) q LIMIT 0");
	bool ok = database_query(database, buf_text(&sql), NULL, 0, ret_columns, err);
	buf_release(&sql);
	return ok;
}

static bool write_report(
	struct reports *reports, struct report *report, struct database *database, struct err *err)
{
	struct report_writer writer;
	struct database_rows *columns = NULL;
	const char *output = reports->config->reports.output;
	size_t n = strlen(output);
	report->target.path = arena_printf(&reports->arena, "%s%s%s%s", output,
		n && output[n - 1] == '/' ? "" : "/", report->name,
		report_ending(report->target.format));
	if (!database_exec(database,
		    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
		    "SET LOCAL search_path = public",
		    err) ||
		!read_columns(database, report, &columns, err))
		return err_prefix(err, "%s", report->path);
	bool ok = report_writer_open(&writer, &report->target, reports->s3, columns, err) &&
		  database_stream(database, report->query.text, write_row, &writer, err) &&
		  report_writer_publish(&writer, err);
	int64_t rows = writer.rows;
	report_writer_close(&writer);
	database_rows_free(columns);
	if (!ok)
		return err_prefix(err, "%s", report->path);
	char counted[64];
	text_format_counted(counted, rows, "row");
	printf("%s: %s\n", report->target.path, counted);
	return true;
}

static bool open_output(struct reports *reports, struct err *err)
{
	const char *output = reports->config->reports.output;
	struct s3_place place;
	if (!s3_is_url(output))
		return file_make_folder(output, err);
	return s3_place_parse(output, &place, err) &&
	       s3_open(&reports->config->s3, &reports->s3, err);
}

static bool write_selected(struct reports *reports, size_t *ret_written, struct err *err)
{
	const struct database_options options = {
		.conninfo = reports->config->postgres, .application = "penstock report"};
	struct database *database = NULL;
	if (!open_output(reports, err) || !database_open(&options, &database, err))
		return false;
	size_t written = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < reports->files.count; i++) {
		if (!reports->files.items[i].selected)
			continue;
		ok = write_report(reports, &reports->files.items[i], database, err);
		database_rollback(database);
		written += ok;
	}
	database_close(database);
	if (ok)
		*ret_written = written;
	return ok;
}

bool report_once(const struct config *config, const char *const *names, size_t count,
	size_t *ret_written, struct err *err)
{
	struct reports reports = {.config = config};
	arena_init(&reports.arena, REPORTS_MAX_BYTES);
	bool ok = report_files_load(config, &reports.arena, &reports.files, err) &&
		  select_reports(&reports, names, count, err);
	if (ok && reports.files.count == 0)
		*ret_written = 0;
	else if (ok)
		ok = write_selected(&reports, ret_written, err);
	s3_close(reports.s3);
	arena_release(&reports.arena);
	return ok;
}
