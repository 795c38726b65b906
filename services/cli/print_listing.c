/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print_listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/table.h"

static const size_t max_excerpt = 100;

static enum table_kind table_kind(enum listing_kind kind)
{
	static const enum table_kind kinds[] = {
		[LISTING_TEXT] = TABLE_TEXT,
		[LISTING_INT] = TABLE_INT,
		[LISTING_REAL] = TABLE_REAL,
	};
	return kinds[kind];
}

/* Numbers are as the listing has them; long texts are cut, but not for programs. */
static void put_cell(
	struct table *table, const char *cell, enum listing_kind kind, bool json, struct buf *line)
{
	if (!cell || json || kind != LISTING_TEXT) {
		table_text(table, cell);
		return;
	}
	buf_clear(line);
	text_excerpt(line, cell, strlen(cell), max_excerpt);
	table_text(table, buf_text(line));
}

void print_listing(const struct listing *listing, bool json)
{
	const struct listing_shape *shape = listing->shape;
	size_t columns = shape->column_count;
	struct table_column *titles = calloc(columns + 1, sizeof(*titles));
	if (!titles)
		BUG("out of memory: titles");
	for (size_t i = 0; i < columns; i++)
		titles[i] = (struct table_column){shape->columns[i].title, shape->columns[i].key,
			table_kind(shape->columns[i].kind)};
	struct table *table = table_new(titles, columns);
	struct buf line;
	buf_init(&line, max_excerpt * 8);
	for (size_t i = 0; i < listing->rows * columns; i++)
		put_cell(table, listing->cells[i], shape->columns[i % columns].kind, json, &line);
	table_print(table, json);
	buf_release(&line);
	table_free(table);
	free(titles);
}

bool monitor_options_fill(struct cli *cli, struct monitor_options *ret_options, struct err *err)
{
	const struct datasets *datasets = cli_datasets(cli, err);
	const struct config *config = datasets ? cli_config(cli, err) : NULL;
	if (!config)
		return false;
	*ret_options = (struct monitor_options){
		.config = config,
		.datasets = datasets,
		.kafka = cli_kafka(cli, "penstock-monitor"),
	};
	return true;
}
