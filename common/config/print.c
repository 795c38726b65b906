/* SPDX-License-Identifier: Apache-2.0 */
/* `config print` and the reference, from the same rows the loader reads. */
#include <string.h>

#include "config/keys.h"

static const char *segment_end(const char *path)
{
	return path + strcspn(path, ".");
}

/* Length of the sections (with their dots) two paths share. */
static size_t shared_sections(const char *a, const char *b)
{
	size_t shared = 0;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static size_t count_dots(const char *path)
{
	size_t n = 0;
	for (; *path; path++)
		n += *path == '.';
	return n;
}

static void close_sections(struct printer *printer, const char *previous, size_t shared)
{
	for (size_t n = count_dots(previous + shared); n; n--)
		printer_map_end(printer);
}

/* Opens the sections of `path` behind the shared ones; returns the last segment. */
static const char *open_sections(struct printer *printer, const char *path, size_t shared)
{
	const char *p = path + shared;
	for (const char *end = segment_end(p); *end; end = segment_end(p)) {
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)(end - p), p);
		printer_map(printer, name);
		p = end + 1;
	}
	return p;
}

void keys_print(const struct key_table *table, const void *scope, struct printer *printer)
{
	const char *previous = "";
	for (size_t i = 0; i < table->count; i++) {
		const struct key *key = &table->rows[i];
		if (!key->type->print || (key->condition && !key->condition->holds(scope)))
			continue;
		size_t shared = shared_sections(previous, key->path);
		close_sections(printer, previous, shared);
		const char *name = open_sections(printer, key->path, shared);
		previous = key->path;
		if (!key->type->prints_key)
			printer_key(printer, name);
		key->type->print(key, (const char *)scope + key->offset, printer);
	}
	close_sections(printer, previous, 0);
}

static void print_all(const struct config *config, struct buf *out, bool as_json)
{
	struct printer printer;
	printer_begin(&printer, out, as_json);
	keys_print(&config_keys, config, &printer);
	printer_end(&printer);
}

void config_print(const struct config *config, struct buf *out)
{
	print_all(config, out, false);
}

void config_print_json(const struct config *config, struct buf *out)
{
	print_all(config, out, true);
}

/* A Markdown table's cell: '|' would end it. */
static void put_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_append_byte(out, '\\');
		buf_append_byte(out, (unsigned char)*text);
	}
}

static void put_rows(struct buf *out, const char *prefix, const struct key_table *table);

static void put_row(struct buf *out, const char *prefix, const struct key *key)
{
	buf_printf(out, "| `%s%s` | ", prefix, key->path);
	put_cell(out, key->expected);
	buf_append_text(out, " | ");
	if (!key->fallback)
		buf_append_text(out, key->condition ? "required there" : "required");
	else if (*key->fallback)
		buf_printf(out, "`%s`", key->fallback);
	buf_append_text(out, " | ");
	put_cell(out, key->doc);
	buf_append_text(out, " |\n");
	if (key->type->entries)
		put_rows(out, key->type->entry_prefix, key->type->entries);
}

static void put_rows(struct buf *out, const char *prefix, const struct key_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		put_row(out, prefix, &table->rows[i]);
}

void config_print_reference(struct buf *out)
{
	buf_append_text(out, "| key | expected | default | meaning |\n|---|---|---|---|\n");
	put_rows(out, "", &config_keys);
}
