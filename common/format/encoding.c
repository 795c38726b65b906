/* SPDX-License-Identifier: Apache-2.0 */
#include "format/encoding.h"

#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* windows-1252, 0x80 to 0x9F (Unicode's mapping table CP1252.TXT); 0: undefined. */
static const uint16_t windows_1252[32] = {
	0x20AC,
	0,
	0x201A,
	0x0192,
	0x201E,
	0x2026,
	0x2020,
	0x2021,
	0x02C6,
	0x2030,
	0x0160,
	0x2039,
	0x0152,
	0,
	0x017D,
	0,
	0,
	0x2018,
	0x2019,
	0x201C,
	0x201D,
	0x2022,
	0x2013,
	0x2014,
	0x02DC,
	0x2122,
	0x0161,
	0x203A,
	0x0153,
	0,
	0x017E,
	0x0178,
};

static const struct {
	const char *name;
	enum encoding encoding;
} built_in[] = {{"utf-8", ENCODING_UTF8}, {"utf8", ENCODING_UTF8}, {"latin1", ENCODING_LATIN1},
	{"iso-8859-1", ENCODING_LATIN1}, {"windows-1252", ENCODING_WINDOWS_1252},
	{"cp1252", ENCODING_WINDOWS_1252}};

static enum encoding find_name(const char *name)
{
	if (!name || !*name)
		return ENCODING_UTF8;
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcasecmp(built_in[i].name, name) == 0)
			return built_in[i].encoding;
	return ENCODING_ICONV;
}

static bool is_ascii(const char *text)
{
	while (*text > 0)
		text++;
	return *text == '\0';
}

enum encoding encoding_of(const struct csv_dialect *dialect)
{
	enum encoding encoding = find_name(dialect->encoding);
	bool ascii = is_ascii(dialect->delimiter);
	for (size_t i = 0; i < dialect->comment.count; i++)
		ascii = ascii && is_ascii(dialect->comment.items[i]);
	return encoding == ENCODING_UTF8 || ascii ? encoding : ENCODING_ICONV;
}

const char *encoding_name(const struct csv_dialect *dialect)
{
	return find_name(dialect->encoding) == ENCODING_UTF8 ? "UTF-8" : dialect->encoding;
}

/* What stands behind a slash would ask iconv to guess or to leave out. */
bool encoding_known(const char *name)
{
	if (find_name(name) != ENCODING_ICONV)
		return true;
	if (strpbrk(name, "/, "))
		return false;
	iconv_t to = iconv_open(name, "UTF-8");
	iconv_t from = iconv_open("UTF-8", name);
	/* iconv_open's mark of failure, (iconv_t)-1. */
	bool known = (intptr_t)to != -1 && (intptr_t)from != -1;
	if ((intptr_t)to != -1)
		iconv_close(to);
	if ((intptr_t)from != -1)
		iconv_close(from);
	return known;
}

static size_t put_utf8(unsigned code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xC0 | code >> 6);
		to[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	to[0] = (char)(0xE0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 63));
	to[2] = (char)(0x80 | (code & 63));
	return 3;
}

bool encoding_convert(
	enum encoding encoding, const char *text, size_t n, char *to, size_t *ret_n, size_t *ret_at)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned code = (unsigned char)text[i];
		if (encoding == ENCODING_WINDOWS_1252 && code >= 0x80 && code < 0xA0) {
			code = windows_1252[code - 0x80];
			if (!code) {
				*ret_at = i;
				return false;
			}
		}
		len += put_utf8(code, to + len);
	}
	*ret_n = len;
	return true;
}
