/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server (libmicrohttpd) for what others watch: a table of paths, GET only, bounded
 * connections, one internal thread. Handlers run on that thread.
 */
#ifndef PENSTOCK_HTTP_SERVER_H
#define PENSTOCK_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct http_request {
	const char *path;
	const char *accept; /* Accept header; "" when there is none */
};

struct http_response {
	unsigned status;	  /* 200 when left 0 */
	const char *content_type; /* "text/plain; charset=utf-8" when NULL */
	struct buf body;	  /* at most 4 MiB */
};

struct http_route {
	const char *path;
	void (*handle)(
		void *context, const struct http_request *request, struct http_response *response);
};

struct http_server;

/* `listen` is "host:port" ("[::1]:9440" too; ":9440" = every address; port 0 = any free one). */
MUST_CHECK bool http_server_open(const char *listen, const struct http_route *routes, size_t count,
	void *context, struct http_server **ret_server, struct err *err);
/* The port it listens on. */
unsigned http_server_port(const struct http_server *server);
void http_server_close(struct http_server *server);

#endif
