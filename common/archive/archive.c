/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object is copied into <root>/.incoming while it is hashed, made durable there, then linked to
 * the name its hash gives it: whoever sees the name sees the whole content.
 */
#include "archive/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/store.h"
#include "base/clock.h"
#include "base/file.h"
#include "crypto/sha256.h"

static const char incoming[] = ".incoming";
static const size_t block_size = 256 * 1024;
static const int64_t leftover_s = 24 * 3600;

bool archive_path(const struct archive *archive, char ret_path[PATH_MAX], struct err *err,
	const char *fmt, ...)
{
	int root = snprintf(ret_path, PATH_MAX, "%s/", archive->root);
	va_list args;
	va_start(args, fmt);
	int rest = vsnprintf(ret_path + root, (size_t)(PATH_MAX - root), fmt, args);
	va_end(args);
	if (rest < 0 || rest >= PATH_MAX - root)
		return err_fail(err, ERR_FATAL, "path too long below %s", archive->root);
	return true;
}

/* Removes entries of `folder` whose names contain `part` and that nobody wrote to for a day. */
static void sweep(const char *folder, const char *part)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	int64_t now_s = clock_wall_us() / 1000000;
	for (const struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (strstr(entry->d_name, part) &&
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && now_s - (int64_t)st.st_mtime > leftover_s)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

static void sweep_all(const struct archive *archive)
{
	char path[PATH_MAX];
	if (archive_path(archive, path, NULL, "%s", incoming))
		sweep(path, "put-");
	DIR *dir = opendir(archive->root);
	if (!dir)
		return;
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' &&
			archive_path(archive, path, NULL, "%s/manifests", entry->d_name))
			sweep(path, ".json.tmp-");
	closedir(dir);
}

bool archive_open(const char *location, struct archive **ret_archive, struct err *err)
{
	if (strstr(location, "://"))
		return err_config(err, "archive: expected a folder, found '%s'", location);
	struct archive *archive = calloc(1, sizeof(*archive));
	if (!archive)
		abort();
	char path[PATH_MAX];
	int n = snprintf(archive->root, sizeof(archive->root), "%s", location);
	bool ok = n > 0 && (size_t)n < sizeof(archive->root) - 256;
	if (!ok)
		err_config(err, "archive: not a usable folder name: '%s'", location);
	ok = ok && archive_path(archive, path, err, "%s", incoming) && file_make_folder(path, err);
	if (!ok) {
		free(archive);
		return false;
	}
	sweep_all(archive);
	*ret_archive = archive;
	return true;
}

void archive_close(struct archive *archive)
{
	free(archive);
}

struct put {
	char temporary[PATH_MAX];
	int fd;
	struct archive_object object;
};

static bool put_copy(struct put *put,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct err *err)
{
	struct sha256 *hash = sha256_new();
	unsigned char *block = malloc(block_size);
	if (!block)
		abort();
	bool ok = true;
	size_t n = 1;
	while (ok && n) {
		ok = read(handle, block, block_size, &n, err);
		if (!ok || n == 0)
			break;
		sha256_add(hash, block, n);
		put->object.size += (int64_t)n;
		ok = file_write_all(put->fd, block, n, err) ||
		     err_prefix(err, "archiving to %s", put->temporary);
	}
	free(block);
	unsigned char digest[SHA256_SIZE];
	sha256_finish(hash, digest);
	sha256_hex(digest, put->object.sha256);
	return ok;
}

/* Every folder from the object's to the root, so that a power cut leaves the way to it. */
static bool sync_way(const struct archive *archive, const char *path, struct err *err)
{
	char at[PATH_MAX];
	snprintf(at, sizeof(at), "%s", path);
	while (strlen(at) > strlen(archive->root)) {
		if (!file_sync_folder_of(at, err))
			return false;
		*strrchr(at, '/') = '\0';
	}
	return true;
}

/* Links the durable temporary file to the object's name, unless whole content stands there. */
static bool put_in_place(
	const struct archive *archive, const char *dataset, struct put *put, struct err *err)
{
	const char *sha256 = put->object.sha256;
	char path[PATH_MAX];
	if (!archive_path(archive, path, err, "%s/objects/%.2s", dataset, sha256) ||
		!file_make_folder(path, err) ||
		!archive_path(archive, path, err, "%s/objects/%.2s/%s", dataset, sha256, sha256))
		return false;
	struct stat st;
	if (stat(path, &st) == 0 && st.st_size == put->object.size)
		return sync_way(archive, path, err);
	if (fchmod(put->fd, 0444) != 0 || fsync(put->fd) != 0)
		return err_fail_errno(err, ERR_RETRY, "syncing %s", put->temporary);
	/* Replaces only what a damaged disk made of it: the content of this name is fixed. */
	if (rename(put->temporary, path) != 0)
		return err_fail_errno(err, ERR_RETRY, "archiving as %s", path);
	return sync_way(archive, path, err);
}

bool archive_put(struct archive *archive, const char *dataset,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct archive_object *ret_object, struct err *err)
{
	struct put put = {.fd = -1};
	if (!archive_path(archive, put.temporary, err, "%s/put-XXXXXX", incoming))
		return false;
	put.fd = mkostemp(put.temporary, O_CLOEXEC);
	if (put.fd < 0)
		return err_fail_errno(err, ERR_RETRY, "creating %s", put.temporary);
	bool ok = put_copy(&put, read, handle, err) && put_in_place(archive, dataset, &put, err);
	close(put.fd);
	unlink(put.temporary);
	if (ok)
		*ret_object = put.object;
	return ok;
}

bool archive_get(struct archive *archive, const char *dataset, const char *sha256, int64_t size,
	int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	if (!archive_path(archive, path, err, "%s/objects/%.2s/%s", dataset, sha256, sha256))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err,
			errno == ENOENT || errno == EACCES ? ERR_FATAL : ERR_RETRY,
			"opening archived content %s", path);
	struct stat st;
	bool ok = fstat(fd, &st) == 0;
	if (!ok)
		err_fail_errno(err, ERR_RETRY, "%s", path);
	else if (!S_ISREG(st.st_mode) || (size >= 0 && st.st_size != size))
		ok = err_fail(err, ERR_FATAL,
			"archived content %s is damaged: %lld bytes instead of %lld", path,
			(long long)st.st_size, (long long)size);
	if (!ok) {
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}
