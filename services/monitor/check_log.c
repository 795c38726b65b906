/* SPDX-License-Identifier: Apache-2.0 */
/* How checks went, and the rows kept of those that failed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/watch.h"
#include "penstock_monitor_sql.h"

#define BEFORE 10 /* earlier results in an overview */

static const struct listing_column overview_columns[] = {
	{"check", "check", LISTING_TEXT},
	{"model", "model", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"failures", "failures", LISTING_INT},
	{"before", "before", LISTING_TEXT},
	{"since", "since", LISTING_TEXT},
};

static const struct listing_column history_columns[] = {
	{"run", "run", LISTING_INT},
	{"checked", "checked_at", LISTING_TEXT},
	{"state", "state", LISTING_TEXT},
	{"failures", "failures", LISTING_INT},
	{"change", "change", LISTING_INT},
	{"rows kept", "rows_kept", LISTING_INT},
	{"ms", "milliseconds", LISTING_INT},
	{"message", "message", LISTING_TEXT},
};

static const struct listing_column cell_columns[] = {
	{"run", "run", LISTING_INT},
	{"number", "number", LISTING_INT},
	{"key", "key", LISTING_TEXT},
	{"value", "value", LISTING_TEXT},
};

static const struct listing_column json_columns[] = {
	{"run", "run", LISTING_INT},
	{"row", "row", LISTING_TEXT},
};

#define COLUMNS(columns) (columns), sizeof(columns) / sizeof((columns)[0])

static const struct listing_shape overview = {
	"checks", "checks", sql_monitor_check_overview, COLUMNS(overview_columns)};
static const struct listing_shape history = {
	"history", "a check's history", sql_monitor_check_history, COLUMNS(history_columns)};
static const struct listing_shape cells = {
	"rows", "failing rows", sql_monitor_check_rows, COLUMNS(cell_columns)};
static const struct listing_shape texts = {
	"rows", "failing rows", sql_monitor_check_rows_json, COLUMNS(json_columns)};

static bool ask(const struct monitor_options *options, const struct listing_shape *shape,
	const char *const *parameters, size_t count, struct arena *arena,
	struct listing *ret_listing, struct err *err)
{
	struct watch watch;
	struct database *database = NULL;
	watch_init(&watch, options);
	bool ok = watch_ledger(&watch, &database, err) &&
		  listing_query(database, shape, parameters, count, arena, ret_listing, err);
	watch_release(&watch);
	return ok;
}

bool check_overview_read(const struct monitor_options *options, struct arena *arena,
	struct listing *ret_listing, struct err *err)
{
	char before[24];
	snprintf(before, sizeof(before), "%d", BEFORE);
	const char *const parameters[] = {before};
	return ask(options, &overview, parameters, 1, arena, ret_listing, err);
}

bool check_history_read(const struct monitor_options *options, const char *name, int64_t limit,
	struct arena *arena, struct listing *ret_listing, struct err *err)
{
	char most[24];
	struct listing listing;
	snprintf(most, sizeof(most), "%" PRId64, limit);
	const char *const parameters[] = {name, most};
	if (!ask(options, &history, parameters, 2, arena, &listing, err))
		return false;
	if (!listing.rows)
		return err_usage(err,
			"no result of a check called '%s'; penstock check --history lists them",
			name);
	*ret_listing = listing;
	return true;
}

static bool no_rows(const char *name, struct err *err)
{
	return err_usage(err,
		"no rows of check '%s' are kept: it never failed, does not say store_failures: "
		"true, or is called otherwise (penstock check --history)",
		name);
}

/* As many columns as the first row has cells. */
static struct listing_shape *shape_of(const struct listing *list, struct arena *arena)
{
	size_t count = 0;
	while (count < list->rows &&
		strcmp(listing_cell(list, count, "number"), listing_cell(list, 0, "number")) == 0)
		count++;
	struct listing_column *columns = arena_calloc(arena, count, sizeof(*columns));
	for (size_t i = 0; i < count; i++) {
		const char *key = listing_cell(list, i, "key");
		columns[i] = (struct listing_column){key ? key : "", key ? key : "", LISTING_TEXT};
	}
	struct listing_shape *shape = arena_alloc(arena, sizeof(*shape));
	*shape = (struct listing_shape){"rows", "failing rows", NULL, columns, count};
	return shape;
}

/* A row that was cut has one cell of another name: it stands first. */
static size_t column_of(const struct listing_shape *shape, const char *key, size_t guess)
{
	if (guess < shape->column_count && strcmp(shape->columns[guess].key, key) == 0)
		return guess;
	return 0;
}

bool check_rows_read(const struct monitor_options *options, const char *name, int64_t limit,
	struct arena *arena, struct listing *ret_listing, int64_t *ret_run, struct err *err)
{
	char most[24];
	struct listing list;
	snprintf(most, sizeof(most), "%" PRId64, limit);
	const char *const parameters[] = {name, most};
	if (!ask(options, &cells, parameters, 2, arena, &list, err))
		return false;
	if (!list.rows)
		return no_rows(name, err);
	const struct listing_shape *shape = shape_of(&list, arena);
	const char **found = arena_calloc(arena, list.rows * shape->column_count, sizeof(*found));
	size_t row = 0;
	size_t column = 0;
	for (size_t i = 0; i < list.rows; i++, column++) {
		const char *number = listing_cell(&list, i, "number");
		if (i && strcmp(number, listing_cell(&list, i - 1, "number")) != 0) {
			row++;
			column = 0;
		}
		const char *key = listing_cell(&list, i, "key");
		size_t at = column_of(shape, key ? key : "", column);
		found[row * shape->column_count + at] = listing_cell(&list, i, "value");
	}
	*ret_listing = (struct listing){.shape = shape, .cells = found, .rows = row + 1};
	*ret_run = strtoll(listing_cell(&list, 0, "run"), NULL, 10);
	return true;
}

bool check_rows_json(const struct monitor_options *options, const char *name, int64_t limit,
	struct arena *arena, struct buf *out, struct err *err)
{
	char most[24];
	struct listing list;
	snprintf(most, sizeof(most), "%" PRId64, limit);
	const char *const parameters[] = {name, most};
	if (!ask(options, &texts, parameters, 2, arena, &list, err))
		return false;
	if (!list.rows)
		return no_rows(name, err);
	for (size_t i = 0; i < list.rows; i++) {
		buf_append_text(out, i ? ",\n " : "[");
		buf_append_text(out, listing_cell(&list, i, "row"));
	}
	buf_append_text(out, "]\n");
	return true;
}
