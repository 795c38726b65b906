/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of an S3 server (the REST API of 2006-03-01): list, head, get, put, delete, and uploads
 * in parts. Every request is signed (Signature Version 4), its content's SHA-256 included. What may
 * pass is tried five times with growing pauses, a broken download goes on where it broke.
 * Errors: RETRY when server or network are sick or busy, FATAL with what to do about keys, rights,
 * buckets and clocks; native holds S3's error code. No message holds a key or token.
 */
#ifndef PENSTOCK_S3_S3_H
#define PENSTOCK_S3_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/settings.h"

struct s3; /* a session: one thread at a time, connections are kept */

#define S3_BUCKET_SIZE 64
#define S3_KEY_SIZE    1025
#define S3_ETAG_SIZE   128

/*
 * Finds credentials: the settings, else AWS_ACCESS_KEY_ID and its like, else the profile
 * AWS_PROFILE of ~/.aws/credentials and ~/.aws/config, else what a pod, container or machine is
 * lent (s3/roles.h). Likewise region (AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1) and
 * endpoint (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, Amazon's). The S3 server is not asked yet.
 * Credentials are looked for again before they run out, and when the server says that they did or
 * are wrong.
 */
MUST_CHECK bool s3_open(const struct s3_settings *settings, struct s3 **ret_s3, struct err *err);
/* A session of its own with the same server and credentials: for another thread. */
struct s3 *s3_open_another(const struct s3 *s3);
void s3_close(struct s3 *s3);

struct s3_place {
	char bucket[S3_BUCKET_SIZE];
	char key[S3_KEY_SIZE]; /* or a prefix; "" for the whole bucket; never begins with '/' */
};

/* Whether `url` begins with s3:// */
bool s3_is_url(const char *url);
/* "s3://bucket/key"; a configuration error when it is none. */
MUST_CHECK bool s3_place_parse(const char *url, struct s3_place *ret_place, struct err *err);

struct s3_object {
	char key[S3_KEY_SIZE];
	char etag[S3_ETAG_SIZE]; /* with its quotes, as If-Match takes it */
	int64_t size;
	int64_t modified_s; /* since 1970 */
};

/*
 * Calls `visit` for each object whose key begins with the prefix, in the order of keys; false from
 * it stops.
 */
MUST_CHECK bool s3_list(struct s3 *s3, const char *bucket, const char *prefix,
	bool (*visit)(void *context, const struct s3_object *object, struct err *err),
	void *context, struct err *err);

MUST_CHECK bool s3_head(struct s3 *s3, const char *bucket, const char *key,
	struct s3_object *ret_object, bool *ret_found, struct err *err);

struct s3_download {
	const char *bucket;
	const char *key;
	const char *etag; /* only this version: a RETRY error when it was replaced; NULL: any */
	int64_t from;	  /* first byte wanted */
	bool (*write)(void *context, const void *data, size_t n, struct err *err);
	void *context;
	bool ends_on_stop; /* give up when a stop is requested */
};

/* All bytes come from one version of the object, however often the connection broke. */
MUST_CHECK bool s3_get(struct s3 *s3, const struct s3_download *download,
	struct s3_object *ret_object, bool *ret_found, struct err *err);

/* What is sent: memory, or a range of a file, which must not change meanwhile. */
struct s3_content {
	const void *data; /* NULL: from fd */
	int fd;
	int64_t offset;
	int64_t size;
	const char *sha256; /* in hex; NULL: not known */
	const char *type;   /* the object's Content-Type; NULL: the server's choice */
};

struct s3_condition {
	bool absent;	  /* only when there is no object of this key */
	const char *etag; /* only when the object is still this version; NULL: whatever is there */
};

/* *ret_written false: the condition did not hold, nothing was changed. At most 5 GiB. */
MUST_CHECK bool s3_put(struct s3 *s3, const char *bucket, const char *key,
	const struct s3_content *content, const struct s3_condition *condition, bool *ret_written,
	struct err *err);

/*
 * Content of any size, in one request or in parts (of 8 MiB, larger where 10,000 of them would not
 * do). The object is there whole or not at all; a failed upload's parts are removed.
 */
MUST_CHECK bool s3_upload(struct s3 *s3, const char *bucket, const char *key,
	const struct s3_content *content, struct err *err);

/* An object that is not there is deleted already. */
MUST_CHECK bool s3_delete(struct s3 *s3, const char *bucket, const char *key, struct err *err);

/* Removes the parts of uploads below the prefix that were begun more than `age_s` seconds ago. */
MUST_CHECK bool s3_abort_uploads(
	struct s3 *s3, const char *bucket, const char *prefix, int64_t age_s, struct err *err);

#endif
