/* SPDX-License-Identifier: Apache-2.0 */
#include "project/head.h"

#include <string.h>

#include "base/buf.h"

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

static const char *back_over_blanks(const char *start, const char *end)
{
	while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	return end;
}

/* The length of the key before the ':' of a comment's text; 0 when there is none. */
static size_t key_length(const char *p, const char *end)
{
	size_t n = 0;
	while (p + n < end && ((p[n] >= 'a' && p[n] <= 'z') || p[n] == '_'))
		n++;
	return p + n < end && p[n] == ':' ? n : 0;
}

static bool unknown_key(const char *origin, int line, const char *key, size_t n,
	const struct head_key *keys, size_t count, struct err *err)
{
	struct buf known;
	buf_init(&known, 1024);
	for (size_t i = 0; i < count; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", keys[i].name);
	err_config(err, "%s:%d: unknown key '%.*s': expected one of %s", origin, line, (int)n, key,
		buf_text(&known));
	buf_release(&known);
	return false;
}

bool head_parse(const char *sql, const char *origin, const struct head_key *keys, size_t count,
	struct arena *arena, void *target, struct err *err)
{
	int line = 1;
	for (const char *p = sql; *p; line++) {
		const char *end = p + strcspn(p, "\n");
		const char *text = skip_blanks(p, end);
		p = *end ? end + 1 : end;
		if (text == end)
			continue;
		if (end - text < 2 || text[0] != '-' || text[1] != '-')
			break;
		text = skip_blanks(text + 2, end);
		size_t n = key_length(text, end);
		if (!n)
			continue;
		const struct head_key *row = NULL;
		for (size_t i = 0; i < count && !row; i++)
			if (strlen(keys[i].name) == n && memcmp(keys[i].name, text, n) == 0)
				row = &keys[i];
		if (!row)
			return unknown_key(origin, line, text, n, keys, count, err);
		struct head_value *value = (struct head_value *)((char *)target + row->offset);
		if (value->text)
			return err_config(err, "%s:%d: '%s' stands in line %d already", origin,
				line, row->name, value->line);
		text = skip_blanks(text + n + 1, end);
		end = back_over_blanks(text, end);
		if (text == end)
			return err_config(err, "%s:%d: '%s' has no value", origin, line, row->name);
		*value =
			(struct head_value){arena_strndup(arena, text, (size_t)(end - text)), line};
	}
	return true;
}

bool head_list(const char *text, struct arena *arena, struct string_list *ret_list)
{
	struct string_list list = {0};
	size_t commas = 0;
	for (const char *p = text; *p; p++)
		commas += *p == ',';
	list.items = arena_calloc(arena, commas + 1, sizeof(*list.items));
	for (const char *p = text;; p++) {
		const char *end = p + strcspn(p, ",");
		const char *start = skip_blanks(p, end);
		const char *stop = back_over_blanks(start, end);
		if (start == stop)
			return false;
		const char *item = arena_strndup(arena, start, (size_t)(stop - start));
		for (size_t i = 0; i < list.count; i++)
			if (strcmp(list.items[i], item) == 0)
				return false;
		list.items[list.count++] = item;
		if (!*end)
			break;
		p = end;
	}
	*ret_list = list;
	return true;
}
