/* SPDX-License-Identifier: Apache-2.0 */
#include "config/printer.h"

#include <inttypes.h>
#include <string.h>

void printer_begin(struct printer *printer, struct buf *out, bool as_json)
{
	*printer = (struct printer){.out = out, .as_json = as_json};
	json_begin(&printer->json, out);
	if (as_json)
		json_object(&printer->json);
}

void printer_end(struct printer *printer)
{
	if (!printer->as_json)
		return;
	json_object_end(&printer->json);
	buf_append_byte(printer->out, '\n');
}

/* What the parser reads back as the same text without quotes. */
static bool is_plain(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-./";
	return *text && strchr(letters, *text) && text[strspn(text, others)] == '\0' &&
	       strcmp(text, "null") != 0;
}

/* JSON's strings are YAML's double-quoted ones; "${" would be expanded, so it is doubled. */
static void put_scalar(struct buf *out, const char *text)
{
	if (is_plain(text)) {
		buf_append_text(out, text);
		return;
	}
	struct buf safe;
	struct json_writer json;
	buf_init(&safe, out->max);
	for (const char *p = text; *p; p++) {
		if (p[0] == '$' && p[1] == '{')
			buf_append_byte(&safe, '$');
		buf_append_byte(&safe, (unsigned char)*p);
	}
	json_begin(&json, out);
	json_string_n(&json, (const char *)safe.data, safe.len);
	buf_release(&safe);
}

static void indent(struct printer *printer)
{
	for (int i = 0; i < printer->depth; i++)
		buf_append_text(printer->out, "  ");
}

void printer_map(struct printer *printer, const char *key)
{
	if (printer->as_json) {
		json_key(&printer->json, key);
		json_object(&printer->json);
		return;
	}
	indent(printer);
	put_scalar(printer->out, key);
	buf_append_text(printer->out, ":\n");
	printer->depth++;
}

void printer_map_end(struct printer *printer)
{
	if (printer->as_json)
		json_object_end(&printer->json);
	else
		printer->depth--;
}

void printer_key(struct printer *printer, const char *key)
{
	if (printer->as_json) {
		json_key(&printer->json, key);
		return;
	}
	indent(printer);
	put_scalar(printer->out, key);
	buf_append_text(printer->out, ": ");
}

static void end_line(struct printer *printer)
{
	if (!printer->as_json)
		buf_append_byte(printer->out, '\n');
}

void printer_text(struct printer *printer, const char *text)
{
	if (printer->as_json)
		json_string(&printer->json, text);
	else
		put_scalar(printer->out, text);
	end_line(printer);
}

void printer_texts(struct printer *printer, const struct string_list *list)
{
	if (printer->as_json)
		json_array(&printer->json);
	else
		buf_append_byte(printer->out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (printer->as_json) {
			json_string(&printer->json, list->items[i]);
			continue;
		}
		if (i)
			buf_append_text(printer->out, ", ");
		put_scalar(printer->out, list->items[i]);
	}
	if (printer->as_json)
		json_array_end(&printer->json);
	else
		buf_append_byte(printer->out, ']');
	end_line(printer);
}

void printer_int(struct printer *printer, int64_t value)
{
	if (printer->as_json)
		json_int(&printer->json, value);
	else
		buf_printf(printer->out, "%" PRId64, value);
	end_line(printer);
}

void printer_bool(struct printer *printer, bool value)
{
	if (printer->as_json)
		json_bool(&printer->json, value);
	else
		buf_append_text(printer->out, value ? "true" : "false");
	end_line(printer);
}

void printer_pair(struct printer *printer, const char *key, const char *text)
{
	if (printer->as_json) {
		json_object(&printer->json);
		json_key(&printer->json, key);
		json_string(&printer->json, text);
		json_object_end(&printer->json);
	} else {
		buf_append_byte(printer->out, '{');
		put_scalar(printer->out, key);
		buf_append_text(printer->out, ": ");
		put_scalar(printer->out, text);
		buf_append_byte(printer->out, '}');
	}
	end_line(printer);
}
