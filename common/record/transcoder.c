/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan is a list of steps over the writer's fields. Where the reader's columns come in the same
 * order, each step writes its column as it reads; where not, the row is measured first and the
 * columns are written from where their values stand.
 */
#include "record/transcoder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "record/binary.h"
#include "record/transcode.h"

static const size_t max_bytes = (size_t)64 << 20;
static const size_t max_arena = (size_t)256 << 20;
static const size_t max_default = 2 << 20;

const unsigned char copy_binary_header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
const unsigned char copy_binary_trailer[2] = {0xFF, 0xFF};

void copy_rows_init(struct copy_rows *rows)
{
	*rows = (struct copy_rows){0};
	buf_init(&rows->bytes, max_bytes);
}

void copy_rows_release(struct copy_rows *rows)
{
	buf_release(&rows->bytes);
	free(rows->starts);
	free(rows->row_numbers);
	free(rows->block_starts);
	free(rows->unkeyed);
	*rows = (struct copy_rows){0};
}

static void *grow_array(void *array, size_t count, size_t size)
{
	void *grown = reallocarray(array, count, size);
	if (!grown)
		abort();
	return grown;
}

static void reserve_rows(struct copy_rows *rows, size_t count)
{
	if (count <= rows->capacity && rows->starts)
		return;
	rows->starts = grow_array(rows->starts, count + 1, sizeof(*rows->starts));
	rows->row_numbers = grow_array(rows->row_numbers, count + 1, sizeof(*rows->row_numbers));
	rows->block_starts = grow_array(rows->block_starts, count + 1, sizeof(*rows->block_starts));
	rows->capacity = count;
}

/* The COPY field of a default, made once. */
static bool plan_default(struct transcoder *t, struct transcode_column *column,
	const struct field *field, struct err *err)
{
	struct buf cell;
	struct sink sink = {.buf = &cell};
	buf_init(&cell, max_default);
	bool ok = copy_op_init(&t->arena, field->type, field, &column->op, &sink.bound, err) &&
		  default_avro(&t->arena, field, &column->defaults, &column->default_len, err);
	if (ok && (!sink_grow(&sink, 0) || !copy_op_run(&column->op, column->defaults,
						   column->defaults + column->default_len, &sink)))
		ok = err_config(err, "field '%s': the default makes no column", field->name);
	if (ok && field->column_type == COLUMN_KEY) {
		t->bound += sink.bound;
	} else if (ok) {
		column->cell_len = (size_t)(sink.p - cell.data);
		unsigned char *copy = arena_alloc(&t->arena, column->cell_len);
		memcpy(copy, cell.data, column->cell_len);
		column->cell = copy;
		t->bound += column->cell_len;
	}
	buf_release(&cell);
	return ok;
}

static bool plan_column(struct transcoder *t, size_t index, struct err *err)
{
	const struct field *field = &t->reader->fields[index];
	struct transcode_column *column = &t->columns[index];
	const struct type *from = field->type;
	size_t bound = 0;
	column->source = schema_source_field(t->writer->root, field);
	if (column->source >= 0) {
		from = t->writer->fields[column->source].type;
		if (!copy_op_init(&t->arena, from, field, &column->op, &bound, err))
			return false;
		t->bound += bound;
	} else if (!plan_default(t, column, field, err)) {
		return false;
	}
	return json_op_new(&t->arena, from, field->type, field, &column->json, err);
}

/* Whether the columns' sources rise: then one pass is enough. */
static bool in_order(const struct transcoder *t)
{
	int last = -1;
	for (size_t i = 0; i < t->reader->field_count; i++) {
		int source = t->columns[i].source;
		if (source >= 0 && source <= last)
			return false;
		last = source >= 0 ? source : last;
	}
	return true;
}

static bool plan(struct transcoder *t, struct err *err)
{
	t->columns = arena_calloc(&t->arena, t->reader->field_count, sizeof(*t->columns));
	t->places = arena_calloc(&t->arena, t->writer->field_count + 1, sizeof(*t->places));
	/* The count of fields, and the two lineage columns. */
	t->bound = 2 + 2 * 12;
	for (size_t i = 0; i < t->reader->field_count; i++)
		if (!plan_column(t, i, err))
			return false;
	t->ordered = in_order(t);
	return true;
}

bool transcoder_new(const struct schema *writer, const struct schema *reader,
	struct transcoder **ret_transcoder, struct err *err)
{
	struct transcoder *t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->writer = writer;
	t->reader = reader;
	arena_init(&t->arena, max_arena);
	buf_init(&t->text, max_bytes);
	buf_init(&t->plain, max_bytes);
	if (!schema_can_read(writer, reader, err) || !plan(t, err)) {
		if (err)
			err->class = ERR_PAUSE;
		transcoder_free(t);
		return false;
	}
	*ret_transcoder = t;
	return true;
}

void transcoder_free(struct transcoder *transcoder)
{
	if (!transcoder)
		return;
	arena_release(&transcoder->arena);
	buf_release(&transcoder->text);
	buf_release(&transcoder->plain);
	free(transcoder);
}

bool transcode_places(struct transcoder *t, const unsigned char **at, const unsigned char *end)
{
	for (size_t i = 0; i < t->writer->field_count; i++) {
		t->places[i] = *at;
		if (!value_skip(t->writer->fields[i].type, at, end))
			return false;
	}
	t->places[t->writer->field_count] = *at;
	return true;
}

/* The default's field; a text that is looked up has none until then. */
static bool put_cell(const struct transcode_column *column, struct sink *sink)
{
	if (!column->cell)
		return copy_op_run(&column->op, column->defaults,
			column->defaults + column->default_len, sink);
	memcpy(sink->p, column->cell, column->cell_len);
	sink->p += column->cell_len;
	return true;
}

/* One pass: what stands between two columns' values is skipped. */
static const unsigned char *row_in_order(
	struct transcoder *t, const unsigned char *at, const unsigned char *end, struct sink *sink)
{
	const struct field *fields = t->writer->fields;
	int next = 0;
	for (size_t i = 0; i < t->reader->field_count; i++) {
		const struct transcode_column *column = &t->columns[i];
		if (column->source < 0) {
			if (!put_cell(column, sink))
				return NULL;
			continue;
		}
		for (; next < column->source; next++)
			if (!value_skip(fields[next].type, &at, end))
				return NULL;
		at = copy_op_run(&column->op, at, end, sink);
		if (!at)
			return NULL;
		next++;
	}
	for (; next < (int)t->writer->field_count; next++)
		if (!value_skip(fields[next].type, &at, end))
			return NULL;
	return at;
}

static const unsigned char *row_reordered(
	struct transcoder *t, const unsigned char *at, const unsigned char *end, struct sink *sink)
{
	if (!transcode_places(t, &at, end))
		return NULL;
	for (size_t i = 0; i < t->reader->field_count; i++) {
		const struct transcode_column *column = &t->columns[i];
		const unsigned char **place = &t->places[column->source < 0 ? 0 : column->source];
		bool good = column->source < 0
				    ? put_cell(column, sink)
				    : copy_op_run(&column->op, place[0], place[1], sink) != NULL;
		if (!good)
			return NULL;
	}
	return at;
}

static const unsigned char *transcode_row(
	struct transcoder *t, const unsigned char *at, const unsigned char *end, struct sink *sink)
{
	sink_put2(sink, (uint16_t)(t->reader->field_count + 2));
	return t->ordered ? row_in_order(t, at, end, sink) : row_reordered(t, at, end, sink);
}

static void put_lineage(struct sink *sink, int64_t file_id, int64_t row_number)
{
	sink_put4(sink, 8);
	sink_put8(sink, (uint64_t)file_id);
	sink_put4(sink, 8);
	sink_put8(sink, (uint64_t)row_number);
}

/* Numbers rows in order, leaving out the skipped ones. */
struct numbering {
	const struct chunk *chunk;
	struct chunk_cursor cursor;
	int64_t next;
	int64_t skipped; /* the next one; -1: none left */
};

static void numbering_init(struct numbering *numbering, const struct chunk *chunk)
{
	*numbering = (struct numbering){.chunk = chunk, .next = chunk->info.first, .skipped = -1};
	(void)chunk_next_skipped(chunk, &numbering->cursor, &numbering->skipped);
}

static int64_t numbering_take(struct numbering *numbering)
{
	while (numbering->next == numbering->skipped) {
		numbering->next++;
		if (!chunk_next_skipped(numbering->chunk, &numbering->cursor, &numbering->skipped))
			numbering->skipped = -1;
	}
	return numbering->next++;
}

static void note_unkeyed(struct copy_rows *rows, size_t index, struct sink *sink)
{
	if (rows->unkeyed_count == rows->unkeyed_capacity) {
		size_t capacity = rows->unkeyed_capacity ? rows->unkeyed_capacity * 2 : 64;
		rows->unkeyed = grow_array(rows->unkeyed, capacity, sizeof(*rows->unkeyed));
		rows->unkeyed_capacity = capacity;
	}
	rows->unkeyed[rows->unkeyed_count++] =
		(struct unkeyed_row){index, sink->unkeyed->field, sink->unkeyed_text};
	sink->unkeyed = NULL;
}

static bool transcode_block(
	struct transcoder *t, const struct chunk *chunk, struct copy_rows *rows, struct err *err)
{
	const unsigned char *at = chunk->block;
	const unsigned char *end = chunk->block + chunk->block_len;
	size_t count = (size_t)chunk->info.rows;
	struct sink sink = {.p = rows->bytes.data, .limit = rows->bytes.data, .buf = &rows->bytes};
	struct numbering numbering;
	numbering_init(&numbering, chunk);
	sink.bound = t->bound;
	for (size_t i = 0; i < count; i++) {
		int64_t row_number = numbering_take(&numbering);
		if (!sink_room(&sink, 0))
			return err_fail(err, ERR_DATA, "the chunk's rows take more than 64 MiB");
		rows->starts[i] = (uint32_t)(sink.p - rows->bytes.data);
		rows->block_starts[i] = (uint32_t)(at - chunk->block);
		rows->row_numbers[i] = row_number;
		at = transcode_row(t, at, end, &sink);
		if (!at)
			return err_fail(err, ERR_DATA,
				rows->bytes.overflow ? "row %" PRId64 ": too large"
						     : "row %" PRId64
						       ": the bytes are not a row of the schema",
				row_number);
		put_lineage(&sink, chunk->info.file_id, row_number);
		if (sink.unkeyed)
			note_unkeyed(rows, i, &sink);
	}
	if (at != end)
		return err_fail(err, ERR_DATA, "%zu bytes behind the last row", (size_t)(end - at));
	rows->bytes.len = (size_t)(sink.p - rows->bytes.data);
	rows->starts[count] = (uint32_t)rows->bytes.len;
	rows->block_starts[count] = (uint32_t)chunk->block_len;
	rows->count = count;
	return true;
}

bool transcoder_chunk(struct transcoder *transcoder, const struct chunk *chunk,
	struct copy_rows *rows, struct err *err)
{
	buf_clear(&rows->bytes);
	rows->count = 0;
	rows->unkeyed_count = 0;
	reserve_rows(rows, (size_t)chunk->info.rows);
	rows->starts[0] = 0;
	rows->block_starts[0] = 0;
	if (chunk->info.rows == 0 || transcode_block(transcoder, chunk, rows, err))
		return true;
	buf_clear(&rows->bytes);
	return false;
}

void transcoder_set_lookups(struct transcoder *transcoder, struct lookup *const *lookups)
{
	transcoder->lookups = lookups;
	for (size_t i = 0; i < transcoder->reader->field_count; i++)
		transcoder->columns[i].op.lookup = lookups ? lookups[i] : NULL;
}

/* False when the bytes are no text. */
static bool want(struct transcoder *t, size_t index)
{
	const struct transcode_column *column = &t->columns[index];
	bool given = column->source >= 0;
	const unsigned char *at = given ? t->places[column->source] : column->defaults;
	const unsigned char *end = given ? t->places[column->source + 1] : at + column->default_len;
	const char *text;
	size_t len;
	if (!copy_op_text(&column->op, at, end, &text, &len))
		return false;
	if (text)
		lookup_want(t->lookups[index], text, len);
	return true;
}

void transcoder_want(struct transcoder *transcoder, const struct chunk *chunk)
{
	const unsigned char *at = chunk->block;
	const unsigned char *end = chunk->block + chunk->block_len;
	for (int64_t row = 0; row < chunk->info.rows; row++) {
		if (!transcode_places(transcoder, &at, end))
			return;
		for (size_t i = 0; i < transcoder->reader->field_count; i++)
			if (transcoder->lookups[i] && !want(transcoder, i))
				return;
	}
}
