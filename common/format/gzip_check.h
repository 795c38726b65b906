/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive skips a gzip member's CRC and length (RFC 1952, 2.3.1) unread, so we look ourselves.
 * Both are known for a file of one member, which nearly every file is; of several members the last
 * trailer alone is at hand, and the data pass without the check.
 */
#ifndef PENSTOCK_FORMAT_GZIP_CHECK_H
#define PENSTOCK_FORMAT_GZIP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gzip_check {
	uint32_t tables[8][256]; /* CRC-32, eight bytes a step */
	uint32_t crc;		 /* of the decompressed bytes */
	uint32_t size;		 /* how many, modulo 2^32 */
	unsigned char tail[8];	 /* the last compressed bytes: the trailer, in the end */
	uint64_t compressed;
	uint32_t last4;	   /* for finding a member's header across blocks */
	bool more_members; /* bytes that may begin a second member were seen */
};

void gzip_check_init(struct gzip_check *check);
void gzip_check_compressed(struct gzip_check *check, const unsigned char *data, size_t n);
void gzip_check_output(struct gzip_check *check, const unsigned char *data, size_t n);
/* At the end of both. Class DATA when the trailer tells of other bytes. */
MUST_CHECK bool gzip_check_end(const struct gzip_check *check, struct err *err);

#endif
