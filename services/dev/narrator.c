/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/narrator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "penstock_dev_sql.h"
#include "postgres/database.h"

/* A line as it was told last. */
struct told {
	char text[400];
};

struct narrator {
	const char *url;
	struct database *database;
	char last[64]; /* time of the newest event told */
	struct told paused;
	struct told stopped;
	int width; /* of the widest subject so far, within limits */
};

struct narrator *narrator_new(const char *url)
{
	struct narrator *narrator = calloc(1, sizeof(*narrator));
	if (!narrator)
		BUG("out of memory");
	narrator->url = url;
	narrator->width = 38;
	return narrator;
}

void narrator_free(struct narrator *narrator)
{
	if (!narrator)
		return;
	database_close(narrator->database);
	free(narrator);
}

static bool connect(struct narrator *narrator, struct err *err)
{
	if (narrator->database && database_usable(narrator->database))
		return true;
	database_close(narrator->database);
	narrator->database = NULL;
	const struct database_options options = {
		.conninfo = narrator->url, .application = "penstock-dev", .statement_ms = 10000};
	return database_open(&options, &narrator->database, err);
}

static bool begin_now(struct narrator *narrator, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(narrator->database, "SELECT now()::text", NULL, 0, &rows, err))
		return false;
	text_copy(narrator->last, sizeof(narrator->last), database_text(rows, 0, 0));
	database_rows_free(rows);
	return true;
}

static bool tell_events(struct narrator *narrator, struct err *err)
{
	const char *const parameters[] = {narrator->last};
	struct database_rows *rows = NULL;
	if (!database_query(narrator->database, sql_dev_news, parameters, 1, &rows, err))
		return false;
	for (size_t i = 0; i < database_row_count(rows); i++) {
		const char *subject = database_text(rows, i, 2);
		size_t length = strlen(subject);
		if (length > (size_t)narrator->width)
			narrator->width = length < 70 ? (int)length : 70;
		printf("%-14s %-*s %s\n", database_text(rows, i, 1), narrator->width, subject,
			database_text(rows, i, 3));
		text_copy(narrator->last, sizeof(narrator->last), database_text(rows, i, 0));
	}
	database_rows_free(rows);
	return true;
}

static bool is_news(struct told *told, const char *text)
{
	struct told now;
	text_copy(now.text, sizeof(now.text), text);
	bool news = strcmp(now.text, told->text) != 0;
	text_copy(told->text, sizeof(told->text), now.text);
	return news;
}

static bool tell_pauses(struct narrator *narrator, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(narrator->database, sql_dev_paused, NULL, 0, &rows, err))
		return false;
	const char *paused = narrator->paused.text;
	const char *stopped = narrator->stopped.text;
	if (is_news(&narrator->paused, database_text(rows, 0, 0)))
		printf("%-14s %s\n", *paused ? "paused" : "resumed", paused);
	if (is_news(&narrator->stopped, database_text(rows, 0, 1)) && *stopped)
		printf("%-14s %s. Mend the cause, then start penstock dev again\n", "stopped",
			stopped);
	database_rows_free(rows);
	return true;
}

bool narrator_tell(struct narrator *narrator, struct err *err)
{
	if (!connect(narrator, err) || (!narrator->last[0] && !begin_now(narrator, err)))
		return false;
	bool ok = tell_events(narrator, err) && tell_pauses(narrator, err);
	fflush(stdout);
	return ok;
}
