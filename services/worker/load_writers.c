/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema a chunk was written with -> its transcoder. The dataset's own schema needs no proof;
 * another must be recorded in the ledger, and not be newer, or the dataset waits: an old worker
 * never drops a field silently. What was not recorded is asked for again at the next try.
 */
#include <stdlib.h>
#include <string.h>

#include "worker/load.h"

#define KEPT_WRITERS 16

static void writer_free(struct writer *writer)
{
	transcoder_free(writer->transcoder);
	schema_free(writer->schema);
	free(writer->text);
	free(writer);
}

void writers_release(struct writers *writers)
{
	for (size_t i = 0; i < writers->count; i++)
		writer_free(writers->items[i]);
	free(writers->items);
	*writers = (struct writers){0};
}

static struct writer *find(const struct writers *writers, const struct chunk *chunk)
{
	for (size_t i = 0; i < writers->count; i++)
		if (writers->items[i]->len == chunk->schema_len &&
			memcmp(writers->items[i]->text, chunk->schema_text, chunk->schema_len) == 0)
			return writers->items[i];
	return NULL;
}

static void add(struct writers *writers, struct writer *writer)
{
	struct writer **items =
		realloc(writers->items, (writers->count + 1) * sizeof(struct writer *));
	if (!items)
		BUG("out of memory");
	writers->items = items;
	items[writers->count++] = writer;
}

static bool check_version(
	const struct loader *loader, const struct database_rows *rows, struct err *err)
{
	const char *name = loader->dataset->config->name;
	if (!database_text(rows, 0, 0))
		return err_fail(err, ERR_PAUSE,
			"dataset %s: a chunk was written with a schema that the ledger does not "
			"know: run `penstock init` with the newest schema, and give it to this "
			"worker",
			name);
	if (!database_text(rows, 0, 1))
		return err_fail(err, ERR_PAUSE,
			"dataset %s: this worker's schema is not in the ledger: run `penstock "
			"init`",
			name);
	if (database_int(rows, 0, 0) > database_int(rows, 0, 1))
		return err_fail(err, ERR_PAUSE,
			"dataset %s: a chunk was written with schema version %lld, this worker has"
			" version %lld: give it the newer schema file",
			name, (long long)database_int(rows, 0, 0),
			(long long)database_int(rows, 0, 1));
	return true;
}

static bool check_recorded(
	const struct loader *loader, const struct schema *writer, struct err *err)
{
	const char *const values[] = {loader->dataset->config->name, writer->fingerprint,
		loader->dataset->schema->fingerprint};
	struct database_rows *rows;
	if (!database_query(loader->database,
		    "SELECT max(version) FILTER (WHERE fingerprint = $2),"
		    " max(version) FILTER (WHERE fingerprint = $3)"
		    " FROM penstock.schema WHERE dataset = $1",
		    values, 3, &rows, err))
		return false;
	bool good = check_version(loader, rows, err);
	database_rows_free(rows);
	return good;
}

/* What this program cannot even parse is for a newer one. */
static bool parse_other(const struct loader *loader, const struct chunk *chunk,
	struct writer *writer, struct err *err)
{
	const struct schema *own = loader->dataset->schema;
	if (!schema_parse(chunk->schema_text, chunk->schema_len, "a chunk's schema",
		    &writer->schema, err)) {
		if (err)
			err->class = ERR_PAUSE;
		return false;
	}
	return strcmp(writer->schema->fingerprint, own->fingerprint) == 0 ||
	       check_recorded(loader, writer->schema, err);
}

static bool compile(const struct loader *loader, const struct chunk *chunk, struct writer *writer,
	struct err *err)
{
	const struct schema *own = loader->dataset->schema;
	bool same = chunk->schema_len == own->text_len &&
		    memcmp(chunk->schema_text, own->text, own->text_len) == 0;
	if (!same && !parse_other(loader, chunk, writer, err))
		return false;
	writer->text = malloc(chunk->schema_len + 1);
	if (!writer->text)
		BUG("out of memory");
	memcpy(writer->text, chunk->schema_text, chunk->schema_len);
	writer->len = chunk->schema_len;
	if (!transcoder_new(same ? own : writer->schema, own, &writer->transcoder, err))
		return false;
	transcoder_set_lookups(writer->transcoder, loader->dimensions.by_field);
	return true;
}

bool writer_find(struct loader *loader, const struct chunk *chunk,
	struct transcoder **ret_transcoder, struct err *err)
{
	struct writer *writer = find(&loader->writers, chunk);
	if (!writer) {
		writer = calloc(1, sizeof(*writer));
		if (!writer)
			BUG("out of memory");
		if (!compile(loader, chunk, writer, err)) {
			writer_free(writer);
			return false;
		}
		add(&loader->writers, writer);
	}
	*ret_transcoder = writer->transcoder;
	return true;
}

bool writers_resolve(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	if (loader->writers.count > KEPT_WRITERS) {
		writers_release(&loader->writers);
		loader->decoded = NULL;
	}
	for (size_t i = 0; i < batch->count; i++) {
		struct load_slot *slot = &batch->slots[i];
		if (slot_has_rows(slot) &&
			!writer_find(loader, &slot->item->chunk, &slot->transcoder, err))
			return false;
	}
	return true;
}
