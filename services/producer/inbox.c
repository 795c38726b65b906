/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two snapshots, each in an arena of its own: a scan fills the older one, sorts it by path and
 * takes over what the newer one knew of files that did not change.
 */
#include "producer/inbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"

#define MAX_FILES 20000

static const size_t max_arena = 32 << 20;
static const size_t max_path_bytes = 8 << 20;
static const int max_depth = 64;
static const int64_t leftover_us = 10 * INT64_C(1000000);

void inbox_init(struct inbox *inbox, const char *folder)
{
	*inbox = (struct inbox){.folder = folder};
	for (int i = 0; i < 2; i++)
		arena_init(&inbox->snapshots[i].arena, max_arena);
}

void inbox_release(struct inbox *inbox)
{
	for (int i = 0; i < 2; i++)
		arena_release(&inbox->snapshots[i].arena);
}

struct scan {
	struct inbox *inbox;
	struct inbox_snapshot *snapshot;
	int64_t now_us;
	bool failed; /* a folder could not be read: `first` */
	struct err first;
};

static void restore_leftover(const char *path, const struct stat *st)
{
	int64_t age_us = clock_wall_us() - (int64_t)st->st_ctim.tv_sec * 1000000;
	if (age_us > leftover_us)
		claim_restore(path);
}

static void add_file(struct scan *scan, const char *path, const struct stat *st)
{
	struct inbox_snapshot *snapshot = scan->snapshot;
	if (snapshot->count == MAX_FILES || snapshot->arena.used > max_path_bytes) {
		scan->inbox->full = true;
		return;
	}
	snapshot->files[snapshot->count++] = (struct inbox_file){
		.path = arena_strdup(&snapshot->arena, path),
		.identity = {st->st_dev, st->st_ino, st->st_size, st->st_mtim},
		.touched = st->st_ctim,
		.since_us = scan->now_us,
	};
}

static void walk(struct scan *scan, const char *folder, int depth);

static void visit(struct scan *scan, DIR *dir, const char *folder, const char *name, int depth)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (n < 0 || (size_t)n >= sizeof(path) ||
		fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (claim_is_leftover(name) && S_ISREG(st.st_mode))
		restore_leftover(path, &st);
	else if (file_is_passed_over(name))
		return;
	else if (S_ISDIR(st.st_mode))
		walk(scan, path, depth + 1);
	else
		add_file(scan, path, &st);
}

static void walk(struct scan *scan, const char *folder, int depth)
{
	if (depth > max_depth)
		return;
	/* Watched first: what comes while the folder is read is seen one way or the other. */
	if (scan->inbox->folder_seen)
		scan->inbox->folder_seen(scan->inbox->context, folder);
	DIR *dir = opendir(folder);
	if (!dir) {
		if (!scan->failed && (errno != ENOENT || depth == 0)) {
			scan->failed = true;
			err_fail_errno(&scan->first, ERR_RETRY, "reading folder %s", folder);
		}
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir));)
		visit(scan, dir, folder, entry->d_name, depth);
	closedir(dir);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct inbox_file *)a)->path, ((const struct inbox_file *)b)->path);
}

static bool unchanged(const struct inbox_file *a, const struct inbox_file *b)
{
	return identity_equal(&a->identity, &b->identity) &&
	       a->touched.tv_sec == b->touched.tv_sec && a->touched.tv_nsec == b->touched.tv_nsec;
}

static void take_over(struct inbox_snapshot *now, const struct inbox_snapshot *before)
{
	size_t at = 0;
	for (size_t i = 0; i < now->count; i++) {
		struct inbox_file *file = &now->files[i];
		while (at < before->count && by_path(&before->files[at], file) < 0)
			at++;
		if (at == before->count)
			return;
		const struct inbox_file *known = &before->files[at];
		if (by_path(known, file) != 0 || !unchanged(known, file))
			continue;
		const char *path = file->path;
		*file = *known;
		file->path = path;
	}
}

bool inbox_scan(struct inbox *inbox, int64_t now_us, struct err *err)
{
	const struct inbox_snapshot *before = &inbox->snapshots[inbox->current];
	struct inbox_snapshot *now = &inbox->snapshots[!inbox->current];
	struct scan scan = {.inbox = inbox, .snapshot = now, .now_us = now_us};
	arena_clear(&now->arena);
	now->count = 0;
	now->files = arena_calloc(&now->arena, MAX_FILES, sizeof(*now->files));
	inbox->full = false;
	walk(&scan, inbox->folder, 0);
	qsort(now->files, now->count, sizeof(*now->files), by_path);
	take_over(now, before);
	inbox->current = !inbox->current;
	if (scan.failed)
		*err = scan.first;
	return !scan.failed;
}

static int by_age(const void *a, const void *b)
{
	const struct inbox_file *x = *(struct inbox_file *const *)a;
	const struct inbox_file *y = *(struct inbox_file *const *)b;
	const struct timespec *s = &x->identity.changed;
	const struct timespec *t = &y->identity.changed;
	if (s->tv_sec != t->tv_sec)
		return s->tv_sec < t->tv_sec ? -1 : 1;
	if (s->tv_nsec != t->tv_nsec)
		return s->tv_nsec < t->tv_nsec ? -1 : 1;
	return strcmp(x->path, y->path);
}

size_t inbox_ready(struct inbox *inbox, int64_t now_us, int64_t settle_us,
	struct inbox_file ***ret_files, int64_t *ret_next_us)
{
	struct inbox_snapshot *snapshot = &inbox->snapshots[inbox->current];
	struct inbox_file **ready =
		arena_calloc(&snapshot->arena, snapshot->count + 1, sizeof(struct inbox_file *));
	size_t count = 0;
	int64_t next_us = INBOX_NEVER;
	for (size_t i = 0; i < snapshot->count; i++) {
		struct inbox_file *file = &snapshot->files[i];
		int64_t at = file->since_us + settle_us;
		if (at < file->retry_us)
			at = file->retry_us;
		if (at <= now_us)
			ready[count++] = file;
		else if (at < next_us)
			next_us = at;
	}
	qsort(ready, count, sizeof(struct inbox_file *), by_age);
	*ret_files = ready;
	*ret_next_us = next_us;
	return count;
}
