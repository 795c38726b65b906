/* SPDX-License-Identifier: Apache-2.0 */
/* A CSV file's columns as fields, once its dialect is known. */
#include <stdlib.h>
#include <string.h>

#include "infer/columns.h"
#include "infer/dialect.h"
#include "infer/draft.h"
#include "infer/wide.h"

static const char *empty_text[] = {""};

/* A column that names nothing and holds nothing: what a delimiter at the end of each line makes. */
static bool leave_out(struct draft *draft, const struct columns *columns, size_t i)
{
	if (!columns_is_void(columns, i))
		return false;
	draft->reading.unknown = UNKNOWN_IGNORE;
	draft_note(draft, "left out: column %zu, which has neither a name nor values", i + 1);
	return true;
}

static void set_field(struct draft *draft, const struct columns *columns, size_t column,
	struct draft_field *field)
{
	struct guessed guessed = column_result(columns, column, &draft->arena, &field->nullable);
	draft_set_type(field, guessed);
	field->key = guessed.exact && !field->nullable;
	field->column = column;
}

static bool add_fields(struct draft *draft, const struct columns *columns, bool has_header,
	const struct wide *wide, struct err *err)
{
	bool named = draft->reading.csv.header > 0;
	bool room = true;
	for (size_t i = 0; i < columns->count && room; i++) {
		const char *header = columns->names.items[i];
		if (wide->which && wide->which[i])
			continue;
		if (named && leave_out(draft, columns, i))
			continue;
		if (!has_header || *header == '\0')
			header = arena_printf(&draft->arena, "column_%zu", i + 1);
		struct draft_field *field = draft_add_field(draft, header, named);
		room = field;
		if (field)
			set_field(draft, columns, i, field);
	}
	if (room && wide->which)
		room = wide_add_fields(draft, columns, wide);
	return room || err_fail(err, ERR_DATA,
			       "%zu columns: a table has at most %d (`unpivot` makes rows of "
			       "columns)",
			       columns->count, DRAFT_MAX_FIELDS);
}

/* Where no name, or not one each, stands in the file, the order of the fields tells. */
static bool name_fields(struct draft *draft, struct columns *columns, struct err *err)
{
	struct csv_dialect *dialect = &draft->reading.csv;
	bool has_header = dialect->header > 1 || columns_have_header(columns);
	bool named = has_header && columns_are_distinct(columns);
	struct wide wide = {0};
	if (!has_header)
		columns_take_first(columns);
	if (has_header && !named) {
		dialect->skip++;
		draft_note(draft, "the header does not give each column a name of its own: passed "
				  "over");
	}
	if (!named)
		dialect->header = 0;
	if (named) {
		draft->headers = columns->names;
		wide_find(draft, columns, &wide);
	}
	bool ok = add_fields(draft, columns, has_header, &wide, err);
	draft->headers = (struct string_list){NULL, 0};
	return ok;
}

static void set_nulls(struct draft *draft, const struct columns *columns)
{
	const char **words = arena_calloc(&draft->arena, COLUMNS_WORDS + 1, sizeof(*words));
	draft->reading.csv.nulls = (struct string_list){words, 0};
	words[draft->reading.csv.nulls.count++] = "";
	for (size_t i = 0; i < COLUMNS_WORDS; i++)
		if (columns->nulls & 1u << i)
			words[draft->reading.csv.nulls.count++] = columns_word(i);
}

bool infer_csv(struct draft *draft, const struct sample *sample, struct err *err)
{
	struct columns columns = {0};
	struct guesser guesser;
	draft->reading.csv = (struct csv_dialect){.delimiter = ",",
		.quote = '"',
		.header = 1,
		.header_join = "",
		.nulls = {empty_text, 1},
		.thousands = "",
		.encoding = sample->encoding};
	dialect_find_split(draft, sample);
	guesser_init(&guesser);
	headers_find(draft, sample, &guesser);
	bool ok = dialect_find_signs(&draft->reading, sample, &guesser, 0, &columns, err) &&
		  name_fields(draft, &columns, err);
	if (ok)
		set_nulls(draft, &columns);
	columns_release(&columns);
	guesser_release(&guesser);
	return ok;
}
