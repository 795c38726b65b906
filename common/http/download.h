/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer into a file: redirects followed, only what changed asked for where the caller knows a
 * version. Tried once; when and how often again is the caller's business.
 */
#ifndef PENSTOCK_HTTP_DOWNLOAD_H
#define PENSTOCK_HTTP_DOWNLOAD_H

#include "http/transfer.h"

struct http_download {
	const char *url;
	const char *text; /* asked by POST, with this body; NULL: by GET */
	/* "Name: value": sent to the URL's own origin, not to where it may redirect to. */
	const char *const *headers;
	size_t header_count;
	const char *etag; /* of what is known; NULL or "": none */
	const char *last_modified;
	/* Bytes of the version `resume_etag` that are in the file already, from its start; only
	 * what follows is asked for. A server that has another version by now sends all of that. 0:
	 * none. */
	int64_t resume_at;
	const char *resume_etag;
	const char *ca;
	int64_t max_bytes; /* 0: no limit */
	int64_t total_ms;
	int fd; /* written from its position on */
	/* Sees every piece of the body, unpacked; false ends it. May be NULL. */
	bool (*on_body)(void *context, const void *data, size_t n, struct err *err);
	/* What was there is not wanted: the file is empty again. With resume_at; may be NULL. */
	void (*on_restart)(void *context);
	void *context;
};

struct http_answer {
	long status;
	int64_t bytes;	/* of the file, those before resume_at included */
	bool encoded;	/* the body was packed */
	char etag[512]; /* "": none, or longer */
	char last_modified[64];
	int64_t retry_after_s; /* -1: not said */
	struct buf next;       /* absolute URL of Link: rel="next"; empty: none */
	struct buf refusal;    /* the start of an error's body */
};

void http_answer_init(struct http_answer *answer);
void http_answer_release(struct http_answer *answer);

/*
 * True: status 200, 203 or 206 with a body, 204, or, where a version is known, 304. False: RETRY
 * for trouble with the connection, 202 (not ready), 408, 429 and 5xx; FATAL for other answers, a
 * body beyond max_bytes, redirects without end, from https to http, to other protocols, or of a
 * POST to elsewhere. *answer is filled in any case. Messages name hosts, never paths.
 */
MUST_CHECK bool http_download(struct http_client *client, const struct http_download *download,
	struct http_answer *answer, struct err *err);

/* After a failure: whether the file's first answer.bytes can be kept and resumed with answer.etag.
 */
bool http_can_resume(const struct http_answer *answer);

#endif
