/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values only a dataset has. Most have the whole struct config_dataset as target. */
#include <string.h>

#include "base/text.h"
#include "config/keys.h"
#include "format/reader.h"

#define IDENTIFIER_MAX 63

static const char *scalar(const struct value *value)
{
	return value->node->kind == TREE_SCALAR ? value->node->text : NULL;
}

static bool read_table(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	struct config_table table;
	if (!table_name_read(&value->loader->config->arena, scalar(value), &table))
		return false;
	dataset->table_name = table.name;
	dataset->table_schema = table.schema;
	if (table_is_ours(&table))
		value_problem(value, "schema %s is not for tables of yours", table.schema);
	return true;
}

static void print_table(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_dataset *dataset = target;
	char text[2 * IDENTIFIER_MAX + 2];
	(void)key;
	snprintf(text, sizeof(text), "%s.%s", dataset->table_schema, dataset->table_name);
	printer_text(printer, text);
}

static bool read_list(const struct value *value, struct string_list *ret_list)
{
	struct value list = *value;
	list.target = ret_list;
	return value_texts.read(&list) && ret_list->count > 0;
}

static bool read_files(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	return read_list(value, &dataset->files);
}

static void print_files(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_texts(printer, &((const struct config_dataset *)target)->files);
}

static bool list_has(const struct string_list *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

static bool read_key(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	struct string_list key = {0};
	if (!read_list(value, &key))
		return false;
	bool file = list_has(&key, key.count, "_file");
	bool row = list_has(&key, key.count, "_row");
	dataset->append_only = file && row && key.count == 2;
	for (size_t i = 0; i < key.count; i++)
		if (!*key.items[i] || list_has(&key, i, key.items[i]))
			return false;
	if ((file || row) && !dataset->append_only)
		value_problem(value,
			"_file and _row are a key together and alone ([_file, _row]: append-only), "
			"not beside other fields");
	if (!dataset->append_only)
		dataset->reading.key = key;
	return true;
}

static void print_key(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_dataset *dataset = target;
	const struct string_list lineage = {(const char *[]){"_file", "_row"}, 2};
	(void)key;
	printer_texts(printer, dataset->append_only ? &lineage : &dataset->reading.key);
}

static bool read_on_conflict(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	const struct tree_node *node = value->node;
	if (node->kind == TREE_MAP) {
		const struct tree_node *column = node->first;
		if (node->count != 1 || strcmp(column->key, "greatest") != 0 ||
			column->kind != TREE_SCALAR || !*column->text)
			return false;
		dataset->on_conflict = CONFLICT_GREATEST;
		dataset->greatest = column->text;
		return true;
	}
	const char *text = scalar(value);
	if (!text || (strcmp(text, "last") != 0 && strcmp(text, "first") != 0))
		return false;
	dataset->on_conflict = *text == 'l' ? CONFLICT_LAST : CONFLICT_FIRST;
	return true;
}

static void print_on_conflict(const struct key *key, const void *target, struct printer *printer)
{
	const struct config_dataset *dataset = target;
	(void)key;
	if (dataset->on_conflict == CONFLICT_GREATEST)
		printer_pair(printer, "greatest", dataset->greatest);
	else
		printer_text(printer, dataset->on_conflict == CONFLICT_LAST ? "last" : "first");
}

/* The format all telling patterns agree on, if any tells; false: two disagree. */
static bool format_of_files(const struct string_list *files, enum file_format *format)
{
	bool told = false;
	for (size_t i = 0; i < files->count; i++) {
		enum file_format one = FORMAT_CSV;
		if (!format_from_name(files->items[i], &one))
			continue;
		if (told && one != *format)
			return false;
		*format = one;
		told = true;
	}
	return true;
}

static bool read_format(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	if (value->given)
		return value_word.read(value);
	dataset->reading.format = FORMAT_CSV;
	if (!format_of_files(&dataset->files, &dataset->reading.format))
		value_problem(value, "the patterns of files tell different formats; say which");
	return true;
}

static void print_format(const struct key *key, const void *target, struct printer *printer)
{
	value_word.print(key, target, printer);
}

/* "1%", "0.25%": hundredths of a percent and finer are kept; *ret_share is 0..1. */
static bool read_percent(const char *text, double *ret_share)
{
	size_t whole = strspn(text, "0123456789");
	size_t n = whole;
	if (!whole || whole > 3 || (whole > 1 && text[0] == '0'))
		return false;
	if (text[n] == '.') {
		size_t places = strspn(text + n + 1, "0123456789");
		if (!places || places > 6)
			return false;
		n += 1 + places;
	}
	if (strcmp(text + n, "%") != 0)
		return false;
	*ret_share = strtod(text, NULL) / 100;
	return *ret_share <= 1;
}

static bool read_max_rejects(const struct value *value)
{
	struct config_dataset *dataset = value->scope;
	const char *text = scalar(value);
	dataset->reading.max_rejects = -1;
	dataset->reading.max_reject_share = -1;
	if (!text || strcmp(text, "none") == 0)
		return text;
	if (text_int64(text, &dataset->reading.max_rejects))
		return dataset->reading.max_rejects >= 0;
	return read_percent(text, &dataset->reading.max_reject_share);
}

static void print_max_rejects(const struct key *key, const void *target, struct printer *printer)
{
	const struct reading *reading = &((const struct config_dataset *)target)->reading;
	char text[32];
	(void)key;
	snprintf(text, sizeof(text), "%.9g%%", reading->max_reject_share * 100);
	if (reading->max_rejects >= 0)
		printer_int(printer, reading->max_rejects);
	else
		printer_text(printer, reading->max_reject_share >= 0 ? text : "none");
}

const struct value_type value_table = {.read = read_table, .print = print_table};
const struct value_type value_files = {.read = read_files, .print = print_files};
const struct value_type value_key = {.read = read_key, .print = print_key};
const struct value_type value_on_conflict = {.read = read_on_conflict, .print = print_on_conflict};
const struct value_type value_format = {.read = read_format, .print = print_format};
const struct value_type value_max_rejects = {.read = read_max_rejects, .print = print_max_rejects};
