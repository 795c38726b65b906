/* SPDX-License-Identifier: Apache-2.0 */
/* Schema versions: what the archive and the topics may be written in. */
#include <inttypes.h>
#include <string.h>

#include "cli/init.h"
#include "penstock_cli_sql.h"

static bool can_read_version(
	const struct dataset *dataset, const char *version, const char *text, struct err *err)
{
	struct schema *recorded = NULL;
	char origin[300];
	snprintf(origin, sizeof(origin), "version %s of dataset %s in penstock.schema", version,
		dataset->config->name);
	if (!schema_parse(text, strlen(text), origin, &recorded, err))
		return false;
	bool ok = schema_can_read(recorded, dataset->schema, err);
	schema_free(recorded);
	if (ok)
		return true;
	return err_prefix(err,
		"%s cannot read what was written with version %s of the schema (give new fields a "
		"default, renamed ones an alias; init --recreate --forget starts from nothing)",
		dataset->config->schema, version);
}

/* The version with the dataset's fingerprint, 0 when none has; else whether all can be read. */
static bool judge_versions(const struct dataset *dataset, const struct database_rows *rows,
	int64_t *ret_version, int64_t *ret_next, struct err *err)
{
	int64_t next = 1;
	for (size_t i = 0; i < database_row_count(rows); i++) {
		next = database_int(rows, i, 0) + 1;
		if (strcmp(database_text(rows, i, 1), dataset->schema->fingerprint) == 0) {
			*ret_version = database_int(rows, i, 0);
			return true;
		}
	}
	for (size_t i = 0; i < database_row_count(rows); i++)
		if (!can_read_version(
			    dataset, database_text(rows, i, 0), database_text(rows, i, 2), err))
			return false;
	*ret_version = 0;
	*ret_next = next;
	return true;
}

bool init_schema(struct database *database, const struct dataset *dataset, int64_t *ret_version,
	bool *ret_new, struct err *err)
{
	const char *const values[] = {
		dataset->config->name, dataset->schema->fingerprint, dataset->schema->text};
	struct database_rows *rows = NULL;
	int64_t version = 0;
	int64_t next = 0;
	if (!database_query(database,
		    "SELECT version, fingerprint, text FROM penstock.schema WHERE dataset = $1 "
		    "ORDER BY version",
		    values, 1, &rows, err))
		return false;
	bool ok = judge_versions(dataset, rows, &version, &next, err);
	database_rows_free(rows);
	if (!ok)
		return false;
	bool is_new = version == 0;
	if (is_new && !database_run(database, sql_init_record_schema, values, 3, NULL, err))
		return false;
	*ret_version = is_new ? next : version;
	*ret_new = is_new;
	return true;
}
