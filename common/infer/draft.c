/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "infer/name.h"

void draft_free(struct draft *draft)
{
	if (!draft)
		return;
	arena_release(&draft->arena);
	buf_release(&draft->notes);
	free(draft);
}

const char *draft_name(const struct draft *draft)
{
	return draft->name;
}

void draft_note(struct draft *draft, const char *fmt, ...)
{
	char line[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	buf_printf(&draft->notes, "  # %s\n", line);
}

/* `header` is the column's own, which nobody else may be called by; NULL: it has none. */
static bool is_taken(const struct draft *draft, const char *name, const char *header)
{
	for (size_t i = 0; i < draft->headers.count; i++)
		if ((!header || strcasecmp(name, header) != 0) &&
			strcasecmp(name, draft->headers.items[i]) == 0)
			return true;
	for (size_t i = 0; i < draft->field_count; i++) {
		const struct draft_field *field = &draft->fields[i];
		if (strcasecmp(field->name, name) == 0 ||
			(field->header && strcasecmp(field->header, name) == 0))
			return true;
	}
	return false;
}

struct draft_field *draft_add_field(struct draft *draft, const char *header, bool own)
{
	if (draft->field_count == DRAFT_MAX_FIELDS)
		return NULL;
	if (!draft->fields)
		draft->fields =
			arena_calloc(&draft->arena, DRAFT_MAX_FIELDS, sizeof(*draft->fields));
	const char *base = name_of_field(&draft->arena, header);
	const char *name = base;
	for (unsigned i = 2; is_taken(draft, name, own ? header : NULL); i++)
		name = arena_printf(&draft->arena, "%s_%u", base, i);
	struct draft_field *field = &draft->fields[draft->field_count++];
	*field = (struct draft_field){.name = arena_strdup(&draft->arena, name),
		.header = !own || strcmp(name, header) == 0 ? NULL
							    : arena_strdup(&draft->arena, header),
		.type = "\"string\"",
		.column = draft->field_count - 1};
	return field;
}

void draft_set_type(struct draft_field *field, struct guessed guessed)
{
	field->type = guessed.type;
	field->pattern = guessed.pattern;
	field->doubt = guessed.doubt;
}

void draft_describe(const struct draft *draft, struct buf *out)
{
	static const char *const formats[] = {[FORMAT_CSV] = "CSV",
		[FORMAT_NDJSON] = "NDJSON",
		[FORMAT_JSON] = "JSON",
		[FORMAT_AVRO] = "Avro"};
	char fields[64];
	char records[64];
	text_format_counted(fields, (int64_t)draft->field_count, "field");
	text_format_counted(records, draft->records, "record");
	buf_printf(out, "%s, %s, seen in %s%s", formats[draft->reading.format], fields,
		draft->whole ? "" : "the first ", records);
}
