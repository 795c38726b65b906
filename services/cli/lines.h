/* SPDX-License-Identifier: Apache-2.0 */
/* Byte positions of a file as line numbers of its text, asked for in ascending order. */
#ifndef PENSTOCK_CLI_LINES_H
#define PENSTOCK_CLI_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "format/input.h"
#include "format/reading.h"
#include "format/recode.h"

struct lines {
	struct input *input;
	struct recode *recode; /* NULL: the text is the input */
	int64_t line;	       /* from 1 */
	int64_t end;	       /* of it, where the next one begins; 0: not looked for */
	int64_t text;	       /* position of block[next] in the text */
	size_t next;
	size_t count;
	unsigned char block[65536];
};

/*
 * Reads the file behind `fd` (borrowed, a regular file) a second time, from its start, in the
 * reading's encoding.
 */
MUST_CHECK bool lines_open(struct lines *lines, int fd, const char *name,
	const struct reading *reading, struct err *err);
void lines_close(struct lines *lines);
/* The line of the byte at `position` in the decompressed input; LF, CRLF and CR end a line. */
MUST_CHECK bool lines_find(
	struct lines *lines, int64_t position, int64_t *ret_line, struct err *err);

#endif
