/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/object_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static bool open_session(struct object_files *files, struct err *err)
{
	return files->s3 || s3_open(&files->config->s3, &files->s3, err);
}

/* ---- expanding ---- */

struct expansion {
	const char *bucket;
	struct arena *arena;
	struct string_list *list;
	size_t max;
};

static bool add(struct expansion *expansion, const char *text, struct err *err)
{
	struct string_list *list = expansion->list;
	if (list->count == expansion->max)
		return err_fail(err, ERR_FATAL, "more than %zu files at once: publish a part",
			expansion->max);
	list->items[list->count++] = text;
	return true;
}

static bool add_object(void *context, const struct s3_object *object, struct err *err)
{
	struct expansion *expansion = context;
	size_t n = strlen(object->key);
	/* Such keys are what consoles make for an empty "folder". */
	if (n && object->key[n - 1] == '/')
		return true;
	return add(expansion,
		arena_printf(expansion->arena, "s3://%s/%s", expansion->bucket, object->key), err);
}

bool object_files_expand(struct object_files *files, const char *argument, struct arena *arena,
	struct string_list *list, size_t max, struct err *err)
{
	struct s3_place place;
	struct expansion expansion = {.arena = arena, .list = list, .max = max};
	if (!s3_is_url(argument))
		return add(&expansion, argument, err);
	if (!s3_place_parse(argument, &place, err) || !open_session(files, err))
		return false;
	size_t n = strlen(place.key);
	if (n && place.key[n - 1] != '/')
		return add(&expansion, argument, err);
	size_t before = list->count;
	expansion.bucket = place.bucket;
	return s3_list(files->s3, place.bucket, place.key, add_object, &expansion, err) &&
	       (list->count > before ||
		       err_fail(err, ERR_FATAL, "%s: there is nothing below", argument));
}

/* ---- downloading ---- */

static bool write_to(void *context, const void *data, size_t n, struct err *err)
{
	return file_write_all(*(const int *)context, data, n, err) ||
	       err_prefix(err, "keeping a copy in TMPDIR or /var/tmp");
}

bool object_file_place(const char *key, char ret_path[PATH_MAX], struct err *err)
{
	char folder[PATH_MAX - NAME_MAX - 2];
	const char *name = file_name(key);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(name) > NAME_MAX)
		return err_fail(err, ERR_FATAL, "'%s' cannot be a file's name", name);
	int n = snprintf(folder, sizeof(folder), "%s/penstock-XXXXXX", file_scratch_folder());
	if (n >= (int)sizeof(folder) || !mkdtemp(folder))
		return err_fail_errno(
			err, ERR_FATAL, "creating %s (TMPDIR can name another folder)", folder);
	snprintf(ret_path, PATH_MAX, "%s/%.*s", folder, NAME_MAX, name);
	return true;
}

static bool fetch(
	struct object_files *files, const struct s3_place *place, const char *path, struct err *err)
{
	struct s3_object object;
	bool found = false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "creating %s", path);
	const struct s3_download download = {
		.bucket = place->bucket,
		.key = place->key,
		.write = write_to,
		.context = &fd,
		.ends_on_stop = true,
	};
	bool ok = s3_get(files->s3, &download, &object, &found, err);
	close(fd);
	return ok && (found || err_fail(err, ERR_FATAL, "there is no such object"));
}

bool object_file_get(
	struct object_files *files, const char *url, char ret_path[PATH_MAX], struct err *err)
{
	struct s3_place place;
	char path[PATH_MAX];
	if (!s3_place_parse(url, &place, err) || !open_session(files, err) ||
		!object_file_place(place.key, path, err))
		return err_prefix(err, "%s", url);
	if (!fetch(files, &place, path, err)) {
		object_file_remove(path);
		return err_prefix(err, "%s", url);
	}
	snprintf(ret_path, PATH_MAX, "%s", path);
	return true;
}

void object_file_remove(const char *path)
{
	char folder[PATH_MAX];
	unlink(path);
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	rmdir(folder);
}

void object_files_release(struct object_files *files)
{
	s3_close(files->s3);
	files->s3 = NULL;
}
