/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive as a folder. An object is copied into <root>/.incoming while it is hashed, made
 * durable there, then renamed to the name its hash gives it: whoever sees the name sees the whole
 * content. Documents are changed under a lock on a file beside them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/document.h"
#include "archive/store.h"
#include "base/clock.h"
#include "base/file.h"
#include "crypto/sha256.h"

static const char incoming[] = ".incoming";
static const size_t block_size = 256 * 1024;
static const int64_t leftover_s = 24 * 3600;

/* ---- objects ---- */

/* Messages name the root: the temporary name would make a new message of each try. */
struct put {
	const char *root;
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
		     err_prefix(err, "archiving to %s", put->root);
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
		return err_fail_errno(err, ERR_RETRY, "syncing a file of %s", put->root);
	/* Replaces only what a damaged disk made of it: the content of this name is fixed. */
	if (rename(put->temporary, path) != 0)
		return err_fail_errno(err, ERR_RETRY, "archiving as %s", path);
	return sync_way(archive, path, err);
}

static bool folder_put(struct archive *archive, const char *dataset,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct archive_object *ret_object, struct err *err)
{
	struct put put = {.root = archive->root, .fd = -1};
	if (!archive_path(archive, put.temporary, err, "%s/put-XXXXXX", incoming))
		return false;
	put.fd = mkostemp(put.temporary, O_CLOEXEC);
	if (put.fd < 0)
		return err_fail_errno(err, ERR_RETRY, "archiving to %s", put.root);
	bool ok = put_copy(&put, read, handle, err) && put_in_place(archive, dataset, &put, err);
	close(put.fd);
	unlink(put.temporary);
	if (ok)
		*ret_object = put.object;
	return ok;
}

static bool folder_get(struct archive *archive, const char *dataset, const char *sha256,
	int64_t size, int *ret_fd, struct err *err)
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

/* ---- documents ---- */

static bool document_path(const struct archive *archive, const char *dataset, const char *name,
	char ret_path[PATH_MAX], struct err *err)
{
	return archive_path(archive, ret_path, err, "%s/manifests/%s", dataset, name);
}

static bool folder_has(struct archive *archive, const char *dataset, const char *name,
	bool *ret_found, struct err *err)
{
	char path[PATH_MAX];
	if (!document_path(archive, dataset, name, path, err))
		return false;
	bool found = access(path, F_OK) == 0;
	if (!found && errno != ENOENT)
		return err_fail_errno(err, ERR_RETRY, "%s", path);
	*ret_found = found;
	return true;
}

static bool folder_load(struct archive *archive, const char *dataset, const char *name,
	struct buf *out, bool *ret_found, struct err *err)
{
	char path[PATH_MAX];
	if (!document_path(archive, dataset, name, path, err))
		return false;
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		*ret_found = false;
		return true;
	}
	if (!file_read(path, out, err))
		return false;
	*ret_found = true;
	return true;
}

static void folder_load_many(
	struct archive *archive, const char *dataset, struct document *documents, size_t count)
{
	for (size_t i = 0; i < count; i++)
		documents[i].ok = folder_load(archive, dataset, documents[i].name,
			&documents[i].text, &documents[i].found, &documents[i].why);
}

/* Of the dataset, until `ret_lock` is closed. */
static bool take_lock(
	const struct archive *archive, const char *dataset, int *ret_lock, struct err *err)
{
	char path[PATH_MAX];
	if (!archive_path(archive, path, err, "%s/manifests/.lock", dataset))
		return false;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_fail_errno(err, ERR_RETRY, "opening %s", path);
	int locked;
	do
		locked = flock(fd, LOCK_EX);
	while (locked != 0 && errno == EINTR);
	if (locked != 0) {
		err_fail_errno(err, ERR_RETRY, "locking %s", path);
		close(fd);
		return false;
	}
	*ret_lock = fd;
	return true;
}

/*
 * The lock file's content is the newest time. It is written before the document that has it: a
 * crash in between leaves a gap, never two documents with one time.
 */
static bool take_time(int lock, int64_t *ret_ms, struct err *err)
{
	char text[ARCHIVE_TIME_SIZE];
	ssize_t n = pread(lock, text, sizeof(text) - 1, 0);
	if (n < 0)
		return err_fail_errno(err, ERR_RETRY, "reading the time of the newest manifest");
	text[n] = '\0';
	int64_t ms = archive_next_ms(strtoll(text, NULL, 10));
	archive_time_text(text, ms);
	ssize_t length = (ssize_t)strlen(text);
	if (pwrite(lock, text, (size_t)length, 0) != length || fdatasync(lock) != 0)
		return err_fail_errno(err, ERR_RETRY, "noting the time of the newest manifest");
	*ret_ms = ms;
	return true;
}

static bool create_new(const char *path, int lock,
	bool (*make)(void *context, int64_t created_ms, struct buf *out, struct err *err),
	void *context, bool *ret_created, struct err *err)
{
	struct buf text;
	int64_t ms = 0;
	buf_init(&text, MANIFEST_MAX_BYTES);
	bool ok = take_time(lock, &ms, err) && make(context, ms, &text, err) &&
		  file_create_once(path, text.data, text.len, ret_created, err);
	buf_release(&text);
	return ok;
}

static bool folder_create(struct archive *archive, const char *dataset, const char *name,
	bool (*make)(void *context, int64_t created_ms, struct buf *out, struct err *err),
	void *context, bool *ret_created, struct err *err)
{
	char folder[PATH_MAX];
	char path[PATH_MAX];
	int lock = -1;
	bool found = false;
	if (!archive_path(archive, folder, err, "%s/manifests", dataset) ||
		!file_make_folder(folder, err) || !file_sync_folder_of(folder, err) ||
		!document_path(archive, dataset, name, path, err) ||
		!take_lock(archive, dataset, &lock, err))
		return false;
	bool ok = folder_has(archive, dataset, name, &found, err);
	if (ok && found)
		*ret_created = false;
	else if (ok)
		ok = create_new(path, lock, make, context, ret_created, err);
	close(lock);
	return ok;
}

static bool change_locked(struct archive *archive, const char *dataset, const char *name,
	bool (*change)(void *context, const struct buf *old, struct buf *out, struct err *err),
	void *context, struct err *err)
{
	char path[PATH_MAX];
	struct buf old;
	struct buf text;
	bool found = false;
	buf_init(&old, MANIFEST_MAX_BYTES);
	buf_init(&text, MANIFEST_MAX_BYTES);
	bool ok = document_path(archive, dataset, name, path, err) &&
		  folder_load(archive, dataset, name, &old, &found, err) &&
		  (found || err_fail(err, ERR_FATAL, "manifest %s is gone", path)) &&
		  change(context, &old, &text, err) && file_replace(path, text.data, text.len, err);
	buf_release(&text);
	buf_release(&old);
	return ok;
}

static bool folder_change(struct archive *archive, const char *dataset, const char *name,
	bool (*change)(void *context, const struct buf *old, struct buf *out, struct err *err),
	void *context, struct err *err)
{
	int lock = -1;
	if (!take_lock(archive, dataset, &lock, err))
		return false;
	bool ok = change_locked(archive, dataset, name, change, context, err);
	close(lock);
	return ok;
}

static bool folder_list(struct archive *archive, const char *dataset,
	bool (*visit)(void *context, const char *name, struct err *err), void *context,
	struct err *err)
{
	char path[PATH_MAX];
	if (!archive_path(archive, path, err, "%s/manifests", dataset))
		return false;
	DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT || err_fail_errno(err, ERR_RETRY, "reading folder %s", path);
	bool ok = true;
	for (const struct dirent *entry; ok && (entry = readdir(dir));)
		ok = visit(context, entry->d_name, err);
	closedir(dir);
	return ok;
}

/* ---- the whole ---- */

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
	(void)stat;
	(void)kind;
	(void)walk;
	return remove(path);
}

static bool folder_forget(struct archive *archive, const char *dataset, struct err *err)
{
	/* Without its manifest an object is only a copy; the other way round would be a loss. */
	static const char *const parts[] = {"manifests", "objects"};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char path[PATH_MAX];
		if (!archive_path(archive, path, err, "%s/%s", dataset, parts[i]))
			return false;
		if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
			return err_fail_errno(err, ERR_FATAL, "removing %s", path);
	}
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

static void folder_close(struct archive *archive)
{
	free(archive);
}

static const struct store folder_store = {
	.close = folder_close,
	.put = folder_put,
	.get = folder_get,
	.forget = folder_forget,
	.has = folder_has,
	.load = folder_load,
	.load_many = folder_load_many,
	.create = folder_create,
	.change = folder_change,
	.list = folder_list,
};

bool folder_open(const char *location, struct archive **ret_archive, struct err *err)
{
	struct archive *archive = calloc(1, sizeof(*archive));
	if (!archive)
		abort();
	archive->store = &folder_store;
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
