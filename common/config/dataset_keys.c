/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a key of a dataset, in the order in which they are read, printed and documented: a row
 * may rely on the rows before it (the delimiter's default on the file patterns).
 */
#include "config/keys.h"

#include <stddef.h>

#define IN(member)	   offsetof(struct config_dataset, member)
#define COUNT_OF(rows)	   (sizeof(rows) / sizeof((rows)[0]))
#define MILLISECONDS_A_DAY 86400000

static const struct word file_formats[] = {{"csv", FORMAT_CSV}, {"ndjson", FORMAT_NDJSON},
	{"json", FORMAT_JSON}, {"avro", FORMAT_AVRO}, {0}};
static const struct word keep_rules[] = {{"all", KEEP_ALL}, {"latest_file", KEEP_LATEST_FILE}, {0}};
static const struct word constraint_rules[] = {
	{"pause", CONSTRAINT_PAUSE}, {"reject", CONSTRAINT_REJECT}, {0}};
static const struct word unknown_rules[] = {
	{"refuse", UNKNOWN_REFUSE}, {"ignore", UNKNOWN_IGNORE}, {0}};
static const struct word ragged_rules[] = {
	{"reject", RAGGED_REJECT}, {"pad", RAGGED_PAD}, {"fold", RAGGED_FOLD}, {0}};

static bool is_csv(const void *scope)
{
	return ((const struct config_dataset *)scope)->reading.format == FORMAT_CSV;
}

static bool is_json(const void *scope)
{
	return ((const struct config_dataset *)scope)->reading.format == FORMAT_JSON;
}

static bool is_unpivoted(const void *scope)
{
	return ((const struct config_dataset *)scope)->reading.unpivot.enabled;
}

static const struct condition csv_only = {is_csv, "format: csv"};
static const struct condition json_only = {is_json, "format: json"};
static const struct condition unpivot_only = {is_unpivoted, "an unpivot section"};

static const struct key dataset_rows[] = {
	{.path = "schema",
		.type = &value_path,
		.offset = IN(schema),
		.expected = "an Avro schema file",
		.doc = "The rows' Avro schema."},
	{.path = "files",
		.type = &value_files,
		.expected = "file name patterns",
		.doc = "Shell patterns: a file of the inbox belongs to the dataset whose pattern "
		       "its name matches; where several datasets' do, to the one its header "
		       "fits."},
	{.path = "table",
		.type = &value_table,
		.expected = "SCHEMA.TABLE or TABLE, each at most 63 bytes",
		.doc = "The table the rows are loaded into; the schema is `public` when left out."},
	{.path = "key",
		.type = &value_key,
		.expected = "field names, each once",
		.doc = "The primary key. `[_file, _row]` makes the dataset append-only."},
	{.path = "on_conflict",
		.type = &value_on_conflict,
		.fallback = "last",
		.expected = "last, first or {greatest: COLUMN}",
		.doc = "Which of several rows with one key wins: the last published, the first, or "
		       "the one with the greatest value in a column."},
	{.path = "keep",
		.type = &value_word,
		.offset = IN(keep),
		.fallback = "all",
		.words = keep_rules,
		.expected = "all or latest_file",
		.doc = "`latest_file`: a complete newer file removes the rows of older ones."},
	{.path = "on_constraint",
		.type = &value_word,
		.offset = IN(on_constraint),
		.fallback = "pause",
		.words = constraint_rules,
		.expected = "pause or reject",
		.doc = "What a foreign key violation or a trigger's exception means: the dataset "
		       "waits, or the row is rejected."},
	{.path = "owner",
		.type = &value_text,
		.offset = IN(owner),
		.fallback = "",
		.expected = "who looks after it",
		.doc = "Stands in the catalogue (`penstock docs`)."},
	{.path = "stale_after",
		.type = &value_duration,
		.offset = IN(stale_after_ms),
		.fallback = "0",
		.min = 0,
		.max = 365 * (int64_t)MILLISECONDS_A_DAY,
		.expected = "a duration such as 30m, 12h or 2d",
		.doc = "When no file of the dataset became complete for longer, an alert is "
		       "raised. "
		       "0: none."},
	{.path = "lookups",
		.type = &value_lookups,
		.fallback = "",
		.expected = "a map: FIELD: SCHEMA.TABLE, or FIELD: {table, column, id, text}",
		.doc = "Text fields whose column holds an integer key instead, of the row with "
		       "this text in another table; new texts become rows there. See "
		       "[look-ups](lookups.md)."},
	{.path = "format",
		.type = &value_format,
		.offset = IN(reading.format),
		.fallback = "csv",
		.words = file_formats,
		.expected = "csv, ndjson, json or avro",
		.doc = "The files' format. Not given: what the patterns of `files` end in, else "
		       "csv."},
	{.path = "csv.delimiter",
		.type = &value_delimiter,
		.fallback = ",",
		.condition = &csv_only,
		.expected =
			"one or more characters, or tab, comma, semicolon, pipe or space by name",
		.doc = "What separates cells. Not given and all patterns are `.tsv`: a tab."},
	{.path = "csv.quote",
		.type = &value_letter,
		.offset = IN(reading.csv.quote),
		.fallback = "\"",
		.condition = &csv_only,
		.expected = "one character, or \"\" for none",
		.doc = "What encloses cells that hold delimiters or line breaks; doubled, it means "
		       "itself."},
	{.path = "csv.escape",
		.type = &value_letter,
		.offset = IN(reading.csv.escape),
		.fallback = "",
		.condition = &csv_only,
		.expected = "one character, or \"\" for none",
		.doc = "What makes a quote behind it plain, in cells in quotes; without quoting, a "
		       "delimiter or line break."},
	{.path = "csv.header",
		.type = &value_count,
		.offset = IN(reading.csv.header),
		.fallback = "1",
		.min = 0,
		.max = 100,
		.condition = &csv_only,
		.expected = "a whole number from 0 to 100",
		.doc = "Header lines, the last of which names the columns. 0: none, see "
		       "`columns`."},
	{.path = "csv.header_join",
		.type = &value_text,
		.offset = IN(reading.csv.header_join),
		.fallback = "",
		.condition = &csv_only,
		.expected = "a text of at most 64 bytes",
		.doc = "All header lines name the columns, their texts joined by this (`2024 Q1`). "
		       "Empty: the last one alone."},
	{.path = "csv.columns",
		.type = &value_texts,
		.offset = IN(reading.csv.columns),
		.fallback = "[]",
		.condition = &csv_only,
		.expected = "a list of names",
		.doc = "The columns' names where `header` is 0. Not given: they stand in the "
		       "schema's order."},
	{.path = "csv.skip",
		.type = &value_count,
		.offset = IN(reading.csv.skip),
		.fallback = "0",
		.min = 0,
		.max = 1000000,
		.condition = &csv_only,
		.expected = "a whole number from 0 to 1,000,000",
		.doc = "Lines before the header."},
	{.path = "csv.footer",
		.type = &value_count,
		.offset = IN(reading.csv.footer),
		.fallback = "0",
		.min = 0,
		.max = 1000,
		.condition = &csv_only,
		.expected = "a whole number from 0 to 1,000",
		.doc = "Lines at the end that are no records, 64 KiB in all at most; blank ones do "
		       "not count."},
	{.path = "csv.comment",
		.type = &value_comment,
		.fallback = "[]",
		.condition = &csv_only,
		.expected = "a text such as \"#\", or a list of them",
		.doc = "Lines that begin so are no records."},
	{.path = "csv.nulls",
		.type = &value_texts,
		.offset = IN(reading.csv.nulls),
		.fallback = "[\"\"]",
		.condition = &csv_only,
		.expected = "a list of texts",
		.doc = "Cells that mean null, when not quoted."},
	{.path = "csv.trim",
		.type = &value_bool,
		.offset = IN(reading.csv.trim),
		.fallback = "false",
		.condition = &csv_only,
		.expected = "true or false",
		.doc = "Drop blanks around unquoted cells."},
	{.path = "csv.decimal",
		.type = &value_decimal,
		.offset = IN(reading.csv.decimal),
		.fallback = ".",
		.condition = &csv_only,
		.expected = "\".\" or \",\"",
		.doc = "The decimal sign of numbers."},
	{.path = "csv.thousands",
		.type = &value_thousands,
		.offset = IN(reading.csv.thousands),
		.fallback = "",
		.condition = &csv_only,
		.expected = "one character, or apostrophe, space or nbsp by name, or \"\" for none",
		.doc = "The sign between groups of three digits in numbers."},
	{.path = "csv.encoding",
		.type = &value_encoding,
		.offset = IN(reading.csv.encoding),
		.fallback = "utf-8",
		.condition = &csv_only,
		.expected = "an encoding `iconv -l` lists",
		.doc = "How bytes become text."},
	{.path = "csv.ragged",
		.type = &value_word,
		.offset = IN(reading.csv.ragged),
		.fallback = "reject",
		.words = ragged_rules,
		.condition = &csv_only,
		.expected = "reject, pad or fold",
		.doc = "Rows with too few or too many cells; `pad`: short ones end in nulls, "
		       "surplus empty cells are dropped; `fold`: surplus cells belong to the last "
		       "one."},
	{.path = "json.records",
		.type = &value_json_path,
		.offset = IN(reading.json.records),
		.fallback = "",
		.condition = &json_only,
		.expected = "names joined by dots, such as data.items",
		.doc = "Where the array of records is, a path as that of fields. Empty: the "
		       "document itself."},
	{.path = "fields",
		.type = &value_fields,
		.fallback = "",
		.expected = "a map of fields by name",
		.doc = "How the values of single fields are read, where the type's own text form "
		       "(docs/formats.md) is not what stands in the files."},
	{.path = "unknown_columns",
		.type = &value_word,
		.offset = IN(reading.unknown),
		.fallback = "refuse",
		.words = unknown_rules,
		.expected = "refuse or ignore",
		.doc = "Columns or members the schema does not name."},
	{.path = "unpivot",
		.type = &value_section,
		.offset = IN(reading.unpivot.enabled),
		.fallback = "",
		.expected = "a map: keep, names, values, skip_nulls",
		.doc = "Each record becomes one row per column that is not kept (wide to long)."},
	{.path = "unpivot.keep",
		.type = &value_texts,
		.offset = IN(reading.unpivot.keep),
		.fallback = "[]",
		.condition = &unpivot_only,
		.expected = "a list of fields",
		.doc = "Columns repeated on every row."},
	{.path = "unpivot.names",
		.type = &value_text,
		.offset = IN(reading.unpivot.names),
		.condition = &unpivot_only,
		.expected = "a field",
		.doc = "The field that takes the column's header."},
	{.path = "unpivot.values",
		.type = &value_text,
		.offset = IN(reading.unpivot.values),
		.condition = &unpivot_only,
		.expected = "a field",
		.doc = "The field that takes the cell."},
	{.path = "unpivot.skip_nulls",
		.type = &value_bool,
		.offset = IN(reading.unpivot.skip_nulls),
		.fallback = "false",
		.condition = &unpivot_only,
		.expected = "true or false",
		.doc = "No row for a null cell."},
	{.path = "max_rejects",
		.type = &value_max_rejects,
		.fallback = "none",
		.expected = "a count, a share such as 1%, or none",
		.doc = "A file with more rejects than this is refused before its first row."},
	{.path = "chunk_bytes",
		.type = &value_size,
		.offset = IN(reading.chunk_bytes),
		.fallback = "512KiB",
		.min = 16 << 10,
		.max = 900 << 10,
		.expected = "a size from 16KiB to 900KiB",
		.doc = "The size of a message, before compression."},
};

const struct key_table dataset_keys = {dataset_rows, COUNT_OF(dataset_rows)};
