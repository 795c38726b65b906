/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values any scope may hold. */
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/json_path.h"
#include "base/text.h"
#include "config/keys.h"

/* The value's text; NULL when it is a list or a map. */
static const char *scalar(const struct value *value)
{
	return value->node->kind == TREE_SCALAR ? value->node->text : NULL;
}

static bool read_text(const struct value *value)
{
	const char *text = scalar(value);
	bool may_be_empty = value->key->fallback && !value->key->fallback[0];
	if (!text || (!*text && !may_be_empty))
		return false;
	*(const char **)value->target = text;
	return true;
}

static void print_text(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(printer, *(const char *const *)target);
}

static bool read_path(const struct value *value)
{
	const char *path = NULL;
	if (!read_text(value))
		return false;
	path = *(const char **)value->target;
	if (*path && !strstr(path, "://"))
		path = file_join(
			&value->loader->config->arena, value->loader->config->folder, path);
	*(const char **)value->target = path;
	return true;
}

static bool read_folder(const struct value *value)
{
	const char *text = scalar(value);
	return text && !strstr(text, "://") && read_path(value);
}

static bool read_place(const struct value *value)
{
	const char *text = scalar(value);
	bool bucket = text && strncmp(text, "s3://", 5) == 0 && text[5];
	return bucket ? read_path(value) : read_folder(value);
}

static bool read_bool(const struct value *value)
{
	const char *text = scalar(value);
	if (!text || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
		return false;
	*(bool *)value->target = *text == 't';
	return true;
}

static void print_bool(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_bool(printer, *(const bool *)target);
}

static bool in_range(const struct key *key, int64_t number)
{
	return number >= key->min && number <= key->max;
}

static bool read_count(const struct value *value)
{
	const char *text = scalar(value);
	int64_t number = 0;
	if (!text || !text_int64(text, &number) || !in_range(value->key, number))
		return false;
	*(uint32_t *)value->target = (uint32_t)number;
	return true;
}

static void print_count(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_int(printer, *(const uint32_t *)target);
}

static bool read_size(const struct value *value)
{
	const char *text = scalar(value);
	int64_t bytes = 0;
	if (!text || !text_size(text, &bytes) || !in_range(value->key, bytes))
		return false;
	*(uint32_t *)value->target = (uint32_t)bytes;
	return true;
}

static bool read_long_size(const struct value *value)
{
	const char *text = scalar(value);
	int64_t bytes = 0;
	if (!text || !text_size(text, &bytes) || !in_range(value->key, bytes))
		return false;
	*(int64_t *)value->target = bytes;
	return true;
}

static void print_long(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_int(printer, *(const int64_t *)target);
}

static bool read_duration(const struct value *value)
{
	const char *text = scalar(value);
	int64_t ms = 0;
	if (!text || !text_duration(text, &ms) || !in_range(value->key, ms))
		return false;
	*(int64_t *)value->target = ms;
	return true;
}

/* In the greatest unit that divides it. */
static void print_duration(const struct key *key, const void *target, struct printer *printer)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	int64_t ms = *(const int64_t *)target;
	size_t unit = 0;
	char text[32] = "0";
	(void)key;
	while (ms % units[unit].ms != 0)
		unit++;
	if (ms)
		snprintf(text, sizeof(text), "%lld%s", (long long)(ms / units[unit].ms),
			units[unit].name);
	printer_text(printer, text);
}

static bool read_word(const struct value *value)
{
	const char *text = scalar(value);
	for (const struct word *word = value->key->words; text && word->name; word++) {
		if (strcmp(word->name, text) == 0) {
			memcpy(value->target, &word->value, sizeof(word->value));
			return true;
		}
	}
	return false;
}

static void print_word(const struct key *key, const void *target, struct printer *printer)
{
	int number = 0;
	memcpy(&number, target, sizeof(number));
	for (const struct word *word = key->words; word->name; word++)
		if (word->value == number)
			printer_text(printer, word->name);
}

static bool read_texts(const struct value *value)
{
	const struct tree_node *node = value->node;
	struct string_list list = {0};
	if (node->kind == TREE_MAP)
		return false;
	size_t count = node->kind == TREE_LIST ? node->count : 1;
	list.items = arena_calloc(&value->loader->config->arena, count + 1, sizeof(*list.items));
	const struct tree_node *item = node->kind == TREE_LIST ? node->first : node;
	for (; list.count < count; item = item->next) {
		if (item->kind != TREE_SCALAR)
			return false;
		if (value->given && tree_is_null(item)) {
			value_problem(value, "an item is empty; write \"\" for empty text");
			return true;
		}
		list.items[list.count++] = item->text;
	}
	*(struct string_list *)value->target = list;
	return true;
}

static void print_texts(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_texts(printer, target);
}

static bool read_section(const struct value *value)
{
	if (value->given && value->node->kind != TREE_MAP)
		return false;
	*(bool *)value->target = value->given;
	return true;
}

static bool read_json_path(const struct value *value)
{
	const char *text = scalar(value);
	if (!text || (*text ? !json_path_is_good(text) : !value->key->fallback))
		return false;
	*(const char **)value->target = text;
	return true;
}

static bool read_address(const struct value *value)
{
	const char *text = scalar(value);
	const char *colon = text ? strrchr(text, ':') : NULL;
	int64_t port = 0;
	if (!colon || !text_int64(colon + 1, &port) || port < 0 || port > 65535)
		return false;
	*(const char **)value->target = text;
	return true;
}

static bool read_prefix(const struct value *value)
{
	const char *text = scalar(value);
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";
	if (!text || strlen(text) > 100 || text[strspn(text, legal)])
		return false;
	*(const char **)value->target = text;
	return true;
}

static bool read_mail_address(const struct value *value)
{
	const char *text = scalar(value);
	if (!text || (*text && !text_is_mail_address(text)))
		return false;
	*(const char **)value->target = text;
	return true;
}

static bool read_mail_addresses(const struct value *value)
{
	if (!read_texts(value))
		return false;
	const struct string_list *list = value->target;
	for (size_t i = 0; i < list->count; i++)
		if (!text_is_mail_address(list->items[i]))
			value_problem(value, "'%s' is no mail address", list->items[i]);
	return list->count <= MAIL_MAX_RECIPIENTS;
}

/* The row stands behind those of sender and recipients. */
static bool read_mail_server(const struct value *value)
{
	const struct config *config = value->loader->config;
	const char *text = scalar(value);
	if (!text)
		return false;
	*(const char **)value->target = text;
	if (!*text)
		return true;
	const char *host = strncmp(text, "smtp://", 7) == 0    ? text + 7
			   : strncmp(text, "smtps://", 8) == 0 ? text + 8
							       : "";
	/* No login, path or query: user and password have keys of their own. */
	if (!*host || strpbrk(host, "@/?# "))
		return false;
	if (!*config->alerts.mail.from || !config->alerts.mail.to.count)
		value_problem(value, "needs alerts.mail.from and alerts.mail.to");
	return true;
}

const struct value_type value_text = {.read = read_text, .print = print_text};
const struct value_type value_path = {.read = read_path, .print = print_text};
const struct value_type value_folder = {.read = read_folder, .print = print_text};
const struct value_type value_place = {.read = read_place, .print = print_text};
const struct value_type value_bool = {.read = read_bool, .print = print_bool};
const struct value_type value_count = {.read = read_count, .print = print_count};
const struct value_type value_size = {.read = read_size, .print = print_count};
const struct value_type value_long_size = {.read = read_long_size, .print = print_long};
const struct value_type value_duration = {.read = read_duration, .print = print_duration};
const struct value_type value_word = {.read = read_word, .print = print_word};
const struct value_type value_texts = {.read = read_texts, .print = print_texts};
const struct value_type value_section = {.read = read_section, .print = NULL};
const struct value_type value_json_path = {.read = read_json_path, .print = print_text};
const struct value_type value_address = {.read = read_address, .print = print_text};
const struct value_type value_mail_address = {.read = read_mail_address, .print = print_text};
const struct value_type value_mail_addresses = {.read = read_mail_addresses, .print = print_texts};
const struct value_type value_mail_server = {
	.read = read_mail_server, .print = print_text, .secret = true};
const struct value_type value_prefix = {.read = read_prefix, .print = print_text};
