/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of penstock.file. They are shared by workers, so they are never written inside the
 * transaction that loads: workers would wait for each other there, and deadlock.
 */
#include <string.h>

#include "base/text.h"
#include "postgres/quote.h"
#include "worker/load.h"

/* The place of file_id in the cache, or the free place where it belongs. */
static struct known_file *place_of(struct loader *loader, int64_t file_id)
{
	size_t at = (size_t)(((uint64_t)file_id * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
	for (;; at++) {
		struct known_file *file = &loader->files[at % KNOWN_FILES];
		if (file->file_id == file_id || file->file_id == 0)
			return file;
	}
}

static void forget(struct loader *loader)
{
	for (size_t i = 0; i < KNOWN_FILES; i++)
		loader->files[i] = (struct known_file){0};
	loader->file_count = 0;
}

static void remember(struct loader *loader, const struct chunk_info *info)
{
	if (loader->file_count >= KNOWN_FILES / 4 * 3)
		forget(loader);
	struct known_file *file = place_of(loader, info->file_id);
	loader->file_count += file->file_id == 0;
	file->file_id = info->file_id;
	file->with_chunks |= info->chunks > 0;
}

static bool is_known(struct loader *loader, const struct chunk_info *info)
{
	const struct known_file *file = place_of(loader, info->file_id);
	return file->file_id == info->file_id && (file->with_chunks || info->chunks == 0);
}

static const char *keep_name(enum keep_rule keep)
{
	return keep == KEEP_LATEST_FILE ? "latest_file" : "all";
}

static bool note_dataset(struct loader *loader, struct err *err)
{
	const struct dataset *dataset = loader->dataset;
	const char *const values[] = {dataset->config->name, dataset->table.schema,
		dataset->table.name, keep_name(dataset->config->keep)};
	if (!database_run(loader->database,
		    "INSERT INTO penstock.dataset AS d VALUES ($1, $2, $3, $4)"
		    " ON CONFLICT (dataset) DO UPDATE SET table_schema = excluded.table_schema,"
		    " table_name = excluded.table_name, keep = excluded.keep"
		    " WHERE (d.table_schema, d.table_name, d.keep) IS DISTINCT FROM"
		    " (excluded.table_schema, excluded.table_name, excluded.keep)",
		    values, 4, NULL, err))
		return false;
	loader->dataset_noted = true;
	return true;
}

/* A file whose dead letters or quarantine were mended by publishing it again loads once more. */
static const char note_sql[] =
	"INSERT INTO penstock.file AS f (dataset, file_id, sha256, name, chunks)"
	" SELECT $1, file_id, min(sha256), min(name), max(chunks)"
	" FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[])"
	" u (file_id, sha256, name, chunks) GROUP BY file_id ORDER BY file_id"
	" ON CONFLICT (dataset, file_id) DO UPDATE"
	" SET chunks = coalesce(f.chunks, excluded.chunks),"
	" state = CASE f.state WHEN 'quarantined' THEN 'loading' ELSE f.state END,"
	" reason = CASE f.state WHEN 'quarantined' THEN '' ELSE f.reason END"
	" WHERE f.state = 'quarantined' OR (f.chunks IS NULL AND excluded.chunks IS NOT NULL)";

static size_t add_unknown(struct load_batch *batch)
{
	struct loader *loader = batch->loader;
	size_t unknown = 0;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++) {
		const struct chunk_info *info = &batch->slots[i].item->chunk.info;
		if (is_known(loader, info))
			continue;
		array_add_int(&loader->arrays[0], info->file_id);
		array_add(&loader->arrays[1], info->sha256);
		buf_clear(&loader->text);
		text_clean(&loader->text, info->name, strlen(info->name), CHUNK_MAX_NAME);
		array_add(&loader->arrays[2], buf_text(&loader->text));
		if (info->chunks > 0)
			array_add_int(&loader->arrays[3], info->chunks);
		else
			array_add(&loader->arrays[3], NULL);
		unknown++;
	}
	return unknown;
}

bool files_note(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	if (!loader->dataset_noted && !note_dataset(loader, err))
		return false;
	if (add_unknown(batch) == 0)
		return true;
	const char *values[5] = {loader->dataset->config->name};
	if (!arrays_end(loader, 4, values + 1, err) ||
		!database_run(loader->database, note_sql, values, 5, NULL, err))
		return false;
	for (size_t i = 0; i < batch->count; i++)
		remember(loader, &batch->slots[i].item->chunk.info);
	return true;
}

/* The batch's distinct file ids, in array 0. */
static bool list_files(struct load_batch *batch, const char **ret_values, struct err *err)
{
	struct loader *loader = batch->loader;
	int64_t last = 0;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++) {
		int64_t file_id = batch->slots[i].item->chunk.info.file_id;
		if (file_id != last)
			array_add_int(&loader->arrays[0], file_id);
		last = file_id;
	}
	return arrays_end(loader, 1, ret_values, err);
}

/* With keep: latest_file, chunks of files older than a complete one come too late. */
static const char read_sql[] =
	"SELECT f.file_id, f.state IN ('superseded', 'retracted') OR ($3::boolean AND EXISTS ("
	"SELECT FROM penstock.file n WHERE n.dataset = f.dataset AND n.file_id > f.file_id"
	" AND n.state = 'complete'))"
	" FROM penstock.file f WHERE f.dataset = $1 AND f.file_id = ANY ($2::bigint[])";

static void apply_states(struct load_batch *batch, const struct database_rows *rows)
{
	for (size_t i = 0; i < database_row_count(rows); i++) {
		int64_t file_id = database_int(rows, i, 0);
		for (size_t j = 0; j < batch->count; j++) {
			struct load_slot *slot = &batch->slots[j];
			if (slot->item->chunk.info.file_id != file_id)
				continue;
			slot->file_known = true;
			slot->stale = database_bool(rows, i, 1);
		}
	}
}

bool files_read(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	const char *values[3] = {loader->dataset->config->name, NULL,
		loader->dataset->config->keep == KEEP_LATEST_FILE ? "true" : "false"};
	struct database_rows *rows;
	if (!list_files(batch, values + 1, err) ||
		!database_query(loader->database, read_sql, values, 3, &rows, err))
		return false;
	apply_states(batch, rows);
	database_rows_free(rows);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->slots[i].file_known)
			continue;
		forget(loader);
		loader->dataset_noted = false;
		batch->again = true;
		return err_fail(err, ERR_RETRY, "the ledger lost the row of a file being loaded");
	}
	return true;
}

bool files_complete(struct load_batch *batch, int64_t *ret_completed, struct err *err)
{
	struct loader *loader = batch->loader;
	const char *values[2] = {loader->dataset->config->name};
	struct database_rows *rows;
	if (!list_files(batch, values + 1, err) ||
		!database_query(loader->database,
			"SELECT penstock.complete_files($1, $2::bigint[])", values, 2, &rows, err))
		return false;
	*ret_completed = database_int(rows, 0, 0);
	database_rows_free(rows);
	return true;
}
