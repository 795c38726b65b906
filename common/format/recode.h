/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An input in any encoding iconv knows, as UTF-8, and the way back: which byte of the input a byte
 * of the text came from. Bytes that mean nothing become two bytes that are no UTF-8 (recode_bad
 * tells which byte they stand for), so that only the record they are in is bad. Memory is bounded
 * by how far the reader is behind what was read.
 */
#ifndef PENSTOCK_FORMAT_RECODE_H
#define PENSTOCK_FORMAT_RECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "format/input.h"

struct recode;

/* `input` is borrowed. An encoding iconv does not know is a configuration error. */
MUST_CHECK bool recode_open(
	const char *encoding, struct input *input, struct recode **ret_recode, struct err *err);
void recode_close(struct recode *recode);

/* Reads up to n bytes of text; *ret_n == 0 means the end. */
MUST_CHECK bool recode_read(
	struct recode *recode, void *to, size_t n, size_t *ret_n, struct err *err);

/*
 * The offset in the input of the character at `position` of the text. Positions never go back; what
 * is before the last one asked for is forgotten. Inside a character: that of its beginning.
 */
int64_t recode_origin(struct recode *recode, int64_t position);

/* Whether two bytes of the text stand for a byte that means nothing: that byte. */
bool recode_bad(const char *text, size_t n, unsigned *ret_byte);

#endif
