/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4: the Authorization header of a request. Source: "Create a signed AWS API
 * request" and, for S3's single escaping of paths, "Signature Calculations for the Authorization
 * Header" (Amazon S3 API Reference).
 */
#ifndef PENSTOCK_S3_SIGN_H
#define PENSTOCK_S3_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct s3_pair {
	const char *name;
	const char *value;
};

struct sign_key {
	const char *access_key;
	const char *secret_key;
	const char *region;
	const char *service; /* "s3" */
};

struct sign_request {
	const char *method;
	const char *path;	       /* escaped, as it is sent */
	const char *query;	       /* canonical, as it is sent; "" for none */
	const struct s3_pair *headers; /* all that are signed: names in lower case, sorted */
	size_t header_count;
	const char *sha256; /* of the content, hex; or UNSIGNED-PAYLOAD */
	int64_t time_s;	    /* that x-amz-date tells */
};

/* "20130524T000000Z" */
#define SIGN_DATE_SIZE 17
void sign_date(char ret_text[SIGN_DATE_SIZE], int64_t time_s);

/* Appends the value of the Authorization header. */
void sign_request(struct buf *out, const struct sign_request *request, const struct sign_key *key);

/* Appends the text with every byte escaped but letters, digits, "-._~" and, if wanted, '/'. */
void sign_escape(struct buf *out, const char *text, bool keep_slashes);
/* Appends "a=1&b=2", escaped and sorted: the canonical query. At most SIGN_MAX_PARAMS. */
#define SIGN_MAX_PARAMS 8
void sign_query(struct buf *out, const struct s3_pair *params, size_t count);

#endif
