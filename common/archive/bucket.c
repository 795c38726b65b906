/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive below a prefix of an S3 bucket. An object is hashed on its way into a file without a
 * name, then uploaded under its hash: whole or not at all. The file is kept until the publication
 * is sent, so that what was just put is not fetched again.
 */
#include "archive/bucket.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const size_t block_size = 256 * 1024;

bool bucket_trouble(struct err *err)
{
	if (err && err->class == ERR_FATAL)
		err->class = ERR_RETRY;
	return err_prefix(err, "archive");
}

bool bucket_key(const struct bucket *bucket, char ret_key[S3_KEY_SIZE], struct err *err,
	const char *fmt, ...)
{
	int before = snprintf(ret_key, S3_KEY_SIZE, "%s", bucket->prefix);
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(ret_key + before, (size_t)(S3_KEY_SIZE - before), fmt, args);
	va_end(args);
	return n < S3_KEY_SIZE - before ||
	       err_fail(err, ERR_FATAL, "the prefix of %s is too long", bucket->archive.root);
}

static bool object_key(const struct bucket *bucket, const char *dataset, const char *sha256,
	char ret_key[S3_KEY_SIZE], struct err *err)
{
	return bucket_key(bucket, ret_key, err, "%s/objects/%.2s/%.64s", dataset, sha256, sha256);
}

/* ---- objects ---- */

void bucket_drop_spool(struct bucket *bucket)
{
	bucket->spooled[0] = '\0';
	spool_release(&bucket->spool);
}

static bool fill_spool(struct spool *spool,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct err *err)
{
	unsigned char *block = malloc(block_size);
	if (!block)
		abort();
	size_t n = 1;
	bool ok = spool_begin(spool, err);
	while (ok && n) {
		ok = read(handle, block, block_size, &n, err) &&
		     (n == 0 || spool_add(spool, block, n, err));
	}
	free(block);
	if (ok)
		spool_finish(spool);
	else
		spool_release(spool);
	return ok;
}

static bool bucket_put(struct archive *archive, const char *dataset,
	bool (*read)(void *handle, void *to, size_t n, size_t *ret_n, struct err *err),
	void *handle, struct archive_object *ret_object, struct err *err)
{
	struct bucket *bucket = bucket_of(archive);
	struct spool *spool = &bucket->spool;
	char key[S3_KEY_SIZE];
	struct s3_object there;
	bool found = false;
	bucket_drop_spool(bucket);
	if (!fill_spool(spool, read, handle, err) ||
		!object_key(bucket, dataset, spool->sha256, key, err) ||
		!bucket_ready_to_write(bucket, err))
		return false;
	const struct s3_content content = {
		.fd = spool->fd, .size = spool->size, .sha256 = spool->sha256};
	if (!s3_head(bucket->s3, bucket->name, key, &there, &found, err) ||
		((!found || there.size != spool->size) &&
			!s3_upload(bucket->s3, bucket->name, key, &content, err)))
		return bucket_trouble(err);
	text_copy(bucket->spooled, sizeof(bucket->spooled), key);
	text_copy(ret_object->sha256, sizeof(ret_object->sha256), spool->sha256);
	ret_object->size = spool->size;
	return true;
}

struct fetching {
	struct spool *spool;
	bool failed; /* here, not at the server */
};

static bool spool_more(void *context, const void *data, size_t n, struct err *err)
{
	struct fetching *fetching = context;
	fetching->failed = !spool_add(fetching->spool, data, n, err);
	return !fetching->failed;
}

/* The content into the spool; what is there must be what its name says. */
static bool fetch(
	struct bucket *bucket, const char *key, const char *sha256, int64_t size, struct err *err)
{
	struct spool *spool = &bucket->spool;
	struct fetching fetching = {.spool = spool};
	struct s3_object object;
	bool found = false;
	const struct s3_download download = {
		.bucket = bucket->name, .key = key, .write = spool_more, .context = &fetching};
	bucket_drop_spool(bucket);
	if (!spool_begin(spool, err))
		return false;
	if (!s3_get(bucket->s3, &download, &object, &found, err))
		return fetching.failed ? false : bucket_trouble(err);
	if (!found)
		return err_fail(err, ERR_FATAL, "archived content s3://%s/%s is missing",
			bucket->name, key);
	if (size >= 0 && spool->size != size)
		return err_fail(err, ERR_FATAL,
			"archived content s3://%s/%s is damaged: %" PRId64
			" bytes instead of %" PRId64,
			bucket->name, key, spool->size, size);
	spool_finish(spool);
	return strcmp(spool->sha256, sha256) == 0 ||
	       err_fail(err, ERR_FATAL, "archived content s3://%s/%s is damaged: its SHA-256 is %s",
		       bucket->name, key, spool->sha256);
}

static bool bucket_get(struct archive *archive, const char *dataset, const char *sha256,
	int64_t size, int *ret_fd, struct err *err)
{
	struct bucket *bucket = bucket_of(archive);
	struct spool *spool = &bucket->spool;
	char key[S3_KEY_SIZE];
	if (!object_key(bucket, dataset, sha256, key, err))
		return false;
	bool here = strcmp(bucket->spooled, key) == 0 && (size < 0 || spool->size == size);
	if (!here && !fetch(bucket, key, sha256, size, err)) {
		bucket_drop_spool(bucket);
		return false;
	}
	text_copy(bucket->spooled, sizeof(bucket->spooled), key);
	return spool_reopen(spool, ret_fd, err);
}

/* ---- the whole ---- */

static bool forget_one(void *context, const struct s3_object *object, struct err *err)
{
	struct bucket *bucket = context;
	return s3_delete(bucket->s3, bucket->name, object->key, err);
}

static bool bucket_forget(struct archive *archive, const char *dataset, struct err *err)
{
	/* Without its manifest an object is only a copy; the other way round would be a loss. */
	static const char *const parts[] = {"manifests", "objects"};
	struct bucket *bucket = bucket_of(archive);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char prefix[S3_KEY_SIZE];
		if (!bucket_key(bucket, prefix, err, "%s/%s/", dataset, parts[i]))
			return false;
		if (!s3_list(bucket->s3, bucket->name, prefix, forget_one, bucket, err))
			return bucket_trouble(err);
	}
	bucket_drop_spool(bucket);
	return true;
}

static void bucket_close(struct archive *archive)
{
	struct bucket *bucket = bucket_of(archive);
	bucket_drop_spool(bucket);
	for (size_t i = 0; i < BUCKET_READERS; i++)
		s3_close(bucket->readers[i]);
	s3_close(bucket->s3);
	free(bucket);
}

static const struct store bucket_store = {
	.close = bucket_close,
	.put = bucket_put,
	.get = bucket_get,
	.forget = bucket_forget,
	.has = bucket_has,
	.load = bucket_load,
	.load_many = bucket_load_many,
	.create = bucket_create,
	.change = bucket_change,
	.list = bucket_list,
};

bool bucket_open(const char *location, const struct s3_settings *s3, struct archive **ret_archive,
	struct err *err)
{
	static const struct s3_settings none = {"", "", "", "", "", S3_STYLE_AUTO};
	struct s3_place place;
	struct s3 *session = NULL;
	if (!s3_place_parse(location, &place, err) || !spool_check(err) ||
		!s3_open(s3 ? s3 : &none, &session, err))
		return err_prefix(err, "archive");
	struct bucket *bucket = calloc(1, sizeof(*bucket));
	if (!bucket)
		abort();
	size_t n = strlen(place.key);
	bool slash = n && place.key[n - 1] == '/';
	bucket->archive.store = &bucket_store;
	bucket->s3 = session;
	spool_init(&bucket->spool);
	text_copy(bucket->name, sizeof(bucket->name), place.bucket);
	snprintf(bucket->prefix, sizeof(bucket->prefix), "%.1000s%s", place.key,
		n && !slash ? "/" : "");
	snprintf(bucket->archive.root, sizeof(bucket->archive.root), "s3://%s%s%.1000s",
		place.bucket, n ? "/" : "", place.key);
	if (slash)
		bucket->archive.root[strlen(bucket->archive.root) - 1] = '\0';
	*ret_archive = &bucket->archive;
	return true;
}
