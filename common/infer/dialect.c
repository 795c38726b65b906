/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every likely dialect reads the sample, and the one that splits it best is taken; then the signs
 * of its numbers, by which most columns get a type.
 */
#include "infer/dialect.h"

#include <string.h>

#define LOOKED_AT  1000 /* records, for the dialect */
#define SKIP_MAX   8
#define FOOTER_MAX 5

static const char *hash_sign[] = {"#"};

/* How well a dialect splits the sample. */
struct split {
	struct csv_dialect dialect;
	size_t columns;
	size_t nameless; /* columns */
	int64_t good;
	int64_t bad;
	int64_t quoted; /* cells */
	int64_t tail;	/* bad ones behind the last good one */
};

static bool count_columns(void *context, const struct string_list *columns)
{
	struct split *split = context;
	split->columns = columns->count;
	for (size_t i = 0; i < columns->count; i++)
		split->nameless += *columns->items[i] == '\0';
	return columns->count > 1;
}

static bool count_record(void *context, const struct record *record)
{
	struct split *split = context;
	split->good += !record->bad;
	split->bad += record->bad;
	split->tail = record->bad ? split->tail + 1 : 0;
	for (size_t i = 0; i < record->cell_count; i++)
		split->quoted += record->cells[i].quoted;
	return split->good + split->bad < LOOKED_AT;
}

static bool is_clean(const struct split *split)
{
	return split->columns > 1 && split->bad == 0 && split->nameless * 2 <= split->columns;
}

/* Half of the records split otherwise: nothing but signs of numbers, or of sentences. */
static bool is_accident(const struct split *split)
{
	return split->bad * 2 >= split->good + split->bad && split->bad > split->tail;
}

static bool is_better(const struct split *split, const struct split *best)
{
	if (split->columns < 2 || best->columns < 2)
		return split->columns > 1;
	/* In shares of the records, which another dialect may see more or fewer of. */
	int64_t one = split->bad * (best->good + best->bad + 1);
	int64_t other = best->bad * (split->good + split->bad + 1);
	if (one != other)
		return one < other;
	if (split->nameless != best->nameless)
		return split->nameless < best->nameless;
	if (split->columns != best->columns)
		return split->columns > best->columns;
	return split->quoted > best->quoted;
}

static void try_dialect(const struct draft *draft, const struct sample *sample,
	const struct csv_dialect *dialect, struct split *best)
{
	static const struct string_list nothing = {NULL, 0};
	struct split split = {.dialect = *dialect};
	struct reading reading = draft->reading;
	struct err ignored;
	reading.csv = *dialect;
	struct sample_walk walk = {&reading, &nothing, count_record, &split, count_columns};
	if (!sample_records(sample, &walk, &ignored))
		return;
	/* Passing over lines always leaves something that splits well: it must be most. */
	bool most = dialect->skip == 0 || split.good > (int64_t)dialect->skip;
	if (most && is_better(&split, best))
		*best = split;
}

static void try_delimiters(const struct draft *draft, const struct sample *sample,
	struct csv_dialect dialect, struct split *best)
{
	static const char *const delimiters[] = {",", ";", "\t", "||", "|", "\xC2\xA6"};
	static const char quotes[] = {'"', '\''};
	for (size_t d = 0; d < sizeof(delimiters) / sizeof(delimiters[0]); d++) {
		for (size_t q = 0; q < sizeof(quotes); q++) {
			dialect.delimiter = delimiters[d];
			dialect.quote = quotes[q];
			try_dialect(draft, sample, &dialect, best);
		}
	}
}

/* The plain dialect first; what is special only where lines are left over without it. */
static void find_split(const struct draft *draft, const struct sample *sample, struct split *best)
{
	const struct csv_dialect plain = draft->reading.csv;
	struct csv_dialect dialect = plain;
	try_delimiters(draft, sample, dialect, best);
	if (!is_clean(best)) {
		dialect.escape = '\\';
		try_delimiters(draft, sample, dialect, best);
	}
	for (uint32_t skip = 0; skip <= SKIP_MAX && !is_clean(best); skip++) {
		dialect = plain;
		dialect.skip = skip;
		dialect.comment = (struct string_list){hash_sign, 1};
		if (skip) {
			dialect.comment.count = 0;
			try_delimiters(draft, sample, dialect, best);
			dialect.comment.count = 1;
		}
		if (!is_clean(best) && memchr(sample->bytes.data, '#', sample->bytes.len))
			try_delimiters(draft, sample, dialect, best);
	}
	if (is_accident(best))
		best->columns = 0;
	if (best->columns && !is_clean(best) &&
		(best->tail < best->bad || best->bad > FOOTER_MAX)) {
		dialect = best->dialect;
		dialect.ragged = RAGGED_PAD;
		try_dialect(draft, sample, &dialect, best);
	}
}

/* What stands nowhere in the file splits nothing. */
static const char *absent_delimiter(const struct sample *sample)
{
	static const char *const delimiters[] = {",", ";", "\t", "|"};
	for (size_t i = 0; i < sizeof(delimiters) / sizeof(delimiters[0]); i++)
		if (!memchr(sample->bytes.data, *delimiters[i], sample->bytes.len))
			return delimiters[i];
	return ",";
}

/* Lines without a delimiter are a column of texts. */
static void settle_split(struct draft *draft, const struct sample *sample, struct split *best)
{
	if (best->columns < 2) {
		best->dialect = draft->reading.csv;
		best->dialect.delimiter = absent_delimiter(sample);
		best->columns = 1;
		best->bad = 0;
	}
	draft->reading.csv = best->dialect;
	if (sample->whole && best->bad && best->bad == best->tail && best->bad <= FOOTER_MAX)
		draft->reading.csv.footer = (uint32_t)best->bad;
}

void dialect_find_split(struct draft *draft, const struct sample *sample)
{
	struct split best = {0};
	find_split(draft, sample, &best);
	settle_split(draft, sample, &best);
}

/* Plain signs unless others explain more. */
bool dialect_find_signs(struct reading *reading, const struct sample *sample,
	const struct guesser *guesser, int64_t limit, struct columns *ret_columns, struct err *err)
{
	static const struct signs choices[] = {{'.', ""}, {'.', ","}, {',', ""}, {',', "."},
		{',', " "}, {',', "\xC2\xA0"}, {'.', " "}, {'.', "'"}};
	struct csv_dialect *dialect = &reading->csv;
	bool semicolons = strcmp(dialect->delimiter, ";") == 0;
	struct columns best;
	struct signs chosen = choices[0];
	bool trim = false;
	for (size_t i = 0; i < 2 * sizeof(choices) / sizeof(choices[0]); i++) {
		struct columns columns;
		columns_init(&columns, guesser, choices[i / 2], limit);
		dialect->trim = i % 2;
		bool ok = columns_read(&columns, reading, sample, err);
		bool better = i == 0 || columns.typed > best.typed ||
			      (columns.typed == best.typed && chosen.decimal == '.' &&
				      *chosen.thousands && semicolons && !dialect->trim);
		if (ok && better) {
			if (i)
				columns_release(&best);
			best = columns;
			chosen = choices[i / 2];
			trim = dialect->trim;
			continue;
		}
		columns_release(&columns);
		if (!ok && i)
			columns_release(&best);
		if (!ok)
			return false;
	}
	dialect->trim = trim;
	dialect->decimal = chosen.decimal;
	dialect->thousands = chosen.thousands;
	*ret_columns = best;
	return true;
}
