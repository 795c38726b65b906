/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/columns.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX_BYTES ((size_t)256 << 20)

static const char *const words[COLUMNS_WORDS] = {
	"\\N", "NULL", "null", "NA", "N/A", "n/a", "#N/A", "None", "nil", "-", "..", "NaN"};
/* What databases write for null means it in texts, too. */
#define ALWAYS_NULL 1u

const char *columns_word(size_t i)
{
	return words[i];
}

void columns_init(
	struct columns *columns, const struct guesser *guesser, struct signs signs, int64_t limit)
{
	*columns = (struct columns){.guesser = guesser, .signs = signs, .limit = limit};
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
	return ++columns->seen != columns->limit;
}

/* A type that shows once the words are taken for null. */
static bool wants_words(const struct column *column)
{
	return column->words && guess_is_text(&column->all) && !guess_is_text(&column->plain);
}

/* A word that means null does so in all columns: none that stands among texts. */
static void judge_nulls(struct columns *columns)
{
	uint32_t wanted = 0;
	uint32_t texts = 0;
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->items[i];
		wanted |= column->words & ALWAYS_NULL;
		if (wants_words(column))
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

/* Of its values that are no nulls. */
static const struct guess *values_of(const struct columns *columns, size_t column)
{
	const struct column *it = &columns->items[column];
	return it->words & ~columns->nulls ? &it->all : &it->plain;
}

bool column_is_text(const struct columns *columns, size_t column)
{
	return guess_is_text(values_of(columns, column));
}

bool columns_read(struct columns *columns, const struct reading *reading,
	const struct sample *sample, struct err *err)
{
	static const struct string_list nothing = {NULL, 0};
	struct sample_walk walk = {reading, &nothing, note_record, columns, begin};
	if (!sample_records(sample, &walk, err))
		return false;
	judge_nulls(columns);
	for (size_t i = 0; i < columns->count; i++)
		columns->typed += !column_is_text(columns, i);
	return true;
}

bool columns_is_void(const struct columns *columns, size_t column)
{
	return !*columns->names.items[column] && columns->items[column].all.count == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool columns_are_distinct(const struct columns *columns)
{
	size_t count = columns->count;
	const char **names = calloc(count + 1, sizeof(*names));
	if (!names)
		BUG("out of memory: %zu names", count);
	memcpy(names, columns->names.items, count * sizeof(*names));
	qsort(names, count, sizeof(*names), compare_names);
	bool distinct = count > 0 && *names[count - 1];
	for (size_t i = 1; i < count; i++)
		distinct = distinct && (!*names[i] || strcmp(names[i], names[i - 1]) != 0);
	for (size_t i = 0; i < count; i++)
		distinct = distinct && (*columns->names.items[i] || columns_is_void(columns, i));
	free(names);
	return distinct;
}

bool column_takes(const struct columns *columns, size_t column, const struct guess *text)
{
	struct guess both = *values_of(columns, column);
	guess_merge(&both, text);
	return !guess_is_text(&both);
}

struct guessed columns_together(
	const struct columns *columns, const bool *which, struct arena *arena)
{
	struct guess together;
	guess_init(&together);
	for (size_t i = 0; i < columns->count; i++)
		if (which[i])
			guess_merge(&together, values_of(columns, i));
	return guess_result(&together, false, arena);
}

struct guessed column_result(
	const struct columns *columns, size_t i, struct arena *arena, bool *ret_nullable)
{
	const struct column *column = &columns->items[i];
	struct guessed result = guess_result(values_of(columns, i), false, arena);
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
	size_t like = 0;   /* names that could be values of their column */
	size_t unlike = 0; /* of a column with a type, which could not */
	size_t recurring = 0;
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->items[i];
		recurring += column->recurs;
		if (column_is_text(columns, i) || !*columns->names.items[i])
			continue;
		bool fits = column_takes(columns, i, &column->first);
		like += fits;
		unlike += !fits;
	}
	if (unlike || (like && counts_up(columns)))
		return true;
	return like == 0 && recurring == 0;
}
