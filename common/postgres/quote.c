/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/quote.h"

#include <string.h>

#include "base/err.h"

static void append_doubled(struct buf *out, const char *text, const char *specials)
{
	for (const char *p = text; *p; p++) {
		if (strchr(specials, *p))
			buf_append_byte(out, (unsigned char)*p);
		buf_append_byte(out, (unsigned char)*p);
	}
}

void quote_identifier(struct buf *out, const char *name)
{
	buf_append_byte(out, '"');
	append_doubled(out, name, "\"");
	buf_append_byte(out, '"');
}

void quote_qualified(struct buf *out, const char *schema, const char *name)
{
	quote_identifier(out, schema);
	buf_append_byte(out, '.');
	quote_identifier(out, name);
}

void quote_literal(struct buf *out, const char *text)
{
	buf_append_text(out, strchr(text, '\\') ? "E'" : "'");
	append_doubled(out, text, "'\\");
	buf_append_byte(out, '\'');
}

void array_begin(struct buf *out)
{
	buf_append_byte(out, '{');
}

/* No element ends in '{' outside quotes, so a '{' at the end means that none was added yet. */
static void separate(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_append_byte(out, ',');
}

void array_add(struct buf *out, const char *text)
{
	if (text) {
		array_add_n(out, text, strlen(text));
	} else {
		separate(out);
		buf_append_text(out, "NULL");
	}
}

void array_add_n(struct buf *out, const char *text, size_t len)
{
	if (memchr(text, '\0', len))
		BUG("a NUL byte in an array's element");
	separate(out);
	buf_append_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, (unsigned char)text[i]);
	}
	buf_append_byte(out, '"');
}

void array_add_int(struct buf *out, int64_t value)
{
	separate(out);
	buf_printf(out, "%lld", (long long)value);
}

void array_end(struct buf *out)
{
	buf_append_byte(out, '}');
}
