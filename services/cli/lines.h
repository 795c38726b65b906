/* SPDX-License-Identifier: Apache-2.0 */
/* Byte positions of a file's text as line numbers, asked for in ascending order. */
#ifndef PENSTOCK_CLI_LINES_H
#define PENSTOCK_CLI_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "format/input.h"

struct lines {
	struct input *input;
	int64_t line;  /* of the byte at `at`, from 1 */
	int64_t at;    /* position of block[next] */
	bool after_cr; /* an LF now would belong to the CR before it */
	size_t next;
	size_t count;
	unsigned char block[65536];
};

/* Reads the file behind `fd` (borrowed, a regular file) a second time, from its start. */
MUST_CHECK bool lines_open(struct lines *lines, int fd, const char *name, struct err *err);
void lines_close(struct lines *lines);
/* The line of the byte at `position` in the decompressed text; LF, CRLF and CR end a line. */
MUST_CHECK bool lines_find(
	struct lines *lines, int64_t position, int64_t *ret_line, struct err *err);

#endif
