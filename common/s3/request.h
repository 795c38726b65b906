/* SPDX-License-Identifier: Apache-2.0 */
/* One signed request, tried again while that may help. Inside the room only. */
#ifndef PENSTOCK_S3_REQUEST_H
#define PENSTOCK_S3_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/transfer.h"
#include "s3/credentials.h"
#include "s3/s3.h"
#include "s3/sign.h"

#define S3_TRIES 5

struct s3 {
	struct arena arena; /* owns the strings, but the credentials' */
	struct http_client *client;
	struct s3_settings settings; /* where credentials are looked for again */
	struct arena secrets;	     /* owns the credentials' strings */
	struct s3_credentials credentials;
	int64_t looked_us; /* when they were looked for last, by the monotonic clock */
	const char *region;
	const char *scheme; /* "https://" */
	const char *host;   /* of the endpoint, with its port where that is not the scheme's */
	bool path_style;    /* for every bucket */
	struct buf body;    /* of the last answer that was kept */
};

struct s3_answer {
	long status;
	struct s3_object object; /* what the headers tell: etag, size, modified; not the key */
	int64_t range_start;	 /* of a 206; -1 */
	char bucket_region[64];	 /* "" when not told */
};

#define S3_MAX_HEADERS 4

struct s3_request {
	const char *method;
	const char *bucket;
	const char *key; /* NULL: the bucket itself */
	struct s3_pair params[SIGN_MAX_PARAMS];
	size_t param_count;
	struct s3_pair headers[S3_MAX_HEADERS]; /* names in lower case */
	size_t header_count;
	const struct s3_content *content; /* NULL: none */
	/* Gets a 2xx body; NULL: kept in s3->body. */
	bool (*write)(void *context, const void *data, size_t n, struct err *err);
	void *context;
	/* Gets the head of a 2xx answer before its body, if it has one; may be NULL. */
	bool (*on_answer)(void *context, const struct s3_answer *answer, struct err *err);
	const long *expected; /* statuses beside 2xx that are no error; ends with 0; may be NULL */
	bool ends_on_stop;
	bool once; /* not tried again: part of the body may have been written */
};

MUST_CHECK bool s3_perform(struct s3 *s3, const struct s3_request *request,
	struct s3_answer *ret_answer, struct err *err);

/* Looks for the credentials again; whether there are others than those in use, which they replace.
 */
bool s3_renew(struct s3 *s3);
/* Does so in time before credentials that are lent run out. */
void s3_keep_fresh(struct s3 *s3);

/* Whether the bucket stands in the path: certificates of Amazon's fit no name with a dot in it. */
bool s3_bucket_in_path(const struct s3 *s3, const char *bucket);

/* "s3://bucket/key" for messages; `ret_text` holds S3_NAME_SIZE bytes, longer ones are cut. */
#define S3_NAME_SIZE 400
void s3_name(char ret_text[S3_NAME_SIZE], const char *bucket, const char *key);

/* Waits before try `attempt` + 1; false when there is none or a stop was requested. */
bool s3_again(unsigned attempt, const struct err *err);

#endif
