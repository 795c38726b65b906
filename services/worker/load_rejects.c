/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of penstock.reject: what the producer's chunk brings, and what the table refused. */
#include <string.h>

#include "base/text.h"
#include "postgres/quote.h"
#include "worker/load.h"

#define FLUSH_BYTES (1 << 20)

enum { RECORD, ROW, START, END, COLUMN, REASON, ORIGINAL, REJECT_ARRAYS };

static void add_clean(struct loader *loader, struct buf *array, const char *text, size_t len)
{
	buf_clear(&loader->text);
	text_clean(&loader->text, text, len, REJECT_MAX_TEXT);
	array_add(array, buf_text(&loader->text));
}

static bool flush(
	struct loader *loader, const struct chunk_info *info, const char *stage, struct err *err)
{
	char file_id[24];
	char chunk[24];
	snprintf(file_id, sizeof(file_id), "%lld", (long long)info->file_id);
	snprintf(chunk, sizeof(chunk), "%lld", (long long)info->chunk);
	const char *values[4 + REJECT_ARRAYS] = {
		loader->dataset->config->name, file_id, chunk, stage};
	bool good = arrays_end(loader, REJECT_ARRAYS, values + 4, err) &&
		    database_run(loader->database,
			    "INSERT INTO penstock.reject (dataset, file_id, chunk, stage, record,"
			    " row_number, byte_start, byte_end, column_name, reason, original)"
			    " SELECT $1, $2::bigint, $3::bigint, $4, u.* FROM unnest($5::bigint[],"
			    " $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],"
			    " $11::text[]) u",
			    values, 4 + REJECT_ARRAYS, NULL, err);
	arrays_begin(loader);
	return good;
}

static bool flush_when_large(
	struct loader *loader, const struct chunk_info *info, const char *stage, struct err *err)
{
	return loader->arrays[ORIGINAL].len < FLUSH_BYTES || flush(loader, info, stage, err);
}

static bool store_read(struct loader *loader, const struct chunk *chunk, struct err *err)
{
	struct chunk_cursor at = {0};
	struct reject reject;
	arrays_begin(loader);
	while (chunk_next_reject(chunk, &at, &loader->scratch, &reject)) {
		array_add_int(&loader->arrays[RECORD], reject.record);
		array_add(&loader->arrays[ROW], NULL);
		array_add_int(&loader->arrays[START], reject.start);
		array_add_int(&loader->arrays[END], reject.end);
		add_clean(loader, &loader->arrays[COLUMN], reject.column, strlen(reject.column));
		add_clean(loader, &loader->arrays[REASON], reject.reason, strlen(reject.reason));
		add_clean(loader, &loader->arrays[ORIGINAL], reject.text, reject.text_len);
		if (!flush_when_large(loader, &chunk->info, "read", err))
			return false;
	}
	return flush(loader, &chunk->info, "read", err);
}

static const char *column_of(const struct loader *loader, const struct refusal *refusal)
{
	const struct schema *schema = loader->dataset->schema;
	int field = schema_find_column(schema, refusal->blamed);
	if (field < 0)
		field = schema_find_field(schema, refusal->blamed, strlen(refusal->blamed), false);
	return field >= 0 ? schema->fields[field].name : "";
}

/* The bytes of a record are not known any more, so the chunk's stand for them. */
static bool store_refused(struct loader *loader, const struct load_slot *slot, struct err *err)
{
	const struct chunk *chunk = &slot->item->chunk;
	arrays_begin(loader);
	for (size_t i = 0; i < loader->refusals.count; i++) {
		const struct refusal *refusal = &loader->refusals.items[i];
		int64_t row = loader->rows.row_numbers[refusal->index];
		array_add_int(&loader->arrays[RECORD], (row - 1) / chunk->info.width + 1);
		array_add_int(&loader->arrays[ROW], row);
		array_add_int(&loader->arrays[START], chunk->info.start);
		array_add_int(&loader->arrays[END], chunk->info.end);
		array_add(&loader->arrays[COLUMN], column_of(loader, refusal));
		add_clean(
			loader, &loader->arrays[REASON], refusal->reason, strlen(refusal->reason));
		buf_clear(&loader->scratch);
		transcoder_row_json(
			slot->transcoder, chunk, &loader->rows, refusal->index, &loader->scratch);
		add_clean(loader, &loader->arrays[ORIGINAL], buf_text(&loader->scratch),
			loader->scratch.len);
		if (!flush_when_large(loader, &chunk->info, "load", err))
			return false;
	}
	return flush(loader, &chunk->info, "load", err);
}

bool rejects_store(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	for (size_t i = 0; i < batch->count; i++) {
		struct load_slot *slot = &batch->slots[i];
		if (slot->state != SLOT_NEW)
			continue;
		if (slot->item->chunk.reject_count > 0 &&
			!store_read(loader, &slot->item->chunk, err))
			return false;
		if (slot->refused > 0 &&
			(!slot_decode(batch, slot, err) || !store_refused(loader, slot, err)))
			return false;
	}
	return true;
}
