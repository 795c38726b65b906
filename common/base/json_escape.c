/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_escape.h"

#include <string.h>

#include "base/err.h"

static bool read_hex4(const char *p, const char *end, unsigned *ret_code)
{
	if (end - p < 4)
		return false;
	unsigned code = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		unsigned digit = 0;
		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (unsigned)((c | 32) - 'a') + 10;
		else
			return false;
		code = code * 16 + digit;
	}
	*ret_code = code;
	return true;
}

bool json_read_escape(const char **p, const char *end, unsigned *ret_code)
{
	static const char names[] = "\"\\/bfnrt";
	static const char codes[] = "\"\\/\b\f\n\r\t";
	if (*p == end)
		return false;
	char c = *(*p)++;
	if (c != 'u') {
		const char *at = c ? strchr(names, c) : NULL;
		if (!at)
			return false;
		*ret_code = (unsigned char)codes[at - names];
		return true;
	}
	unsigned high = 0;
	if (!read_hex4(*p, end, &high))
		return false;
	*p += 4;
	if (high >= 0xDC00 && high < 0xE000)
		return false;
	if (high < 0xD800 || high >= 0xDC00) {
		*ret_code = high;
		return true;
	}
	unsigned low = 0;
	if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' || !read_hex4(*p + 2, end, &low) ||
		low < 0xDC00 || low >= 0xE000)
		return false;
	*p += 6;
	*ret_code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
	return true;
}

static size_t encode_utf8(unsigned code, unsigned char *to)
{
	if (code < 0x80) {
		to[0] = (unsigned char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (unsigned char)(0xC0 | code >> 6);
		to[1] = (unsigned char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (unsigned char)(0xE0 | code >> 12);
		to[1] = (unsigned char)(0x80 | (code >> 6 & 63));
		to[2] = (unsigned char)(0x80 | (code & 63));
		return 3;
	}
	to[0] = (unsigned char)(0xF0 | code >> 18);
	to[1] = (unsigned char)(0x80 | (code >> 12 & 63));
	to[2] = (unsigned char)(0x80 | (code >> 6 & 63));
	to[3] = (unsigned char)(0x80 | (code & 63));
	return 4;
}

size_t json_next_bytes(const char **p, const char *end, unsigned char *to)
{
	if (**p != '\\') {
		to[0] = (unsigned char)*(*p)++;
		return 1;
	}
	unsigned code = 0;
	(*p)++;
	if (!json_read_escape(p, end, &code))
		BUG("walking JSON that was not validated");
	return encode_utf8(code, to);
}
