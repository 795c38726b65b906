/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the source's folder: `objects`, the marks of what is known, a line of 32 hex digits each;
 * `kept`, a line for each page of the fetch in hand, the object's mark and the file's name;
 * `objects.next`, what will be known once all pages are in the inbox. A page's bytes come before
 * its line, and the line before the state that counts the page: a line too many is cut off, its
 * page fetched again.
 */
#include "fetch/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/sha256.h"

enum { mark_size = 16, mark_digits = 32, max_name = 240 };
static const size_t max_objects = 1000000;
static const int64_t max_new = 100000;
static const size_t max_kept = 64 << 20;

bool objects_are_source(const struct remote *remote)
{
	return s3_is_url(remote->url);
}

/* ---- marks ---- */

static int compare_marks(const void *a, const void *b)
{
	return memcmp(a, b, mark_size);
}

static void sort_marks(struct buf *marks)
{
	if (marks->len)
		qsort(marks->data, marks->len / mark_size, mark_size, compare_marks);
}

static bool has_mark(const struct buf *marks, const unsigned char *mark)
{
	return marks->len &&
	       bsearch(mark, marks->data, marks->len / mark_size, mark_size, compare_marks);
}

static void mark_of(const struct objects *objects, const struct s3_object *object,
	unsigned char ret_mark[mark_size])
{
	unsigned char digest[SHA256_SIZE];
	char size[24];
	struct sha256 *hash = sha256_new();
	snprintf(size, sizeof(size), "%" PRId64, object->size);
	const char *const parts[] = {objects->place.bucket, object->key, object->etag, size};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		sha256_add(hash, parts[i], strlen(parts[i]) + 1);
	sha256_finish(hash, digest);
	memcpy(ret_mark, digest, mark_size);
}

static void append_hex(struct buf *out, const unsigned char *mark)
{
	for (size_t i = 0; i < mark_size; i++)
		buf_printf(out, "%02x", mark[i]);
}

/* The mark that 32 hex digits are. */
static bool parse_mark(const char *text, unsigned char ret_mark[mark_size])
{
	if (strspn(text, "0123456789abcdef") < mark_digits)
		return false;
	for (size_t i = 0; i < mark_size; i++) {
		const char digits[] = {text[2 * i], text[2 * i + 1], '\0'};
		ret_mark[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return true;
}

/* ---- files ---- */

static bool path_of(
	const struct objects *objects, const char *name, char ret_path[PATH_MAX], struct err *err)
{
	return snprintf(ret_path, PATH_MAX, "%s/%s", objects->stage->folder, name) < PATH_MAX ||
	       err_fail(err, ERR_FATAL, "path too long: %s/%s", objects->stage->folder, name);
}

/* A missing file is empty. */
static bool read_lines(
	const struct objects *objects, const char *name, struct buf *out, struct err *err)
{
	char path[PATH_MAX];
	struct err why = {0};
	if (!path_of(objects, name, path, err))
		return false;
	if (file_read(path, out, &why) || strcmp(why.native, "ENOENT") == 0)
		return true;
	if (err)
		*err = why;
	return false;
}

static bool read_known(struct objects *objects, struct err *err)
{
	struct buf text;
	buf_init(&text, (mark_digits + 1) * (max_objects + 1));
	bool ok = read_lines(objects, "objects", &text, err);
	const char *line = buf_text(&text);
	unsigned char mark[mark_size];
	for (; ok && *line; line += mark_digits + 1) {
		ok = parse_mark(line, mark) && line[mark_digits] == '\n';
		if (ok)
			buf_append(&objects->known, mark, mark_size);
		else
			err_fail(err, ERR_FATAL,
				"%s/objects is damaged; without it everything is fetched again",
				objects->stage->folder);
	}
	buf_release(&text);
	sort_marks(&objects->known);
	return ok;
}

/* The first byte behind the line that begins at `at`; 0 when none that is whole begins there. */
static size_t parse_line(struct objects *objects, size_t at)
{
	const char *text = (const char *)objects->kept.data + at;
	size_t left = objects->kept.len - at;
	const char *end = left ? memchr(text, '\n', left) : NULL;
	unsigned char mark[mark_size];
	if (!end || end - text < mark_digits + 2 || !parse_mark(text, mark))
		return 0;
	buf_append(&objects->lines, &at, sizeof(at));
	buf_append(&objects->had, mark, mark_size);
	return at + (size_t)(end - text) + 1;
}

/* Only the lines the state counts; what is behind them was not counted before a crash. */
static bool read_kept(struct objects *objects, struct err *err)
{
	const struct fetch_state *state = objects->state;
	char path[PATH_MAX];
	int64_t count = state->phase == FETCH_RELEASING ? state->files : state->page - 1;
	size_t at = 0;
	if (!path_of(objects, "kept", path, err) ||
		!read_lines(objects, "kept", &objects->kept, err))
		return false;
	for (int64_t i = 0; i < count; i++) {
		at = parse_line(objects, at);
		if (!at)
			return err_fail(err, ERR_FATAL, "%s lacks pages that were fetched", path);
	}
	objects->kept.len = at;
	sort_marks(&objects->had);
	return file_replace(path, objects->kept.data, at, err);
}

static bool append_line(
	struct objects *objects, const unsigned char *mark, const char *name, struct err *err)
{
	char path[PATH_MAX];
	size_t at = objects->kept.len;
	if (!path_of(objects, "kept", path, err))
		return false;
	append_hex(&objects->kept, mark);
	buf_printf(&objects->kept, " %s\n", name);
	buf_append(&objects->lines, &at, sizeof(at));
	if (objects->kept.overflow)
		return err_fail(err, ERR_FATAL, "%s would pass %zu bytes", path, max_kept);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_RETRY, "opening %s", path);
	bool ok = file_write_all(fd, objects->kept.data + at, objects->kept.len - at, err);
	if (ok && fdatasync(fd) != 0)
		ok = err_fail_errno(err, ERR_RETRY, "syncing %s", path);
	close(fd);
	return ok;
}

static bool write_next(const struct objects *objects, struct err *err)
{
	char path[PATH_MAX];
	struct buf text;
	buf_init(&text, (mark_digits + 1) * (max_objects + 1));
	for (size_t at = 0; at < objects->now.len; at += mark_size) {
		append_hex(&text, objects->now.data + at);
		buf_append_byte(&text, '\n');
	}
	bool ok = path_of(objects, "objects.next", path, err) &&
		  file_replace(path, text.data, text.len, err);
	buf_release(&text);
	return ok;
}

bool objects_remember(const struct objects *objects, struct err *err)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	if (!path_of(objects, "objects.next", from, err) || !path_of(objects, "objects", to, err))
		return false;
	return rename(from, to) == 0 || errno == ENOENT ||
	       err_fail_errno(err, ERR_RETRY, "renaming %s to %s", from, to);
}

bool objects_name(const struct objects *objects, int64_t page, char ret_name[OBJECTS_NAME_SIZE],
	char ret_other[OBJECTS_NAME_SIZE], struct err *err)
{
	size_t at = 0;
	if (page < 1 || (size_t)page > objects->lines.len / sizeof(at))
		return err_fail(err, ERR_FATAL, "%s: page %" PRId64 " has no name",
			objects->stage->folder, page);
	memcpy(&at, objects->lines.data + (size_t)(page - 1) * sizeof(at), sizeof(at));
	const char *line = (const char *)objects->kept.data + at;
	const char *name = line + mark_digits + 1;
	size_t n = (size_t)((const char *)memchr(line, '\n', objects->kept.len - at) - name);
	const char *dot = memchr(name, '.', n);
	size_t stem = dot ? (size_t)(dot - name) : n;
	snprintf(ret_name, OBJECTS_NAME_SIZE, "%.*s", (int)n, name);
	snprintf(ret_other, OBJECTS_NAME_SIZE, "%.*s-%.8s%.*s", (int)stem, name, line,
		(int)(n - stem), name + stem);
	return true;
}

/* ---- taking ---- */

static bool write_page(void *context, const void *data, size_t n, struct err *err)
{
	struct objects *objects = context;
	if (!file_write_all(objects->fd, data, n, err))
		return false;
	objects->bytes += (int64_t)n;
	if (objects->progress)
		objects->progress(objects->context, objects->state->page, objects->bytes);
	return true;
}

static bool check(const struct objects *objects, const struct s3_object *object, const char *name,
	struct err *err)
{
	if (object->size > objects->remote->max_bytes)
		return err_fail(err, ERR_FATAL, "%s has %" PRId64 " bytes; max_bytes is %" PRId64,
			object->key, object->size, objects->remote->max_bytes);
	bool plain = strlen(name) <= max_name && utf8_valid(name, strlen(name), NULL);
	for (const char *p = name; *p; p++)
		plain = plain && (unsigned char)*p >= ' ' && *p != 0x7f;
	if (!plain)
		return err_fail(
			err, ERR_FATAL, "an object's name cannot be a file's: %.300s", object->key);
	return objects->state->page <= max_new ||
	       err_fail(err, ERR_FATAL,
		       "more than %" PRId64 " new objects: fetch parts of the bucket as sources of "
		       "their own",
		       max_new);
}

/* The bytes of one object as the next page; one that was removed meanwhile is passed over. */
static bool keep(struct objects *objects, const struct s3_object *object, const unsigned char *mark,
	const char *name, struct err *err)
{
	struct fetch_state *state = objects->state;
	struct s3_object got;
	bool found = false;
	const struct s3_download download = {
		.bucket = objects->place.bucket,
		.key = object->key,
		.etag = object->etag,
		.write = write_page,
		.context = objects,
		.ends_on_stop = true,
	};
	if (!s3_get(objects->s3, &download, &got, &found, err))
		return false;
	if (!found) {
		objects->now.len -= mark_size;
		return true;
	}
	if (!stage_keep(objects->stage, objects->fd, state->page, err) ||
		!append_line(objects, mark, name, err))
		return false;
	fault_point("fetch.kept");
	state->files = state->page++;
	state->bytes += objects->bytes;
	if (!fetch_state_save(objects->stage->state, state, err))
		return false;
	fault_point("fetch.page");
	return true;
}

static bool take(struct objects *objects, const struct s3_object *object, const unsigned char *mark,
	const char *name, struct err *err)
{
	if (!check(objects, object, name, err) || !stage_begin(objects->stage, &objects->fd, err))
		return false;
	objects->bytes = 0;
	bool ok = keep(objects, object, mark, name, err);
	close(objects->fd);
	return ok;
}

static bool visit(void *context, const struct s3_object *object, struct err *err)
{
	struct objects *objects = context;
	const char *name = file_name(object->key);
	unsigned char mark[mark_size];
	/* The inbox, too, passes such names over; an empty one is a console's "folder". */
	if (!*name || file_is_passed_over(name))
		return true;
	mark_of(objects, object, mark);
	buf_append(&objects->now, mark, mark_size);
	if (objects->now.overflow)
		return err_fail(err, ERR_FATAL,
			"more than %zu objects: fetch parts of the bucket "
			"as sources of their own",
			max_objects);
	return has_mark(&objects->known, mark) || has_mark(&objects->had, mark) ||
	       take(objects, object, mark, name, err);
}

bool objects_take(struct objects *objects, struct err *err)
{
	struct fetch_state *state = objects->state;
	if (!s3_list(objects->s3, objects->place.bucket, objects->place.key, visit, objects, err))
		return false;
	if (!state->files) {
		state->phase = FETCH_IDLE;
		return true;
	}
	if (!write_next(objects, err))
		return false;
	state->phase = FETCH_RELEASING;
	return fetch_state_save(objects->stage->state, state, err);
}

/* ---- beginning and ending ---- */

bool objects_open(struct objects *objects, struct err *err)
{
	buf_init(&objects->known, mark_size * max_objects);
	buf_init(&objects->had, mark_size * (size_t)max_new);
	buf_init(&objects->now, mark_size * max_objects);
	buf_init(&objects->kept, max_kept);
	buf_init(&objects->lines, sizeof(size_t) * (size_t)max_new);
	return s3_place_parse(objects->remote->url, &objects->place, err) &&
	       read_known(objects, err) && read_kept(objects, err) &&
	       s3_open(&objects->config->s3, &objects->s3, err);
}

void objects_release(struct objects *objects)
{
	s3_close(objects->s3);
	buf_release(&objects->lines);
	buf_release(&objects->kept);
	buf_release(&objects->now);
	buf_release(&objects->had);
	buf_release(&objects->known);
}
