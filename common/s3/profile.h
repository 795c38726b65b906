/* SPDX-License-Identifier: Apache-2.0 */
/* What ~/.aws/config and ~/.aws/credentials say, the files that AWS' own tools share. */
#ifndef PENSTOCK_S3_PROFILE_H
#define PENSTOCK_S3_PROFILE_H

#include "base/arena.h"
#include "base/err.h"

/* "" where nothing is said. */
struct s3_profile {
	const char *name; /* AWS_PROFILE, or "default" */
	const char *path; /* of the file of credentials, for messages */
	const char *access_key;
	const char *secret_key;
	const char *session_token;
	const char *region;
};

/* Files that are not there say nothing; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name
 * others. */
MUST_CHECK bool s3_profile_read(
	struct arena *arena, struct s3_profile *ret_profile, struct err *err);

#endif
