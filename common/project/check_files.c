/* SPDX-License-Identifier: Apache-2.0 */
/* sql/checks/<name>.sql: one SELECT of the rows that should not be there. */
#include <string.h>

#include "base/file.h"
#include "project/folder.h"
#include "project/head.h"
#include "project/parts.h"

#define OPTIONS 7

struct check_head {
	struct head_value values[OPTIONS];
};

/* In the order of `values`; the file's name is the check's. */
static const char *const options[OPTIONS] = {
	"description", "severity", "warn_if", "error_if", "limit", "store_failures", "enabled"};

static bool set_option(
	struct check *check, const char *name, const struct head_value *value, struct err *err)
{
	for (size_t i = 0; i < check_option_count; i++)
		if (strcmp(check_options[i].name, name) == 0)
			return check_options[i].set(check, value->text) ||
			       err_config(err, "%s:%d: %s: expected %s, not '%s'", check->origin,
				       value->line, name, check_options[i].expected, value->text);
	BUG("no option %s", name);
}

static bool read_head(const char *sql, struct check *check, struct arena *arena, struct err *err)
{
	struct check_head head = {0};
	struct head_key keys[OPTIONS];
	for (size_t i = 0; i < OPTIONS; i++)
		keys[i] = (struct head_key){options[i],
			offsetof(struct check_head, values) + i * sizeof(head.values[0])};
	if (!head_parse(sql, check->origin, keys, OPTIONS, arena, &head, err))
		return false;
	for (size_t i = 0; i < OPTIONS; i++)
		if (head.values[i].text && !set_option(check, options[i], &head.values[i], err))
			return false;
	return true;
}

static bool load_check(
	const char *folder, const char *file, struct project *project, struct err *err)
{
	const char *sql = NULL;
	const char *path = file_join(&project->arena, folder, file);
	if (!folder_read_sql(path, &project->arena, &sql, err))
		return false;
	struct check *check = project_add_check(project);
	check->kind = CHECK_SQL;
	check->origin = path;
	check->store = project->store_failures;
	check->name = arena_strndup(&project->arena, file, strlen(file) - strlen(".sql"));
	if (!read_head(sql, check, &project->arena, err) ||
		!query_parse(sql, path, &project->arena, &check->query, err))
		return false;
	project->check_count -= check->off;
	return true;
}

bool check_files_load(const char *folder, struct project *project, struct err *err)
{
	struct string_list files = {0};
	if (!folder_list(folder, ".sql", &project->arena, &files, err))
		return false;
	for (size_t i = 0; i < files.count; i++)
		if (!load_check(folder, files.items[i], project, err))
			return false;
	return true;
}
