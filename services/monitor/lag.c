/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages waiting are exact: end offset less the committed one, or less the first still there when
 * that is greater or nothing was committed. All partitions are asked at once. Rows and seconds are
 * estimated from the newest chunks of the ledger; without it they are unknown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "monitor/watch.h"
#include "penstock_monitor_sql.h"

static const int64_t oldest_ms = 2000;

/* The same partitions with one kind of offset each; dataset[i] is the one of partition i. */
struct offsets {
	struct kafka_partition *ends;
	struct kafka_partition *starts;
	struct kafka_partition *committed;
	const struct dataset **dataset;
	size_t count;
};

static bool count_partitions(struct kafka_admin *admin, const struct datasets *datasets,
	int32_t *counts, size_t *ret_sum, struct err *err)
{
	size_t sum = 0;
	for (size_t i = 0; i < datasets->count; i++) {
		if (!kafka_admin_partitions(
			    admin, datasets->items[i].topic, WATCH_MS, &counts[i], err))
			return false;
		sum += (size_t)counts[i];
	}
	if (sum == 0)
		return err_fail(err, ERR_FATAL,
			"Kafka has no topic of this configuration: run penstock init");
	*ret_sum = sum;
	return true;
}

static bool read_offsets(struct kafka_admin *admin, const struct datasets *datasets,
	struct arena *arena, struct offsets *ret_offsets, struct err *err)
{
	int32_t *counts = arena_calloc(arena, datasets->count + 1, sizeof(*counts));
	struct offsets offsets = {0};
	size_t sum = 0;
	if (!count_partitions(admin, datasets, counts, &sum, err))
		return false;
	offsets.ends = arena_calloc(arena, sum, sizeof(*offsets.ends));
	offsets.starts = arena_calloc(arena, sum, sizeof(*offsets.starts));
	offsets.committed = arena_calloc(arena, sum, sizeof(*offsets.committed));
	offsets.dataset = arena_calloc(arena, sum, sizeof(struct dataset *));
	for (size_t i = 0; i < datasets->count; i++) {
		for (int32_t p = 0; p < counts[i]; p++) {
			const struct kafka_partition one = {
				datasets->items[i].topic, p, KAFKA_NO_OFFSET};
			size_t at = offsets.count++;
			offsets.ends[at] = offsets.starts[at] = offsets.committed[at] = one;
			offsets.dataset[at] = &datasets->items[i];
		}
	}
	/* The committed offsets first: asked last they could lie behind the end, never negative. */
	if (!kafka_admin_committed(admin, offsets.committed, sum, WATCH_MS, err) ||
		!kafka_admin_starts(admin, offsets.starts, sum, WATCH_MS, err) ||
		!kafka_admin_ends(admin, offsets.ends, sum, WATCH_MS, err))
		return false;
	*ret_offsets = offsets;
	return true;
}

/* Where the next message to load is. */
static int64_t waiting_from(const struct offsets *offsets, size_t i)
{
	int64_t committed = offsets->committed[i].offset;
	int64_t start = offsets->starts[i].offset;
	return committed > start ? committed : start;
}

static void read_oldest(struct kafka_admin *admin, const struct offsets *offsets,
	struct arena *arena, struct lag_row *rows)
{
	struct kafka_partition *waiting = arena_calloc(arena, offsets->count + 1, sizeof(*waiting));
	int64_t *times = arena_calloc(arena, offsets->count + 1, sizeof(*times));
	size_t *row_of = arena_calloc(arena, offsets->count + 1, sizeof(*row_of));
	size_t count = 0;
	for (size_t i = 0; i < offsets->count; i++) {
		if (rows[i].lag == 0)
			continue;
		waiting[count] = offsets->ends[i];
		waiting[count].offset = waiting_from(offsets, i);
		row_of[count++] = i;
	}
	/* An age that cannot be read is unknown, and no reason to hide the lag. */
	struct err ignored;
	if (!kafka_admin_timestamps(admin, waiting, count, oldest_ms, times, &ignored))
		return;
	int64_t now_ms = clock_wall_us() / 1000;
	for (size_t i = 0; i < count; i++)
		if (times[i] >= 0)
			rows[row_of[i]].oldest_seconds =
				times[i] < now_ms ? (double)(now_ms - times[i]) / 1000 : 0;
}

static const struct listing_column rate_columns[] = {
	{"dataset", "dataset", LISTING_TEXT},
	{"partition", "partition", LISTING_INT},
	{"chunks", "chunks", LISTING_INT},
	{"rows", "rows", LISTING_INT},
	{"recent", "recent", LISTING_INT},
	{"seconds", "seconds", LISTING_REAL},
};
static const struct listing_shape rates_shape = {
	"rates", "load rates", sql_monitor_rates, rate_columns, 6};

static double number(const struct listing *rates, size_t row, const char *key)
{
	const char *text = listing_cell(rates, row, key);
	return text ? strtod(text, NULL) : 0;
}

/* Rows per message come from the whole dataset, the pace from the partition itself. */
static void estimate(const struct listing *rates, const char *dataset, struct lag_row *row)
{
	double chunks = 0;
	double rows = 0;
	double pace = 0;
	for (size_t i = 0; i < rates->rows; i++) {
		if (strcmp(listing_cell(rates, i, "dataset"), dataset) != 0)
			continue;
		chunks += number(rates, i, "chunks");
		rows += number(rates, i, "rows");
		if ((int32_t)number(rates, i, "partition") == row->partition)
			pace = number(rates, i, "recent") / number(rates, i, "seconds");
	}
	if (chunks > 0)
		row->rows_estimate = (int64_t)((double)row->lag * rows / chunks + 0.5);
	if (pace > 0)
		row->seconds_to_drain = (double)row->lag / pace;
}

static bool read_rates(
	struct watch *watch, struct arena *arena, struct listing *ret_rates, struct err *err)
{
	struct database *database = NULL;
	return watch_ledger(watch, &database, err) &&
	       listing_query(database, &rates_shape, NULL, 0, arena, ret_rates, err);
}

static void fill_estimates(
	struct watch *watch, const struct offsets *offsets, struct arena *arena, struct lag *lag)
{
	struct listing rates = {0};
	struct err err;
	if (!read_rates(watch, arena, &rates, &err))
		lag->blind = arena_strdup(arena, err.message);
	for (size_t i = 0; i < lag->count; i++) {
		struct lag_row *row = &lag->rows[i];
		if (!lag->blind)
			estimate(&rates, offsets->dataset[i]->config->name, row);
		if (row->lag == 0) {
			row->rows_estimate = 0;
			row->seconds_to_drain = 0;
		}
	}
}

bool watch_lag(struct watch *watch, struct arena *arena, struct lag *ret_lag, struct err *err)
{
	struct kafka_admin *admin = NULL;
	struct offsets offsets;
	if (!watch_kafka(watch, &admin, err) ||
		!read_offsets(admin, watch->options->datasets, arena, &offsets, err))
		return false;
	struct lag lag = {.count = offsets.count};
	lag.rows = arena_calloc(arena, lag.count, sizeof(*lag.rows));
	const char *group = kafka_property(&watch->options->kafka, "group.id");
	for (size_t i = 0; i < lag.count; i++) {
		int64_t waiting = offsets.ends[i].offset - waiting_from(&offsets, i);
		lag.rows[i] = (struct lag_row){
			.topic = offsets.ends[i].topic,
			.partition = offsets.ends[i].partition,
			.group = group,
			.committed = offsets.committed[i].offset,
			.end = offsets.ends[i].offset,
			.lag = waiting > 0 ? waiting : 0,
			.rows_estimate = -1,
			.seconds_to_drain = -1,
			.oldest_seconds = -1,
		};
	}
	read_oldest(admin, &offsets, arena, lag.rows);
	fill_estimates(watch, &offsets, arena, &lag);
	*ret_lag = lag;
	return true;
}

bool lag_read(const struct monitor_options *options, struct arena *arena, struct lag *ret_lag,
	struct err *err)
{
	struct watch watch;
	watch_init(&watch, options);
	bool ok = watch_lag(&watch, arena, ret_lag, err);
	watch_release(&watch);
	return ok;
}

static const struct listing_column lag_columns[] = {
	{"topic", "topic", LISTING_TEXT},
	{"partition", "partition", LISTING_INT},
	{"group", "group", LISTING_TEXT},
	{"committed", "committed", LISTING_INT},
	{"end", "end", LISTING_INT},
	{"lag", "lag", LISTING_INT},
	{"rows (estimate)", "rows_estimate", LISTING_INT},
	{"seconds to drain (estimate)", "seconds_to_drain", LISTING_REAL},
	{"oldest s", "oldest_seconds", LISTING_REAL},
};
enum { LAG_COLUMNS = sizeof(lag_columns) / sizeof(lag_columns[0]) };
static const struct listing_shape lag_shape = {"lag", "lag", NULL, lag_columns, LAG_COLUMNS};

static const char *integer(struct arena *arena, int64_t value)
{
	return value < 0 ? NULL : arena_printf(arena, "%lld", (long long)value);
}

static const char *real(struct arena *arena, double value)
{
	return value < 0 ? NULL : arena_printf(arena, "%.1f", value);
}

void lag_listing(const struct lag *lag, struct arena *arena, struct listing *ret_listing)
{
	const char **cells = arena_calloc(arena, lag->count * LAG_COLUMNS + 1, sizeof(*cells));
	const char **at = cells;
	for (size_t i = 0; i < lag->count; i++) {
		const struct lag_row *row = &lag->rows[i];
		*at++ = row->topic;
		*at++ = integer(arena, row->partition);
		*at++ = row->group;
		*at++ = integer(arena, row->committed);
		*at++ = integer(arena, row->end);
		*at++ = integer(arena, row->lag);
		*at++ = integer(arena, row->rows_estimate);
		*at++ = real(arena, row->seconds_to_drain);
		*at++ = real(arena, row->oldest_seconds);
	}
	*ret_listing = (struct listing){.shape = &lag_shape, .cells = cells, .rows = lag->count};
}
