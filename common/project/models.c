/* SPDX-License-Identifier: Apache-2.0 */
/* sql/models/<schema>/<name>.sql: head lines, then one SELECT. */
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "project/folder.h"
#include "project/head.h"
#include "project/parts.h"

#define MAX_NAME 63 /* Postgres cuts identifiers there */

struct model_head {
	struct head_value materialized;
	struct head_value unique_key;
	struct head_value schedule;
	struct head_value timeout;
	struct head_value description;
	struct head_value owner;
	struct head_value speed;
};

static const struct head_key head_keys[] = {
	{"materialized", offsetof(struct model_head, materialized)},
	{"unique_key", offsetof(struct model_head, unique_key)},
	{"schedule", offsetof(struct model_head, schedule)},
	{"timeout", offsetof(struct model_head, timeout)},
	{"description", offsetof(struct model_head, description)},
	{"owner", offsetof(struct model_head, owner)},
	{"speed", offsetof(struct model_head, speed)},
};

static const struct {
	const char *name;
	enum materialized materialized;
} kinds[] = {
	{"view", MODEL_VIEW},
	{"table", MODEL_TABLE},
	{"materialized_view", MODEL_MATVIEW},
	{"incremental", MODEL_INCREMENTAL},
};

const char *materialized_name(enum materialized materialized)
{
	return kinds[materialized].name;
}

/* "marts/orders.sql" -> "marts", "orders". */
static bool read_name(struct model *model, const char *file, struct arena *arena, struct err *err)
{
	const char *slash = strchr(file, '/');
	if (!slash || strchr(slash + 1, '/'))
		return err_config(err,
			"%s: a model stands in a folder named like its schema: <schema>/<name>.sql",
			model->path);
	model->schema = arena_strndup(arena, file, (size_t)(slash - file));
	model->table = arena_strndup(arena, slash + 1, strlen(slash + 1) - strlen(".sql"));
	model->name = arena_printf(arena, "%s.%s", model->schema, model->table);
	if (strlen(model->schema) > MAX_NAME || strlen(model->table) > MAX_NAME)
		return err_config(err, "%s: schema and name have at most %d bytes each",
			model->path, MAX_NAME);
	if (strchr(model->schema, '.') || strchr(model->table, '.') ||
		!utf8_valid(file, strlen(file), NULL))
		return err_config(err, "%s: no dots in a schema's or model's name", model->path);
	if (strcmp(model->schema, "penstock") == 0 || strncmp(model->schema, "pg_", 3) == 0 ||
		strcmp(model->schema, "information_schema") == 0)
		return err_config(err, "%s: schema %s is not for models: use another folder",
			model->path, model->schema);
	return true;
}

static bool read_materialized(struct model *model, const struct head_value *value, struct err *err)
{
	if (!value->text)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(value->text, kinds[i].name) == 0) {
			model->materialized = kinds[i].materialized;
			return true;
		}
	}
	return err_config(err,
		"%s:%d: materialized: expected view, table, materialized_view or "
		"incremental, not '%s'",
		model->path, value->line, value->text);
}

static bool read_key(
	struct model *model, const struct head_value *value, struct arena *arena, struct err *err)
{
	if (value->text && model->materialized == MODEL_VIEW)
		return err_config(err,
			"%s:%d: a view has no unique_key: declare the check `unique` instead",
			model->path, value->line);
	if (value->text && !head_list(value->text, arena, &model->unique_key))
		return err_config(err, "%s:%d: unique_key: expected columns, a, b, each once",
			model->path, value->line);
	if (!value->text && model->materialized == MODEL_INCREMENTAL)
		return err_config(err,
			"%s: an incremental model needs a line -- unique_key: a, b (it tells which "
			"rows "
			"new ones change)",
			model->path);
	if (!value->text && model->materialized == MODEL_MATVIEW)
		return err_config(err,
			"%s: a materialized view needs a line -- unique_key: a, b (Postgres "
			"refreshes "
			"it without making readers wait only with a unique index)",
			model->path);
	return true;
}

static bool read_schedule(struct model *model, const struct head_value *value, struct err *err)
{
	if (!value->text)
		return true;
	if (model->materialized == MODEL_VIEW)
		return err_config(err, "%s:%d: a view is always up to date: it has no schedule",
			model->path, value->line);
	model->schedule = value->text;
	return cron_parse(value->text, &model->cron, err) ||
	       err_prefix(err, "%s:%d", model->path, value->line);
}

static const char *digest(const char *text, struct arena *arena)
{
	unsigned char bytes[SHA256_SIZE];
	char hex[SHA256_HEX];
	sha256_of(text, strlen(text), bytes);
	sha256_hex(bytes, hex);
	return arena_strdup(arena, hex);
}

static bool read_timeout(struct model *model, const struct head_value *value, struct err *err)
{
	if (!value->text)
		return true;
	if (model->materialized == MODEL_VIEW)
		return err_config(err,
			"%s:%d: a view is not calculated in a run: it has no timeout", model->path,
			value->line);
	if (!text_duration(value->text, &model->timeout_ms) || !model->timeout_ms)
		return err_config(err,
			"%s:%d: timeout: expected a duration such as 30s or 10m, not '%s'",
			model->path, value->line, value->text);
	return true;
}

static bool load_model(struct model *model, const char *folder, const char *file,
	struct arena *arena, struct err *err)
{
	struct model_head head = {0};
	const char *sql = NULL;
	model->path = file_join(arena, folder, file);
	if (!read_name(model, file, arena, err) ||
		!folder_read_sql(model->path, arena, &sql, err) ||
		!head_parse(sql, model->path, head_keys, sizeof(head_keys) / sizeof(head_keys[0]),
			arena, &head, err) ||
		!read_materialized(model, &head.materialized, err) ||
		!read_key(model, &head.unique_key, arena, err) ||
		!read_schedule(model, &head.schedule, err) ||
		!read_timeout(model, &head.timeout, err))
		return false;
	model->speed_head = head.speed.text;
	model->speed_line = head.speed.line;
	model->description = head.description.text ? head.description.text : "";
	model->owner = head.owner.text ? head.owner.text : "";
	if (!query_parse(sql, model->path, arena, &model->query, err))
		return false;
	model->definition = digest(model->query.text, arena);
	return true;
}

bool models_load(const char *folder, struct project *project, struct err *err)
{
	struct string_list files = {0};
	if (!folder_list(folder, ".sql", &project->arena, &files, err))
		return false;
	/* Each may have a live view. */
	project->models =
		arena_calloc(&project->arena, 2 * files.count + 1, sizeof(*project->models));
	for (size_t i = 0; i < files.count; i++) {
		if (!load_model(&project->models[i], folder, files.items[i], &project->arena, err))
			return false;
		project->model_count++;
	}
	return true;
}
