/* SPDX-License-Identifier: Apache-2.0 */
/* One plain text message over SMTP (libcurl), as RFC 5322 lays it out, with every limit set. */
#ifndef PENSTOCK_HTTP_MAIL_H
#define PENSTOCK_HTTP_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mail_server {
	const char *url;      /* smtp://host[:port] (STARTTLS), smtps://host[:port] (TLS at once) */
	bool plain;	      /* smtp:// may go without TLS: for a relay on the same machine */
	const char *ca;	      /* file of trusted certificates; "": the system's */
	const char *user;     /* "": no authentication */
	const char *password; /* "" with no user */
	const char *from;     /* an address: text_is_mail_address */
	const char *const *to;
	size_t to_count; /* 1 to 100 */
};

/*
 * Sends `text` (UTF-8; lines end in \n) under `subject` (ASCII, one line). RETRY on connection
 * trouble, time-outs and the server's 4xx replies; FATAL on its 5xx replies, refused logins and
 * certificates. Errors name the server, never the password.
 */
MUST_CHECK bool mail_send(const struct mail_server *server, const char *subject, const char *text,
	int64_t timeout_ms, struct err *err);

#endif
