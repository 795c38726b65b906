/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests in their folder: created once, found, merged under a lock. */
#include "archive/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "archive/document.h"
#include "archive/store.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

static const size_t sha256_digits = 64;

void manifest_init(struct manifest *manifest)
{
	*manifest = (struct manifest){0};
	arena_init(&manifest->arena, 4 * (size_t)MANIFEST_MAX_BYTES);
}

void manifest_release(struct manifest *manifest)
{
	arena_release(&manifest->arena);
	manifest_init(manifest);
}

static bool document_path(const struct archive *archive, const char *dataset, const char *sha256,
	int64_t repeat, char ret_path[PATH_MAX], struct err *err)
{
	return archive_path(archive, ret_path, err, "%s/manifests/%s.%lld.json", dataset, sha256,
		(long long)repeat);
}

/* Replaces *manifest by the document at `path`; a missing one leaves it as it is. */
static bool read_path(const char *path, struct manifest *manifest, bool *ret_found, struct err *err)
{
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		*ret_found = false;
		return true;
	}
	struct buf text;
	buf_init(&text, MANIFEST_MAX_BYTES);
	struct manifest read;
	manifest_init(&read);
	bool ok = file_read(path, &text, err) &&
		  manifest_parse((const char *)text.data, text.len, path, &read, err);
	buf_release(&text);
	if (ok) {
		manifest_release(manifest);
		*manifest = read;
		*ret_found = true;
	} else {
		manifest_release(&read);
	}
	return ok;
}

bool manifest_load(struct archive *archive, const char *dataset, const char *sha256, int64_t repeat,
	struct manifest *manifest, bool *ret_found, struct err *err)
{
	char path[PATH_MAX];
	return document_path(archive, dataset, sha256, repeat, path, err) &&
	       read_path(path, manifest, ret_found, err);
}

static bool write_text(const struct manifest *manifest, struct buf *out, struct err *err)
{
	manifest_write(manifest, out);
	if (out->overflow)
		return err_fail(err, ERR_FATAL, "the manifest of %s would pass %d bytes",
			manifest->name, MANIFEST_MAX_BYTES);
	return true;
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

/* ---- creating ---- */

/*
 * The lock file's content is the newest created_ms. It is written before the manifest that has it:
 * a crash in between leaves a gap, never two manifests with one time.
 */
static bool set_time(int lock, struct manifest *manifest, struct err *err)
{
	char text[24];
	int64_t now_ms = clock_wall_us() / 1000;
	ssize_t n = pread(lock, text, sizeof(text) - 1, 0);
	if (n < 0)
		return err_fail_errno(err, ERR_RETRY, "reading the time of the newest manifest");
	text[n] = '\0';
	int64_t newest_ms = strtoll(text, NULL, 10);
	manifest->created_ms = now_ms > newest_ms ? now_ms : newest_ms + 1;
	char digits[6] = {0};
	memcpy(digits, manifest->sha256, 5);
	manifest->file_id =
		(int64_t)((uint64_t)manifest->created_ms << 20 | strtoull(digits, NULL, 16)) &
		INT64_MAX;
	int length = snprintf(text, sizeof(text), "%020" PRId64 "\n", manifest->created_ms);
	if (pwrite(lock, text, (size_t)length, 0) != length || fdatasync(lock) != 0)
		return err_fail_errno(err, ERR_RETRY, "noting the time of the newest manifest");
	return true;
}

static bool create_new(
	const char *path, int lock, struct manifest *manifest, bool *ret_created, struct err *err)
{
	struct buf text;
	buf_init(&text, MANIFEST_MAX_BYTES);
	bool ok = set_time(lock, manifest, err) && write_text(manifest, &text, err) &&
		  file_create_once(path, text.data, text.len, ret_created, err);
	buf_release(&text);
	return ok;
}

static bool create_locked(
	const char *path, int lock, struct manifest *manifest, bool *ret_created, struct err *err)
{
	bool found = false;
	bool created = false;
	if (!read_path(path, manifest, &found, err) ||
		(!found && !create_new(path, lock, manifest, &created, err)))
		return false;
	/* Only where locks are not shared with the other producer can it be there by now. */
	if (!found && !created && !read_path(path, manifest, &found, err))
		return false;
	if (!found && !created)
		return err_fail(err, ERR_RETRY, "manifest %s was removed meanwhile", path);
	*ret_created = created;
	return true;
}

bool manifest_create(
	struct archive *archive, struct manifest *manifest, bool *ret_created, struct err *err)
{
	char folder[PATH_MAX];
	char path[PATH_MAX];
	int lock = -1;
	if (!archive_path(archive, folder, err, "%s/manifests", manifest->dataset) ||
		!file_make_folder(folder, err) || !file_sync_folder_of(folder, err) ||
		!document_path(archive, manifest->dataset, manifest->sha256, manifest->repeat, path,
			err) ||
		!take_lock(archive, manifest->dataset, &lock, err))
		return false;
	bool ok = create_locked(path, lock, manifest, ret_created, err);
	close(lock);
	return ok;
}

/* ---- merging ---- */

static int64_t *offset_of(struct manifest *manifest, int32_t partition)
{
	for (size_t i = 0; i < manifest->partition_count; i++)
		if (manifest->partitions[i].partition == partition)
			return &manifest->partitions[i].offset;
	return NULL;
}

static void take_offsets(struct manifest *stored, const struct manifest *mine)
{
	size_t most = stored->partition_count + mine->partition_count;
	struct manifest_partition *all =
		arena_calloc(&stored->arena, most + 1, sizeof(*stored->partitions));
	if (stored->partition_count)
		memcpy(all, stored->partitions, stored->partition_count * sizeof(*all));
	stored->partitions = all;
	for (size_t i = 0; i < mine->partition_count; i++) {
		int64_t *known = offset_of(stored, mine->partitions[i].partition);
		if (!known)
			all[stored->partition_count++] = mine->partitions[i];
		else if (*known < mine->partitions[i].offset)
			*known = mine->partitions[i].offset;
	}
}

/* Text of `stored` is borrowed from `mine` afterwards. */
static void merge(struct manifest *stored, const struct manifest *mine)
{
	if (mine->state > stored->state) {
		stored->state = mine->state;
		stored->reason = mine->reason;
	}
	if (mine->rounds < stored->rounds || mine->rounds == 0)
		return;
	if (mine->rounds > stored->rounds)
		stored->partition_count = 0;
	take_offsets(stored, mine);
	stored->rounds = mine->rounds;
	stored->sent_ms = mine->sent_ms > stored->sent_ms ? mine->sent_ms : stored->sent_ms;
	stored->topic = mine->topic;
	stored->chunks = mine->chunks;
	stored->records = mine->records;
	stored->rows = mine->rows;
	stored->rejects = mine->rejects;
}

static bool save_locked(const char *path, const struct manifest *mine, struct err *err)
{
	struct manifest stored;
	manifest_init(&stored);
	struct buf text;
	buf_init(&text, MANIFEST_MAX_BYTES);
	bool found = false;
	bool ok = read_path(path, &stored, &found, err);
	if (ok && !found)
		ok = err_fail(err, ERR_FATAL, "manifest %s is gone", path);
	if (ok) {
		merge(&stored, mine);
		ok = write_text(&stored, &text, err) &&
		     file_replace(path, text.data, text.len, err);
	}
	buf_release(&text);
	manifest_release(&stored);
	return ok;
}

bool manifest_save(struct archive *archive, const struct manifest *manifest, struct err *err)
{
	char path[PATH_MAX];
	int lock = -1;
	if (!document_path(
		    archive, manifest->dataset, manifest->sha256, manifest->repeat, path, err) ||
		!take_lock(archive, manifest->dataset, &lock, err))
		return false;
	bool ok = save_locked(path, manifest, err);
	close(lock);
	return ok;
}

/* ---- listing ---- */

/* "<sha256>.<repeat>.json" */
static bool document_name(const char *name, int64_t *ret_repeat)
{
	if (strspn(name, "0123456789abcdef") != sha256_digits || name[sha256_digits] != '.')
		return false;
	char digits[24];
	const char *from = name + sha256_digits + 1;
	size_t n = strspn(from, "0123456789");
	if (n == 0 || n >= sizeof(digits) || strcmp(from + n, ".json") != 0)
		return false;
	memcpy(digits, from, n);
	digits[n] = '\0';
	return text_int64(digits, ret_repeat);
}

/* *ret_dir is NULL when the dataset has no manifest yet. */
static bool open_folder(
	const struct archive *archive, const char *dataset, DIR **ret_dir, struct err *err)
{
	char folder[PATH_MAX];
	if (!archive_path(archive, folder, err, "%s/manifests", dataset))
		return false;
	DIR *dir = opendir(folder);
	if (!dir && errno != ENOENT)
		return err_fail_errno(err, ERR_RETRY, "reading folder %s", folder);
	*ret_dir = dir;
	return true;
}

bool manifest_last_repeat(struct archive *archive, const char *dataset, const char *sha256,
	int64_t *ret_repeat, struct err *err)
{
	/* Repeats are made one after the other: counting up is cheaper than reading the folder. */
	for (int64_t repeat = 0;; repeat++) {
		char path[PATH_MAX];
		if (!document_path(archive, dataset, sha256, repeat, path, err))
			return false;
		if (access(path, F_OK) == 0)
			continue;
		if (errno != ENOENT)
			return err_fail_errno(err, ERR_RETRY, "%s", path);
		*ret_repeat = repeat - 1;
		return true;
	}
}

struct walk {
	struct archive *archive;
	const char *dataset;
	bool (*visit)(void *context, const struct manifest *manifest, struct err *err);
	void *context;
	bool broken; /* a document could not be read: `first` */
	struct err first;
};

static bool visit_document(struct walk *walk, const char *name, struct err *err)
{
	char path[PATH_MAX];
	if (!archive_path(walk->archive, path, err, "%s/manifests/%s", walk->dataset, name))
		return false;
	struct manifest manifest;
	manifest_init(&manifest);
	struct err why = {0};
	bool found = false;
	bool ok = true;
	if (!read_path(path, &manifest, &found, &why)) {
		if (!walk->broken)
			walk->first = why;
		walk->broken = true;
	} else if (found) {
		ok = walk->visit(walk->context, &manifest, err);
	}
	manifest_release(&manifest);
	return ok;
}

bool manifest_each(struct archive *archive, const char *dataset,
	bool (*wanted)(void *context, const char *sha256, int64_t repeat),
	bool (*visit)(void *context, const struct manifest *manifest, struct err *err),
	void *context, struct err *err)
{
	struct walk walk = {archive, dataset, visit, context, false, {0}};
	DIR *dir = NULL;
	if (!open_folder(archive, dataset, &dir, err))
		return false;
	bool ok = true;
	for (const struct dirent *entry; ok && dir && (entry = readdir(dir));) {
		int64_t repeat;
		char sha256[65] = "";
		if (!document_name(entry->d_name, &repeat))
			continue;
		memcpy(sha256, entry->d_name, sha256_digits);
		if (!wanted || wanted(context, sha256, repeat))
			ok = visit_document(&walk, entry->d_name, err);
	}
	if (dir)
		closedir(dir);
	if (ok && walk.broken) {
		if (err)
			*err = walk.first;
		ok = false;
	}
	return ok;
}
