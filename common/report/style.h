/* SPDX-License-Identifier: Apache-2.0 */
/* What a format gives the table in writer.c. Private to the reports. */
#ifndef PENSTOCK_REPORT_STYLE_H
#define PENSTOCK_REPORT_STYLE_H

#include "report/writer.h"

/* Each appends to writer->buf. */
struct report_style {
	const char *ending;
	const char *type; /* an object's Content-Type */
	bool (*head)(
		struct report_writer *writer, const struct database_rows *columns, struct err *err);
	bool (*row)(struct report_writer *writer, const struct database_rows *row, struct err *err);
	void (*end)(struct report_writer *writer);
};

extern const struct report_style report_style_csv;
extern const struct report_style report_style_json;
extern const struct report_style report_style_markdown;
extern const struct report_style report_style_html;

enum report_type { REPORT_TYPE_TEXT, REPORT_TYPE_BOOL, REPORT_TYPE_NUMBER, REPORT_TYPE_JSON };

enum report_type report_type_of(const struct database_rows *rows, size_t column);
/* The value as people read it; NULL for null. */
const char *report_value(const struct database_rows *row, size_t column);

#endif
