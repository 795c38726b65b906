/* SPDX-License-Identifier: Apache-2.0 */
/* What S3's error codes mean to us, in one table: the class, and what a person can do. */
#ifndef PENSTOCK_S3_ERRORS_H
#define PENSTOCK_S3_ERRORS_H

#include <stddef.h>

#include "base/err.h"

struct s3_refusal {
	long status;
	char code[64];	   /* "NoSuchBucket"; "" when the server gave none */
	char message[300]; /* the server's words, on one line */
};

/* Reads the body of an answer that is not 2xx; what is no XML leaves code and message empty. */
void s3_refusal_read(struct s3_refusal *refusal, long status, const void *body, size_t len);

/* Fills err: "<what>: <code> (HTTP <status>): <message>; <remedy>". Returns false. */
bool s3_refusal_fail(struct err *err, const struct s3_refusal *refusal, const char *what);

#endif
