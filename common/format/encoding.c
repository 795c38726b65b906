/* SPDX-License-Identifier: Apache-2.0 */
#include "format/encoding.h"

#include <stdint.h>

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
