/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/columns.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX_BYTES ((size_t)256 << 20)

static const char *const words[COLUMNS_WORDS] = {
	"\\N", "NULL", "null", "NA", "N/A", "n/a", "#N/A", "None", "nil", "-"};
/* What databases write for null means it in texts, too. */
#define ALWAYS_NULL 1u

const char *columns_word(size_t i)
{
	return words[i];
}

void columns_init(struct columns *columns, const struct guesser *guesser, struct signs signs)
{
	*columns = (struct columns){.guesser = guesser, .signs = signs};
	arena_init(&columns->arena, COLUMNS_MAX_BYTES);
}

void columns_release(struct columns *columns)
{
	arena_release(&columns->arena);
}

static bool begin(void *context, const struct string_list *names)
{
	struct columns *columns = context;
	columns->count = names->count;
	columns->names.count = names->count;
	columns->names.items = arena_calloc(&columns->arena, names->count + 1, sizeof(char *));
	columns->items = arena_calloc(&columns->arena, names->count + 1, sizeof(*columns->items));
	for (size_t i = 0; i < names->count; i++) {
		struct column *column = &columns->items[i];
		const char *name = arena_strdup(&columns->arena, names->items[i]);
		columns->names.items[i] = name;
		guess_init(&column->all);
		guess_init(&column->plain);
		guess_init(&column->first);
		if (*name)
			guess_text(&column->first, columns->guesser, &columns->signs, name,
				strlen(name));
	}
	return true;
}

static size_t find_word(const struct cell *cell)
{
	size_t i = 0;
	while (i < COLUMNS_WORDS &&
		(strlen(words[i]) != cell->len || memcmp(words[i], cell->data, cell->len) != 0))
		i++;
	return i;
}

static void note(struct columns *columns, size_t i, const struct cell *cell)
{
	struct column *column = &columns->items[i];
	const char *name = columns->names.items[i];
	if (cell->len == 0) {
		column->blank = true;
		column->unquoted |= !cell->quoted;
		return;
	}
	column->recurs |= strlen(name) == cell->len && memcmp(name, cell->data, cell->len) == 0;
	guess_text(&column->all, columns->guesser, &columns->signs, cell->data, cell->len);
	size_t word = find_word(cell);
	if (word < COLUMNS_WORDS)
		column->words |= 1u << word;
	else
		guess_text(
			&column->plain, columns->guesser, &columns->signs, cell->data, cell->len);
}

static bool note_record(void *context, const struct record *record)
{
	struct columns *columns = context;
	for (size_t i = 0; i < record->cell_count; i++)
		note(columns, i, &record->cells[i]);
	return true;
}

/* A type that shows once the words are taken for null. */
static bool wants_words(const struct columns *columns, const struct column *column)
{
	struct arena arena;
	arena_init(&arena, 1 << 16);
	(void)columns;
	bool wants = column->words && column->plain.count &&
		     guess_result(&column->all, false, &arena).text &&
		     !guess_result(&column->plain, false, &arena).text;
	arena_release(&arena);
	return wants;
}

/* A word that means null does so in all columns: none that stands among texts. */
static void judge_nulls(struct columns *columns)
{
	uint32_t wanted = 0;
	uint32_t texts = 0;
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->items[i];
		wanted |= column->words & ALWAYS_NULL;
		if (wants_words(columns, column))
			wanted |= column->words;
		else
			texts |= column->words & ~ALWAYS_NULL;
	}
	columns->nulls = wanted & ~texts;
}

void columns_take_first(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		const char *text = columns->names.items[i];
		struct cell cell = {.data = text, .len = (uint32_t)strlen(text), .kind = CELL_TEXT};
		note(columns, i, &cell);
	}
	judge_nulls(columns);
}

bool columns_read(struct columns *columns, const struct reading *reading,
	const struct sample *sample, struct err *err)
{
	static const struct string_list nothing = {NULL, 0};
	struct sample_walk walk = {reading, &nothing, note_record, columns, begin};
	if (!sample_records(sample, &walk, err))
		return false;
	judge_nulls(columns);
	for (size_t i = 0; i < columns->count; i++) {
		struct arena arena;
		bool nullable;
		arena_init(&arena, 1 << 16);
		columns->typed += !column_result(columns, i, &arena, &nullable).text;
		arena_release(&arena);
	}
	return true;
}

struct guessed column_result(
	const struct columns *columns, size_t i, struct arena *arena, bool *ret_nullable)
{
	const struct column *column = &columns->items[i];
	bool nulls_only = (column->words & ~columns->nulls) == 0;
	struct guessed result =
		guess_result(nulls_only ? &column->plain : &column->all, false, arena);
	*ret_nullable = (column->words & columns->nulls) != 0 ||
			(result.text ? column->unquoted : column->blank) || column->all.count == 0;
	return result;
}

/* Whole numbers that count up, or years that follow each other, are names: those of a wide table.
 */
static bool counts_up(const struct columns *columns)
{
	long last = 0;
	size_t seen = 0;
	for (size_t i = 0; i < columns->count; i++) {
		char *end = NULL;
		const char *name = columns->names.items[i];
		long value = strtol(name, &end, 10);
		if (!*name || *end)
			continue;
		bool year = value >= 1000 && value < 3000 && value > last && last >= 0;
		if (seen && value != last + 1 && !year)
			return false;
		last = value;
		seen++;
	}
	return seen > 1;
}

bool columns_have_header(const struct columns *columns)
{
	struct arena arena;
	size_t like = 0;   /* names that could be values of their column */
	size_t unlike = 0; /* of a column with a type, which could not */
	size_t recurring = 0;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->items[i];
		bool nullable;
		recurring += column->recurs;
		if (column_result(columns, i, &arena, &nullable).text || !*columns->names.items[i])
			continue;
		bool fits = !guess_result(&column->first, false, &arena).text;
		like += fits;
		unlike += !fits;
	}
	arena_release(&arena);
	if (unlike || (like && counts_up(columns)))
		return true;
	return like == 0 && recurring == 0;
}
