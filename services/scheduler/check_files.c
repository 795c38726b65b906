/* SPDX-License-Identifier: Apache-2.0 */
/* sql/checks/<name>.sql: one SELECT of the rows that should not be there. */
#include <string.h>

#include "base/file.h"
#include "scheduler/folder.h"
#include "scheduler/head.h"
#include "scheduler/project_parts.h"

struct check_head {
	struct head_value severity;
	struct head_value description;
};

static const struct head_key head_keys[] = {
	{"severity", offsetof(struct check_head, severity)},
	{"description", offsetof(struct check_head, description)},
};

static bool load_check(
	const char *folder, const char *file, struct project *project, struct err *err)
{
	struct check_head head = {0};
	const char *sql = NULL;
	const char *path = file_join(&project->arena, folder, file);
	if (!folder_read_sql(path, &project->arena, &sql, err) ||
		!head_parse(sql, path, head_keys, sizeof(head_keys) / sizeof(head_keys[0]),
			&project->arena, &head, err))
		return false;
	struct check *check = project_add_check(project);
	check->kind = CHECK_SQL;
	check->origin = path;
	check->column = "";
	check->description = head.description.text ? head.description.text : "";
	check->name = arena_strndup(&project->arena, file, strlen(file) - strlen(".sql"));
	if (head.severity.text && !severity_parse(head.severity.text, &check->warn))
		return err_config(err, "%s:%d: severity: expected error or warn, not '%s'", path,
			head.severity.line, head.severity.text);
	return query_parse(sql, path, &project->arena, &check->query, err);
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
