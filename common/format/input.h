/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's bytes, decompressed and in UTF-8, as a stream at bounded memory. Compression (gzip,
 * bzip2, xz, zstd, lz4) is recognised by content, through libarchive; ratio and size are capped.
 * Archives of several files (zip, tar) are iterated with archive_members.
 */
#ifndef PENSTOCK_FORMAT_INPUT_H
#define PENSTOCK_FORMAT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "format/reading.h"

struct input;

struct input_limits {
	int64_t max_bytes; /* decompressed; 0: no limit */
	double max_ratio;  /* decompressed / compressed, looked at beyond 100 MiB; 0: 2,000 */
};

/*
 * Takes over `fd` (closed by input_close, also on failure); `name` stands in the errors of reading
 * it, class RETRY. Truncated or corrupt compressed data is class DATA when it is reached, without
 * the name.
 */
MUST_CHECK bool input_open(int fd, const char *name, const struct input_limits *limits,
	struct input **ret_input, struct err *err);
void input_close(struct input *input);

/* Reads up to n bytes; *ret_n == 0 means the end. RETRY once a stop was requested. */
MUST_CHECK bool input_read(struct input *input, void *to, size_t n, size_t *ret_n, struct err *err);

/* Decompressed bytes handed out, and bytes read from the file (for progress). */
int64_t input_position(const struct input *input);
int64_t input_file_position(const struct input *input);

/* Whether the file (by content) is a zip or tar archive of members. */
MUST_CHECK bool input_is_archive(int fd, bool *ret_archive, struct err *err);
/* Calls `visit` with each regular member's name and a reader of its bytes; false from it stops. */
struct member_reader {
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err);
	void *handle;
};
MUST_CHECK bool input_each_member(int fd, const char *name,
	bool (*visit)(
		void *context, const char *member, struct member_reader *reader, struct err *err),
	void *context, struct err *err);

#endif
