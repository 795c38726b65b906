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

/* Behind a comment such as a licence's, if one begins at `p`; NULL: none does. */
static const char *skip_comment(const char *p, int *line)
{
	const char *start = p + strspn(p, " \t\r");
	const char *close = strncmp(start, "/*", 2) == 0 ? strstr(start + 2, "*/") : NULL;
	for (; close && p < close; p++)
		*line += *p == '\n';
	return close ? close + 2 : NULL;
}

struct head_reader {
	const char *origin;
	int line;
	const struct head_key *keys;
	size_t count;
	struct arena *arena;
	void *target;
	struct err *err;
};

/* `text` is what stands behind "--", up to `end`. */
static bool read_line(struct head_reader *reader, const char *text, const char *end)
{
	const struct head_key *row = NULL;
	size_t n = key_length(text, end);
	if (!n)
		return true;
	for (size_t i = 0; i < reader->count && !row; i++)
		if (strlen(reader->keys[i].name) == n && memcmp(reader->keys[i].name, text, n) == 0)
			row = &reader->keys[i];
	if (!row)
		return unknown_key(reader->origin, reader->line, text, n, reader->keys,
			reader->count, reader->err);
	struct head_value *value = (struct head_value *)((char *)reader->target + row->offset);
	if (value->text)
		return err_config(reader->err, "%s:%d: '%s' stands in line %d already",
			reader->origin, reader->line, row->name, value->line);
	text = skip_blanks(text + n + 1, end);
	end = back_over_blanks(text, end);
	if (text == end)
		return err_config(reader->err, "%s:%d: '%s' has no value", reader->origin,
			reader->line, row->name);
	*value = (struct head_value){
		arena_strndup(reader->arena, text, (size_t)(end - text)), reader->line};
	return true;
}

bool head_parse(const char *sql, const char *origin, const struct head_key *keys, size_t count,
	struct arena *arena, void *target, struct err *err)
{
	struct head_reader reader = {origin, 1, keys, count, arena, target, err};
	for (const char *p = sql; *p; reader.line++) {
		const char *behind;
		while ((behind = skip_comment(p, &reader.line)))
			p = behind;
		const char *end = p + strcspn(p, "\n");
		const char *text = skip_blanks(p, end);
		p = *end ? end + 1 : end;
		if (text == end)
			continue;
		if (end - text < 2 || text[0] != '-' || text[1] != '-')
			break;
		if (!read_line(&reader, skip_blanks(text + 2, end), end))
			return false;
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
