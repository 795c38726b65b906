/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that decides which rows come out of a file's bytes, besides the schema: made from the
 * configuration, kept in the manifest, so that a resend cuts the same chunks whatever the
 * configuration says by then. Plain data; strings are owned by whoever filled the struct (an
 * arena).
 */
#ifndef PENSTOCK_FORMAT_READING_H
#define PENSTOCK_FORMAT_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever the same input and the same struct reading would give other chunks. */
#define CUTTER_VERSION 1

enum file_format { FORMAT_CSV, FORMAT_NDJSON, FORMAT_JSON, FORMAT_AVRO };
enum ragged_rule {
	RAGGED_REJECT,
	RAGGED_PAD, /* short rows end in nulls, surplus empty cells are dropped */
	RAGGED_FOLD /* surplus cells are the end of the last one, delimiters included */
};
enum unknown_rule {
	UNKNOWN_REFUSE,
	UNKNOWN_IGNORE
}; /* columns or members the schema does not name */

struct string_list {
	const char **items;
	size_t count;
};

/* The longest delimiter and the longest beginning of a comment. */
#define CSV_MAX_MARK 64

/* What a member does not say (0, NULL, "", an empty list) is as its comment has it. */
struct csv_dialect {
	const char *delimiter; /* 1 to CSV_MAX_MARK bytes of UTF-8; always said */
	char quote;	       /* '\0': no quoting */
	char escape;	 /* takes the meaning of the quote or delimiter behind it; '\0': none */
	uint32_t header; /* header lines; the last one names the columns; 0: `columns` do */
	const char *header_join;    /* between the names of all header lines; "": the last's */
	struct string_list columns; /* names, where there is no header; none: the schema's fields */
	uint32_t skip;		    /* lines before the header */
	uint32_t footer;	    /* lines at the end that are no records */
	struct string_list comment; /* what begins a line that is no record */
	struct string_list nulls;
	bool trim;	       /* blanks around unquoted cells */
	char decimal;	       /* sign of numbers; '\0': a point */
	const char *thousands; /* sign between groups of three digits; "": none */
	const char *encoding;  /* iconv's name; "": UTF-8 */
	enum ragged_rule ragged;
};

struct json_dialect {
	const char
		*records; /* path to the array of records, "data.items"; "" = the document itself */
};

struct unpivot {
	bool enabled;
	struct string_list keep; /* columns repeated on every row */
	const char *names;	 /* field that takes the column's header */
	const char *values;	 /* field that takes the cell */
	bool skip_nulls;
};

/* How one field's values are read, where its type alone does not say. */
struct field_reading {
	const char *name; /* the field's, in the schema */
	const char *path; /* in JSON, to its value (base/json_path.h); "" or NULL: its name */
	struct string_list pattern; /* of dates and times (strptime's), tried in order */
	struct string_list yes;	    /* words for true, in any case; empty: the usual ones */
	struct string_list no;
};

struct reading {
	enum file_format format;
	struct csv_dialect csv;
	struct json_dialect json;
	struct unpivot unpivot;
	struct field_reading *fields; /* each name once */
	size_t field_count;
	enum unknown_rule unknown;
	struct string_list key; /* fields that must not be null; empty for append-only */
	uint32_t chunk_bytes;
	double max_reject_share; /* of the records, 0..1; negative: no limit */
	int64_t max_rejects;	 /* negative: no limit */
};

#endif
