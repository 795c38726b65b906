/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "base/json_scan.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "infer/draft.h"

#define SCHEMA_MAX_BYTES (1 << 20)

/* JSON's strings are YAML's. */
static void put_quoted(struct buf *out, const char *text)
{
	struct json_writer json;
	json_begin(&json, out);
	json_string(&json, text);
}

static void put_text(struct buf *out, const char *name, const char *text, bool *first)
{
	buf_append_text(out, *first ? "{" : ", ");
	buf_printf(out, "%s: ", name);
	put_quoted(out, text);
	*first = false;
}

static void put_number(struct buf *out, const char *name, uint32_t number, bool *first)
{
	buf_printf(out, "%s%s: %u", *first ? "{" : ", ", name, number);
	*first = false;
}

static void put_list(struct buf *out, const char *name, const struct string_list *list, bool *first)
{
	buf_printf(out, "%s%s: [", *first ? "{" : ", ", name);
	for (size_t i = 0; i < list->count; i++) {
		buf_append_text(out, i ? ", " : "");
		put_quoted(out, list->items[i]);
	}
	buf_append_text(out, "]");
	*first = false;
}

static void put_letter(struct buf *out, const char *name, char letter, bool *first)
{
	const char text[] = {letter, '\0'};
	put_text(out, name, text, first);
}

/* What differs from the defaults. */
static void put_csv(const struct csv_dialect *csv, struct buf *out)
{
	struct buf inner;
	bool first = true;
	buf_init(&inner, SCHEMA_MAX_BYTES);
	if (strcmp(csv->delimiter, ",") != 0)
		put_text(&inner, "delimiter", csv->delimiter, &first);
	if (csv->quote != '"')
		put_letter(&inner, "quote", csv->quote, &first);
	if (csv->escape)
		put_letter(&inner, "escape", csv->escape, &first);
	if (csv->header != 1)
		put_number(&inner, "header", csv->header, &first);
	if (*csv->header_join)
		put_text(&inner, "header_join", csv->header_join, &first);
	if (csv->skip)
		put_number(&inner, "skip", csv->skip, &first);
	if (csv->footer)
		put_number(&inner, "footer", csv->footer, &first);
	if (csv->comment.count)
		put_list(&inner, "comment", &csv->comment, &first);
	if (csv->nulls.count > 1)
		put_list(&inner, "nulls", &csv->nulls, &first);
	if (csv->trim)
		buf_printf(&inner, "%strim: true", first ? "{" : ", "), first = false;
	if (csv->decimal != '.')
		put_letter(&inner, "decimal", csv->decimal, &first);
	if (*csv->thousands)
		put_text(&inner, "thousands", csv->thousands, &first);
	if (strcmp(csv->encoding, "utf-8") != 0)
		put_text(&inner, "encoding", csv->encoding, &first);
	if (csv->ragged == RAGGED_PAD)
		put_text(&inner, "ragged", "pad", &first);
	if (!first)
		buf_printf(out, "    csv: %s}\n", buf_text(&inner));
	buf_release(&inner);
}

static void put_unpivot(const struct unpivot *unpivot, struct buf *out)
{
	bool first = true;
	if (!unpivot->enabled)
		return;
	buf_append_text(out, "    unpivot: ");
	put_list(out, "keep", &unpivot->keep, &first);
	put_text(out, "names", unpivot->names, &first);
	put_text(out, "values", unpivot->values, &first);
	buf_printf(out, "%s}\n", unpivot->skip_nulls ? ", skip_nulls: true" : "");
}

static void put_fields(const struct draft *draft, struct buf *out)
{
	bool begun = false;
	for (size_t i = 0; i < draft->field_count; i++) {
		const struct draft_field *field = &draft->fields[i];
		bool first = true;
		if (!field->path && !field->pattern)
			continue;
		buf_printf(out, "%s      %s: ", begun ? "" : "    fields:\n", field->name);
		begun = true;
		if (field->path)
			put_text(out, "path", field->path, &first);
		if (field->pattern)
			put_text(out, "pattern", field->pattern, &first);
		buf_append_text(out, "}");
		if (field->doubt)
			buf_printf(out, "    # or %s: the sample does not tell", field->doubt);
		buf_append_text(out, "\n");
	}
}

/* Names need no quotes, but for the one that is YAML's word for nothing. */
static void put_name(struct buf *out, const char *name)
{
	if (strcasecmp(name, "null") == 0)
		put_quoted(out, name);
	else
		buf_append_text(out, name);
}

static void put_key(const struct draft *draft, struct buf *out)
{
	buf_append_text(out, "    key: [");
	for (size_t i = 0; i < draft->key_count; i++) {
		buf_append_text(out, i ? ", " : "");
		put_name(out, draft->key[i]);
	}
	char records[64];
	text_format_counted(records, draft->records, "record");
	if (draft->key_count)
		buf_printf(out, "]    # unique in %s%s\n",
			draft->whole ? "the file's " : "the first ", records);
	else
		buf_append_text(out, "_file, _row]    # nothing in the sample is unique: every "
				     "record is a row\n");
}

void draft_print_entry(const struct draft *draft, struct buf *out)
{
	static const char *const formats[] = {[FORMAT_CSV] = "csv",
		[FORMAT_NDJSON] = "ndjson",
		[FORMAT_JSON] = "json",
		[FORMAT_AVRO] = "avro"};
	enum file_format named = FORMAT_CSV;
	if (draft->notes.len)
		buf_append(out, draft->notes.data, draft->notes.len);
	buf_printf(
		out, "  %s:\n    schema: schemas/%s.avsc\n    files: [", draft->name, draft->name);
	put_quoted(out, draft->files);
	buf_append_text(out, "]\n");
	format_from_name(draft->files, &named);
	if (named != draft->reading.format)
		buf_printf(out, "    format: %s\n", formats[draft->reading.format]);
	buf_printf(out, "    table: raw.%s\n", draft->name);
	put_key(draft, out);
	if (draft->reading.format == FORMAT_CSV)
		put_csv(&draft->reading.csv, out);
	if (draft->reading.format == FORMAT_JSON && *draft->reading.json.records) {
		bool first = true;
		buf_append_text(out, "    json: ");
		put_text(out, "records", draft->reading.json.records, &first);
		buf_append_text(out, "}\n");
	}
	put_unpivot(&draft->reading.unpivot, out);
	put_fields(draft, out);
	if (draft->reading.unknown == UNKNOWN_IGNORE)
		buf_append_text(out, "    unknown_columns: ignore\n");
}

/* ---- the schema ---- */

static void put_field(const struct draft_field *field, struct json_writer *json)
{
	json_object(json);
	json_key(json, "name");
	json_string(json, field->name);
	if (field->header) {
		json_key(json, "aliases");
		json_array(json);
		json_string(json, field->header);
		json_array_end(json);
	}
	json_key(json, "type");
	if (field->nullable) {
		json_array(json);
		json_string(json, "null");
	}
	json_raw(json, field->type, strlen(field->type));
	if (field->nullable) {
		json_array_end(json);
		json_key(json, "default");
		json_null(json);
	}
	json_object_end(json);
}

static void compose(const struct draft *draft, struct buf *text)
{
	struct json_writer json;
	json_begin(&json, text);
	json_object(&json);
	json_key(&json, "type");
	json_string(&json, "record");
	json_key(&json, "name");
	json_string(&json, draft->name);
	json_key(&json, "fields");
	json_array(&json);
	for (size_t i = 0; i < draft->field_count; i++)
		put_field(&draft->fields[i], &json);
	json_array_end(&json);
	json_object_end(&json);
}

static void put_elements(const struct json_value *array, struct buf *out)
{
	struct json_value item;
	bool first = true;
	buf_append_text(out, "[");
	for (const char *at = array->text + 1; json_next_element(array, &at, &item);) {
		buf_append_text(out, first ? "\n    " : ",\n    ");
		buf_append(out, item.text, item.len);
		first = false;
	}
	buf_append_text(out, "\n  ]");
}

/* A member a line, and of the fields one each. */
static void lay_out(const struct json_value *schema, struct buf *out)
{
	struct json_value key;
	struct json_value value;
	bool first = true;
	buf_append_text(out, "{");
	for (const char *at = schema->text + 1; json_next_member(schema, &at, &key, &value);) {
		buf_append_text(out, first ? "\n  " : ",\n  ");
		buf_append(out, key.text, key.len);
		buf_append_text(out, ": ");
		if (json_equals(&key, "fields", 6) && value.kind == JSON_ARRAY)
			put_elements(&value, out);
		else
			buf_append(out, value.text, value.len);
		first = false;
	}
	buf_append_text(out, "\n}\n");
}

void draft_print_schema(const struct draft *draft, struct buf *out)
{
	struct json_scanner scanner;
	struct json_value schema;
	struct buf text;
	const char *why;
	size_t at;
	buf_init(&text, SCHEMA_MAX_BYTES);
	if (draft->schema)
		buf_append(&text, draft->schema, draft->schema_len);
	else
		compose(draft, &text);
	json_scanner_init(&scanner);
	if (json_validate(&scanner, buf_text(&text), text.len, &schema, &why, &at) &&
		schema.kind == JSON_OBJECT)
		lay_out(&schema, out);
	else
		buf_append(out, text.data, text.len);
	json_scanner_release(&scanner);
	buf_release(&text);
}
