/* SPDX-License-Identifier: Apache-2.0 */
/* Single-byte encodings -> UTF-8. */
#ifndef PENSTOCK_FORMAT_ENCODING_H
#define PENSTOCK_FORMAT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "format/reading.h"

/* What a byte becomes at most. */
#define ENCODING_MAX_EXPANSION 3

/*
 * Writes n bytes of `text` as UTF-8 to `to` (room for n x ENCODING_MAX_EXPANSION) and returns how
 * many it wrote. False when a byte means nothing in windows-1252; *ret_at is its offset.
 */
bool encoding_convert(enum encoding encoding, const char *text, size_t n, char *to, size_t *ret_n,
	size_t *ret_at);

#endif
