/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values that say when, and how often. */
#include <string.h>

#include "base/text.h"
#include "config/keys.h"

static const char *scalar(const struct value *value)
{
	return value->node->kind == TREE_SCALAR ? value->node->text : NULL;
}

static void print_text(const struct key *key, const void *target, struct printer *printer)
{
	(void)key;
	printer_text(printer, *(const char *const *)target);
}

/* "" is none, which leaves *ret_cron alone. */
static bool parse_cron(const struct value *value, struct cron *ret_cron)
{
	const char *text = scalar(value);
	struct err err;
	if (!text)
		return false;
	*(const char **)value->target = text;
	if (*text && !cron_parse(text, ret_cron, &err))
		value_problem(value, "%s", err.message);
	return true;
}

static bool read_cron(const struct value *value)
{
	struct cron cron;
	return parse_cron(value, &cron);
}

static bool read_source_cron(const struct value *value)
{
	struct remote *remote = value->scope;
	return parse_cron(value, &remote->cron);
}

static bool read_time_zone(const struct value *value)
{
	const char *text = scalar(value);
	struct err err;
	if (!text)
		return false;
	*(const char **)value->target = text;
	if (!cron_zone_is_known(text, &err))
		value_problem(value, "%s", err.message);
	return true;
}

static bool read_rate(const struct value *value)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {{"/s", 1000000}, {"/m", INT64_C(60000000)}, {"/h", INT64_C(3600000000)},
		{"/d", INT64_C(86400000000)}};
	struct remote *remote = value->scope;
	const char *text = scalar(value);
	int64_t count = 0;
	if (!text)
		return false;
	remote->rate = text;
	remote->between_us = 0;
	if (!*text)
		return true;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(text) - strlen(strchr(text, '/') ? strchr(text, '/') : "");
		if (strcmp(text + n, units[i].name) != 0)
			continue;
		const char *digits = arena_strndup(&value->loader->config->arena, text, n);
		if (!text_int64(digits, &count) || count < 1 || count > 1000000)
			return false;
		remote->between_us = units[i].us / count;
		return true;
	}
	return false;
}

const struct value_type value_cron = {.read = read_cron, .print = print_text};
const struct value_type value_source_cron = {.read = read_source_cron, .print = print_text};
const struct value_type value_time_zone = {.read = read_time_zone, .print = print_text};
const struct value_type value_rate = {.read = read_rate, .print = print_text};
