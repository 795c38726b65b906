/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/stale.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "base/text.h"
#include "penstock_producer_sql.h"
#include "postgres/migrate.h"
#include "postgres/quote.h"

#define MAX_NAME 1000

static const size_t max_files = 1000;
static const size_t max_array = (size_t)8 << 20;
static const int64_t connect_ms = 3000;
static const int64_t statement_ms = 5000;
static const int64_t backoff_ms = 1000;
static const int64_t backoff_cap_ms = 60000;

struct old_files {
	struct buf names; /* arrays, as parameters */
	struct buf texts;
	uint32_t checksum;
	size_t count;
	const char *first;
};

void stale_init(struct stale *stale, const struct config *config)
{
	char host[256] = "";
	*stale = (struct stale){.config = config};
	gethostname(host, sizeof(host) - 1);
	snprintf(stale->inbox, sizeof(stale->inbox), "%s:%.250s", host, config->inbox);
}

static const char *name_in(const struct stale *stale, const char *path)
{
	size_t n = strlen(stale->config->inbox);
	return strncmp(path, stale->config->inbox, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static void add(struct old_files *old, const char *name, int64_t since_us)
{
	char since[CLOCK_ISO_SIZE];
	struct buf text;
	buf_init(&text, MAX_NAME + 100);
	text_clean(&text, name, strlen(name), MAX_NAME);
	array_add(&old->names, buf_text(&text));
	clock_iso(since, since_us);
	buf_printf(&text, " lies in the inbox since %s", since);
	array_add(&old->texts, buf_text(&text));
	buf_release(&text);
	old->checksum = crc32c(old->checksum, name, strlen(name) + 1);
	if (!old->count++)
		old->first = name;
}

static void find(
	const struct stale *stale, const struct inbox_snapshot *snapshot, struct old_files *old)
{
	int64_t limit_us = clock_wall_us() - stale->config->alerts.stale_file_ms * 1000;
	buf_init(&old->names, max_array);
	buf_init(&old->texts, max_array);
	array_begin(&old->names);
	array_begin(&old->texts);
	for (size_t i = 0; i < snapshot->count && old->count < max_files; i++) {
		const struct inbox_file *file = &snapshot->files[i];
		int64_t touched_us =
			(int64_t)file->touched.tv_sec * 1000000 + file->touched.tv_nsec / 1000;
		if (touched_us < limit_us)
			add(old, name_in(stale, file->path), touched_us);
	}
	array_end(&old->names);
	array_end(&old->texts);
	old->checksum |= 1; /* never "not told yet" */
}

static bool note(const struct stale *stale, struct old_files *old, struct err *err)
{
	const struct database_options options = {.conninfo = stale->config->postgres,
		.application = "penstock producer",
		.connect_ms = connect_ms,
		.statement_ms = statement_ms};
	const char *const parameters[] = {
		stale->inbox, buf_text(&old->names), buf_text(&old->texts)};
	struct database *database = NULL;
	bool ok = migrate_open(&options, &database, err) &&
		  database_run(database, sql_producer_stale_files, parameters, 3, NULL, err);
	database_close(database);
	return ok;
}

static void note_or_wait(struct stale *stale, struct old_files *old)
{
	struct err err;
	if (note(stale, old, &err)) {
		stale->noted = old->checksum;
		stale->attempts = 0;
		return;
	}
	if (!stale->attempts)
		log_err(LOG_WARN, "stale files wait to be told", &err);
	stale->retry_us = clock_monotonic_us() +
			  1000 * clock_backoff_ms(stale->attempts, backoff_ms, backoff_cap_ms);
	stale->attempts += stale->attempts < 30;
}

void stale_note(struct stale *stale, const struct inbox_snapshot *snapshot)
{
	struct old_files old = {0};
	if (!stale->config->alerts.stale_file_ms)
		return;
	find(stale, snapshot, &old);
	if (old.checksum != stale->logged && old.count)
		log_warn("files lie in the inbox for too long",
			log_int("files", (int64_t)old.count), log_str("first", old.first));
	stale->logged = old.checksum;
	if (stale->config->postgres_configured && old.checksum != stale->noted &&
		clock_monotonic_us() >= stale->retry_us)
		note_or_wait(stale, &old);
	buf_release(&old.names);
	buf_release(&old.texts);
}
