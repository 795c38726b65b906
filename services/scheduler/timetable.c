/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/timetable.h"

#include <string.h>

#define LAST_RUN                                                                                   \
	"SELECT coalesce(floor(extract(epoch FROM max(started_at)))::bigint, 0) "                  \
	"FROM penstock.run WHERE trigger = 'cron'"
#define LAST_MODEL_RUN                                                                             \
	"SELECT coalesce(floor(extract(epoch FROM max(r.started_at)))::bigint, 0) "                \
	"FROM penstock.run r JOIN penstock.model_run m USING (run_id) WHERE m.model = $1"

static bool add_entry(struct timetable *timetable, struct database *database, const char *model,
	const struct cron *cron, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(
		    database, model ? LAST_MODEL_RUN : LAST_RUN, &model, model ? 1 : 0, &rows, err))
		return false;
	int64_t last = database_int(rows, 0, 0);
	database_rows_free(rows);
	int64_t from = last > 0 ? last : timetable->since;
	struct timetable_entry *entry = &timetable->entries[timetable->count++];
	entry->model = model ? arena_strdup(&timetable->arena, model) : NULL;
	entry->next = cron_next(cron, from > timetable->tried ? from : timetable->tried);
	return true;
}

bool timetable_make(const struct config *config, const struct project *project,
	struct database *database, int64_t since, int64_t tried, struct timetable *ret_timetable,
	struct err *err)
{
	struct timetable timetable = {.since = since, .tried = tried};
	struct cron cron;
	arena_init(&timetable.arena, (size_t)16 << 20);
	timetable.entries = arena_calloc(
		&timetable.arena, project->model_count + 1, sizeof(*timetable.entries));
	bool ok = true;
	if (*config->recalculate.cron)
		ok = cron_parse(config->recalculate.cron, &cron, err) &&
		     add_entry(&timetable, database, NULL, &cron, err);
	for (size_t i = 0; ok && i < project->model_count; i++)
		if (project->models[i].schedule)
			ok = add_entry(&timetable, database, project->models[i].name,
				&project->models[i].cron, err);
	if (!ok) {
		timetable_release(&timetable);
		return false;
	}
	*ret_timetable = timetable;
	return true;
}

void timetable_release(struct timetable *timetable)
{
	arena_release(&timetable->arena);
	*timetable = (struct timetable){0};
}

bool timetable_due(const struct timetable *timetable, int64_t now)
{
	for (size_t i = 0; i < timetable->count; i++)
		if (timetable->entries[i].next <= now)
			return true;
	return false;
}

void timetable_select(
	const struct timetable *timetable, int64_t now, bool loaded, struct project *project)
{
	for (size_t i = 0; i < project->model_count; i++) {
		struct model *model = &project->models[i];
		model->selected = loaded && !model->schedule;
		for (size_t j = 0; j < timetable->count; j++) {
			const struct timetable_entry *entry = &timetable->entries[j];
			bool meant = entry->model ? strcmp(entry->model, model->name) == 0
						  : !model->schedule;
			if (meant && entry->next <= now)
				model->selected = true;
		}
	}
}
