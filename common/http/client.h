/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests (libcurl) with every limit set: connect and total time, body size, no other
 * protocols. */
#ifndef PENSTOCK_HTTP_CLIENT_H
#define PENSTOCK_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* POSTs a JSON body. RETRY on connection trouble, 408, 429 and 5xx; FATAL on any other non-2xx. */
MUST_CHECK bool http_post_json(
	const char *url, const void *body, size_t len, int64_t timeout_ms, struct err *err);

#endif
