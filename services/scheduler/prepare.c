/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before the run: everything a model names must exist or be made by this run; changed views are
 * replaced and columns added at the end, each in a transaction so short, and with so little
 * patience for locks, that readers hardly notice.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "postgres/quote.h"
#include "scheduler/batch.h"

#define LOCK_TRIES 40

static bool relation_exists(struct batch *batch, const struct query_relation *relation,
	bool *ret_exists, struct err *err)
{
	struct buf name;
	struct database_rows *rows = NULL;
	buf_init(&name, 1024);
	if (*relation->schema)
		quote_qualified(&name, relation->schema, relation->name);
	else
		quote_identifier(&name, relation->name);
	const char *parameters[] = {buf_text(&name)};
	bool ok = database_query(
		batch->database, "SELECT to_regclass($1) IS NOT NULL", parameters, 1, &rows, err);
	if (ok)
		*ret_exists = database_bool(rows, 0, 0);
	database_rows_free(rows);
	buf_release(&name);
	return ok;
}

static bool fail_missing(const struct model *model, const struct query_relation *relation,
	const struct model *parent, struct err *err)
{
	if (parent)
		return err_config(err,
			"%s:%d: reads model %s, which has not been built: run what %s reads too "
			"(penstock run +%s)",
			model->path, relation->line, parent->name, model->name, model->name);
	return err_config(err,
		"%s:%d: relation %s%s%s is neither a model nor in the database; tables of datasets "
		"are "
		"made by penstock init",
		model->path, relation->line, relation->schema, *relation->schema ? "." : "",
		relation->name);
}

/* *ret_ready: all it reads exists now; otherwise the run will make what is missing. */
static bool check_relations(
	struct batch *batch, const struct model *model, bool *ret_ready, struct err *err)
{
	bool ready = true;
	for (size_t i = 0; i < model->query.relation_count; i++) {
		const struct query_relation *relation = &model->query.relations[i];
		bool exists = false;
		if (!relation_exists(batch, relation, &exists, err))
			return false;
		if (exists)
			continue;
		ready = false;
		const struct model *parent = project_resolve(
			batch->project, model->schema, relation->schema, relation->name);
		if (!parent || !parent->selected)
			return fail_missing(model, relation, parent, err);
	}
	*ret_ready = ready;
	return true;
}

static bool prepare_existing(
	struct batch *batch, const struct model *model, const struct shape *old, struct err *err)
{
	struct shape wanted;
	if (model->materialized == MODEL_VIEW)
		return apply_view(batch, model, err) && apply_comments(batch, model, err);
	if (!apply_probe(batch, model, &wanted, err))
		return false;
	if (model->materialized != MODEL_MATVIEW)
		return apply_columns(batch, model, &wanted, err) &&
		       apply_comments(batch, model, err);
	if (old->kind != SHAPE_MATVIEW)
		return apply_refuse(model, "it is no materialized view in the database", err);
	if (strcmp(old->definition, wanted.definition) != 0)
		return apply_refuse(model, "its SQL changed", err);
	return apply_comments(batch, model, err);
}

static bool prepare_in_transaction(struct batch *batch, const struct model *model, struct err *err)
{
	struct shape old;
	bool ready = false;
	if (!batch_enter_schema(batch, model->schema, err) ||
		(!model->speed && !live_drop(batch, model, err)) ||
		!check_relations(batch, model, &ready, err) ||
		!shape_read(batch->database, model->schema, model->table, &batch->arena, &old, err))
		return false;
	if (model->rebuilt)
		return true;
	bool is_view = model->materialized == MODEL_VIEW;
	if (is_view && old.kind && !ready)
		return err_fail(err, ERR_FATAL,
			"the view reads a model that has not been built yet, and replacing it "
			"inside the "
			"run would make readers wait: run that model alone first");
	if (!ready || (!old.kind && !is_view))
		return true;
	if (model->is_live && !live_write(batch, model, err))
		return false;
	batch_result(batch, model)->prepared = true;
	return prepare_existing(batch, model, &old, err);
}

static bool try_prepare(struct batch *batch, const struct model *model, struct err *err)
{
	bool ok = database_exec(batch->database, "BEGIN; SET LOCAL lock_timeout = '500ms'", err) &&
		  prepare_in_transaction(batch, model, err) &&
		  database_exec(batch->database, "COMMIT", err);
	if (!ok)
		database_rollback(batch->database);
	return ok;
}

static bool is_busy(const struct err *err)
{
	return strcmp(err->native, "55P03") == 0 || strcmp(err->native, "40P01") == 0;
}

static bool prepare_model(struct batch *batch, const struct model *model, struct err *err)
{
	for (unsigned i = 0;; i++) {
		if (try_prepare(batch, model, err))
			return true;
		if (!is_busy(err) || i == LOCK_TRIES || stop_requested())
			break;
		stop_wait_ms(clock_backoff_ms(i, 20, 500));
	}
	struct model_result *result = batch_result(batch, model);
	result->state = MODEL_FAILED;
	result->error = arena_strdup(&batch->arena, err->message);
	return batch_blame(model, err);
}

bool batch_prepare(struct batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->project->model_count; i++)
		if (batch->project->models[i].selected &&
			!prepare_model(batch, &batch->project->models[i], err))
			return false;
	return indexes_match(batch, err);
}
