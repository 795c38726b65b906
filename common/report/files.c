/* SPDX-License-Identifier: Apache-2.0 */
#include "report/files.h"

#include <string.h>

#include "base/file.h"
#include "project/folder.h"
#include "project/head.h"

struct report_head {
	struct head_value format;
	struct head_value title;
	struct head_value chart;
};

static const struct head_key head_keys[] = {
	{"format", offsetof(struct report_head, format)},
	{"title", offsetof(struct report_head, title)},
	{"chart", offsetof(struct report_head, chart)},
};

static const struct {
	const char *name;
	enum report_format format;
} formats[] = {{"csv", REPORT_CSV}, {"json", REPORT_JSON}, {"markdown", REPORT_MARKDOWN},
	{"html", REPORT_HTML}};

static bool read_format(struct report *report, const struct head_value *value, struct err *err)
{
	if (!value->text)
		return true;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(value->text, formats[i].name) == 0) {
			report->target.format = formats[i].format;
			return true;
		}
	}
	return err_config(err, "%s:%d: format: expected csv, json, markdown or html, not '%s'",
		report->path, value->line, value->text);
}

static bool read_chart(
	struct report *report, const struct head_value *value, struct arena *arena, struct err *err)
{
	const char *why = NULL;
	if (!value->text)
		return true;
	if (report->target.format != REPORT_HTML)
		return err_config(err, "%s:%d: chart: only a report of format html has one",
			report->path, value->line);
	return chart_parse(value->text, arena, &report->target.chart, &why) ||
	       err_config(err, "%s:%d: chart: %s", report->path, value->line, why);
}

static bool load_report(const struct config *config, const char *file, struct arena *arena,
	struct report *report, struct err *err)
{
	struct report_head head = {0};
	const char *sql = NULL;
	if (strchr(file, '/'))
		return err_config(err, "%s/%s: reports stand in no folders of their own",
			config->reports.sql, file);
	report->path = file_join(arena, config->reports.sql, file);
	report->name = arena_strndup(arena, file, strlen(file) - strlen(".sql"));
	report->target.format = config->reports.format;
	if (!folder_read_sql(report->path, arena, &sql, err) ||
		!head_parse(sql, report->path, head_keys, sizeof(head_keys) / sizeof(head_keys[0]),
			arena, &head, err) ||
		!read_format(report, &head.format, err) ||
		!read_chart(report, &head.chart, arena, err) ||
		!query_parse(sql, report->path, arena, &report->query, err))
		return false;
	report->target.title = head.title.text ? head.title.text : report->name;
	return true;
}

bool report_files_load(const struct config *config, struct arena *arena,
	struct report_files *ret_files, struct err *err)
{
	struct string_list names = {0};
	struct report_files files = {0};
	const char *folder = config->reports.sql;
	if (*folder && !folder_list(folder, ".sql", arena, &names, err))
		return false;
	files.items = arena_calloc(arena, names.count + 1, sizeof(*files.items));
	for (; files.count < names.count; files.count++)
		if (!load_report(config, names.items[files.count], arena, &files.items[files.count],
			    err))
			return false;
	*ret_files = files;
	return true;
}

const char *report_format_name(enum report_format format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].format == format)
			return formats[i].name;
	BUG("no report format %d", (int)format);
}
