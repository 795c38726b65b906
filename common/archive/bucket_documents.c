/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests in a bucket. There are no locks: a document is created with "If-None-Match: *" and
 * replaced with "If-Match", so of two writers one is refused and looks again. A server that does
 * not know these conditions is found out before the first write.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "archive/bucket.h"
#include "archive/document.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"

static const int64_t leftover_s = 24 * 3600;
static const char newest_name[] = ".newest"; /* holds the newest manifest's time */
static const char probe_name[] = ".conditions";
static const unsigned max_conflicts = 100;
static const int64_t conflict_ms = 20;
static const int64_t conflict_cap_ms = 500;

static bool document_key(const struct bucket *bucket, const char *dataset, const char *name,
	char ret_key[S3_KEY_SIZE], struct err *err)
{
	return bucket_key(bucket, ret_key, err, "%s/manifests/%s", dataset, name);
}

/* ---- conditions ---- */

static bool write_text(struct bucket *bucket, const char *key, const struct buf *text,
	const struct s3_condition *condition, bool *ret_written, struct err *err)
{
	const struct s3_content content = {.data = text->data, .size = (int64_t)text->len};
	return s3_put(bucket->s3, bucket->name, key, &content, condition, ret_written, err) ||
	       bucket_trouble(err);
}

static bool refused(struct bucket *bucket, const char *key, const struct buf *text,
	const struct s3_condition *condition, const char *what, struct err *err)
{
	bool written = true;
	if (!write_text(bucket, key, text, condition, &written, err))
		return false;
	return !written ||
	       err_fail(err, ERR_FATAL,
		       "archive: the server of %s passes over '%s' when it stores an object, so "
		       "two producers could overwrite each other's manifests: docs/s3.md names "
		       "servers that will do",
		       bucket->archive.root, what);
}

bool bucket_ready_to_write(struct bucket *bucket, struct err *err)
{
	static const struct s3_condition absent = {.absent = true};
	static const struct s3_condition other = {.etag = "\"00000000000000000000000000000000\""};
	char key[S3_KEY_SIZE];
	struct buf text;
	bool first = false;
	struct err ignored;
	if (bucket->conditional)
		return true;
	buf_init(&text, 1000);
	buf_append_text(&text, "written to see whether the server keeps conditions\n");
	bool ok = bucket_key(bucket, key, err, "%s", probe_name) &&
		  write_text(bucket, key, &text, &absent, &first, err) &&
		  (!first || refused(bucket, key, &text, &absent, "If-None-Match", err)) &&
		  refused(bucket, key, &text, &other, "If-Match", err);
	buf_release(&text);
	bucket->conditional = ok;
	/* Who may write need not have the right to see uploads. */
	if (ok)
		(void)!s3_abort_uploads(
			bucket->s3, bucket->name, bucket->prefix, leftover_s, &ignored);
	return ok;
}

/* ---- documents ---- */

bool bucket_has(struct archive *archive, const char *dataset, const char *name, bool *ret_found,
	struct err *err)
{
	struct bucket *bucket = bucket_of(archive);
	char key[S3_KEY_SIZE];
	struct s3_object object;
	if (!document_key(bucket, dataset, name, key, err))
		return false;
	return s3_head(bucket->s3, bucket->name, key, &object, ret_found, err) ||
	       bucket_trouble(err);
}

static bool keep(void *context, const void *data, size_t n, struct err *err)
{
	struct buf *text = context;
	buf_append(text, data, n);
	return !text->overflow ||
	       err_fail(err, ERR_FATAL, "a manifest of more than %zu bytes", text->max);
}

static bool load_version(struct s3 *s3, const struct bucket *bucket, const char *key,
	struct buf *out, char ret_etag[S3_ETAG_SIZE], bool *ret_found, struct err *err)
{
	struct s3_object object;
	const struct s3_download download = {
		.bucket = bucket->name, .key = key, .write = keep, .context = out};
	if (!s3_get(s3, &download, &object, ret_found, err))
		return bucket_trouble(err);
	if (*ret_found)
		text_copy(ret_etag, S3_ETAG_SIZE, object.etag);
	return true;
}

bool bucket_load(struct archive *archive, const char *dataset, const char *name, struct buf *out,
	bool *ret_found, struct err *err)
{
	struct bucket *bucket = bucket_of(archive);
	char key[S3_KEY_SIZE];
	char etag[S3_ETAG_SIZE];
	return document_key(bucket, dataset, name, key, err) &&
	       load_version(bucket->s3, bucket, key, out, etag, ret_found, err);
}

/* What the readers share; each takes the next document until there is none. */
struct reading_many {
	const struct bucket *bucket;
	const char *dataset;
	struct document *documents;
	size_t count;
	atomic_size_t next;
};

struct reader {
	struct reading_many *many;
	struct s3 *s3;
	pthread_t thread;
	bool started;
};

static void *read_some(void *context)
{
	struct reader *reader = context;
	struct reading_many *many = reader->many;
	for (size_t i; (i = atomic_fetch_add(&many->next, 1)) < many->count;) {
		struct document *document = &many->documents[i];
		char key[S3_KEY_SIZE];
		char etag[S3_ETAG_SIZE];
		document->ok = document_key(many->bucket, many->dataset, document->name, key,
				       &document->why) &&
			       load_version(reader->s3, many->bucket, key, &document->text, etag,
				       &document->found, &document->why);
	}
	return NULL;
}

void bucket_load_many(
	struct archive *archive, const char *dataset, struct document *documents, size_t count)
{
	struct bucket *bucket = bucket_of(archive);
	struct reading_many many = {
		.bucket = bucket, .dataset = dataset, .documents = documents, .count = count};
	struct reader readers[BUCKET_READERS] = {0};
	for (size_t i = 0; i < BUCKET_READERS && i + 1 < count; i++) {
		if (!bucket->readers[i])
			bucket->readers[i] = s3_open_another(bucket->s3);
		readers[i] = (struct reader){.many = &many, .s3 = bucket->readers[i]};
		readers[i].started =
			pthread_create(&readers[i].thread, NULL, read_some, &readers[i]) == 0;
	}
	/* Whatever could not be started, this thread reads, too. */
	struct reader mine = {.many = &many, .s3 = bucket->s3};
	read_some(&mine);
	for (size_t i = 0; i < BUCKET_READERS; i++)
		if (readers[i].started)
			pthread_join(readers[i].thread, NULL);
}

/*
 * Replaces the object by what `next` makes of it (`old` is NULL when there is none) until nobody
 * else's change came in between.
 */
static bool replace(struct bucket *bucket, const char *key,
	bool (*next)(void *context, const struct buf *old, struct buf *out, struct err *err),
	void *context, struct err *err)
{
	struct buf old;
	struct buf text;
	bool ok = true;
	bool written = false;
	buf_init(&old, MANIFEST_MAX_BYTES);
	buf_init(&text, MANIFEST_MAX_BYTES);
	for (unsigned i = 0; ok && !written; i++) {
		char etag[S3_ETAG_SIZE];
		bool found = false;
		buf_clear(&old);
		buf_clear(&text);
		ok = load_version(bucket->s3, bucket, key, &old, etag, &found, err);
		const struct s3_condition condition = {
			.absent = !found, .etag = found ? etag : NULL};
		ok = ok && next(context, found ? &old : NULL, &text, err) &&
		     write_text(bucket, key, &text, &condition, &written, err);
		if (ok && !written && i >= max_conflicts)
			ok = err_fail(err, ERR_RETRY,
				"archive: %s/%s: others change it all the time",
				bucket->archive.root, key);
		if (ok && !written)
			stop_wait_ms(clock_backoff_ms(i, conflict_ms, conflict_cap_ms));
	}
	buf_release(&text);
	buf_release(&old);
	return ok;
}

static bool next_time(void *context, const struct buf *old, struct buf *out, struct err *err)
{
	int64_t *ret_ms = context;
	char text[ARCHIVE_TIME_SIZE] = "";
	(void)err;
	if (old)
		memcpy(text, old->data, old->len < sizeof(text) - 1 ? old->len : sizeof(text) - 1);
	*ret_ms = archive_next_ms(strtoll(text, NULL, 10));
	archive_time_text(text, *ret_ms);
	buf_append_text(out, text);
	return true;
}

/*
 * The time is taken before the manifest that has it is made: a crash in between leaves a gap, never
 * two manifests with one time.
 */
bool bucket_create(struct archive *archive, const char *dataset, const char *name,
	bool (*make)(void *context, int64_t created_ms, struct buf *out, struct err *err),
	void *context, bool *ret_created, struct err *err)
{
	static const struct s3_condition absent = {.absent = true};
	struct bucket *bucket = bucket_of(archive);
	char key[S3_KEY_SIZE];
	char newest[S3_KEY_SIZE];
	int64_t ms = 0;
	struct buf text;
	buf_init(&text, MANIFEST_MAX_BYTES);
	bool ok = document_key(bucket, dataset, name, key, err) &&
		  document_key(bucket, dataset, newest_name, newest, err) &&
		  bucket_ready_to_write(bucket, err) &&
		  replace(bucket, newest, next_time, &ms, err) && make(context, ms, &text, err) &&
		  write_text(bucket, key, &text, &absent, ret_created, err);
	buf_release(&text);
	return ok;
}

struct changing {
	const struct bucket *bucket;
	const char *key;
	bool (*change)(void *context, const struct buf *old, struct buf *out, struct err *err);
	void *context;
};

static bool next_document(void *context, const struct buf *old, struct buf *out, struct err *err)
{
	const struct changing *changing = context;
	if (!old)
		return err_fail(err, ERR_FATAL, "manifest s3://%s/%s is gone",
			changing->bucket->name, changing->key);
	return changing->change(changing->context, old, out, err);
}

bool bucket_change(struct archive *archive, const char *dataset, const char *name,
	bool (*change)(void *context, const struct buf *old, struct buf *out, struct err *err),
	void *context, struct err *err)
{
	struct bucket *bucket = bucket_of(archive);
	char key[S3_KEY_SIZE];
	struct changing changing = {bucket, key, change, context};
	if (!document_key(bucket, dataset, name, key, err) || !bucket_ready_to_write(bucket, err) ||
		!replace(bucket, key, next_document, &changing, err))
		return false;
	/* A publication that is sent, or refused, no longer needs its content here. */
	bucket_drop_spool(bucket);
	return true;
}

struct listing {
	size_t skip; /* of each key, up to its name */
	bool (*visit)(void *context, const char *name, struct err *err);
	void *context;
	bool stopped;
};

static bool visit_key(void *context, const struct s3_object *object, struct err *err)
{
	struct listing *listing = context;
	listing->stopped = !listing->visit(listing->context, object->key + listing->skip, err);
	return !listing->stopped;
}

bool bucket_list(struct archive *archive, const char *dataset,
	bool (*visit)(void *context, const char *name, struct err *err), void *context,
	struct err *err)
{
	struct bucket *bucket = bucket_of(archive);
	char prefix[S3_KEY_SIZE];
	if (!document_key(bucket, dataset, "", prefix, err))
		return false;
	struct listing listing = {.skip = strlen(prefix), .visit = visit, .context = context};
	bool ok = s3_list(bucket->s3, bucket->name, prefix, visit_key, &listing, err);
	return ok || (!listing.stopped && bucket_trouble(err));
}
