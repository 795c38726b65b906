/* SPDX-License-Identifier: Apache-2.0 */
/* A page that needs nothing but itself: title, chart, table. Rows stream, so the chart, which needs
 * them all, stands behind the table in the file and before it on the screen. */
#include "base/clock.h"
#include "base/html_escape.h"
#include "penstock_report_pages.h"
#include "report/style.h"

static void put_cell(struct buf *out, bool head, const struct database_rows *rows, size_t column,
	const char *text)
{
	bool number = report_type_of(rows, column) == REPORT_TYPE_NUMBER;
	buf_printf(out, "<%s%s>", head ? "th scope=\"col\"" : "td", number ? " class=\"n\"" : "");
	html_escape(out, text ? text : "");
	buf_append_text(out, head ? "</th>" : "</td>");
}

static bool html_head(
	struct report_writer *writer, const struct database_rows *columns, struct err *err)
{
	struct buf *out = &writer->buf;
	char now[CLOCK_ISO_SIZE];
	(void)err;
	clock_iso(now, clock_wall_us());
	buf_append_text(out,
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width\">" HTML_NO_SCRIPTS
		"<title>");
	html_escape(out, writer->target->title);
	buf_printf(out, "</title><style>\n%s</style></head>\n<body><h1>", common_report_style_css);
	html_escape(out, writer->target->title);
	buf_printf(out, "</h1><p>%.10s %.5s UTC</p>\n<div class=\"rows\"><table><thead><tr>", now,
		now + 11);
	for (size_t i = 0; i < database_column_count(columns); i++)
		put_cell(out, true, columns, i, database_column_name(columns, i));
	buf_append_text(out, "</tr></thead><tbody>\n");
	return true;
}

static bool html_row(struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	buf_append_text(out, "<tr>");
	for (size_t i = 0; i < database_column_count(row); i++)
		put_cell(out, false, row, i, report_value(row, i));
	buf_append_text(out, "</tr>\n");
	return true;
}

static void html_end(struct report_writer *writer)
{
	struct buf *out = &writer->buf;
	buf_append_text(out, "</tbody></table></div>\n");
	if (writer->target->chart.kind != CHART_NONE && writer->chart.count) {
		buf_append_text(out, "<figure>");
		chart_draw(&writer->chart, out);
		buf_append_text(out, "</figure>\n");
	}
	buf_append_text(out, "</body></html>\n");
}

const struct report_style report_style_html = {
	".html", "text/html; charset=utf-8", html_head, html_row, html_end};
