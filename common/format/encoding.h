/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bytes of a CSV file mean. UTF-8 and two single-byte encodings are read as they are, cell
 * by cell; all others go through iconv before anything else looks at them (recode.h).
 */
#ifndef PENSTOCK_FORMAT_ENCODING_H
#define PENSTOCK_FORMAT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "format/reading.h"

enum encoding { ENCODING_UTF8, ENCODING_LATIN1, ENCODING_WINDOWS_1252, ENCODING_ICONV };

/* How to read the dialect's `encoding`: single bytes only where delimiters and comments are ASCII.
 */
enum encoding encoding_of(const struct csv_dialect *dialect);
/* Its name for people. */
const char *encoding_name(const struct csv_dialect *dialect);
/* Whether the name is known here, by us or by iconv. */
bool encoding_known(const char *name);

/* What a byte becomes at most. */
#define ENCODING_MAX_EXPANSION 3

/*
 * Writes n bytes of `text` in latin1 or windows-1252 as UTF-8 to `to` (room for n x
 * ENCODING_MAX_EXPANSION) and returns how many it wrote. False when a byte means nothing in
 * windows-1252; *ret_at is its offset.
 */
bool encoding_convert(enum encoding encoding, const char *text, size_t n, char *to, size_t *ret_n,
	size_t *ret_at);

#endif
