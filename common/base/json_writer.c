/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

void json_begin(struct json_writer *json, struct buf *buf)
{
	*json = (struct json_writer){.buf = buf};
}

static void before_value(struct json_writer *json)
{
	if (json->comma)
		buf_append_byte(json->buf, ',');
	json->comma = true;
}

static void open(struct json_writer *json, unsigned char bracket)
{
	before_value(json);
	buf_append_byte(json->buf, bracket);
	json->comma = false;
}

static void close(struct json_writer *json, unsigned char bracket)
{
	buf_append_byte(json->buf, bracket);
	json->comma = true;
}

void json_object(struct json_writer *json)
{
	open(json, '{');
}

void json_object_end(struct json_writer *json)
{
	close(json, '}');
}

void json_array(struct json_writer *json)
{
	open(json, '[');
}

void json_array_end(struct json_writer *json)
{
	close(json, ']');
}

static void put_escaped(struct buf *buf, unsigned char c)
{
	static const char short_form[] = {['\b'] = 'b',
		['\t'] = 't',
		['\n'] = 'n',
		['\f'] = 'f',
		['\r'] = 'r',
		['"'] = '"',
		['\\'] = '\\'};
	if (c < sizeof(short_form) && short_form[c]) {
		buf_append_byte(buf, '\\');
		buf_append_byte(buf, (unsigned char)short_form[c]);
	} else {
		buf_printf(buf, "\\u%04x", c);
	}
}

static void put_quoted(struct buf *buf, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + len;
	buf_append_byte(buf, '"');
	while (p < end) {
		const unsigned char *run = p;
		while (p < end && *p >= ' ' && *p < 0x80 && *p != '"' && *p != '\\')
			p++;
		buf_append(buf, run, (size_t)(p - run));
		if (p == end)
			break;
		if (*p < 0x80) {
			put_escaped(buf, *p++);
			continue;
		}
		size_t n = utf8_length(p, (size_t)(end - p));
		if (n) {
			buf_append(buf, p, n);
			p += n;
		} else {
			buf_append(buf, "\xEF\xBF\xBD", 3);
			p++;
		}
	}
	buf_append_byte(buf, '"');
}

void json_key(struct json_writer *json, const char *key)
{
	before_value(json);
	put_quoted(json->buf, key, strlen(key));
	buf_append_byte(json->buf, ':');
	json->comma = false;
}

void json_string_n(struct json_writer *json, const char *text, size_t len)
{
	before_value(json);
	put_quoted(json->buf, text, len);
}

void json_string(struct json_writer *json, const char *text)
{
	if (text)
		json_string_n(json, text, strlen(text));
	else
		json_null(json);
}

void json_int(struct json_writer *json, int64_t value)
{
	before_value(json);
	buf_printf(json->buf, "%" PRId64, value);
}

void json_double(struct json_writer *json, double value)
{
	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	before_value(json);
	char text[32];
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	buf_append_text(json->buf, text);
}

void json_bool(struct json_writer *json, bool value)
{
	before_value(json);
	buf_append_text(json->buf, value ? "true" : "false");
}

void json_null(struct json_writer *json)
{
	before_value(json);
	buf_append_text(json->buf, "null");
}

void json_raw(struct json_writer *json, const char *text, size_t len)
{
	before_value(json);
	buf_append(json->buf, text, len);
}
