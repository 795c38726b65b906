/* SPDX-License-Identifier: Apache-2.0 */
/* What holds now, from the ledger and from Kafka's offsets, against the open alerts. */
#include "monitor/alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "penstock_monitor_sql.h"
#include "postgres/quote.h"

#define SYNC "SELECT penstock.alert_sync('ledger', $1, $2, $3)"

static const size_t max_array = (size_t)8 << 20;

/* Rows of three columns, as parameters: an array each. */
enum { COLUMNS = 3 };
struct columns {
	struct buf of[COLUMNS];
};

static void columns_init(struct columns *columns)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		buf_init(&columns->of[i], max_array);
		array_begin(&columns->of[i]);
	}
}

/* Releases them. `last` is the statement's fourth parameter; NULL: it has none. */
static bool columns_run(struct columns *columns, struct database *database, const char *sql,
	const char *last, struct err *err)
{
	const char *parameters[COLUMNS + 1] = {[COLUMNS] = last};
	bool overflow = false;
	for (size_t i = 0; i < COLUMNS; i++) {
		array_end(&columns->of[i]);
		parameters[i] = buf_text(&columns->of[i]);
		overflow = overflow || columns->of[i].overflow;
	}
	bool ok =
		overflow ? err_fail(err, ERR_RETRY, "more alerts than %zu bytes of text", max_array)
			 : database_run(
				   database, sql, parameters, COLUMNS + (last != NULL), NULL, err);
	for (size_t i = 0; i < COLUMNS; i++)
		buf_release(&columns->of[i]);
	return ok;
}

/* ---- the ledger ---- */

static const struct listing_column condition_columns[] = {
	{"kind", "kind", LISTING_TEXT},
	{"subject", "subject", LISTING_TEXT},
	{"text", "text", LISTING_TEXT},
};
static const struct listing_shape conditions_shape = {
	"conditions", "what is wrong", sql_monitor_conditions, condition_columns, COLUMNS};

static bool read_conditions(struct watch *watch, struct database *database, struct arena *arena,
	struct listing *ret_listing, struct err *err)
{
	const struct config *config = watch->options->config;
	struct buf names;
	struct buf limits;
	buf_init(&names, max_array);
	buf_init(&limits, max_array);
	array_begin(&names);
	array_begin(&limits);
	for (size_t i = 0; i < config->dataset_count; i++) {
		if (!config->datasets[i].stale_after_ms)
			continue;
		array_add(&names, config->datasets[i].name);
		array_add_int(&limits, config->datasets[i].stale_after_ms);
	}
	array_end(&names);
	array_end(&limits);
	const char *const parameters[] = {buf_text(&names), buf_text(&limits)};
	bool ok =
		listing_query(database, &conditions_shape, parameters, 2, arena, ret_listing, err);
	buf_release(&names);
	buf_release(&limits);
	return ok;
}

static bool note_ledger(
	struct watch *watch, struct database *database, struct arena *arena, struct err *err)
{
	struct listing found = {0};
	struct columns columns;
	if (!read_conditions(watch, database, arena, &found, err))
		return false;
	columns_init(&columns);
	for (size_t i = 0; i < found.rows; i++)
		for (size_t c = 0; c < COLUMNS; c++)
			array_add(&columns.of[c], found.cells[i * COLUMNS + c]);
	return columns_run(&columns, database, SYNC, NULL, err);
}

/* ---- lag ---- */

/* A topic, its messages waiting, the age of the oldest: null where it could not be read. The rows
 * of one topic stand together. */
static void add_topics(struct columns *columns, const struct lag *lag)
{
	for (size_t i = 0; i < lag->count;) {
		const char *topic = lag->rows[i].topic;
		int64_t waiting = 0;
		double oldest = 0;
		bool known = true;
		for (; i < lag->count && strcmp(lag->rows[i].topic, topic) == 0; i++) {
			const struct lag_row *row = &lag->rows[i];
			waiting += row->lag;
			known = known && (row->lag == 0 || row->oldest_seconds >= 0);
			oldest = row->oldest_seconds > oldest ? row->oldest_seconds : oldest;
		}
		array_add(&columns->of[0], topic);
		array_add_int(&columns->of[1], waiting);
		if (known)
			array_add_int(&columns->of[2], (int64_t)(oldest * 1000));
		else
			array_add(&columns->of[2], NULL);
	}
}

static bool note_lag(
	struct watch *watch, struct database *database, const struct lag *lag, struct err *err)
{
	struct columns columns;
	char limit[24];
	snprintf(limit, sizeof(limit), "%" PRId64, watch->options->config->alerts.lag_ms);
	columns_init(&columns);
	add_topics(&columns, lag);
	return columns_run(&columns, database, sql_monitor_note_lag, limit, err);
}

bool alerts_note(struct watch *watch, const struct lag *lag, struct arena *arena, struct err *err)
{
	struct database *database = NULL;
	return watch_ledger(watch, &database, err) && note_ledger(watch, database, arena, err) &&
	       (!lag || note_lag(watch, database, lag, err));
}
