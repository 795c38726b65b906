/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "archive/store.h"
#include "base/clock.h"
#include "s3/s3.h"

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

int64_t archive_next_ms(int64_t newest_ms)
{
	int64_t now_ms = clock_wall_us() / 1000;
	return now_ms > newest_ms ? now_ms : newest_ms + 1;
}

void archive_time_text(char ret_text[ARCHIVE_TIME_SIZE], int64_t ms)
{
	snprintf(ret_text, ARCHIVE_TIME_SIZE, "%020" PRId64 "\n", ms);
}

bool archive_open(const char *location, const struct s3_settings *s3, struct archive **ret_archive,
	struct err *err)
{
	if (s3_is_url(location))
		return bucket_open(location, s3, ret_archive, err);
	if (strstr(location, "://"))
		return err_config(err,
			"archive: expected a folder or s3://BUCKET/PREFIX, found '%s'", location);
	return folder_open(location, ret_archive, err);
}

void archive_close(struct archive *archive)
{
	if (archive)
		archive->store->close(archive);
}

bool archive_put(struct archive *archive, const char *dataset,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct archive_object *ret_object, struct err *err)
{
	return archive->store->put(archive, dataset, read, handle, ret_object, err);
}

bool archive_get(struct archive *archive, const char *dataset, const char *sha256, int64_t size,
	int *ret_fd, struct err *err)
{
	return archive->store->get(archive, dataset, sha256, size, ret_fd, err);
}

bool archive_forget(struct archive *archive, const char *dataset, struct err *err)
{
	return archive->store->forget(archive, dataset, err);
}
