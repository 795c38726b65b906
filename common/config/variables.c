/* SPDX-License-Identifier: Apache-2.0 */
#include "config/variables.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static const size_t max_file = (size_t)64 << 10;
static const unsigned max_nesting = 8;

static size_t name_length(const char *text)
{
	size_t n = 0;
	if (isdigit((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n;
}

const char *variables_get(const struct variables *variables, const char *name)
{
	const char *value = getenv(name);
	if (value)
		return value;
	for (const struct variable *v = variables->first; v; v = v->next)
		if (strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

/* The closing quote, escapes of double quotes undone into out; NULL when the line ends first. */
static const char *unquote(const char *p, struct buf *out)
{
	char quote = *p++;
	for (; *p && *p != quote; p++) {
		if (quote == '"' && *p == '\\' && p[1] && strchr("nt\"\\$", p[1])) {
			p++;
			buf_append_byte(out, *p == 'n'	 ? '\n'
					     : *p == 't' ? '\t'
							 : (unsigned char)*p);
		} else {
			buf_append_byte(out, (unsigned char)*p);
		}
	}
	return *p ? p + 1 : NULL;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static bool read_value(const char *p, struct buf *out)
{
	if (*p == '"' || *p == '\'') {
		p = unquote(p, out);
		p = p ? skip_blanks(p) : NULL;
		return p && (*p == '\0' || *p == '#');
	}
	const char *end = p;
	while (*end && !(*end == '#' && end > p && (end[-1] == ' ' || end[-1] == '\t')))
		end++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	buf_append(out, p, (size_t)(end - p));
	return true;
}

/* One line without its line break. */
static bool read_line(struct variables *variables, const char *line)
{
	const char *p = skip_blanks(line);
	if (*p == '\0' || *p == '#')
		return true;
	if (strncmp(p, "export ", 7) == 0)
		p = skip_blanks(p + 7);
	size_t n = name_length(p);
	const char *equals = skip_blanks(p + n);
	if (!n || *equals != '=')
		return false;
	struct buf value;
	buf_init(&value, max_file);
	bool ok = read_value(skip_blanks(equals + 1), &value);
	if (ok) {
		struct variable *v = arena_alloc(variables->arena, sizeof(*v));
		*v = (struct variable){arena_strndup(variables->arena, p, n),
			arena_strdup(variables->arena, buf_text(&value)), variables->first};
		variables->first = v;
	}
	buf_release(&value);
	return ok;
}

static bool read_lines(struct variables *variables, char *text, const char *path, struct err *err)
{
	int number = 1;
	for (char *line = text; line; number++) {
		char *end = strchr(line, '\n');
		if (end)
			*end = '\0';
		size_t n = strlen(line);
		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (!read_line(variables, line))
			return err_config(err, "%s:%d: expected NAME=VALUE", path, number);
		line = end ? end + 1 : NULL;
	}
	return true;
}

/* As text; a file that cannot be read is a mistake in the configuration that names it. */
static bool read_text(const char *path, struct buf *out, struct err *err)
{
	if (!file_read(path, out, err)) {
		if (err)
			err->from = ERR_FROM_CONFIG;
		return false;
	}
	if (memchr(buf_text(out), '\0', out->len))
		return err_config(err, "%s: holds a NUL byte", path);
	return true;
}

bool variables_read(struct variables *variables, const char *path, struct err *err)
{
	struct buf text;
	buf_init(&text, max_file);
	bool ok = read_text(path, &text, err);
	if (ok) {
		(void)buf_text(&text);
		ok = read_lines(variables, (char *)text.data, path, err);
	}
	buf_release(&text);
	return ok;
}

/* The brace that closes the one before p; NULL when there is none. */
static const char *closing_brace(const char *p)
{
	unsigned depth = 1;
	for (; *p; p++) {
		if (p[0] == '$' && p[1] == '{') {
			depth++;
			p++;
		} else if (*p == '}' && --depth == 0) {
			return p;
		}
	}
	return NULL;
}

static bool expand(struct variables *variables, const char *p, const char *end, unsigned depth,
	struct buf *out, struct err *err);

static bool expand_file(
	struct variables *variables, const char *name, struct buf *out, struct err *err)
{
	struct buf text;
	buf_init(&text, max_file);
	bool ok = read_text(file_join(variables->arena, variables->folder, name), &text, err);
	if (ok) {
		while (text.len && strchr("\r\n", text.data[text.len - 1]))
			text.len--;
		buf_append(out, text.data, text.len);
	}
	buf_release(&text);
	return ok;
}

/* What stands between ${ and }. */
static bool expand_reference(struct variables *variables, const char *p, const char *end,
	unsigned depth, struct buf *out, struct err *err)
{
	if (end - p > 5 && memcmp(p, "file:", 5) == 0) {
		const char *name = arena_strndup(variables->arena, p + 5, (size_t)(end - p) - 5);
		return expand_file(variables, name, out, err);
	}
	size_t n = name_length(p);
	const char *after = p + n;
	bool has_default = end - after >= 2 && memcmp(after, ":-", 2) == 0;
	if (!n || (after != end && !has_default))
		return err_config(err,
			"'${%.*s}' is none of ${NAME}, ${NAME:-default}, ${file:PATH}; a literal "
			"one is written $${",
			(int)(end - p), p);
	const char *name = arena_strndup(variables->arena, p, n);
	const char *value = variables_get(variables, name);
	if (has_default && (!value || !*value))
		return expand(variables, after + 2, end, depth + 1, out, err);
	if (!value)
		return err_config(err,
			"variable %s is not set, neither in the environment nor in the .env file; "
			"${%s:-} would take it as empty",
			name, name);
	buf_append_text(out, value);
	return true;
}

static bool expand(struct variables *variables, const char *p, const char *end, unsigned depth,
	struct buf *out, struct err *err)
{
	if (depth > max_nesting)
		return err_config(err, "defaults nested too deeply");
	while (p < end) {
		if (end - p >= 3 && memcmp(p, "$${", 3) == 0) {
			buf_append_text(out, "${");
			p += 3;
			continue;
		}
		if (end - p < 2 || memcmp(p, "${", 2) != 0) {
			buf_append_byte(out, (unsigned char)*p++);
			continue;
		}
		const char *close = closing_brace(p + 2);
		if (!close || close >= end)
			return err_config(
				err, "'${' without its '}'; a literal one is written $${");
		if (!expand_reference(variables, p + 2, close, depth, out, err))
			return false;
		p = close + 1;
	}
	return true;
}

bool variables_expand(
	struct variables *variables, const char *text, const char **ret_text, struct err *err)
{
	if (!strstr(text, "${")) {
		*ret_text = text;
		return true;
	}
	struct buf out;
	buf_init(&out, VARIABLES_MAX_BYTES - variables->expanded);
	bool ok = expand(variables, text, text + strlen(text), 0, &out, err);
	if (ok && out.overflow)
		ok = err_config(err, "the expanded values are longer than 4 MiB");
	if (ok) {
		variables->expanded += out.len;
		*ret_text = arena_strdup(variables->arena, buf_text(&out));
	}
	buf_release(&out);
	return ok;
}
