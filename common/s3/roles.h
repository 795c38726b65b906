/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that are lent for some hours, each from a service of its own: to a pod by the token
 * of its service account (AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE: the security token
 * service), to a container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI), to a virtual
 * machine (the instance metadata service, version 2). Source: "Credential providers" in the AWS
 * SDKs and Tools Reference Guide.
 */
#ifndef PENSTOCK_S3_ROLES_H
#define PENSTOCK_S3_ROLES_H

#include "s3/credentials.h"

/*
 * *ret_found false, and no error: nobody lends any here. RETRY when who is named in the environment
 * does not answer; FATAL when the answer is none. Waits a second at most where there is no
 * metadata service; AWS_EC2_METADATA_DISABLED=true spares that.
 */
MUST_CHECK bool s3_role_find(const char *region, struct arena *arena,
	struct s3_credentials *ret_credentials, bool *ret_found, struct err *err);

#endif
