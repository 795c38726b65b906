/* SPDX-License-Identifier: Apache-2.0 */
/* How an S3 server is reached: what penstock.yml says. A plain struct; empty text means "look". */
#ifndef PENSTOCK_S3_SETTINGS_H
#define PENSTOCK_S3_SETTINGS_H

enum s3_style {
	S3_STYLE_AUTO, /* path where an endpoint is given, host at Amazon's own */
	S3_STYLE_PATH, /* https://endpoint/bucket/key */
	S3_STYLE_HOST, /* https://bucket.endpoint/key */
};

struct s3_settings {
	const char *endpoint; /* URL without a path */
	const char *region;
	const char *access_key;
	const char *secret_key;
	const char *session_token;
	enum s3_style style;
};

#endif
