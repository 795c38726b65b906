/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes inside JSON strings (RFC 8259, section 7): what scanning and walking share. */
#ifndef PENSTOCK_BASE_JSON_ESCAPE_H
#define PENSTOCK_BASE_JSON_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* One escape at *p (behind the backslash): its code point, *p moved behind it; false when it is
 * none. */
bool json_read_escape(const char **p, const char *end, unsigned *ret_code);
/* The next unescaped bytes (1 to 4, UTF-8) of a valid string's inside; returns how many. */
size_t json_next_bytes(const char **p, const char *end, unsigned char *to);

#endif
