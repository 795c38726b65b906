/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lines.h"

#include <fcntl.h>
#include <stdio.h>

bool lines_open(struct lines *lines, int fd, const char *name, struct err *err)
{
	char path[64];
	*lines = (struct lines){.line = 1};
	/* A new description, so that both readers keep a position of their own. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s again", name);
	return input_open(again, name, &(struct input_limits){0}, &lines->input, err);
}

void lines_close(struct lines *lines)
{
	input_close(lines->input);
	lines->input = NULL;
}

static void pass(struct lines *lines, unsigned char byte)
{
	if (byte == '\r' || (byte == '\n' && !lines->after_cr))
		lines->line++;
	lines->after_cr = byte == '\r';
}

bool lines_find(struct lines *lines, int64_t position, int64_t *ret_line, struct err *err)
{
	while (lines->at < position) {
		if (lines->next == lines->count) {
			size_t n = 0;
			if (!input_read(lines->input, lines->block, sizeof(lines->block), &n, err))
				return false;
			if (n == 0)
				break;
			lines->next = 0;
			lines->count = n;
		}
		pass(lines, lines->block[lines->next++]);
		lines->at++;
	}
	*ret_line = lines->line;
	return true;
}
