/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer's headers tell about an object. Inside the room only. */
#ifndef PENSTOCK_S3_HEADERS_H
#define PENSTOCK_S3_HEADERS_H

#include "s3/request.h"

/* Takes one header; the ones of no interest are passed over. */
void s3_header_take(struct s3_answer *answer, const char *name, const char *value);

/* "Wed, 28 Oct 2009 22:32:00 GMT" and "2009-10-28T22:32:00.000Z"; 0 for anything else. */
int64_t s3_time(const char *text);

#endif
