/* SPDX-License-Identifier: Apache-2.0 */
/* A page that needs nothing but itself: title, chart, table. Rows stream, so the chart, which needs
 * them all, stands behind the table in the file and before it on the screen. */
#include "base/clock.h"
#include "base/html_escape.h"
#include "report/style.h"

static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;margin:2.5em auto;max-width:60em;padding:0 1em;"
	"color:#1d2330;background:#fff;display:flex;flex-direction:column}"
	"h1{font-size:1.5em;margin:0 0 .2em;order:-3}p{color:#68707f;margin:0 0 1.2em;order:-2}"
	"figure{margin:0 0 1.6em;order:-1}svg{width:100%;height:auto;font:12px "
	"system-ui,sans-serif}"
	"svg text{fill:#68707f}.grid{stroke:#e3e6eb}.axis{stroke:#9aa2b1}"
	"table{border-collapse:collapse}th,td{padding:.3em 1.6em .3em 0;text-align:left;"
	"border-bottom:1px solid #e3e6eb;vertical-align:top}th{color:#68707f;font-weight:600}"
	".n{text-align:right;font-variant-numeric:tabular-nums}"
	".s0{--c:#2563a8}.s1{--c:#c2571a}.s2{--c:#2e8b57}.s3{--c:#8a4fb0}.s4{--c:#b0364a}.s5{--c:#"
	"6b7280}"
	".line{fill:none;stroke:var(--c);stroke-width:2}.fill{fill:var(--c)}"
	"@media(prefers-color-scheme:dark){body{color:#dde1e8;background:#14171c}"
	"th,td{border-color:#2b313b}.grid{stroke:#2b313b}.s0{--c:#6aa8e8}.s1{--c:#ec9a62}"
	".s2{--c:#6cc795}.s3{--c:#c39ae0}.s4{--c:#e98596}.s5{--c:#a8afbb}}";

static void put_cell(struct buf *out, const char *tag, const struct database_rows *rows,
	size_t column, const char *text)
{
	bool number = report_type_of(rows, column) == REPORT_TYPE_NUMBER;
	buf_printf(out, "<%s%s>", tag, number ? " class=\"n\"" : "");
	html_escape(out, text ? text : "");
	buf_printf(out, "</%s>", tag);
}

static bool html_head(
	struct report_writer *writer, const struct database_rows *columns, struct err *err)
{
	struct buf *out = &writer->buf;
	char now[CLOCK_ISO_SIZE];
	(void)err;
	clock_iso(now, clock_wall_us());
	buf_append_text(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
			     "<meta name=\"viewport\" content=\"width=device-width\"><title>");
	html_escape(out, writer->target->title);
	buf_printf(out, "</title><style>%s</style></head>\n<body><h1>", style);
	html_escape(out, writer->target->title);
	buf_printf(out, "</h1><p>%.10s %.5s UTC</p>\n<table><thead><tr>", now, now + 11);
	for (size_t i = 0; i < database_column_count(columns); i++)
		put_cell(out, "th", columns, i, database_column_name(columns, i));
	buf_append_text(out, "</tr></thead><tbody>\n");
	return true;
}

static bool html_row(struct report_writer *writer, const struct database_rows *row, struct err *err)
{
	struct buf *out = &writer->buf;
	(void)err;
	buf_append_text(out, "<tr>");
	for (size_t i = 0; i < database_column_count(row); i++)
		put_cell(out, "td", row, i, report_value(row, i));
	buf_append_text(out, "</tr>\n");
	return true;
}

static void html_end(struct report_writer *writer)
{
	struct buf *out = &writer->buf;
	buf_append_text(out, "</tbody></table>\n");
	if (writer->target->chart.kind != CHART_NONE && writer->chart.count) {
		buf_append_text(out, "<figure>");
		chart_draw(&writer->chart, out);
		buf_append_text(out, "</figure>\n");
	}
	buf_append_text(out, "</body></html>\n");
}

const struct report_style report_style_html = {
	".html", "text/html; charset=utf-8", html_head, html_row, html_end};
