/* SPDX-License-Identifier: Apache-2.0 */
/* What all who lend credentials have in common: how they are asked. Inside the room only. */
#ifndef PENSTOCK_S3_LENDER_H
#define PENSTOCK_S3_LENDER_H

#include "base/buf.h"
#include "s3/credentials.h"

#define LENDER_MAX_ANSWER ((size_t)64 * 1024)

struct lender_question {
	const char *method;
	const char *url;
	const char *header; /* "Name: value"; "": none */
	const char *text;   /* the body; NULL: none */
	bool far;	    /* over the internet, perhaps through a proxy; else: right here */
	bool once;	    /* not asked again, whatever comes of it */
};

/*
 * Fills `answer`, born with LENDER_MAX_ANSWER, with the body of a 200; *ret_found false: it was a
 * 404. Asked again while that may help. RETRY or FATAL for other answers and none.
 */
MUST_CHECK bool lender_ask(const struct lender_question *question, struct buf *answer,
	bool *ret_found, struct err *err);

/* {"AccessKeyId": …, "SecretAccessKey": …, "Token": …, "Expiration": "2026-03-01T18:00:00Z"} */
MUST_CHECK bool lender_take_json(const struct buf *answer, struct arena *arena,
	struct s3_credentials *ret_credentials, struct err *err);

/* Appends the token a file holds, without the line break at its end. */
MUST_CHECK bool lender_read_token(const char *path, struct buf *out, struct err *err);

/* Releases what held a secret, and leaves no copy of it. */
void lender_wipe(struct buf *secret);

/* As s3_role_find: the security token service. */
MUST_CHECK bool lend_to_pod(const char *region, struct arena *arena,
	struct s3_credentials *ret_credentials, bool *ret_found, struct err *err);

#endif
