/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record goes into the chunk whole or not at all: its rows are encoded first, and taken back when
 * the chunk grew too large or one of them is bad. Nothing but the input, the schema and the reading
 * decides where a chunk ends.
 */
#include "cutter/cutter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cutter/mapping.h"
#include "format/reader.h"
#include "record/encoder.h"

/* Kafka counts a message's key and headers, too: a name and a dozen numbers at their longest. */
#define MESSAGE_MAX_BYTES (CHUNK_MAX_BYTES - 4096)
/* Beside it a reject of the widest record still fits: its text and 65,536 row numbers. */
#define SCHEMA_MAX_BYTES  (MESSAGE_MAX_BYTES / 4)
#define WANTED_MAX_BYTES  ((size_t)4 << 20)

struct cutter {
	const struct reading *reading;
	const struct schema *schema;
	struct arena arena; /* the names the reader looks for */
	struct reader *reader;
	struct mapping mapping;
	bool mapped;
	struct encoder *encoder;
	struct chunk_writer writer;
	struct chunk_info info;	     /* of the chunk in hand */
	const struct record *record; /* read, and in no chunk yet; NULL: none */
	struct cutter_totals totals;
	bool done;
	void (*on_reject)(void *context, const struct reject *reject);
	void *context;
};

/* How a record ended up. */
struct verdict {
	bool rejected;
	struct reject reject;
	struct row_problem problem;
	struct err err;
};

static bool open_encoder(struct cutter *cutter, struct err *err)
{
	if (cutter->schema->text_len > SCHEMA_MAX_BYTES)
		return err_config(err,
			"schema %s has %zu bytes; at most %d fit a message beside rows",
			cutter->schema->name, cutter->schema->text_len, SCHEMA_MAX_BYTES);
	return encoder_new(cutter->schema, cutter->reading, &cutter->encoder, err);
}

static bool open_reader(struct cutter *cutter, struct input *input, struct err *err)
{
	struct string_list wanted;
	mapping_wanted(cutter->reading, cutter->schema, &cutter->arena, &wanted);
	if (!reader_open(cutter->reading, input, &wanted, &cutter->reader, err))
		return false;
	cutter->mapped = true;
	return mapping_init(&cutter->mapping, cutter->reading, cutter->schema,
		reader_columns(cutter->reader), err);
}

bool cutter_open(const struct reading *reading, const struct schema *schema, struct input *input,
	const struct chunk_info *origin, struct cutter **ret_cutter, struct err *err)
{
	struct cutter *cutter = calloc(1, sizeof(*cutter));
	if (!cutter)
		BUG("out of memory: a cutter");
	cutter->reading = reading;
	cutter->schema = schema;
	arena_init(&cutter->arena, WANTED_MAX_BYTES);
	chunk_writer_init(&cutter->writer);
	if (!open_encoder(cutter, err) || !open_reader(cutter, input, err)) {
		cutter_close(cutter);
		return false;
	}
	cutter->info = (struct chunk_info){
		.file_id = origin->file_id, .first = 1, .width = (int64_t)cutter->mapping.width};
	memcpy(cutter->info.dataset, origin->dataset, sizeof(origin->dataset));
	memcpy(cutter->info.sha256, origin->sha256, sizeof(origin->sha256));
	memcpy(cutter->info.name, origin->name, sizeof(origin->name));
	*ret_cutter = cutter;
	return true;
}

bool cutter_check_columns(
	const struct reading *reading, const struct schema *schema, struct err *err)
{
	struct mapping mapping;
	bool ok = mapping_init(&mapping, reading, schema, &reading->csv.columns, err);
	mapping_release(&mapping);
	return ok;
}

void cutter_close(struct cutter *cutter)
{
	if (!cutter)
		return;
	if (cutter->mapped)
		mapping_release(&cutter->mapping);
	reader_close(cutter->reader);
	encoder_free(cutter->encoder);
	chunk_writer_release(&cutter->writer);
	arena_release(&cutter->arena);
	free(cutter);
}

bool cutter_is_exact(const struct cutter *cutter)
{
	const struct mapping *mapping = &cutter->mapping;
	size_t fields = cutter->schema->field_count;
	bool exact = !cutter->reading->unpivot.enabled && mapping->columns->count == fields;
	for (size_t i = 0; exact && i < fields; i++)
		exact = mapping->sources[i].count == 1;
	return exact;
}

/* Back to the content `before`; memory that was got since stays. */
static void rewind_buf(struct buf *buf, size_t len)
{
	buf->len = len;
	buf->overflow = false;
}

static void rewind_writer(struct chunk_writer *writer, const struct chunk_writer *before)
{
	struct chunk_writer now = *writer;
	*writer = *before;
	writer->block = now.block;
	writer->skipped = now.skipped;
	writer->rejects = now.rejects;
	rewind_buf(&writer->block, before->block.len);
	rewind_buf(&writer->skipped, before->skipped.len);
	rewind_buf(&writer->rejects, before->rejects.len);
}

static int64_t row_number(const struct cutter *cutter, const struct record *record, size_t position)
{
	return (record->number - 1) * cutter->info.width + (int64_t)position + 1;
}

/* The record as a reject in the chunk: none of its rows, all of their numbers. */
static void reject_record(
	struct cutter *cutter, struct verdict *verdict, const char *column, const char *reason)
{
	const struct record *record = cutter->record;
	size_t kept = record->text_len < REJECT_MAX_TEXT ? record->text_len : REJECT_MAX_TEXT;
	verdict->rejected = true;
	verdict->reject = (struct reject){.record = record->number,
		.start = record->start,
		.end = record->end,
		.column = column,
		.reason = reason,
		.text = record->text,
		.text_len = kept};
	chunk_add_reject(&cutter->writer, &verdict->reject);
	for (size_t position = 0; position < cutter->mapping.width; position++)
		chunk_add_skipped(&cutter->writer, row_number(cutter, record, position));
}

enum row_end { ROW_ADDED, ROW_REFUSED, ROW_FAILED };

/* One row into the chunk; ROW_REFUSED: column and reason stand in verdict->problem and ->err. */
static enum row_end add_row(
	struct cutter *cutter, size_t position, struct verdict *verdict, const char **ret_reason)
{
	struct mapping *mapping = &cutter->mapping;
	int field = 0;
	switch (mapping_row(mapping, cutter->record, position, &verdict->problem)) {
	case ROW_SKIPPED:
		chunk_add_skipped(&cutter->writer, row_number(cutter, cutter->record, position));
		return ROW_ADDED;
	case ROW_BAD:
		*ret_reason = verdict->problem.reason;
		return ROW_REFUSED;
	case ROW_GOOD:
		break;
	}
	if (encoder_row(cutter->encoder, mapping->cells, &cutter->writer.block, &field,
		    &verdict->err)) {
		chunk_add_row(&cutter->writer);
		return ROW_ADDED;
	}
	if (verdict->err.class != ERR_DATA)
		return ROW_FAILED;
	verdict->problem.column = mapping_column_name(mapping, field, position);
	*ret_reason = verdict->err.message;
	return ROW_REFUSED;
}

static bool add_rows(struct cutter *cutter, const struct chunk_writer *before,
	struct verdict *verdict, struct err *err)
{
	for (size_t position = 0; position < cutter->mapping.width; position++) {
		const char *reason = NULL;
		switch (add_row(cutter, position, verdict, &reason)) {
		case ROW_ADDED:
			break;
		case ROW_REFUSED:
			rewind_writer(&cutter->writer, before);
			reject_record(cutter, verdict, verdict->problem.column, reason);
			return true;
		case ROW_FAILED:
			*err = verdict->err;
			return false;
		}
	}
	return true;
}

static bool overflows(const struct cutter *cutter)
{
	const struct chunk_writer *writer = &cutter->writer;
	return writer->rows > CHUNK_MAX_ROWS || writer->block.overflow ||
	       writer->skipped.overflow || writer->rejects.overflow ||
	       chunk_writer_size(writer, cutter->schema->text_len) > MESSAGE_MAX_BYTES;
}

/*
 * Adds cutter->record to the chunk; *ret_added false when it belongs into the next one. A record
 * too large for a chunk of its own is a reject.
 */
static bool add_record(
	struct cutter *cutter, struct verdict *verdict, bool *ret_added, struct err *err)
{
	const struct chunk_writer before = cutter->writer;
	const struct record *record = cutter->record;
	verdict->rejected = false;
	if (record->bad)
		reject_record(cutter, verdict, record->column, record->reason);
	else if (!add_rows(cutter, &before, verdict, err))
		return false;
	*ret_added = true;
	if (!overflows(cutter))
		return true;
	rewind_writer(&cutter->writer, &before);
	*ret_added = cutter->info.records == 0;
	if (*ret_added) {
		snprintf(verdict->problem.reason, sizeof(verdict->problem.reason),
			"its rows take more than the %d bytes of a message", MESSAGE_MAX_BYTES);
		reject_record(cutter, verdict, "", verdict->problem.reason);
	}
	return true;
}

static void count_record(struct cutter *cutter, const struct verdict *verdict)
{
	cutter->info.records++;
	cutter->info.end = cutter->record->end;
	cutter->totals.records++;
	if (verdict->rejected) {
		cutter->totals.rejects++;
		if (cutter->on_reject)
			cutter->on_reject(cutter->context, &verdict->reject);
	}
	cutter->record = NULL;
}

static bool is_full(const struct cutter *cutter)
{
	return cutter->writer.rows >= CHUNK_MAX_ROWS ||
	       chunk_writer_size(&cutter->writer, cutter->schema->text_len) >=
		       cutter->reading->chunk_bytes;
}

/* Fills the writer with the next chunk's records; *ret_last when the input ended. */
static bool fill_chunk(struct cutter *cutter, bool *ret_last, struct err *err)
{
	struct verdict verdict;
	bool added = true;
	*ret_last = false;
	do {
		if (!cutter->record && !reader_next(cutter->reader, &cutter->record, err))
			return false;
		if (!cutter->record) {
			*ret_last = true;
			break;
		}
		if (!add_record(cutter, &verdict, &added, err))
			return false;
		if (!added)
			break;
		count_record(cutter, &verdict);
	} while (!is_full(cutter));
	return true;
}

/* The next chunk begins where this one ended. */
static void advance(struct cutter *cutter)
{
	struct chunk_info *info = &cutter->info;
	cutter->totals.rows += cutter->writer.rows;
	info->chunk++;
	info->start = info->end;
	info->first += info->records * info->width;
	info->records = 0;
	info->rows = 0;
	chunk_writer_clear(&cutter->writer);
}

bool cutter_next(struct cutter *cutter, struct buf *out, struct chunk_info *ret_info,
	bool *ret_done, struct err *err)
{
	bool last = false;
	if (cutter->done) {
		*ret_done = true;
		return true;
	}
	if (!fill_chunk(cutter, &last, err))
		return false;
	struct chunk_info *info = &cutter->info;
	info->rows = cutter->writer.rows;
	if (last) {
		info->end = reader_position(cutter->reader);
		info->chunks = info->chunk + 1;
		cutter->done = true;
	}
	chunk_finish(&cutter->writer, info, cutter->schema->text, cutter->schema->text_len, out);
	*ret_info = *info;
	*ret_done = false;
	advance(cutter);
	return true;
}

bool cutter_find_row(struct cutter *cutter, int64_t row, struct cutter_record *ret_record,
	bool *ret_found, struct err *err)
{
	int64_t wanted = (row - 1) / (int64_t)cutter->mapping.width + 1;
	const struct record *record = NULL;
	do {
		if (!reader_next(cutter->reader, &record, err))
			return false;
	} while (record && record->number < wanted);
	*ret_found = record != NULL;
	if (record)
		*ret_record = (struct cutter_record){
			record->number, record->start, record->end, record->text, record->text_len};
	return true;
}

struct cutter_totals cutter_totals(const struct cutter *cutter)
{
	return cutter->totals;
}

void cutter_on_reject(struct cutter *cutter,
	void (*call)(void *context, const struct reject *reject), void *context)
{
	cutter->on_reject = call;
	cutter->context = context;
}
