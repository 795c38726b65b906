/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One content on this machine's disk, without a name: on its way to a bucket or from it. Lies in
 * TMPDIR, or /var/tmp, and takes as much room there as the content is long; gone with the process.
 */
#ifndef PENSTOCK_ARCHIVE_SPOOL_H
#define PENSTOCK_ARCHIVE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/sha256.h"

struct spool {
	int fd;			 /* -1: none */
	int64_t size;		 /* of what was added */
	struct sha256 *hash;	 /* running; NULL once finished */
	char sha256[SHA256_HEX]; /* "" until finished */
};

void spool_init(struct spool *spool);
/* Empty and without a file again. */
void spool_release(struct spool *spool);
/* Whether one could begin; a configuration error that says what to do if not. */
MUST_CHECK bool spool_check(struct err *err);
/* RETRY when there is no room. */
MUST_CHECK bool spool_begin(struct spool *spool, struct err *err);
MUST_CHECK bool spool_add(struct spool *spool, const void *data, size_t n, struct err *err);
void spool_finish(struct spool *spool);
/* A descriptor of the caller's own, at the first byte, for reading. */
MUST_CHECK bool spool_reopen(const struct spool *spool, int *ret_fd, struct err *err);

#endif
