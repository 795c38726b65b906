/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/html_escape.h"
#include "base/text.h"
#include "project/head.h"
#include "report/style.h"

/* Units of the drawing; the page scales it. */
static const double width = 900;
static const double left = 85;
static const double right = 15;
static const double top = 40;
static const double bottom = 360;
static const double height = 395;
static const double letter = 7; /* the width of most */

#define LARGEST	 1e300
#define SMALLEST 1e-300

enum { TICKS = 5, LABEL_BYTES = 24 };

/* ---- what is wanted ---- */

bool chart_parse(const char *text, struct arena *arena, struct chart_wanted *ret_wanted,
	const char **ret_why)
{
	static const struct {
		const char *name;
		enum chart_kind kind;
	} kinds[] = {{"line ", CHART_LINE}, {"bar ", CHART_BAR}};
	struct chart_wanted wanted = {0};
	struct string_list names;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(text, kinds[i].name, strlen(kinds[i].name)) != 0)
			continue;
		wanted.kind = kinds[i].kind;
		text += strlen(kinds[i].name);
		break;
	}
	*ret_why = "expected line or bar, a column of labels, and one to six of numbers: "
		   "line month, turnover";
	if (wanted.kind == CHART_NONE || !head_list(text, arena, &names) || names.count < 2 ||
		names.count > 1 + CHART_MAX_SERIES)
		return false;
	wanted.label = names.items[0];
	wanted.series_count = names.count - 1;
	memcpy(wanted.series, names.items + 1, wanted.series_count * sizeof(*wanted.series));
	*ret_wanted = wanted;
	return true;
}

static bool find_column(
	const struct database_rows *columns, const char *name, size_t *ret_column, struct err *err)
{
	for (size_t i = 0; i < database_column_count(columns); i++) {
		if (strcmp(database_column_name(columns, i), name) == 0) {
			*ret_column = i;
			return true;
		}
	}
	return err_config(err, "chart: the report has no column '%s'", name);
}

bool chart_begin(struct chart *chart, const struct chart_wanted *wanted,
	const struct database_rows *columns, struct err *err)
{
	*chart = (struct chart){.wanted = wanted};
	arena_init(&chart->arena, (size_t)8 << 20);
	if (wanted->kind == CHART_NONE)
		return true;
	if (!find_column(columns, wanted->label, &chart->label_column, err))
		return false;
	for (size_t i = 0; i < wanted->series_count; i++) {
		if (!find_column(columns, wanted->series[i], &chart->columns[i], err))
			return false;
		if (report_type_of(columns, chart->columns[i]) != REPORT_TYPE_NUMBER)
			return err_config(
				err, "chart: column '%s' holds no numbers", wanted->series[i]);
	}
	chart->labels = arena_calloc(&chart->arena, CHART_MAX_POINTS, sizeof(*chart->labels));
	chart->values = arena_calloc(
		&chart->arena, CHART_MAX_POINTS * wanted->series_count, sizeof(*chart->values));
	return true;
}

void chart_release(struct chart *chart)
{
	arena_release(&chart->arena);
}

/* What is no number, or so large that differences overflow, is a gap; what underflows is 0. */
static double drawn(double value)
{
	if (!isfinite(value) || fabs(value) > LARGEST)
		return NAN;
	return fabs(value) < SMALLEST ? 0 : value;
}

bool chart_add(struct chart *chart, const struct database_rows *row, struct err *err)
{
	size_t n = chart->wanted->series_count;
	if (chart->wanted->kind == CHART_NONE)
		return true;
	if (chart->count == CHART_MAX_POINTS)
		return err_config(err,
			"chart: more than %d rows; sum them up in the SQL, or leave the chart out",
			CHART_MAX_POINTS);
	const char *label = report_value(row, chart->label_column);
	chart->labels[chart->count] =
		arena_strndup(&chart->arena, label ? label : "", label ? strnlen(label, 200) : 0);
	for (size_t i = 0; i < n; i++) {
		const char *text = database_text(row, 0, chart->columns[i]);
		chart->values[chart->count * n + i] = drawn(text ? strtod(text, NULL) : NAN);
	}
	chart->count++;
	return true;
}

/* ---- the drawing ---- */

struct scale {
	double low;
	double high;
	double step; /* between two lines of the grid */
};

static double value_of(const struct chart *chart, size_t point, size_t series)
{
	return chart->values[point * chart->wanted->series_count + series];
}

/* 1, 2 or 5 times a power of ten, so that the labels are round. */
static double round_step(double raw)
{
	double power = pow(10, floor(log10(raw)));
	double lead = raw / power;
	return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

/* Always with 0, so that lengths can be compared. */
static struct scale find_scale(const struct chart *chart)
{
	double low = 0;
	double high = 0;
	for (size_t i = 0; i < chart->count * chart->wanted->series_count; i++) {
		if (isnan(chart->values[i]))
			continue;
		low = fmin(low, chart->values[i]);
		high = fmax(high, chart->values[i]);
	}
	if (low == high)
		high = 1;
	double step = round_step((high - low) / TICKS);
	return (struct scale){floor(low / step) * step, ceil(high / step) * step, step};
}

static double y_of(const struct scale *scale, double value)
{
	return bottom - (value - scale->low) / (scale->high - scale->low) * (bottom - top);
}

/* The middle of a point's share of the width. */
static double x_of(const struct chart *chart, size_t point)
{
	double share = (width - left - right) / (double)chart->count;
	return left + share * ((double)point + 0.5);
}

static void draw_grid(const struct scale *scale, struct buf *out)
{
	size_t lines = (size_t)lround((scale->high - scale->low) / scale->step);
	for (size_t i = 0; i <= lines; i++) {
		double value = scale->low + (double)i * scale->step;
		double y = y_of(scale, value);
		bool zero = fabs(value) < scale->step / 2;
		buf_printf(out,
			"<line class=\"%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text text-anchor=\"end\" x=\"%.0f\" y=\"%.1f\">%.10g</text>",
			zero ? "axis" : "grid", left, width - right, y, y, left - 8, y + 4,
			zero ? 0 : value);
	}
}

static void draw_label(const struct chart *chart, size_t point, struct buf *out)
{
	struct buf shown;
	buf_init(&shown, 4 * LABEL_BYTES);
	text_excerpt(&shown, chart->labels[point], strlen(chart->labels[point]), LABEL_BYTES);
	buf_printf(out, "<text text-anchor=\"middle\" x=\"%.1f\" y=\"%.0f\">", x_of(chart, point),
		bottom + 20);
	html_escape(out, buf_text(&shown));
	buf_append_text(out, "</text>");
	buf_release(&shown);
}

/* As many as fit beside each other. */
static void draw_labels(const struct chart *chart, struct buf *out)
{
	size_t widest = 1;
	for (size_t i = 0; i < chart->count; i++) {
		size_t n = strlen(chart->labels[i]);
		widest = n > widest ? n : widest;
	}
	widest = widest < LABEL_BYTES ? widest : LABEL_BYTES;
	double share = (width - left - right) / (double)chart->count;
	size_t every = (size_t)ceil((double)(widest + 2) * letter / share);
	for (size_t i = 0; i < chart->count; i += every)
		draw_label(chart, i, out);
}

static void draw_line(
	const struct chart *chart, const struct scale *scale, size_t series, struct buf *out)
{
	bool pen_up = true;
	buf_append_text(out, "<path class=\"line\" d=\"");
	for (size_t i = 0; i < chart->count; i++) {
		double value = value_of(chart, i, series);
		if (!isnan(value))
			buf_printf(out, "%c%.1f %.1f", pen_up ? 'M' : 'L', x_of(chart, i),
				y_of(scale, value));
		pen_up = isnan(value);
	}
	buf_append_text(out, "\"/>");
}

static void put_title(const struct chart *chart, size_t point, size_t series, struct buf *out)
{
	buf_append_text(out, "<title>");
	html_escape(out, chart->labels[point]);
	buf_append_text(out, ", ");
	html_escape(out, chart->wanted->series[series]);
	buf_printf(out, ": %.15g</title>", value_of(chart, point, series));
}

static void draw_dots(
	const struct chart *chart, const struct scale *scale, size_t series, struct buf *out)
{
	for (size_t i = 0; i < chart->count; i++) {
		double value = value_of(chart, i, series);
		if (isnan(value))
			continue;
		buf_printf(out, "<circle class=\"fill\" r=\"3\" cx=\"%.1f\" cy=\"%.1f\">",
			x_of(chart, i), y_of(scale, value));
		put_title(chart, i, series, out);
		buf_append_text(out, "</circle>");
	}
}

/* Bars of one label stand side by side in four fifths of its share. */
static void draw_bars(
	const struct chart *chart, const struct scale *scale, size_t series, struct buf *out)
{
	double share = (width - left - right) / (double)chart->count * 0.8;
	double wide = share / (double)chart->wanted->series_count;
	for (size_t i = 0; i < chart->count; i++) {
		double value = value_of(chart, i, series);
		if (isnan(value))
			continue;
		double from = y_of(scale, fmax(value, 0));
		double to = y_of(scale, fmin(value, 0));
		buf_printf(out,
			"<rect class=\"fill\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\">",
			x_of(chart, i) - share / 2 + wide * (double)series, from, wide, to - from);
		put_title(chart, i, series, out);
		buf_append_text(out, "</rect>");
	}
}

static void draw_legend(const struct chart *chart, size_t series, struct buf *out)
{
	double x = left + (width - left - right) / CHART_MAX_SERIES * (double)series;
	buf_printf(out,
		"<rect class=\"fill\" x=\"%.0f\" y=\"8\" width=\"12\" height=\"12\"/>"
		"<text x=\"%.0f\" y=\"19\">",
		x, x + 18);
	html_escape(out, chart->wanted->series[series]);
	buf_append_text(out, "</text>");
}

void chart_draw(const struct chart *chart, struct buf *out)
{
	struct scale scale = find_scale(chart);
	buf_printf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", width, height);
	for (size_t i = 0; i < chart->wanted->series_count; i++) {
		html_escape(out, chart->wanted->series[i]);
		buf_append_text(out, i + 1 < chart->wanted->series_count ? ", " : " by ");
	}
	html_escape(out, chart->wanted->label);
	buf_append_text(out, "\">");
	draw_grid(&scale, out);
	draw_labels(chart, out);
	for (size_t i = 0; i < chart->wanted->series_count; i++) {
		buf_printf(out, "<g class=\"s%zu\">", i);
		draw_legend(chart, i, out);
		if (chart->wanted->kind == CHART_BAR) {
			draw_bars(chart, &scale, i, out);
		} else {
			draw_line(chart, &scale, i, out);
			draw_dots(chart, &scale, i, out);
		}
		buf_append_text(out, "</g>");
	}
	buf_append_text(out, "</svg>");
}
