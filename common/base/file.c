/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* A full disk or a stale network mount heals; a wrong path does not. */
static enum err_class class_of_errno(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case ESTALE:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case EINTR:
		return ERR_RETRY;
	default:
		return ERR_FATAL;
	}
}

bool file_read(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, class_of_errno(), "opening %s", path);
	bool ok = false;
	for (;;) {
		unsigned char block[65536];
		ssize_t n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_fail_errno(err, class_of_errno(), "reading %s", path);
			break;
		}
		if (n == 0) {
			ok = true;
			break;
		}
		buf_append(out, block, (size_t)n);
		if (out->overflow) {
			err_fail(err, ERR_FATAL, "%s is larger than the limit of %zu bytes", path,
				out->max);
			break;
		}
	}
	close(fd);
	return ok;
}

bool file_write_all(int fd, const void *data, size_t n, struct err *err)
{
	const unsigned char *p = data;
	while (n) {
		ssize_t written = write(fd, p, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return err_fail_errno(err, class_of_errno(), "writing");
		p += written;
		n -= (size_t)written;
	}
	return true;
}

bool file_sync_folder_of(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else if (slash == path)
		snprintf(folder, sizeof(folder), "/");
	else
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, class_of_errno(), "opening folder %s", folder);
	bool ok = fsync(fd) == 0;
	if (!ok)
		err_fail_errno(err, class_of_errno(), "syncing folder %s", folder);
	close(fd);
	return ok;
}

/* A temporary file beside `path`, with the content, on disk; its name in `temporary`. */
static bool write_beside(
	const char *path, const void *data, size_t n, char *temporary, size_t size, struct err *err)
{
	static atomic_uint serial;
	int length = snprintf(temporary, size, "%s.tmp-%ld-%u-%llx", path, (long)getpid(),
		atomic_fetch_add(&serial, 1), (unsigned long long)clock_wall_us());
	if (length < 0 || (size_t)length >= size)
		return err_fail(err, ERR_FATAL, "path too long: %s", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_fail_errno(err, class_of_errno(), "creating %s", temporary);
	bool ok = file_write_all(fd, data, n, err);
	if (!ok)
		err_prefix(err, "%s", temporary);
	else if (fsync(fd) != 0)
		ok = err_fail_errno(err, class_of_errno(), "syncing %s", temporary);
	close(fd);
	if (!ok)
		unlink(temporary);
	return ok;
}

bool file_replace(const char *path, const void *data, size_t n, struct err *err)
{
	char temporary[PATH_MAX];
	if (!write_beside(path, data, n, temporary, sizeof(temporary), err))
		return false;
	if (rename(temporary, path) != 0) {
		err_fail_errno(err, class_of_errno(), "renaming %s to %s", temporary, path);
		unlink(temporary);
		return false;
	}
	return file_sync_folder_of(path, err);
}

bool file_create_once(
	const char *path, const void *data, size_t n, bool *ret_created, struct err *err)
{
	char temporary[PATH_MAX];
	if (!write_beside(path, data, n, temporary, sizeof(temporary), err))
		return false;
	bool created = link(temporary, path) == 0;
	int saved = errno;
	unlink(temporary);
	errno = saved;
	if (!created && errno != EEXIST)
		return err_fail_errno(err, class_of_errno(), "creating %s", path);
	if (!file_sync_folder_of(path, err))
		return false;
	*ret_created = created;
	return true;
}

bool file_make_folder(const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t length = strlen(path);
	if (length == 0 || length >= sizeof(part))
		return err_fail(err, ERR_FATAL, "not a folder name: '%s'", path);
	memcpy(part, path, length + 1);
	for (char *p = part + 1;; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, 0777) != 0 && errno != EEXIST)
			return err_fail_errno(err, class_of_errno(), "creating folder %s", part);
		*p = c;
		if (c == '\0')
			break;
	}
	struct stat st;
	if (stat(path, &st) != 0)
		return err_fail_errno(err, class_of_errno(), "folder %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_fail(err, ERR_FATAL, "%s exists and is not a folder", path);
	return true;
}

char *file_join(struct arena *arena, const char *base, const char *name)
{
	if (name[0] == '/' || strcmp(base, ".") == 0)
		return arena_strdup(arena, name);
	if (strcmp(name, ".") == 0)
		return arena_strdup(arena, base);
	size_t length = strlen(base);
	const char *slash = length && base[length - 1] == '/' ? "" : "/";
	return arena_printf(arena, "%s%s%s", base, slash, name);
}

bool file_is_passed_over(const char *name)
{
	static const char *const endings[] = {
		"~", ".tmp", ".part", ".partial", ".filepart", ".crdownload"};
	size_t length = strlen(name);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);
		if (length >= n && strcmp(name + length - n, endings[i]) == 0)
			return true;
	}
	return name[0] == '.';
}

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

const char *file_scratch_folder(void)
{
	const char *folder = getenv("TMPDIR");
	return folder && *folder ? folder : "/var/tmp";
}
