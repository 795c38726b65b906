/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "worker/load.h"

#define MAX_DEAD_TEXT 4000

static const char note_sql[] =
	"INSERT INTO penstock.dead_letter (topic, partition, \"offset\", dataset, file_id, chunk,"
	" stage, reason, worker) VALUES ($1, $2::integer, $3::bigint, $4, $5::bigint, $6::bigint,"
	" $7, $8, $9) ON CONFLICT DO NOTHING";

static const char *number(char *text, size_t size, int64_t value)
{
	snprintf(text, size, "%lld", (long long)value);
	return text;
}

bool loader_note_dead(struct database *database, const struct dead_note *note, struct err *err)
{
	char partition[24];
	char offset[24];
	char file_id[24];
	char chunk[24];
	struct buf reason;
	buf_init(&reason, MAX_DEAD_TEXT + 1);
	text_clean(&reason, note->reason, strlen(note->reason), MAX_DEAD_TEXT);
	const char *const values[] = {note->topic,
		number(partition, sizeof(partition), note->partition),
		number(offset, sizeof(offset), note->offset), note->dataset,
		note->file_id > 0 ? number(file_id, sizeof(file_id), note->file_id) : NULL,
		note->chunk >= 0 ? number(chunk, sizeof(chunk), note->chunk) : NULL, note->stage,
		buf_text(&reason), note->worker};
	bool good = database_run(
		database, note_sql, values, sizeof(values) / sizeof(values[0]), NULL, err);
	buf_release(&reason);
	return good;
}
