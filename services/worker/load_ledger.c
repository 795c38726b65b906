/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of penstock.chunk: which chunks are new, and what became of them. */
#include <stdio.h>
#include <string.h>

#include "postgres/quote.h"
#include "worker/load.h"

void arrays_begin(struct loader *loader)
{
	for (size_t i = 0; i < LOAD_ARRAYS; i++) {
		buf_clear(&loader->arrays[i]);
		array_begin(&loader->arrays[i]);
	}
}

bool arrays_end(struct loader *loader, size_t n, const char **ret_values, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		array_end(&loader->arrays[i]);
		if (loader->arrays[i].overflow)
			return err_fail(err, ERR_FATAL,
				"more than %zu bytes for one statement: lower the group's size",
				loader->arrays[i].max);
		ret_values[i] = buf_text(&loader->arrays[i]);
	}
	return true;
}

struct load_slot *batch_find(struct load_batch *batch, int64_t file_id, int64_t chunk)
{
	size_t low = 0;
	size_t high = batch->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct chunk_info *info = &batch->slots[middle].item->chunk.info;
		if (info->file_id < file_id || (info->file_id == file_id && info->chunk < chunk))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == batch->count)
		return NULL;
	const struct chunk_info *info = &batch->slots[low].item->chunk.info;
	return info->file_id == file_id && info->chunk == chunk ? &batch->slots[low] : NULL;
}

struct load_slot *batch_next_same(const struct load_batch *batch, struct load_slot *slot)
{
	const struct chunk_info *info = &slot->item->chunk.info;
	struct load_slot *next = slot + 1;
	if (next == batch->slots + batch->count)
		return NULL;
	const struct chunk_info *other = &next->item->chunk.info;
	return other->file_id == info->file_id && other->chunk == info->chunk ? next : NULL;
}

static const char insert_sql[] =
	"INSERT INTO penstock.chunk (dataset, worker, file_id, chunk, byte_start, byte_end,"
	" first_row, records, rows, rejects, partition, \"offset\", crc)"
	" SELECT $1, $2, u.* FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],"
	" $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::integer[], $12::bigint[],"
	" $13::text[]) u (file_id, chunk, byte_start, byte_end, first_row, records, rows, rejects,"
	" partition, \"offset\", crc) ORDER BY u.file_id, u.chunk"
	" ON CONFLICT DO NOTHING RETURNING file_id, chunk, partition, \"offset\"";

static void add_chunk(struct loader *loader, const struct load_item *item)
{
	const struct chunk_info *info = &item->chunk.info;
	const int64_t values[] = {info->file_id, info->chunk, info->start, info->end, info->first,
		info->records, info->rows, item->chunk.reject_count, item->partition, item->offset};
	size_t count = sizeof(values) / sizeof(values[0]);
	for (size_t i = 0; i < count; i++)
		array_add_int(&loader->arrays[i], values[i]);
	array_add(&loader->arrays[count], item->chunk.crc);
}

static void mark_inserted(struct load_batch *batch, const struct database_rows *rows)
{
	for (size_t i = 0; i < database_row_count(rows); i++) {
		struct load_slot *slot =
			batch_find(batch, database_int(rows, i, 0), database_int(rows, i, 1));
		for (; slot; slot = batch_next_same(batch, slot))
			if (slot->item->partition == database_int(rows, i, 2) &&
				slot->item->offset == database_int(rows, i, 3) &&
				slot->state == SLOT_WAITING) {
				slot->state = SLOT_NEW;
				break;
			}
	}
}

/* Whether the ledger's row, columns 2.. of the answer, is of the same bytes. */
static void compare(struct load_slot *slot, const struct database_rows *rows, size_t row)
{
	const struct chunk *chunk = &slot->item->chunk;
	int64_t start = database_int(rows, row, 2);
	int64_t end = database_int(rows, row, 3);
	const char *crc = database_text(rows, row, 4);
	slot->state = SLOT_KNOWN;
	if (start == chunk->info.start && end == chunk->info.end && strcmp(crc, chunk->crc) == 0)
		return;
	slot->state = SLOT_DEAD;
	slot->item->stage = "ledger";
	snprintf(slot->item->reason, sizeof(slot->item->reason),
		"chunk %lld of file %lld is in the ledger with bytes %lld to %lld and CRC %s;"
		" this message has bytes %lld to %lld and CRC %s",
		(long long)chunk->info.chunk, (long long)chunk->info.file_id, (long long)start,
		(long long)end, crc, (long long)chunk->info.start, (long long)chunk->info.end,
		chunk->crc);
}

static const char existing_sql[] =
	"SELECT c.file_id, c.chunk, c.byte_start, c.byte_end, c.crc"
	" FROM unnest($2::bigint[], $3::bigint[]) u (file_id, chunk)"
	" JOIN penstock.chunk c ON c.dataset = $1 AND c.file_id = u.file_id AND c.chunk = u.chunk";

/* What was not inserted is there, and visible: the insert waited for whoever wrote it. */
static bool read_existing(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	size_t waiting = 0;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++) {
		const struct load_slot *slot = &batch->slots[i];
		if (slot->state != SLOT_WAITING)
			continue;
		array_add_int(&loader->arrays[0], slot->item->chunk.info.file_id);
		array_add_int(&loader->arrays[1], slot->item->chunk.info.chunk);
		waiting++;
	}
	if (waiting == 0)
		return true;
	const char *values[3] = {loader->dataset->config->name};
	struct database_rows *rows;
	if (!arrays_end(loader, 2, values + 1, err) ||
		!database_query(loader->database, existing_sql, values, 3, &rows, err))
		return false;
	for (size_t i = 0; i < database_row_count(rows); i++) {
		struct load_slot *slot =
			batch_find(batch, database_int(rows, i, 0), database_int(rows, i, 1));
		for (; slot; slot = batch_next_same(batch, slot))
			if (slot->state == SLOT_WAITING)
				compare(slot, rows, i);
	}
	database_rows_free(rows);
	return true;
}

static bool check_answered(const struct load_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->slots[i].state == SLOT_WAITING)
			return err_fail(
				err, ERR_RETRY, "a ledger row vanished between two statements");
	return true;
}

bool ledger_insert(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->slots[i].state == SLOT_WAITING)
			add_chunk(loader, batch->slots[i].item);
	const char *values[2 + LOAD_ARRAYS] = {loader->dataset->config->name, loader->worker};
	struct database_rows *rows;
	if (!arrays_end(loader, LOAD_ARRAYS, values + 2, err) ||
		!database_query(loader->database, insert_sql, values, 2 + LOAD_ARRAYS, &rows, err))
		return false;
	mark_inserted(batch, rows);
	database_rows_free(rows);
	return read_existing(batch, err) && check_answered(batch, err);
}

static const char count_sql[] =
	"UPDATE penstock.chunk c SET rows = c.rows - u.refused, rejects = c.rejects + u.refused,"
	" replaced = u.replaced"
	" FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
	" u (file_id, chunk, refused, replaced)"
	" WHERE c.dataset = $1 AND c.file_id = u.file_id AND c.chunk = u.chunk";

bool ledger_count(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	size_t changed = 0;
	arrays_begin(loader);
	for (size_t i = 0; i < batch->count; i++) {
		const struct load_slot *slot = &batch->slots[i];
		const struct chunk_info *info = &slot->item->chunk.info;
		if (!slot_has_rows(slot) || (slot->refused == 0 && slot->fresh == info->rows))
			continue;
		array_add_int(&loader->arrays[0], info->file_id);
		array_add_int(&loader->arrays[1], info->chunk);
		array_add_int(&loader->arrays[2], slot->refused);
		array_add_int(&loader->arrays[3], info->rows - slot->refused - slot->fresh);
		changed++;
	}
	if (changed == 0)
		return true;
	const char *values[5] = {loader->dataset->config->name};
	return arrays_end(loader, 4, values + 1, err) &&
	       database_run(loader->database, count_sql, values, 5, NULL, err);
}
