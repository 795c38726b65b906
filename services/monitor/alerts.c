/* SPDX-License-Identifier: Apache-2.0 */
/* What holds now, from the ledger and from Kafka's offsets, against the open alerts. */
#include "monitor/alerts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "penstock_monitor_sql.h"
#include "postgres/quote.h"

#define SYNC "SELECT penstock.alert_sync($1, $2, $3, $4)"

static const size_t max_array = (size_t)8 << 20;

/* Three arrays of one length, as parameters. */
struct conditions {
	struct buf kinds;
	struct buf subjects;
	struct buf texts;
};

static void conditions_init(struct conditions *conditions)
{
	struct buf *const arrays[] = {
		&conditions->kinds, &conditions->subjects, &conditions->texts};
	for (size_t i = 0; i < 3; i++) {
		buf_init(arrays[i], max_array);
		array_begin(arrays[i]);
	}
}

static void conditions_release(struct conditions *conditions)
{
	buf_release(&conditions->kinds);
	buf_release(&conditions->subjects);
	buf_release(&conditions->texts);
}

static void add(
	struct conditions *conditions, const char *kind, const char *subject, const char *text)
{
	array_add(&conditions->kinds, kind);
	array_add(&conditions->subjects, subject);
	array_add(&conditions->texts, text);
}

static bool sync_scope(struct database *database, const char *scope, struct conditions *conditions,
	struct err *err)
{
	array_end(&conditions->kinds);
	array_end(&conditions->subjects);
	array_end(&conditions->texts);
	if (conditions->kinds.overflow || conditions->subjects.overflow ||
		conditions->texts.overflow)
		return err_fail(err, ERR_RETRY, "more alerts than %zu bytes of text", max_array);
	const char *const parameters[] = {scope, buf_text(&conditions->kinds),
		buf_text(&conditions->subjects), buf_text(&conditions->texts)};
	return database_run(database, SYNC, parameters, 4, NULL, err);
}

/* ---- the ledger ---- */

static const struct listing_column condition_columns[] = {
	{"kind", "kind", LISTING_TEXT},
	{"subject", "subject", LISTING_TEXT},
	{"text", "text", LISTING_TEXT},
};
static const struct listing_shape conditions_shape = {"conditions", "what is wrong",
	sql_monitor_conditions, condition_columns,
	sizeof(condition_columns) / sizeof(condition_columns[0])};

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
	struct conditions conditions;
	if (!read_conditions(watch, database, arena, &found, err))
		return false;
	conditions_init(&conditions);
	for (size_t i = 0; i < found.rows; i++)
		add(&conditions, listing_cell(&found, i, "kind"),
			listing_cell(&found, i, "subject"), listing_cell(&found, i, "text"));
	bool ok = sync_scope(database, "ledger", &conditions, err);
	conditions_release(&conditions);
	return ok;
}

/* ---- lag ---- */

/* The rows of one topic stand together. */
static bool note_lag(struct watch *watch, struct database *database, const struct lag *lag,
	struct arena *arena, struct err *err)
{
	const double limit = (double)watch->options->config->alerts.lag_ms / 1000;
	struct conditions conditions;
	conditions_init(&conditions);
	for (size_t i = 0; limit > 0 && i < lag->count;) {
		const char *topic = lag->rows[i].topic;
		double oldest = 0;
		for (; i < lag->count && strcmp(lag->rows[i].topic, topic) == 0; i++)
			if (lag->rows[i].oldest_seconds > oldest)
				oldest = lag->rows[i].oldest_seconds;
		char waits[32];
		text_format_duration(waits, (int64_t)(oldest * 1000));
		if (oldest > limit)
			add(&conditions, "lag", topic,
				arena_printf(arena, "topic %s: a message has waited for %s", topic,
					waits));
	}
	bool ok = sync_scope(database, "lag", &conditions, err);
	conditions_release(&conditions);
	return ok;
}

bool alerts_note(struct watch *watch, const struct lag *lag, struct arena *arena, struct err *err)
{
	struct database *database = NULL;
	return watch_ledger(watch, &database, err) && note_ledger(watch, database, arena, err) &&
	       (!lag || note_lag(watch, database, lag, arena, err));
}
