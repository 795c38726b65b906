/* SPDX-License-Identifier: Apache-2.0 */
/* One answer of a source: asked for, again where that may help, kept in a file, looked into. */
#ifndef PENSTOCK_FETCH_PAGE_H
#define PENSTOCK_FETCH_PAGE_H

#include "config/remote.h"
#include "crypto/sha256.h"
#include "fetch/probe.h"
#include "http/download.h"

/* For longer nobody's wish to be left alone is honoured. */
#define FETCH_LONGEST_ABSENCE_S INT64_C(86400)

/* What the probe looks for, in this order. */
enum { PAGE_CURSOR, PAGE_RECORDS, PAGE_MORE, PAGE_PAGES };

struct pager {
	const struct remote *remote;
	struct http_client *client;
	const char **headers; /* "Name: value" */
	size_t header_count;
	struct probe probe;
	bool probing;
	struct sha256 *hash;	 /* of the answer in hand; NULL: none */
	char sha256[SHA256_HEX]; /* of the last answer */
	struct http_answer answer;
	char resume_etag[512]; /* of what a failed request left in the file */
	int64_t asked_us;      /* when the last request left; 0: none did */
	int64_t number;	       /* of the page in hand */
	int64_t wait_s;	       /* set on failure: the server asks to stay away for so long */
	void (*progress)(void *context, int64_t page, int64_t bytes); /* may be NULL */
	void *context;
};

/* `remote` is borrowed. */
void pager_init(struct pager *pager, const struct remote *remote);
void pager_release(struct pager *pager);

/*
 * Fills the file with the answer to a GET, or to a POST of `text` (NULL: a GET), which must not be
 * JSON's rubbish where it is looked into. RETRY
 * after the last try, or when a stop was requested; FATAL where trying again would not help.
 * Messages hold no secret.
 */
MUST_CHECK bool pager_ask(struct pager *pager, const char *url, const char *text, const char *etag,
	const char *last_modified, int fd, struct err *err);

#endif
