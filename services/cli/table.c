/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells are kept as text in one buffer, each NUL-terminated, with an offset a cell; the kind of the
 * column says whether JSON quotes them.
 */
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/text.h"

static const size_t max_text = (size_t)256 << 20;
static const size_t max_cells = (size_t)16 << 20;
static const size_t no_text = SIZE_MAX;

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct buf text;
	struct buf offsets; /* size_t a cell; no_text: null */
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = malloc(sizeof(*table));
	if (!table)
		BUG("out of memory: table");
	*table = (struct table){.columns = columns, .column_count = count};
	buf_init(&table->text, max_text);
	buf_init(&table->offsets, max_cells * sizeof(size_t));
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	buf_release(&table->text);
	buf_release(&table->offsets);
	free(table);
}

/* A cell whose text did not fit is left out, and every one after it. */
static void add_offset(struct table *table, size_t offset)
{
	if (!table->text.overflow)
		buf_append(&table->offsets, &offset, sizeof(offset));
}

void table_null(struct table *table)
{
	add_offset(table, no_text);
}

void table_text(struct table *table, const char *text)
{
	if (!text) {
		table_null(table);
		return;
	}
	size_t offset = table->text.len;
	buf_append(&table->text, text, strlen(text) + 1);
	add_offset(table, offset);
}

void table_int(struct table *table, int64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRId64, value);
	table_text(table, text);
}

static size_t row_count(const struct table *table)
{
	return table->offsets.len / sizeof(size_t) / table->column_count;
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
	size_t offset = 0;
	memcpy(&offset, table->offsets.data + (row * table->column_count + column) * sizeof(offset),
		sizeof(offset));
	return offset == no_text ? NULL : (const char *)table->text.data + offset;
}

static void print_json(const struct table *table)
{
	struct buf out;
	struct json_writer json;
	buf_init(&out, max_text);
	putchar('[');
	for (size_t row = 0; row < row_count(table); row++) {
		buf_clear(&out);
		json_begin(&json, &out);
		json_object(&json);
		for (size_t i = 0; i < table->column_count; i++) {
			const char *text = cell(table, row, i);
			json_key(&json, table->columns[i].key);
			if (text && table->columns[i].kind != TABLE_TEXT)
				json_raw(&json, text, strlen(text));
			else
				json_string(&json, text);
		}
		json_object_end(&json);
		printf("%s%s", row ? ",\n " : "", buf_text(&out));
	}
	printf("]\n");
	buf_release(&out);
}

/* Characters, not bytes; wide ones count one. */
static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

/* The blanks before it are owed from the cells to its left: no line ends in any. */
static void print_cell(const char *text, size_t width, bool right, int *owed)
{
	size_t own = width_of(text);
	int pad = (int)(width > own ? width - own : 0);
	*owed += right ? pad : 0;
	if (*text) {
		printf("%*s%s", *owed, "", text);
		*owed = 0;
	}
	*owed += (right ? 0 : pad) + 2;
}

/* The cell as one line without control bytes, in `line`. */
static const char *line_of(const struct table *table, size_t row, size_t column, struct buf *line)
{
	const char *text = cell(table, row, column);
	if (!text)
		return "";
	buf_clear(line);
	text_excerpt(line, text, strlen(text), strlen(text));
	return buf_text(line);
}

static void print_text(const struct table *table)
{
	bool bold = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	struct buf line;
	buf_init(&line, max_text);
	size_t *widths = calloc(table->column_count, sizeof(*widths));
	if (!widths)
		BUG("out of memory: table of %zu columns", table->column_count);
	for (size_t i = 0; i < table->column_count; i++) {
		widths[i] = width_of(table->columns[i].title);
		for (size_t row = 0; row < row_count(table); row++) {
			size_t width = width_of(line_of(table, row, i, &line));
			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	int owed = 0;
	if (bold)
		fputs("\033[1m", stdout);
	for (size_t i = 0; i < table->column_count; i++)
		print_cell(table->columns[i].title, widths[i], table->columns[i].kind != TABLE_TEXT,
			&owed);
	puts(bold ? "\033[0m" : "");
	for (size_t row = 0; row < row_count(table); row++) {
		owed = 0;
		for (size_t i = 0; i < table->column_count; i++)
			print_cell(line_of(table, row, i, &line), widths[i],
				table->columns[i].kind != TABLE_TEXT, &owed);
		putchar('\n');
	}
	free(widths);
	buf_release(&line);
}

void table_print(const struct table *table, bool json)
{
	if (json)
		print_json(table);
	else
		print_text(table);
	if (table->text.overflow || table->offsets.overflow)
		fprintf(stderr, "penstock: too much to show; these are the first %zu rows\n",
			row_count(table));
}
