/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values only a CSV dialect has. */
#include <ctype.h>
#include <string.h>

#include "config/keys.h"
#include "format/encoding.h"

static const char *scalar(const struct value *value)
{
	return value->node->kind == TREE_SCALAR ? value->node->text : NULL;
}

/* Characters one cannot see, or that mean something in YAML, by name. */
struct named {
	const char *name;
	const char *text;
};

static const struct named delimiters[] = {
	{"tab", "\t"}, {"comma", ","}, {"semicolon", ";"}, {"pipe", "|"}, {"space", " "}, {0}};
static const struct named thousands[] = {
	{"apostrophe", "'"}, {"space", " "}, {"nbsp", "\xC2\xA0"}, {0}};

static const char *by_name(const struct named *names, const char *text)
{
	for (; names->name; names++)
		if (strcmp(names->name, text) == 0)
			return names->text;
	return text;
}

static const char *name_of(const struct named *names, const char *text)
{
	for (; names->name; names++)
		if (strcmp(names->text, text) == 0 && !isprint((unsigned char)*text))
			return names->name;
	return text;
}

static bool is_tsv(const char *pattern)
{
	const char *suffix = strcasestr(pattern, ".tsv");
	return suffix && (suffix[4] == '\0' || suffix[4] == '.');
}

static bool all_tsv(const struct string_list *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (!is_tsv(files->items[i]))
			return false;
	return true;
}

/* The text with every \t a tab. */
static const char *with_tabs(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);
	char *to = copy;
	for (; *text; text++) {
		bool tab = text[0] == '\\' && text[1] == 't';
		*to++ = (char)(tab ? '\t' : *text);
		text += tab;
	}
	*to = '\0';
	return copy;
}

/* Line breaks separate lines; a letter or digit alone separates nothing. */
static bool is_delimiter(const char *text)
{
	size_t n = strlen(text);
	return n > 0 && n <= CSV_MAX_MARK && !strpbrk(text, "\r\n") &&
	       (n > 1 || (!isalnum((unsigned char)*text) && *text != 127));
}

static bool read_delimiter(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	const char *text = scalar(value);
	if (!value->given && all_tsv(&dataset->files))
		text = "tab";
	if (!text)
		return false;
	text = with_tabs(&value->loader->config->arena, by_name(delimiters, text));
	if (!is_delimiter(text))
		return false;
	dataset->reading.csv.delimiter = text;
	return true;
}

static void print_delimiter(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(
		printer, name_of(delimiters,
				 ((const struct config_dataset *)target)->reading.csv.delimiter));
}

static bool read_letter(const struct value *value)
{
	const char *text = scalar(value);
	if (!text || (*text && (text[1] || !ispunct((unsigned char)*text))))
		return false;
	*(char *)value->target = *text;
	return true;
}

static void print_letter(const struct key *key, const void *target, struct printer *printer)
{
	char text[2] = {*(const char *)target, '\0'};
	(void)key;
	printer_text(printer, text);
}

static bool read_comment(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	struct value list = *value;
	list.target = &dataset->reading.csv.comment;
	if (!value_texts.read(&list))
		return false;
	for (size_t i = 0; i < dataset->reading.csv.comment.count; i++) {
		const char *text = dataset->reading.csv.comment.items[i];
		if (!*text || strlen(text) > CSV_MAX_MARK || strpbrk(text, "\r\n"))
			value_problem(value,
				"a comment begins with 1 to %d bytes without a line break",
				CSV_MAX_MARK);
	}
	return true;
}

static void print_comment(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_texts(printer, &((const struct config_dataset *)target)->reading.csv.comment);
}

static bool read_decimal(const struct value *value)
{
	const char *text = scalar(value);
	return text && (*text == '.' || *text == ',') && read_letter(value);
}

static bool read_thousands(const struct value *value)
{
	const char *text = scalar(value);
	if (!text)
		return false;
	text = by_name(thousands, text);
	unsigned char first = (unsigned char)*text;
	size_t n = first < 0x80 ? first != 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	if (strlen(text) != n || isalnum(first) || first == '-' || first == '+' ||
		(first && iscntrl(first)))
		return false;
	*(const char **)value->target = text;
	return true;
}

static void print_thousands(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(printer, name_of(thousands, *(const char *const *)target));
}

static bool read_encoding(const struct value *value)
{
	const char *text = scalar(value);
	if (!text || !*text)
		return false;
	if (!encoding_known(text))
		value_problem(
			value, "iconv does not know '%.60s'; `iconv -l` lists what it knows", text);
	*(const char **)value->target = text;
	return true;
}

static void print_encoding(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(printer, *(const char *const *)target);
}

const struct value_type value_delimiter = {.read = read_delimiter, .print = print_delimiter};
const struct value_type value_letter = {.read = read_letter, .print = print_letter};
const struct value_type value_comment = {.read = read_comment, .print = print_comment};
const struct value_type value_decimal = {.read = read_decimal, .print = print_letter};
const struct value_type value_thousands = {.read = read_thousands, .print = print_thousands};
const struct value_type value_encoding = {.read = read_encoding, .print = print_encoding};

/* Whether `text` begins with, or (anywhere) holds, the character; '\0' is none. */
static bool holds(const char *text, char character, bool anywhere)
{
	return character && (anywhere ? strchr(text, character) != NULL : *text == character);
}

void check_dialect(struct loader *loader, int line, const struct csv_dialect *csv)
{
	if (holds(csv->delimiter, csv->quote, true))
		loader_problem(loader, line, "csv.quote", "is in the delimiter, too");
	if (holds(csv->delimiter, csv->escape, true))
		loader_problem(loader, line, "csv.escape", "is in the delimiter, too");
	if (csv->escape && csv->escape == csv->quote)
		loader_problem(loader, line, "csv.escape",
			"is the quote, too; doubled quotes need no escape");
	for (size_t i = 0; i < csv->comment.count; i++)
		if (holds(csv->comment.items[i], csv->quote, false) ||
			strncmp(csv->comment.items[i], csv->delimiter, strlen(csv->delimiter)) == 0)
			loader_problem(loader, line, "csv.comment", "'%s' may also begin a record",
				csv->comment.items[i]);
	if (csv->columns.count > 0 && csv->header > 0)
		loader_problem(loader, line, "csv.columns",
			"the header names the columns; say `header: 0` (and `skip: %u`)",
			csv->header);
	if (*csv->header_join && csv->header < 2)
		loader_problem(loader, line, "csv.header_join", "there are no two header lines");
	if (strlen(csv->header_join) > CSV_MAX_MARK)
		loader_problem(
			loader, line, "csv.header_join", "is longer than %d bytes", CSV_MAX_MARK);
	if (holds(csv->thousands, csv->decimal, true))
		loader_problem(loader, line, "csv.thousands", "is the decimal sign, too");
}
