/* SPDX-License-Identifier: Apache-2.0 */
/* The archive in a bucket: what bucket.c and bucket_documents.c share. Inside the room only. */
#ifndef PENSTOCK_ARCHIVE_BUCKET_H
#define PENSTOCK_ARCHIVE_BUCKET_H

#include "archive/spool.h"
#include "archive/store.h"
#include "s3/s3.h"

#define BUCKET_READERS 8 /* documents read at once */

struct bucket {
	struct archive archive;
	struct s3 *s3;
	struct s3 *readers[BUCKET_READERS]; /* one a thread; NULL until needed */
	char name[S3_BUCKET_SIZE];
	char prefix[S3_KEY_SIZE];  /* "" or ending in '/' */
	bool conditional;	   /* the server knows conditions: it was tried */
	struct spool spool;	   /* the content put or got last */
	char spooled[S3_KEY_SIZE]; /* its key; "" for none */
};

static inline struct bucket *bucket_of(struct archive *archive)
{
	return (struct bucket *)archive;
}

/* printf into a key below the prefix. */
MUST_CHECK bool bucket_key(const struct bucket *bucket, char ret_key[S3_KEY_SIZE], struct err *err,
	const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * What went wrong with the server becomes RETRY, prefixed with "archive". Nothing is wrong with the
 * file in hand: even what a person must mend (a key, a right, a bucket) is tried again until it is.
 * Returns false.
 */
bool bucket_trouble(struct err *err);

/*
 * Before the first write: FATAL when the server does not keep the conditions documents rest on.
 * Removes what crashed uploads left more than a day ago.
 */
MUST_CHECK bool bucket_ready_to_write(struct bucket *bucket, struct err *err);

/* Lets go of the content put or got last. */
void bucket_drop_spool(struct bucket *bucket);

/* The operations on documents, as struct store has them. */
bool bucket_has(struct archive *archive, const char *dataset, const char *name, bool *ret_found,
	struct err *err);
bool bucket_load(struct archive *archive, const char *dataset, const char *name, struct buf *out,
	bool *ret_found, struct err *err);
void bucket_load_many(
	struct archive *archive, const char *dataset, struct document *documents, size_t count);
bool bucket_create(struct archive *archive, const char *dataset, const char *name,
	bool (*make)(void *context, int64_t created_ms, struct buf *out, struct err *err),
	void *context, bool *ret_created, struct err *err);
bool bucket_change(struct archive *archive, const char *dataset, const char *name,
	bool (*change)(void *context, const struct buf *old, struct buf *out, struct err *err),
	void *context, struct err *err);
bool bucket_list(struct archive *archive, const char *dataset,
	bool (*visit)(void *context, const char *name, struct err *err), void *context,
	struct err *err);

#endif
