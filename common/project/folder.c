/* SPDX-License-Identifier: Apache-2.0 */
#include "project/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "query/query.h"

struct listing {
	const char *top;
	const char *ending;
	struct arena *arena;
	struct string_list files;
	size_t capacity;
	struct err *err;
};

static bool add_file(struct listing *listing, const char *name)
{
	struct string_list *files = &listing->files;
	if (files->count == FOLDER_MAX_FILES)
		return err_config(
			listing->err, "%s: more than %d files", listing->top, FOLDER_MAX_FILES);
	if (files->count == listing->capacity) {
		size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
		const char **bigger = arena_calloc(listing->arena, capacity, sizeof(*bigger));
		if (files->count)
			memcpy(bigger, files->items, files->count * sizeof(*bigger));
		files->items = bigger;
		listing->capacity = capacity;
	}
	files->items[files->count++] = name;
	return true;
}

static bool has_ending(const char *name, const char *ending)
{
	size_t n = strlen(name);
	size_t m = strlen(ending);
	return n > m && memcmp(name + n - m, ending, m) == 0;
}

/* `below` is the folder's path from the top, "" at the top itself. */
static bool list_folder(struct listing *listing, const char *below, unsigned depth)
{
	const char *path = *below ? file_join(listing->arena, listing->top, below) : listing->top;
	DIR *folder = opendir(path);
	if (!folder) {
		if (errno == ENOENT && !*below)
			return true;
		err_fail_errno(listing->err, ERR_FATAL, "reading folder %s", path);
		listing->err->from = ERR_FROM_CONFIG;
		return false;
	}
	bool ok = true;
	struct dirent *entry;
	while (ok && (entry = readdir(folder))) {
		struct stat status;
		if (entry->d_name[0] == '.' || fstatat(dirfd(folder), entry->d_name, &status, 0))
			continue;
		const char *name = *below ? file_join(listing->arena, below, entry->d_name)
					  : arena_strdup(listing->arena, entry->d_name);
		if (S_ISDIR(status.st_mode))
			ok = depth < FOLDER_MAX_DEPTH
				     ? list_folder(listing, name, depth + 1)
				     : err_config(listing->err, "%s/%s: more than %d folders deep",
					       listing->top, name, FOLDER_MAX_DEPTH);
		else if (S_ISREG(status.st_mode) && has_ending(name, listing->ending))
			ok = add_file(listing, name);
	}
	closedir(folder);
	return ok;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool folder_list(const char *folder, const char *ending, struct arena *arena,
	struct string_list *ret_files, struct err *err)
{
	struct listing listing = {.top = folder, .ending = ending, .arena = arena, .err = err};
	if (!list_folder(&listing, "", 0))
		return false;
	if (listing.files.count)
		qsort(listing.files.items, listing.files.count, sizeof(*listing.files.items),
			compare_names);
	*ret_files = listing.files;
	return true;
}

/* What some editors put before UTF-8. */
static size_t length_of_mark(const char *text)
{
	static const char mark[] = "\xEF\xBB\xBF";
	return strncmp(text, mark, strlen(mark)) == 0 ? strlen(mark) : 0;
}

bool folder_read_sql(const char *path, struct arena *arena, const char **ret_sql, struct err *err)
{
	struct buf text;
	buf_init(&text, QUERY_MAX_BYTES);
	bool ok = file_read(path, &text, err);
	if (!ok)
		err->from = ERR_FROM_CONFIG;
	else if (memchr(text.data ? text.data : (unsigned char *)"", '\0', text.len))
		ok = err_config(err, "%s: contains a NUL byte", path);
	else
		*ret_sql = arena_strdup(arena, buf_text(&text) + length_of_mark(buf_text(&text)));
	buf_release(&text);
	return ok;
}
