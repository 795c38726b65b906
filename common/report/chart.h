/* SPDX-License-Identifier: Apache-2.0 */
/* A chart of a report's rows as SVG: lines or bars, one series a column, over the rows' labels. */
#ifndef PENSTOCK_REPORT_CHART_H
#define PENSTOCK_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "postgres/database.h"

#define CHART_MAX_SERIES 6
#define CHART_MAX_POINTS 500

enum chart_kind { CHART_NONE, CHART_LINE, CHART_BAR };

/* As written in the report's head: "line month, turnover, pieces". Strings are borrowed. */
struct chart_wanted {
	enum chart_kind kind;
	const char *label;
	const char *series[CHART_MAX_SERIES];
	size_t series_count;
};

/* False, with a message for people, when the text is no chart. Memory from `arena`. */
MUST_CHECK bool chart_parse(const char *text, struct arena *arena, struct chart_wanted *ret_wanted,
	const char **ret_why);

struct chart {
	const struct chart_wanted *wanted;
	struct arena arena;
	size_t label_column;
	size_t columns[CHART_MAX_SERIES];
	const char **labels;
	double *values; /* series_count a point; NAN: none */
	size_t count;
};

/* Looks the columns up. A configuration error, without a place, when one is not there or holds no
 * numbers. chart_release follows, whatever it returns. */
MUST_CHECK bool chart_begin(struct chart *chart, const struct chart_wanted *wanted,
	const struct database_rows *columns, struct err *err);
void chart_release(struct chart *chart);
/* A configuration error beyond CHART_MAX_POINTS rows. */
MUST_CHECK bool chart_add(struct chart *chart, const struct database_rows *row, struct err *err);
/* Appends an <svg> element; its colours are the classes s0 to s5. */
void chart_draw(const struct chart *chart, struct buf *out);

#endif
