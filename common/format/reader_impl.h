/* SPDX-License-Identifier: Apache-2.0 */
/* What a format gives the table in reader.c, and what all readers have in common. Private. */
#ifndef PENSTOCK_FORMAT_READER_IMPL_H
#define PENSTOCK_FORMAT_READER_IMPL_H

#include "base/arena.h"
#include "format/reader.h"
#include "format/window.h"

/* Original text kept of a record that is longer than RECORD_MAX_BYTES. */
#define RECORD_KEPT_BYTES 4096

struct format {
	const char *const *suffixes; /* ".csv", NULL-terminated */
	bool binary;		     /* no text: no byte order mark, no encoding */
	/* The encoding iconv is to convert first; NULL: none. The member may be NULL. */
	const char *(*encoding)(const struct reading *reading);
	size_t reader_size; /* of the struct that begins with struct reader, zeroed */
	/* Reads the header, if any. reader_close follows, whatever it returns. */
	bool (*open)(struct reader *reader, const struct string_list *wanted, struct err *err);
	/* Fills reader->record, but for its number, or sets *ret_end. */
	bool (*next)(struct reader *reader, bool *ret_end, struct err *err);
	void (*close)(struct reader *reader);
};

struct reader {
	const struct format *format;
	const struct reading *reading; /* borrowed */
	struct window window;
	struct arena arena; /* column names */
	struct string_list columns;
	struct record record;
	char reason[512]; /* record.reason, when it is not static */
	char column[256]; /* record.column, when it is not a column's name */
	char kept[RECORD_KEPT_BYTES];
};

extern const struct format format_csv;
extern const struct format format_ndjson;
extern const struct format format_json;
extern const struct format format_avro;

/* Nothing bad is known of reader->record. */
void reader_begin_record(struct reader *reader);
/* Makes reader->record a bad one: `reason` is formatted. Returns true, for the format's next. */
bool reader_bad(struct reader *reader, const char *column, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Keeps the start of a record too long for the window: record.text points to the copy. */
void reader_keep_text(struct reader *reader);
/* reader->columns as a copy of `names`. */
void reader_copy_columns(struct reader *reader, const struct string_list *names);

/* reader_open with pieces of any size, for tests. */
MUST_CHECK bool reader_open_pieces(const struct reading *reading, struct input *input,
	const struct string_list *wanted, size_t piece, struct reader **ret_reader,
	struct err *err);

#endif
