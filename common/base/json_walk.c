/* SPDX-License-Identifier: Apache-2.0 */
/* Walking JSON that json_validate has accepted: nothing is checked again. */
#include <string.h>

#include "base/json_escape.h"
#include "base/json_scan.h"

/* The end of a valid value: quotes and brackets are all that matters. */
static const char *value_end(const char *p)
{
	unsigned depth = 0;
	for (;;) {
		switch (*p) {
		case '"':
			for (p++; *p != '"'; p++)
				if (*p == '\\')
					p++;
			p++;
			break;
		case '{':
		case '[':
			depth++;
			p++;
			continue;
		case '}':
		case ']':
			depth--;
			p++;
			break;
		case ',':
		case ':':
		case ' ':
		case '\n':
		case '\r':
		case '\t':
			p++;
			continue;
		default:
			while ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-' ||
				*p == '+' || *p == '.' || *p == 'E')
				p++;
			break;
		}
		if (depth == 0)
			return p;
	}
}

static enum json_kind kind_of(char c)
{
	switch (c) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 'n':
		return JSON_NULL;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	default:
		return JSON_NUMBER;
	}
}

static const char *skip_separators(const char *p)
{
	while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t' || *p == ',' || *p == ':')
		p++;
	return p;
}

static struct json_value take_value(const char **at)
{
	const char *start = *at;
	/* A number at the very end of the text is safe: its array or object closes behind it. */
	*at = value_end(start);
	return (struct json_value){kind_of(*start), start, (size_t)(*at - start)};
}

bool json_next_member(const struct json_value *object, const char **at, struct json_value *ret_key,
	struct json_value *ret_value)
{
	*at = skip_separators(*at);
	if (*at >= object->text + object->len - 1)
		return false;
	*ret_key = take_value(at);
	*at = skip_separators(*at);
	*ret_value = take_value(at);
	return true;
}

bool json_next_element(
	const struct json_value *array, const char **at, struct json_value *ret_value)
{
	*at = skip_separators(*at);
	if (*at >= array->text + array->len - 1)
		return false;
	*ret_value = take_value(at);
	return true;
}

bool json_equals(const struct json_value *string, const char *text, size_t n)
{
	const char *p = string->text + 1;
	const char *end = string->text + string->len - 1;
	if (!memchr(p, '\\', (size_t)(end - p)))
		return (size_t)(end - p) == n && memcmp(p, text, n) == 0;
	size_t at = 0;
	while (p < end) {
		unsigned char bytes[4];
		size_t length = json_next_bytes(&p, end, bytes);
		if (n - at < length || memcmp(text + at, bytes, length) != 0)
			return false;
		at += length;
	}
	return at == n;
}

bool json_find(const struct json_value *object, const char *name, struct json_value *ret_value)
{
	const char *at = object->text + 1;
	size_t n = strlen(name);
	struct json_value key;
	struct json_value value;
	while (json_next_member(object, &at, &key, &value)) {
		if (json_equals(&key, name, n)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

void json_unescape(const struct json_value *string, struct buf *out)
{
	const char *p = string->text + 1;
	const char *end = string->text + string->len - 1;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *run_end = slash ? slash : end;
		buf_append(out, p, (size_t)(run_end - p));
		p = run_end;
		if (slash) {
			unsigned char bytes[4];
			size_t n = json_next_bytes(&p, end, bytes);
			buf_append(out, bytes, n);
		}
	}
}
