/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parse tree tells where things begin, not where they end. Printed definitions are regular: no
 * comments, keywords in capitals, conditions in parentheses; so the clauses of the outer SELECT are
 * the keywords outside of all parentheses.
 */
#include <ctype.h>
#include <string.h>

#include "query/growth_parts.h"

struct scan {
	const char *text;
	size_t at;
	int depth;
	size_t word; /* where the word in hand begins */
	size_t word_length;
};

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind a string or quoted name; in E'' a backslash takes the next byte along. */
static size_t skip_quoted(const char *text, size_t at)
{
	char quote = text[at];
	bool escapes = quote == '\'' && at > 0 && text[at - 1] == 'E';
	at++;
	while (text[at]) {
		bool taken = escapes && text[at] == '\\' && text[at + 1];
		if (text[at] == quote && text[at + 1] != quote)
			return at + 1;
		at += taken || text[at] == quote ? 2 : 1;
	}
	return at;
}

/* Finds the next word, comma or end outside of parentheses; false at the end. */
static bool next(struct scan *scan)
{
	const char *text = scan->text;
	while (text[scan->at]) {
		char c = text[scan->at];
		if (c == '\'' || c == '"') {
			scan->at = skip_quoted(text, scan->at);
		} else if (is_word_byte(c)) {
			scan->word = scan->at;
			while (is_word_byte(text[scan->at]))
				scan->at++;
			scan->word_length = scan->at - scan->word;
			if (!scan->depth && text[scan->at] != '\'')
				return true;
		} else {
			scan->depth += (c == '(' || c == '[') - (c == ')' || c == ']');
			scan->word = scan->at++;
			scan->word_length = 1;
			if (c == ',' && !scan->depth)
				return true;
		}
	}
	return false;
}

static bool is(const struct scan *scan, const char *word)
{
	return strlen(word) == scan->word_length &&
	       memcmp(scan->text + scan->word, word, scan->word_length) == 0;
}

static size_t skip_space(const char *text, size_t at)
{
	return at + strspn(text + at, " \t\r\n");
}

static size_t back_over_space(const char *text, size_t start, size_t at)
{
	while (at > start && isspace((unsigned char)text[at - 1]))
		at--;
	return at;
}

static bool add_item(struct clauses *clauses, const char *text, size_t start, size_t end)
{
	if (clauses->item_count == CLAUSE_MAX_ITEMS)
		return false;
	clauses->items[clauses->item_count++] =
		(struct clause_item){start, back_over_space(text, start, end)};
	return true;
}

static size_t skip_parentheses(const char *text, size_t at)
{
	int depth = 0;
	do {
		char c = text[at];
		depth += (c == '(') - (c == ')');
		at = c == '\'' || c == '"' ? skip_quoted(text, at) : at + 1;
	} while (depth && text[at]);
	return at;
}

/* Behind SELECT and DISTINCT ON (...). */
static size_t begin_items(const struct scan *scan)
{
	static const char distinct[] = "DISTINCT ";
	size_t at = skip_space(scan->text, scan->at);
	if (strncmp(scan->text + at, distinct, strlen(distinct)) != 0)
		return at;
	at = skip_space(scan->text, at + strlen(distinct));
	if (strncmp(scan->text + at, "ON (", 4) == 0)
		at = skip_parentheses(scan->text, at + 3);
	return skip_space(scan->text, at);
}

/* From behind SELECT to FROM. */
static bool find_items(struct scan *scan, struct clauses *clauses)
{
	size_t start = begin_items(scan);
	size_t as = 0;
	bool after_distinct = false; /* a IS DISTINCT FROM b */
	scan->at = start;
	while (next(scan)) {
		bool from = is(scan, "FROM") && !after_distinct;
		if (is(scan, ",") || from) {
			if (!add_item(clauses, scan->text, start, as ? as : scan->word))
				return false;
			start = skip_space(scan->text, scan->at);
			as = 0;
		} else if (is(scan, "AS")) {
			as = scan->word;
		}
		if (from)
			return true;
		after_distinct = is(scan, "DISTINCT");
	}
	return false;
}

static bool ends_conditions(const struct scan *scan)
{
	static const char *const words[] = {"WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is(scan, words[i]))
			return true;
	return false;
}

bool clauses_find(const char *text, struct clauses *clauses)
{
	struct scan scan = {.text = text};
	struct clause_item *items = clauses->items;
	*clauses = (struct clauses){.items = items};
	do {
		if (!next(&scan))
			return false;
	} while (!is(&scan, "SELECT"));
	if (!find_items(&scan, clauses))
		return false;
	while (next(&scan)) {
		bool group = is(&scan, "GROUP");
		bool end = ends_conditions(&scan);
		if (is(&scan, "WHERE") && !clauses->where)
			clauses->where = scan.word;
		if ((group || is(&scan, "HAVING") || end) && !clauses->where_end)
			clauses->where_end = scan.word;
		if (is(&scan, "HAVING"))
			clauses->having = scan.word;
		if (end) {
			clauses->having_end = scan.word;
			break;
		}
	}
	size_t length = strlen(text);
	if (!clauses->where_end)
		clauses->where_end = length;
	if (!clauses->having_end)
		clauses->having_end = length;
	return true;
}

size_t clauses_skip_name(const char *text, size_t at)
{
	size_t end = at;
	for (;;) {
		size_t start = end;
		if (text[end] == '"')
			end = skip_quoted(text, end);
		else
			while (is_word_byte(text[end]))
				end++;
		if (end == start)
			return at;
		if (text[end] != '.')
			return end;
		end++;
	}
}
