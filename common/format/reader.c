/* SPDX-License-Identifier: Apache-2.0 */
#include "format/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format/reader_impl.h"

/* Names of columns: a header is at most one record long. */
#define COLUMNS_MAX_BYTES ((size_t)64 << 20)

static const struct format *const formats[] = {
	[FORMAT_CSV] = &format_csv,
	[FORMAT_NDJSON] = &format_ndjson,
	[FORMAT_JSON] = &format_json,
	[FORMAT_AVRO] = &format_avro,
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static bool open_text(struct reader *reader, struct err *err)
{
	const struct format *format = reader->format;
	if (format->binary)
		return true;
	const char *encoding = format->encoding ? format->encoding(reader->reading) : NULL;
	return (!encoding || window_recode(&reader->window, encoding, err)) &&
	       window_drop_bom(&reader->window, err);
}

bool reader_open_pieces(const struct reading *reading, struct input *input,
	const struct string_list *wanted, size_t piece, struct reader **ret_reader, struct err *err)
{
	const struct format *format = formats[reading->format];
	struct reader *reader = calloc(1, format->reader_size);
	if (!reader)
		BUG("out of memory: a reader");
	reader->format = format;
	reader->reading = reading;
	window_init(&reader->window, input, piece);
	arena_init(&reader->arena, COLUMNS_MAX_BYTES);
	if (!open_text(reader, err) || !format->open(reader, wanted, err)) {
		reader_close(reader);
		return false;
	}
	*ret_reader = reader;
	return true;
}

bool reader_open(const struct reading *reading, struct input *input,
	const struct string_list *wanted, struct reader **ret_reader, struct err *err)
{
	return reader_open_pieces(reading, input, wanted, WINDOW_PIECE, ret_reader, err);
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	reader->format->close(reader);
	arena_release(&reader->arena);
	window_release(&reader->window);
	free(reader);
}

const struct string_list *reader_columns(const struct reader *reader)
{
	return &reader->columns;
}

void reader_begin_record(struct reader *reader)
{
	reader->record.bad = false;
	reader->record.reason = "";
	reader->record.column = "";
}

bool reader_next(struct reader *reader, const struct record **ret_record, struct err *err)
{
	bool end = false;
	struct record *record = &reader->record;
	reader_begin_record(reader);
	if (!reader->format->next(reader, &end, err))
		return false;
	if (!end)
		record->number++;
	*ret_record = end ? NULL : record;
	return true;
}

int64_t reader_position(const struct reader *reader)
{
	return window_position(&reader->window);
}

bool reader_bad(struct reader *reader, const char *column, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(reader->reason, sizeof(reader->reason), fmt, args);
	va_end(args);
	reader->record.bad = true;
	reader->record.reason = reader->reason;
	reader->record.column = column;
	reader->record.cells = NULL;
	reader->record.cell_count = 0;
	return true;
}

void reader_keep_text(struct reader *reader)
{
	size_t n = window_size(&reader->window);
	if (n > sizeof(reader->kept))
		n = sizeof(reader->kept);
	memcpy(reader->kept, window_text(&reader->window), n);
	reader->record.text = reader->kept;
	reader->record.text_len = n;
}

void reader_copy_columns(struct reader *reader, const struct string_list *names)
{
	struct arena *arena = &reader->arena;
	reader->columns.items = arena_calloc(arena, names->count + 1, sizeof(char *));
	for (size_t i = 0; i < names->count; i++)
		reader->columns.items[i] = arena_strdup(arena, names->items[i]);
	reader->columns.count = names->count;
}

static bool ends_with(const char *name, size_t n, const char *suffix)
{
	size_t length = strlen(suffix);
	return n > length && strncasecmp(name + n - length, suffix, length) == 0;
}

bool format_from_name(const char *name, enum file_format *ret_format)
{
	static const char *const compressions[] = {".gz", ".bz2", ".xz", ".zst", ".lz4"};
	size_t n = strlen(name);
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
		if (ends_with(name, n, compressions[i])) {
			n -= strlen(compressions[i]);
			break;
		}
	}
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		for (const char *const *suffix = formats[i]->suffixes; *suffix; suffix++) {
			if (ends_with(name, n, *suffix)) {
				*ret_format = (enum file_format)i;
				return true;
			}
		}
	}
	return false;
}
