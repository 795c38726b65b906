/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain files are read straight into the caller's memory; compressed ones, told by their first
 * bytes, through libarchive with that one filter and the "raw" format.
 */
#include "format/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "format/gzip_check.h"
#include "format/limit.h"

#define HEAD_BYTES  16
#define BLOCK_BYTES (256 << 10)

struct compression {
	const char *name;
	unsigned char magic[HEAD_BYTES];
	size_t length;
	int (*add_filter)(struct archive *archive);
};

static const struct compression compressions[] = {
	{"gzip", {0x1F, 0x8B, 8}, 3, archive_read_support_filter_gzip},
	{"xz", {0xFD, '7', 'z', 'X', 'Z', 0}, 6, archive_read_support_filter_xz},
	{"zstd", {0x28, 0xB5, 0x2F, 0xFD}, 4, archive_read_support_filter_zstd},
	{"lz4", {0x04, 0x22, 0x4D, 0x18}, 4, archive_read_support_filter_lz4},
	{"bzip2", {'B', 'Z', 'h'}, 3, archive_read_support_filter_bzip2},
};

struct input {
	int fd;
	char *name;
	struct input_limits limits;
	const struct compression *compression; /* NULL: none */
	struct archive *archive;
	struct gzip_check *gzip;
	unsigned char *block; /* compressed bytes on their way to libarchive */
	unsigned char head[HEAD_BYTES];
	size_t head_len;
	size_t head_at;
	int64_t position;
	int64_t file_position;
	bool ended;
	bool sick; /* the file could not be read: `sickness` says why */
	struct err sickness;
};

/* read(2), restarted after signals. */
static bool read_file(struct input *input, void *to, size_t n, size_t *ret_n, struct err *err)
{
	ssize_t got = 0;
	do
		got = read(input->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EISDIR)
		return err_fail(err, ERR_DATA, "%s is a folder; expected a file", input->name);
	if (got < 0)
		return err_fail_errno(err, ERR_RETRY, "reading %s", input->name);
	input->file_position += got;
	*ret_n = (size_t)got;
	return true;
}

static bool read_head(struct input *input, struct err *err)
{
	size_t n = 1;
	while (n > 0 && input->head_len < HEAD_BYTES) {
		if (!read_file(input, input->head + input->head_len, HEAD_BYTES - input->head_len,
			    &n, err))
			return false;
		input->head_len += n;
	}
	return true;
}

/* The file's bytes as they are: first what read_head took, then the rest. */
static bool read_plain(struct input *input, void *to, size_t n, size_t *ret_n, struct err *err)
{
	size_t left = input->head_len - input->head_at;
	if (left == 0)
		return read_file(input, to, n, ret_n, err);
	if (left > n)
		left = n;
	memcpy(to, input->head + input->head_at, left);
	input->head_at += left;
	*ret_n = left;
	return true;
}

static ssize_t feed_archive(struct archive *archive, void *context, const void **ret_block)
{
	struct input *input = context;
	size_t n = 0;
	if (!read_plain(input, input->block, BLOCK_BYTES, &n, &input->sickness)) {
		input->sick = true;
		archive_set_error(archive, EIO, "the file cannot be read");
		return ARCHIVE_FATAL;
	}
	if (input->gzip)
		gzip_check_compressed(input->gzip, input->block, n);
	*ret_block = input->block;
	return (ssize_t)n;
}

/* Text may begin with bzip2's three letters: its block size and first block magic decide. */
static bool is_bzip2(const unsigned char *head, size_t n)
{
	static const unsigned char block[] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x59};
	static const unsigned char end[] = {0x17, 0x72, 0x45, 0x38, 0x50, 0x90};
	return n >= 10 && head[3] >= '1' && head[3] <= '9' &&
	       (memcmp(head + 4, block, 6) == 0 || memcmp(head + 4, end, 6) == 0);
}

static const struct compression *recognise(const unsigned char *head, size_t n)
{
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
		const struct compression *compression = &compressions[i];
		if (n < compression->length ||
			memcmp(head, compression->magic, compression->length) != 0)
			continue;
		if (head[0] == 'B' && !is_bzip2(head, n))
			continue;
		return compression;
	}
	return NULL;
}

static bool fail_archive(struct input *input, struct err *err)
{
	if (input->sick) {
		*err = input->sickness;
		return false;
	}
	const char *why = archive_error_string(input->archive);
	why = why ? why : "no reason given";
	/* Some of libarchive's reasons end in a line feed. */
	return err_fail(err, ERR_DATA, "%s data broken off or corrupt at byte %lld: %.*s",
		input->compression->name, (long long)input->position, (int)strcspn(why, "\n"), why);
}

static bool open_archive(struct input *input, struct err *err)
{
	input->block = malloc(BLOCK_BYTES);
	input->archive = archive_read_new();
	if (!input->block || !input->archive)
		BUG("out of memory: a decompressor");
	if (strcmp(input->compression->name, "gzip") == 0) {
		input->gzip = malloc(sizeof(*input->gzip));
		if (!input->gzip)
			BUG("out of memory: a gzip check");
		gzip_check_init(input->gzip);
	}
	struct archive_entry *entry = NULL;
	if (input->compression->add_filter(input->archive) < ARCHIVE_WARN ||
		archive_read_support_format_raw(input->archive) < ARCHIVE_WARN ||
		archive_read_support_format_empty(input->archive) < ARCHIVE_WARN ||
		archive_read_open(input->archive, input, NULL, feed_archive, NULL) < ARCHIVE_WARN)
		return fail_archive(input, err);
	int code = archive_read_next_header(input->archive, &entry);
	input->ended = code == ARCHIVE_EOF;
	return (code >= ARCHIVE_WARN || code == ARCHIVE_EOF) || fail_archive(input, err);
}

bool input_open(int fd, const char *name, const struct input_limits *limits,
	struct input **ret_input, struct err *err)
{
	struct input *input = calloc(1, sizeof(*input));
	if (!input || !(input->name = strdup(name)))
		BUG("out of memory: an input");
	input->fd = fd;
	input->limits = *limits;
	bool ok = read_head(input, err);
	if (ok)
		input->compression = recognise(input->head, input->head_len);
	if (ok && input->compression)
		ok = open_archive(input, err);
	if (!ok) {
		input_close(input);
		return false;
	}
	*ret_input = input;
	return true;
}

void input_close(struct input *input)
{
	if (!input)
		return;
	archive_read_free(input->archive);
	close(input->fd);
	free(input->gzip);
	free(input->block);
	free(input->name);
	free(input);
}

static bool read_compressed(struct input *input, void *to, size_t n, size_t *ret_n, struct err *err)
{
	if (input->ended) {
		*ret_n = 0;
		return true;
	}
	la_ssize_t got = archive_read_data(input->archive, to, n);
	if (got < 0)
		return fail_archive(input, err);
	if (input->gzip)
		gzip_check_output(input->gzip, to, (size_t)got);
	if (got == 0 && n > 0) {
		input->ended = true;
		if (input->gzip && !gzip_check_end(input->gzip, err))
			return false;
	}
	*ret_n = (size_t)got;
	return true;
}

bool input_read(struct input *input, void *to, size_t n, size_t *ret_n, struct err *err)
{
	size_t got = 0;
	/* Judging a large file, or one endless line, takes long before anybody else asks. */
	if (stop_requested())
		return err_fail(err, ERR_RETRY, "stopped");
	if (!(input->compression ? read_compressed(input, to, n, &got, err)
				 : read_plain(input, to, n, &got, err)))
		return false;
	input->position += (int64_t)got;
	if (!limit_holds(&input->limits, input->position, input->file_position, err))
		return false;
	*ret_n = got;
	return true;
}

int64_t input_position(const struct input *input)
{
	return input->position;
}

int64_t input_file_position(const struct input *input)
{
	return input->file_position;
}
