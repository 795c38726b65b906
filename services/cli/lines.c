/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lines.h"

#include <fcntl.h>
#include <stdio.h>

#include "format/encoding.h"

bool lines_open(struct lines *lines, int fd, const char *name, const struct reading *reading,
	struct err *err)
{
	char path[64];
	*lines = (struct lines){.line = 1};
	/* A new description, so that both readers keep a position of their own. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s again", name);
	if (!input_open(again, name, &(struct input_limits){0}, &lines->input, err))
		return false;
	if (reading->format != FORMAT_CSV || encoding_of(&reading->csv) != ENCODING_ICONV)
		return true;
	return recode_open(reading->csv.encoding, lines->input, &lines->recode, err);
}

void lines_close(struct lines *lines)
{
	recode_close(lines->recode);
	input_close(lines->input);
	lines->recode = NULL;
	lines->input = NULL;
}

/* The next byte of the text, not taken; *ret_byte -1 at its end. */
static bool peek(struct lines *lines, int *ret_byte, struct err *err)
{
	if (lines->next == lines->count) {
		size_t size = sizeof(lines->block);
		lines->next = 0;
		lines->count = 0;
		if (lines->recode
				? !recode_read(
					  lines->recode, lines->block, size, &lines->count, err)
				: !input_read(lines->input, lines->block, size, &lines->count, err))
			return false;
	}
	*ret_byte = lines->count ? lines->block[lines->next] : -1;
	return true;
}

static void take(struct lines *lines)
{
	lines->next++;
	lines->text++;
}

/* Moves to the next line; its beginning is the input's end when there is none. */
static bool find_end(struct lines *lines, struct err *err)
{
	int byte = 0;
	while (byte != '\n' && byte != '\r') {
		if (!peek(lines, &byte, err))
			return false;
		if (byte < 0) {
			lines->end = INT64_MAX;
			return true;
		}
		take(lines);
	}
	if (byte == '\r') {
		if (!peek(lines, &byte, err))
			return false;
		if (byte == '\n')
			take(lines);
	}
	lines->end = lines->recode ? recode_origin(lines->recode, lines->text) : lines->text;
	return true;
}

bool lines_find(struct lines *lines, int64_t position, int64_t *ret_line, struct err *err)
{
	for (;;) {
		if (lines->end == 0 && !find_end(lines, err))
			return false;
		if (lines->end > position)
			break;
		lines->line++;
		lines->end = 0;
	}
	*ret_line = lines->line;
	return true;
}
