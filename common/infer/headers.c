/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of several lines: a wide cell over some columns, units below the names. What lies above
 * the values is a header, or a title above one, where it lets more columns have a type, and no cell
 * of it could be a value itself.
 */
#include <string.h>

#include "infer/dialect.h"

#define LINES_MAX   3
#define LOOKED_AT   200 /* records */
#define HEADER_JOIN " "

/* The sample's columns as if the header ended in this line, and the names in that line alone. */
struct lines {
	struct columns columns[LINES_MAX];
	size_t count;
};

static void read_lines(const struct draft *draft, const struct sample *sample,
	const struct guesser *guesser, struct lines *lines)
{
	struct err ignored;
	for (; lines->count < LINES_MAX; lines->count++) {
		struct reading reading = draft->reading;
		struct columns *columns = &lines->columns[lines->count];
		reading.csv.skip += (uint32_t)lines->count;
		if (!dialect_find_signs(&reading, sample, guesser, LOOKED_AT, columns, &ignored))
			return;
		if (columns->count != lines->columns[0].count) {
			columns_release(columns);
			return;
		}
		/* Nothing is left that another line could explain. */
		if (lines->count == 0 && columns->typed == columns->count &&
			columns_are_distinct(columns)) {
			lines->count = 1;
			return;
		}
	}
}

/* Whether no cell of `line` could be a value of `below`'s columns; *ret_bare: none stands over a
 * column of texts, either. */
static bool is_header_line(const struct columns *line, const struct columns *below, bool *ret_bare)
{
	*ret_bare = true;
	for (size_t i = 0; i < line->count; i++) {
		bool named = *line->names.items[i];
		bool text = column_is_text(below, i);
		if (named && !text && column_takes(below, i, &line->items[i].first))
			return false;
		*ret_bare = *ret_bare && !(named && text);
	}
	return true;
}

/* A header of `n` lines, over the columns below its last one. */
static bool is_header(const struct lines *lines, size_t n)
{
	const struct columns *below = &lines->columns[n - 1];
	bool distinct = columns_are_distinct(&lines->columns[0]);
	bool texts = below->typed < below->count;
	size_t gained = below->typed - lines->columns[0].typed;
	if (below->typed <= lines->columns[0].typed || (!texts && distinct && gained < 2))
		return false;
	for (size_t i = 1; i < n; i++) {
		bool bare = false;
		if (!is_header_line(&lines->columns[i], below, &bare) || (distinct && !bare))
			return false;
	}
	return true;
}

/* Whether all lines together give each column a name of its own; then the draft reads them so. */
static bool try_joined(struct draft *draft, const struct sample *sample,
	const struct guesser *guesser, uint32_t skip, uint32_t header)
{
	struct reading reading = draft->reading;
	struct columns columns;
	struct err ignored;
	reading.csv.skip = skip;
	reading.csv.header = header;
	reading.csv.header_join = HEADER_JOIN;
	columns_init(&columns, guesser, (struct signs){'.', ""}, LOOKED_AT);
	bool distinct = columns_read(&columns, &reading, sample, &ignored) &&
			columns_are_distinct(&columns);
	columns_release(&columns);
	if (distinct) {
		draft->reading = reading;
		draft_note(draft, "the header is taken to be %u lines", header);
	}
	return distinct;
}

void headers_find(struct draft *draft, const struct sample *sample, const struct guesser *guesser)
{
	struct lines lines = {.count = 0};
	uint32_t skip = draft->reading.csv.skip;
	bool found = false;
	read_lines(draft, sample, guesser, &lines);
	for (size_t n = 2; n <= lines.count && !found; n++) {
		found = is_header(&lines, n);
		/* Names that say enough alone, below what is a title. */
		if (found && columns_are_distinct(&lines.columns[n - 1]))
			draft->reading.csv.skip = skip + (uint32_t)n - 1;
		else if (found)
			found = try_joined(draft, sample, guesser, skip, (uint32_t)n);
	}
	/* Lines that seemed to be none of the table may tell its columns apart. */
	bool distinct = lines.count == 0 || columns_are_distinct(&lines.columns[0]);
	for (uint32_t n = 2; n <= LINES_MAX && n <= skip + 1 && !found && !distinct; n++)
		found = try_joined(draft, sample, guesser, skip + 1 - n, n);
	for (size_t i = 0; i < lines.count; i++)
		columns_release(&lines.columns[i]);
}
