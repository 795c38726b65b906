/* SPDX-License-Identifier: Apache-2.0 */
/* What happened since the last look, one plain line each: files loaded or refused, runs, pauses. */
#ifndef PENSTOCK_DEV_NARRATOR_H
#define PENSTOCK_DEV_NARRATOR_H

#include "base/err.h"

struct narrator;

/* Tells what happens from now on. `url` is borrowed. */
struct narrator *narrator_new(const char *url);
void narrator_free(struct narrator *narrator);
/* Prints the news to stdout. RETRY while the database is away. */
MUST_CHECK bool narrator_tell(struct narrator *narrator, struct err *err);

#endif
