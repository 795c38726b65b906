/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static const char part[] = "part";

/* folder/name; RETRY and FATAL are the folder's business, a path too long is nobody's. */
static bool path_in(const char *folder, const char *name, char ret_path[PATH_MAX], struct err *err)
{
	int n = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
	return (n > 0 && n < PATH_MAX) ||
	       err_fail(err, ERR_FATAL, "path too long: %s/%s", folder, name);
}

static bool page_path(
	const struct stage *stage, int64_t page, char ret_path[PATH_MAX], struct err *err)
{
	char name[32];
	snprintf(name, sizeof(name), "page-%" PRId64, page);
	return path_in(stage->folder, name, ret_path, err);
}

bool stage_name(const char *inbox, const char *source, struct stage *ret_stage, struct err *err)
{
	struct stage stage = {.lock = -1};
	char name[128];
	snprintf(name, sizeof(name), ".sources/%s", source);
	if (!path_in(inbox, name, stage.folder, err))
		return false;
	snprintf(name, sizeof(name), "@%s", source);
	if (!path_in(inbox, name, stage.target, err) ||
		!path_in(stage.folder, "state.json", stage.state, err))
		return false;
	*ret_stage = stage;
	return true;
}

bool stage_open(struct stage *stage, bool *ret_busy, struct err *err)
{
	char path[PATH_MAX];
	if (!file_make_folder(stage->folder, err) || !file_make_folder(stage->target, err) ||
		!path_in(stage->folder, "lock", path, err))
		return false;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_fail_errno(err, ERR_RETRY, "opening %s", path);
	bool busy = flock(fd, LOCK_EX | LOCK_NB) != 0;
	if (busy && errno != EWOULDBLOCK) {
		err_fail_errno(err, ERR_RETRY, "locking %s", path);
		close(fd);
		return false;
	}
	if (busy)
		close(fd);
	else
		stage->lock = fd;
	*ret_busy = busy;
	return true;
}

void stage_close(struct stage *stage)
{
	if (stage->lock >= 0)
		close(stage->lock);
	stage->lock = -1;
}

bool stage_begin(const struct stage *stage, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	if (!path_in(stage->folder, part, path, err))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_fail_errno(err, ERR_RETRY, "creating %s", path);
	*ret_fd = fd;
	return true;
}

bool stage_keep(const struct stage *stage, int fd, int64_t page, struct err *err)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	if (!path_in(stage->folder, part, from, err) || !page_path(stage, page, to, err))
		return false;
	if (fsync(fd) != 0)
		return err_fail_errno(err, ERR_RETRY, "syncing %s", from);
	if (rename(from, to) != 0)
		return err_fail_errno(err, ERR_RETRY, "renaming %s to %s", from, to);
	return file_sync_folder_of(to, err);
}

bool stage_release(const struct stage *stage, int64_t page, const char *name, struct err *err)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	if (!page_path(stage, page, from, err) || !path_in(stage->target, name, to, err))
		return false;
	return rename(from, to) == 0 || errno == ENOENT ||
	       err_fail_errno(err, ERR_RETRY, "moving %s to %s", from, to);
}

bool stage_release_beside(const struct stage *stage, int64_t page, const char *name,
	const char *other, struct err *err)
{
	char to[PATH_MAX];
	if (!path_in(stage->target, name, to, err))
		return false;
	/* Whoever holds the lock is the only one to put files there. */
	return stage_release(stage, page, access(to, F_OK) == 0 ? other : name, err);
}

bool stage_released(const struct stage *stage, struct err *err)
{
	char path[PATH_MAX];
	return path_in(stage->target, part, path, err) && file_sync_folder_of(path, err);
}

void stage_clear(const struct stage *stage)
{
	DIR *dir = opendir(stage->folder);
	if (!dir)
		return;
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (strncmp(entry->d_name, "page-", 5) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}
