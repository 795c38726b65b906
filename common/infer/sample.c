/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "infer/infer.h"

static bool fill(struct input *input, struct sample *sample, struct err *err)
{
	struct buf *bytes = &sample->bytes;
	unsigned char *to = buf_reserve(bytes, INFER_SAMPLE_BYTES);
	size_t n = 1;
	while (to && n && bytes->len < INFER_SAMPLE_BYTES) {
		if (!input_read(input, to + bytes->len, INFER_SAMPLE_BYTES - bytes->len, &n, err))
			return false;
		bytes->len += n;
	}
	sample->whole = n == 0;
	return true;
}

/* Every second byte of ASCII in UTF-16 is zero. */
static bool has_zeros(const struct buf *bytes, size_t from)
{
	size_t zeros = 0;
	for (size_t i = from; i < bytes->len; i += 2)
		zeros += bytes->data[i] == 0;
	return zeros * 3 > bytes->len / 2;
}

static const char *encoding_of_bytes(const struct buf *bytes)
{
	static const unsigned char no_1252[] = {0x81, 0x8D, 0x8F, 0x90, 0x9D};
	size_t at = 0;
	if (bytes->len >= 2 && (memcmp(bytes->data, "\xFF\xFE", 2) == 0 ||
				       memcmp(bytes->data, "\xFE\xFF", 2) == 0))
		return "utf-16";
	if (has_zeros(bytes, 1))
		return "utf-16le";
	if (has_zeros(bytes, 0))
		return "utf-16be";
	/* The sample may end inside a character. */
	if (utf8_valid(bytes->data, bytes->len, &at) ||
		(at + 4 > bytes->len && bytes->len == INFER_SAMPLE_BYTES))
		return "utf-8";
	for (size_t i = 0; i < sizeof(no_1252); i++)
		if (memchr(bytes->data, no_1252[i], bytes->len))
			return "latin1";
	return "windows-1252";
}

bool sample_is_text(const struct sample *sample)
{
	if (strncmp(sample->encoding, "utf-16", 6) == 0)
		return true;
	for (size_t i = 0; i < sample->bytes.len; i++) {
		unsigned char c = sample->bytes.data[i];
		if (c < ' ' && (c == '\0' || !strchr("\t\n\v\f\r\x1b", c)))
			return false;
	}
	return true;
}

static bool keep_copy(struct sample *sample, struct err *err)
{
	sample->fd = memfd_create("sample", MFD_CLOEXEC);
	return sample->fd >= 0
		       ? file_write_all(sample->fd, sample->bytes.data, sample->bytes.len, err)
		       : err_fail_errno(err, ERR_FATAL, "memory for a sample");
}

/* Another description of the file, which has a position of its own. */
static bool open_view(int fd, const char *name, struct input **ret_input, struct err *err)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int view = open(path, O_RDONLY | O_CLOEXEC);
	return view >= 0 ? input_open(view, name, &(struct input_limits){0}, ret_input, err)
			 : err_fail_errno(err, ERR_FATAL, "reading %s", name);
}

bool sample_read(int fd, const char *name, struct sample *sample, struct err *err)
{
	struct input *input = NULL;
	*sample = (struct sample){.fd = -1};
	buf_init(&sample->bytes, INFER_SAMPLE_BYTES);
	bool ok = open_view(fd, name, &input, err);
	if (ok) {
		ok = fill(input, sample, err);
		input_close(input);
	}
	sample->encoding = ok ? encoding_of_bytes(&sample->bytes) : "utf-8";
	if (ok && keep_copy(sample, err))
		return true;
	sample_release(sample);
	return false;
}

void sample_release(struct sample *sample)
{
	buf_release(&sample->bytes);
	if (sample->fd >= 0)
		close(sample->fd);
	sample->fd = -1;
}

static bool walk_records(const struct sample *sample, struct reader *reader,
	const struct sample_walk *walk, struct err *err)
{
	const struct record *record = NULL;
	struct err why = {0};
	while (reader_next(reader, &record, &why)) {
		/* The last record of a part of a file may be cut. */
		bool cut = record && !sample->whole && record->end >= (int64_t)sample->bytes.len;
		if (!record || cut || !walk->visit(walk->context, record))
			return true;
	}
	if (!sample->whole && why.class == ERR_DATA)
		return true;
	*err = why;
	return false;
}

bool sample_records(const struct sample *sample, const struct sample_walk *walk, struct err *err)
{
	struct input *input = NULL;
	struct reader *reader = NULL;
	if (!open_view(sample->fd, "the sample", &input, err))
		return false;
	bool ok = reader_open(walk->reading, input, walk->wanted, &reader, err);
	if (ok && (!walk->columns || walk->columns(walk->context, reader_columns(reader))))
		ok = walk_records(sample, reader, walk, err);
	reader_close(reader);
	input_close(input);
	return ok;
}
