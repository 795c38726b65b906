/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks: found in the settings, the environment, the files of the AWS tools, or lent by the
 * machine, in this order.
 */
#ifndef PENSTOCK_S3_CREDENTIALS_H
#define PENSTOCK_S3_CREDENTIALS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "s3/settings.h"

struct s3_credentials {
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* "" for none */
	int64_t expires_s;	   /* since 1970; 0: nobody said */
};

/*
 * A configuration error that names the places looked at when there are none; RETRY when who would
 * lend them cannot be reached.
 */
MUST_CHECK bool s3_credentials_find(const struct s3_settings *settings, const char *region,
	struct arena *arena, struct s3_credentials *ret_credentials, struct err *err);

#endif
