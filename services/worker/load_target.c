/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the table still fit? COPY BINARY would load a bigint into a numeric column as nonsense, so
 * under the table lock one query digests what the catalogue says; only a digest not seen before
 * costs the comparison in full.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/quote.h"
#include "worker/load.h"

static const char digest_sql[] =
	"SELECT md5(concat_ws('|', c.oid, c.relkind, (SELECT string_agg(concat_ws(' ', a.attnum,"
	" a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attidentity,"
	" a.attgenerated), ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a"
	" WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),"
	" (SELECT string_agg(concat_ws(' ', i.indexrelid, i.indisprimary, i.indisunique,"
	" i.indisexclusion, i.indimmediate, i.indkey), ',' ORDER BY i.indexrelid)"
	" FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid"
	" AND (i.indisunique OR i.indisexclusion)))), c.relkind,"
	" EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT "
	"t.tgisinternal"
	" AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0)" /* BEFORE, ROW */
	" FROM pg_catalog.pg_class c WHERE c.oid = $1::regclass";

static const char columns_sql[] =
	"SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, "
	"a.attnotnull,"
	" a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''"
	" FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0"
	" AND NOT a.attisdropped ORDER BY a.attnum";

/* Every index that can raise 23505 or 23P01; `fits` for the one on the dataset's key. */
static const char indexes_sql[] =
	"SELECT c.relname, i.indisprimary AND i.indimmediate AND"
	" (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE \"C\")"
	"  FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid"
	"  AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) ="
	" (SELECT array_agg(k ORDER BY k COLLATE \"C\") FROM unnest($2::text[]) k) AS fits"
	" FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
	" WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion)"
	" ORDER BY fits DESC, c.relname";

static bool compare_columns(
	struct loader *loader, const struct database_rows *rows, struct err *err)
{
	size_t count = database_row_count(rows);
	struct ddl_column *columns = calloc(count + 1, sizeof(*columns));
	if (!columns)
		BUG("out of memory");
	for (size_t i = 0; i < count; i++)
		columns[i] = (struct ddl_column){
			.name = database_text(rows, i, 0),
			.type = database_text(rows, i, 1),
			.oid = (uint32_t)database_int(rows, i, 2),
			.not_null = database_bool(rows, i, 3),
			.has_default = database_bool(rows, i, 4),
		};
	buf_clear(&loader->text);
	bool good = ddl_upgrade(loader->dataset->schema, &loader->dataset->table, columns, count,
		&loader->text, err);
	free(columns);
	if (good && loader->text.len > 0)
		return err_fail(err, ERR_PAUSE,
			"table %s lacks columns that the schema of dataset %s has: run `penstock "
			"init`",
			loader->sql.target, loader->dataset->config->name);
	return good;
}

static bool check_columns(struct loader *loader, struct err *err)
{
	const char *const values[] = {loader->sql.target};
	struct database_rows *rows;
	if (!database_query(loader->database, columns_sql, values, 1, &rows, err))
		return false;
	bool good = compare_columns(loader, rows, err);
	database_rows_free(rows);
	return good;
}

static void append_key_names(const struct dataset *dataset, struct buf *out)
{
	buf_clear(out);
	array_begin(out);
	for (size_t i = 0; i < dataset->key_count; i++)
		array_add(out, dataset->schema->fields[dataset->key_fields[i]].column);
	if (dataset->key_count == 0) {
		array_add(out, "_file");
		array_add(out, "_row");
	}
	array_end(out);
}

static bool compare_indexes(
	struct loader *loader, const struct database_rows *rows, struct err *err)
{
	const char *target = loader->sql.target;
	size_t count = database_row_count(rows);
	if (count == 0 || !database_bool(rows, 0, 1))
		return err_fail(err, ERR_FATAL,
			"table %s has no primary key on the key of dataset %s, %s: add it with"
			" ALTER TABLE %s ADD PRIMARY KEY, or mend `key` in the configuration",
			target, loader->dataset->config->name, buf_text(&loader->text), target);
	if (count > 1)
		return err_fail(err, ERR_FATAL,
			"table %s has another unique or exclusion constraint, %s: which of two rows"
			" it refuses would depend on their order. Drop it, or make it the key of"
			" dataset %s",
			target, database_text(rows, 1, 0), loader->dataset->config->name);
	snprintf(loader->key_index, sizeof(loader->key_index), "%s", database_text(rows, 0, 0));
	return true;
}

static bool check_indexes(struct loader *loader, struct err *err)
{
	append_key_names(loader->dataset, &loader->text);
	const char *const values[] = {loader->sql.target, buf_text(&loader->text)};
	struct database_rows *rows;
	if (!database_query(loader->database, indexes_sql, values, 2, &rows, err))
		return false;
	bool good = compare_indexes(loader, rows, err);
	database_rows_free(rows);
	return good;
}

static bool check_kind(struct loader *loader, const char *kind, struct err *err)
{
	if (strcmp(kind, "r") == 0)
		return true;
	return err_fail(err, ERR_FATAL,
		"%s is no ordinary table, so dataset %s cannot load into it: name another `table`",
		loader->sql.target, loader->dataset->config->name);
}

bool target_check(struct loader *loader, struct err *err)
{
	const char *const values[] = {loader->sql.target};
	struct database_rows *rows;
	if (!database_query(loader->database, digest_sql, values, 1, &rows, err))
		return false;
	const char *digest = database_text(rows, 0, 0);
	loader->guarded = database_bool(rows, 0, 2);
	bool good = strcmp(digest, loader->target_digest) == 0;
	if (!good) {
		good = check_kind(loader, database_text(rows, 0, 1), err) &&
		       check_columns(loader, err) && check_indexes(loader, err);
		snprintf(loader->target_digest, sizeof(loader->target_digest), "%s",
			good ? digest : "");
	}
	database_rows_free(rows);
	return good;
}
