/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for a page: its URL, and the body of a POST. */
#ifndef PENSTOCK_FETCH_QUESTION_H
#define PENSTOCK_FETCH_QUESTION_H

#include "base/buf.h"
#include "config/remote.h"
#include "fetch/state.h"

/* "GET" or "POST" */
const char *question_method(const struct remote *remote);
/* Appends the URL of the page the state speaks of. */
void question_url(const struct remote *remote, const struct fetch_state *state, struct buf *out);
/* Appends its body; nothing for a GET. */
void question_body(const struct remote *remote, const struct fetch_state *state, struct buf *out);

#endif
