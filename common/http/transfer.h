/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange of any method and size: bodies are streamed both ways, every limit is set.
 * Redirects are not followed and nothing is tried twice: that is the caller's business.
 */
#ifndef PENSTOCK_HTTP_TRANSFER_H
#define PENSTOCK_HTTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http_client; /* keeps connections open between exchanges; one thread */

struct http_client *http_client_new(void);
void http_client_free(struct http_client *client);

struct http_exchange {
	const char *method;
	const char *url;	    /* http:// or https://; sent as it is, so escaped already */
	const char *const *headers; /* "Name: value" */
	size_t header_count;
	/* The body that is sent, `send_bytes` of them: text, or what `send` gives, where *ret_n ==
	 * 0 before the end is an error. Neither: there is none. */
	const char *text;
	bool (*send)(void *context, void *to, size_t n, size_t *ret_n, struct err *err);
	int64_t send_bytes;
	/* Gets each header line of the answer, the name in lower case. May be NULL. */
	void (*on_header)(void *context, const char *name, const char *value);
	/* Gets the body of a 2xx answer, in pieces; false ends the exchange. May be NULL. */
	bool (*on_body)(void *context, const void *data, size_t n, struct err *err);
	void *context;	     /* of the three */
	struct buf *refusal; /* gets what fits of any other answer's body; may be NULL */
	int64_t max_bytes;   /* of a 2xx body; longer ones are an error, 0: no limit */
	const char *ca;	     /* file of certificates to trust; NULL or "": the system's */
	bool unpack;	     /* accept gzip; on_body and max_bytes see what it holds */
	bool direct;	     /* past any proxy: the server is this machine's own */
	int64_t connect_ms;
	int64_t idle_ms;   /* with no byte moved for this long the exchange fails */
	int64_t total_ms;  /* 0: no limit */
	bool ends_on_stop; /* give up when a stop is requested (base/stop.h) */
};

/*
 * True when an answer came, whatever its status. Otherwise: RETRY when the network or the server is
 * to blame, FATAL for a URL that cannot be one or a body beyond max_bytes, or the callback's own
 * error. Messages name scheme and host only: paths and queries may hold secrets.
 */
MUST_CHECK bool http_exchange(struct http_client *client, const struct http_exchange *exchange,
	long *ret_status, struct err *err);

/* RETRY for 408, 429 and 5xx; FATAL for the rest. */
enum err_class http_status_class(long status);

/* "https://host:port" of a URL; "the URL" when it is none. */
void http_public_part(const char *url, char *ret_text, size_t size);

#endif
