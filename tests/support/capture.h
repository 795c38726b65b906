/* SPDX-License-Identifier: Apache-2.0 */
/* What a test prints to stdout or stderr, as text. One capture of a descriptor at a time. */
#ifndef PENSTOCK_TESTS_CAPTURE_H
#define PENSTOCK_TESTS_CAPTURE_H

#include <stdio.h>
#include <unistd.h>

#include "support/cmocka_all.h"

struct capture {
	FILE *stream;
	int fd;
	int saved;
	FILE *file;
	char text[65536];
};

static inline void capture_begin(struct capture *capture, FILE *stream)
{
	fflush(stream);
	capture->stream = stream;
	capture->fd = fileno(stream);
	capture->saved = dup(capture->fd);
	capture->file = tmpfile();
	assert_non_null(capture->file);
	assert_true(dup2(fileno(capture->file), capture->fd) >= 0);
}

/* The text written since capture_begin; the descriptor is as before. */
static inline const char *capture_end(struct capture *capture)
{
	fflush(capture->stream);
	assert_true(dup2(capture->saved, capture->fd) >= 0);
	close(capture->saved);
	rewind(capture->file);
	size_t n = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
	capture->text[n] = '\0';
	fclose(capture->file);
	return capture->text;
}

#endif
