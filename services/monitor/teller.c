/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells people what changed: one message with all that is new, at most every few seconds. The
 * channel's row in the ledger is locked while its message goes out and moved on after that.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/client.h"
#include "http/mail.h"
#include "monitor/alerts.h"
#include "penstock_monitor_sql.h"
#include "postgres/migrate.h"

static const int64_t tell_ms = 2000;
static const int64_t send_ms = 10000;
static const int64_t statement_ms = 5000;
static const size_t max_message = (size_t)256 << 10;
enum { MAX_LINES = 50, MAX_TEXT = 2000 };
#define RETRY_MS "5000"

struct news {
	struct buf text;
	char subject[100];
	const char *last_event; /* borrowed from the rows */
};

struct channel {
	const char *name;
	bool (*configured)(const struct config *config);
	bool (*send)(const struct config *config, struct news *news, struct err *err);
};

struct teller {
	const struct monitor_options *options;
	struct database *database;
	pthread_t thread;
	char told[1500]; /* the last trouble logged */
};

/* ---- the channels ---- */

static bool has_webhook(const struct config *config)
{
	return *config->alerts.webhook;
}

static bool send_webhook(const struct config *config, struct news *news, struct err *err)
{
	struct buf body;
	struct json_writer json;
	buf_init(&body, 2 * max_message);
	json_begin(&json, &body);
	json_object(&json);
	json_key(&json, "text");
	json_string(&json, buf_text(&news->text));
	json_object_end(&json);
	bool ok = http_post_json(config->alerts.webhook, body.data, body.len, send_ms, err);
	buf_release(&body);
	return ok;
}

static bool has_mail(const struct config *config)
{
	return *config->alerts.mail.server;
}

static bool send_mail(const struct config *config, struct news *news, struct err *err)
{
	const struct mail_server server = {
		.url = config->alerts.mail.server,
		.plain = config->alerts.mail.plain,
		.ca = config->alerts.mail.ca,
		.user = config->alerts.mail.user,
		.password = config->alerts.mail.password,
		.from = config->alerts.mail.from,
		.to = config->alerts.mail.to.items,
		.to_count = config->alerts.mail.to.count,
	};
	return mail_send(&server, news->subject, buf_text(&news->text), send_ms, err);
}

static const struct channel channels[] = {
	{"webhook", has_webhook, send_webhook},
	{"mail", has_mail, send_mail},
};
enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };

/* ---- one message ---- */

/* One line, whatever the text holds: names of files and messages of others are in it. */
static void write_line(
	const struct database_rows *rows, size_t row, const char *event, struct buf *out)
{
	const char *text = database_text(rows, row, 3);
	buf_printf(out, "%s %s: ", event, database_text(rows, row, 2));
	text_excerpt(out, text, strlen(text), MAX_TEXT);
	buf_printf(out, " (%s)\n", database_text(rows, row, 4));
}

static void write_news(const struct database_rows *rows, struct news *news)
{
	size_t count = database_row_count(rows);
	size_t raised = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_raised = strcmp(database_text(rows, i, 1), "raised") == 0;
		raised += is_raised;
		if (i < MAX_LINES)
			write_line(rows, i, is_raised ? "ALERT" : "cleared", &news->text);
	}
	if (count > MAX_LINES)
		buf_printf(&news->text, "and %zu more: penstock status\n", count - MAX_LINES);
	snprintf(news->subject, sizeof(news->subject), "penstock: %zu raised, %zu cleared", raised,
		count - raised);
	news->last_event = database_text(rows, count - 1, 0);
}

static bool note_told(struct database *database, const struct channel *channel,
	const struct news *news, const char *error, struct err *err)
{
	const char *const parameters[] = {channel->name, news->last_event, error, RETRY_MS};
	return database_run(database, sql_monitor_alert_told, parameters, 4, NULL, err);
}

static bool tell_news(struct teller *teller, const struct channel *channel,
	const struct database_rows *rows, struct err *err)
{
	struct news news = {0};
	struct err why = {0};
	buf_init(&news.text, max_message);
	write_news(rows, &news);
	bool sent = channel->send(teller->options->config, &news, &why);
	if (!sent && strcmp(teller->told, why.message) != 0) {
		log_err(LOG_WARN, "alerts wait", &why);
		snprintf(teller->told, sizeof(teller->told), "%s", why.message);
	} else if (sent) {
		log_info("told", log_str("channel", channel->name), log_str("what", news.subject));
		teller->told[0] = '\0';
	}
	bool ok = note_told(teller->database, channel, &news, sent ? "" : why.message, err);
	buf_release(&news.text);
	return ok;
}

static bool tell_channel(struct teller *teller, const struct channel *channel, struct err *err)
{
	struct database_rows *rows = NULL;
	const char *const parameters[] = {channel->name};
	if (!database_exec(teller->database, "BEGIN", err) ||
		!database_query(
			teller->database, sql_monitor_alert_pending, parameters, 1, &rows, err))
		return false;
	bool ok = !database_row_count(rows) || tell_news(teller, channel, rows, err);
	database_rows_free(rows);
	return ok && database_exec(teller->database, "COMMIT", err);
}

/* ---- the thread ---- */

/* A session, and the rows of what is configured. */
static bool open_session(struct teller *teller, struct err *err)
{
	const struct config *config = teller->options->config;
	const struct database_options options = {.conninfo = config->postgres,
		.application = "penstock-monitor",
		.statement_ms = statement_ms};
	if (!migrate_open(&options, &teller->database, err))
		return false;
	for (size_t i = 0; i < CHANNELS; i++) {
		const char *const parameters[] = {channels[i].name};
		if (channels[i].configured(config) &&
			!database_run(teller->database, sql_monitor_alert_channel, parameters, 1,
				NULL, err))
			return false;
	}
	return true;
}

static bool step(struct teller *teller, struct err *err)
{
	const struct config *config = teller->options->config;
	if (!teller->database && !open_session(teller, err))
		return false;
	for (size_t i = 0; i < CHANNELS && !stop_requested(); i++)
		if (channels[i].configured(config) && !tell_channel(teller, &channels[i], err))
			return false;
	return true;
}

static void *tell(void *context)
{
	struct teller *teller = context;
	struct err err;
	do {
		if (step(teller, &err))
			continue;
		/* The monitor itself says that the ledger is away. */
		database_close(teller->database);
		teller->database = NULL;
	} while (!stop_wait_ms(tell_ms));
	database_close(teller->database);
	return NULL;
}

struct teller *teller_start(const struct monitor_options *options)
{
	bool any = false;
	for (size_t i = 0; i < CHANNELS; i++)
		any = any || channels[i].configured(options->config);
	if (!any || !options->config->postgres_configured)
		return NULL;
	struct teller *teller = calloc(1, sizeof(*teller));
	if (!teller)
		BUG("out of memory");
	teller->options = options;
	if (pthread_create(&teller->thread, NULL, tell, teller) != 0)
		BUG("no thread can be started");
	return teller;
}

void teller_stop(struct teller *teller)
{
	if (!teller)
		return;
	pthread_join(teller->thread, NULL);
	free(teller);
}
