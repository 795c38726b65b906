/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/spool.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

void spool_init(struct spool *spool)
{
	*spool = (struct spool){.fd = -1};
}

void spool_release(struct spool *spool)
{
	if (spool->hash)
		spool_finish(spool);
	if (spool->fd >= 0)
		close(spool->fd);
	spool_init(spool);
}

bool spool_begin(struct spool *spool, struct err *err)
{
	char path[PATH_MAX];
	spool_release(spool);
	snprintf(path, sizeof(path), "%s/penstock-XXXXXX", file_scratch_folder());
	spool->fd = mkostemp(path, O_CLOEXEC);
	if (spool->fd < 0)
		return err_fail_errno(
			err, ERR_RETRY, "creating %s (TMPDIR can name another folder)", path);
	unlink(path);
	spool->hash = sha256_new();
	return true;
}

bool spool_check(struct err *err)
{
	struct spool spool;
	struct err why = {0};
	spool_init(&spool);
	bool ok = spool_begin(&spool, &why);
	spool_release(&spool);
	return ok || err_config(err,
			     "copies of what goes to a bucket need a folder with room for the "
			     "largest file: %s",
			     why.message);
}

bool spool_add(struct spool *spool, const void *data, size_t n, struct err *err)
{
	if (!file_write_all(spool->fd, data, n, err))
		return err_prefix(err, "keeping a copy in %s", file_scratch_folder());
	sha256_add(spool->hash, data, n);
	spool->size += (int64_t)n;
	return true;
}

void spool_finish(struct spool *spool)
{
	unsigned char digest[SHA256_SIZE];
	sha256_finish(spool->hash, digest);
	sha256_hex(digest, spool->sha256);
	spool->hash = NULL;
}

bool spool_reopen(const struct spool *spool, int *ret_fd, struct err *err)
{
	/* Not dup: that would share the place to read from. */
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", spool->fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_RETRY, "opening %s", path);
	*ret_fd = fd;
	return true;
}
