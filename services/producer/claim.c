/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/stop.h"

static const char leftover_suffix[] = ".penstock-done";

static struct identity identity_of(const struct stat *st)
{
	return (struct identity){st->st_dev, st->st_ino, st->st_size, st->st_mtim};
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static const char *kind_of(mode_t mode)
{
	static const struct {
		mode_t mode;
		const char *name;
	} kinds[] = {{S_IFDIR, "a folder"}, {S_IFIFO, "a fifo"}, {S_IFSOCK, "a socket"},
		{S_IFBLK, "a device"}, {S_IFCHR, "a device"}};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((mode & S_IFMT) == kinds[i].mode)
			return kinds[i].name;
	return "no regular file";
}

bool claim_open(const char *path, bool follow_symlink, struct claim *ret_claim, struct err *err)
{
	struct claim claim;
	int n = snprintf(claim.path, sizeof(claim.path), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(claim.path))
		return err_fail(err, ERR_FATAL, "path too long: %s", path);
	claim.fd =
		open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (follow_symlink ? 0 : O_NOFOLLOW));
	if (claim.fd < 0 && errno == ELOOP)
		return err_fail(err, ERR_FATAL, "%s is a symbolic link", path);
	if (claim.fd < 0 && errno == ENXIO)
		return err_fail(err, ERR_FATAL, "%s is a socket, not a regular file", path);
	if (claim.fd < 0)
		return err_fail_errno(err,
			errno == EMFILE || errno == ENFILE || errno == EIO || errno == ESTALE
				? ERR_RETRY
				: ERR_FATAL,
			"%s", path);
	struct stat st;
	bool ok = fstat(claim.fd, &st) == 0;
	if (!ok)
		err_fail_errno(err, ERR_RETRY, "%s", path);
	else if (!S_ISREG(st.st_mode))
		ok = err_fail(
			err, ERR_FATAL, "%s is %s, not a regular file", path, kind_of(st.st_mode));
	if (!ok) {
		close(claim.fd);
		return false;
	}
	claim.identity = identity_of(&st);
	*ret_claim = claim;
	return true;
}

void claim_close(struct claim *claim)
{
	close(claim->fd);
	claim->fd = -1;
}

bool claim_is_written(const struct claim *claim)
{
	/* A read lease is granted only while nobody has the file open for writing. */
	if (fcntl(claim->fd, F_SETLEASE, F_RDLCK) != 0)
		return errno == EAGAIN;
	fcntl(claim->fd, F_SETLEASE, F_UNLCK);
	return false;
}

bool claim_check(const struct claim *claim, struct err *err)
{
	struct stat st;
	if (fstat(claim->fd, &st) != 0)
		return err_fail_errno(err, ERR_RETRY, "%s", claim->path);
	struct identity now = identity_of(&st);
	if (!identity_equal(&now, &claim->identity))
		return err_fail(err, ERR_RETRY, "%s changed while it was read", claim->path);
	return true;
}

bool claim_read(void *handle, void *to, size_t n, size_t *ret_n, struct err *err)
{
	const struct claim *claim = handle;
	ssize_t got;
	if (stop_requested())
		return err_fail(err, ERR_RETRY, "stopped");
	do
		got = read(claim->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_fail_errno(err, ERR_FATAL, "reading %s", claim->path);
	*ret_n = (size_t)got;
	return true;
}

/* ---- leaving the folder ---- */

static bool hidden_path(const char *path, char ret_hidden[PATH_MAX])
{
	const char *name = file_name(path);
	int n = snprintf(
		ret_hidden, PATH_MAX, "%.*s.%s%s", (int)(name - path), path, name, leftover_suffix);
	return n > 0 && n < PATH_MAX;
}

bool claim_is_leftover(const char *name)
{
	size_t length = strlen(name);
	size_t suffix = sizeof(leftover_suffix) - 1;
	return name[0] == '.' && length > suffix + 1 &&
	       strcmp(name + length - suffix, leftover_suffix) == 0;
}

bool claim_move(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	/* File systems without that flag: link(2) takes no name that is in use either. */
	if ((errno != EINVAL && errno != ENOSYS) || link(from, to) != 0)
		return false;
	unlink(from);
	return true;
}

void claim_restore(const char *hidden)
{
	char path[PATH_MAX];
	const char *name = file_name(hidden);
	size_t length = strlen(name) - 1 - (sizeof(leftover_suffix) - 1);
	int n = snprintf(path, sizeof(path), "%.*s%.*s", (int)(name - hidden), hidden, (int)length,
		name + 1);
	/* A newer file of that name keeps it, and this one waits until the name is free. */
	if (n > 0 && (size_t)n < sizeof(path)) {
		bool moved = claim_move(hidden, path);
		(void)moved;
	}
}

bool claim_is_at(const struct claim *claim, const char *path)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return false;
	struct identity now = identity_of(&st);
	return identity_equal(&now, &claim->identity);
}

bool claim_remove(const struct claim *claim, bool *ret_removed, struct err *err)
{
	char hidden[PATH_MAX];
	*ret_removed = false;
	if (!claim_is_at(claim, claim->path))
		return true;
	/* A name too long to hide is removed in one step. */
	const char *at = claim->path;
	if (hidden_path(claim->path, hidden) && rename(claim->path, hidden) == 0) {
		at = hidden;
		fault_point("producer.hidden");
	} else if (errno != ENAMETOOLONG) {
		return errno == ENOENT ||
		       err_fail_errno(err, ERR_FATAL, "removing %s", claim->path);
	}
	if (!claim_is_at(claim, at)) {
		if (at == hidden)
			claim_restore(hidden);
		return true;
	}
	if (unlink(at) != 0 && errno != ENOENT)
		return err_fail_errno(err, ERR_FATAL, "removing %s", claim->path);
	*ret_removed = true;
	return true;
}
