/* SPDX-License-Identifier: Apache-2.0 */
/* URLs (RFC 3986) and the header lines that lead to others. */
#ifndef PENSTOCK_HTTP_URL_H
#define PENSTOCK_HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define HTTP_URL_MAX 8192

/* Appends `reference` as seen from `base`: absolute, without a fragment. False when either is none
 * of http or https, or the result is longer than HTTP_URL_MAX. */
bool http_url_resolve(const char *base, const char *reference, struct buf *out);
/* Whether scheme, host and port are the same. */
bool http_url_same_origin(const char *a, const char *b);
/* Appends the URL with one parameter set, percent-encoded; a former value of it is dropped. */
void http_url_set_parameter(const char *url, const char *name, const char *value, struct buf *out);

/* Appends the target of rel="next" in the value of a Link header (RFC 8288); false: none there. */
bool http_link_next(const char *value, struct buf *out);
/* The value of a Retry-After header, seconds or a date, as seconds from `now_s`; -1: neither. */
int64_t http_retry_after(const char *value, int64_t now_s);

#endif
