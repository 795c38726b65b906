/* SPDX-License-Identifier: Apache-2.0 */
/* The members of zip and tar archives, the latter also compressed. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/input.h"
#include "format/limit.h"

#define BLOCK_BYTES (64 << 10)

struct members {
	struct archive *archive;
	const char *name; /* of the archive; borrowed */
	int fd;		  /* borrowed; its offset is not moved */
	locale_t utf8;	  /* for members' names */
	int64_t at;	  /* next byte to read */
	int64_t size;
	int64_t output; /* decompressed so far, all members */
	bool sick;	/* the file could not be read: `sickness` says why */
	struct err sickness;
	unsigned char block[BLOCK_BYTES];
};

static ssize_t feed(struct archive *archive, void *context, const void **ret_block)
{
	struct members *members = context;
	ssize_t n = 0;
	do
		n = pread(members->fd, members->block, BLOCK_BYTES, members->at);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		members->sick = true;
		err_fail_errno(&members->sickness, ERR_RETRY, "reading %s", members->name);
		archive_set_error(archive, EIO, "the file cannot be read");
		return ARCHIVE_FATAL;
	}
	members->at += n;
	*ret_block = members->block;
	return n;
}

/* A zip file's directory stands at its end. */
static la_int64_t seek(struct archive *archive, void *context, la_int64_t offset, int whence)
{
	struct members *members = context;
	const int64_t from[] = {
		[SEEK_SET] = 0, [SEEK_CUR] = members->at, [SEEK_END] = members->size};
	int64_t at = 0;
	if (__builtin_add_overflow(from[whence], offset, &at) || at < 0) {
		archive_set_error(archive, EINVAL, "it points outside of itself");
		return ARCHIVE_FATAL;
	}
	members->at = at;
	return at;
}

static struct members *members_new(int fd, const char *name)
{
	struct members *members = calloc(1, sizeof(*members));
	struct stat status = {0};
	if (!members || !(members->archive = archive_read_new()))
		BUG("out of memory: an archive");
	members->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (!members->utf8)
		BUG("no locale C.UTF-8");
	members->fd = fd;
	members->name = name;
	if (fstat(fd, &status) == 0)
		members->size = status.st_size;
	return members;
}

static void members_free(struct members *members)
{
	archive_read_free(members->archive);
	freelocale(members->utf8);
	free(members);
}

static bool members_open(struct members *members)
{
	struct archive *archive = members->archive;
	return archive_read_support_filter_gzip(archive) >= ARCHIVE_WARN &&
	       archive_read_support_filter_bzip2(archive) >= ARCHIVE_WARN &&
	       archive_read_support_filter_xz(archive) >= ARCHIVE_WARN &&
	       archive_read_support_filter_zstd(archive) >= ARCHIVE_WARN &&
	       archive_read_support_filter_lz4(archive) >= ARCHIVE_WARN &&
	       archive_read_support_format_tar(archive) >= ARCHIVE_WARN &&
	       archive_read_support_format_zip(archive) >= ARCHIVE_WARN &&
	       archive_read_set_read_callback(archive, feed) == ARCHIVE_OK &&
	       archive_read_set_seek_callback(archive, seek) == ARCHIVE_OK &&
	       archive_read_set_callback_data(archive, members) == ARCHIVE_OK &&
	       archive_read_open1(archive) >= ARCHIVE_WARN;
}

static bool fail_members(struct members *members, struct err *err)
{
	if (members->sick) {
		*err = members->sickness;
		return false;
	}
	const char *why = archive_error_string(members->archive);
	why = why ? why : "no reason given";
	/* Some of libarchive's reasons end in a line feed. */
	return err_fail(err, ERR_DATA, "%s: archive broken off or corrupt: %.*s", members->name,
		(int)strcspn(why, "\n"), why);
}

/* ARCHIVE_EOF is greater than ARCHIVE_OK, what failed is less than ARCHIVE_WARN. */
static bool has_entry(int code)
{
	return code == ARCHIVE_OK || code == ARCHIVE_WARN;
}

bool input_is_archive(int fd, bool *ret_archive, struct err *err)
{
	struct members *members = members_new(fd, "the file");
	struct archive_entry *entry = NULL;
	int code = ARCHIVE_FATAL;
	if (members_open(members))
		code = archive_read_next_header(members->archive, &entry);
	int family = archive_format(members->archive) & ARCHIVE_FORMAT_BASE_MASK;
	bool ok = !members->sick;
	if (ok)
		*ret_archive =
			has_entry(code) || (code == ARCHIVE_EOF && family == ARCHIVE_FORMAT_ZIP);
	else
		*err = members->sickness;
	members_free(members);
	return ok;
}

static bool read_member(void *handle, void *to, size_t n, size_t *ret_n, struct err *err)
{
	static const struct input_limits limits = {0};
	struct members *members = handle;
	la_ssize_t got = archive_read_data(members->archive, to, n);
	if (got < 0)
		return fail_members(members, err);
	members->output += got;
	if (!limit_holds(&limits, members->output, members->size, err))
		return err_prefix(err, "%s", members->name);
	*ret_n = (size_t)got;
	return true;
}

/*
 * The next regular member's name, as UTF-8; *ret_name NULL at the end. libarchive converts names to
 * the locale's encoding, which need not know their letters: a UTF-8 locale stands in meanwhile.
 */
static bool next_member(struct members *members, const char **ret_name, struct err *err)
{
	struct archive_entry *entry = NULL;
	locale_t before = uselocale(members->utf8);
	int code = ARCHIVE_OK;
	do
		code = archive_read_next_header(members->archive, &entry);
	while (has_entry(code) && archive_entry_filetype(entry) != AE_IFREG);
	const char *name = has_entry(code) ? archive_entry_pathname_utf8(entry) : NULL;
	uselocale(before);
	if (!has_entry(code) && code != ARCHIVE_EOF)
		return fail_members(members, err);
	if (has_entry(code) && !name)
		return err_fail(err, ERR_DATA, "%s: a member's name is not UTF-8", members->name);
	*ret_name = name;
	return true;
}

bool input_each_member(int fd, const char *name,
	bool (*visit)(
		void *context, const char *member, struct member_reader *reader, struct err *err),
	void *context, struct err *err)
{
	struct members *members = members_new(fd, name);
	struct member_reader reader = {read_member, members};
	const char *member = "";
	bool ok = members_open(members) || fail_members(members, err);
	while (ok && member) {
		ok = next_member(members, &member, err);
		if (ok && member)
			ok = visit(context, member, &reader, err);
	}
	members_free(members);
	return ok;
}
