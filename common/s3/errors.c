/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/errors.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "http/transfer.h"
#include "s3/xml.h"

static const char keys[] = "check s3.access_key and s3.secret_key";
static const char region[] = "set s3.region to the bucket's";
static const char again[] = "the credentials ran out: renew them";

static const struct row {
	const char *code;
	enum err_class class;
	const char *remedy;
} rows[] = {
	{"NoSuchBucket", ERR_FATAL, "create the bucket, or mend its name"},
	{"InvalidBucketName", ERR_FATAL, "mend the bucket's name"},
	{"AccessDenied", ERR_FATAL,
		"the credentials lack the right; docs/s3.md lists the ones needed"},
	{"AllAccessDisabled", ERR_FATAL, "the bucket is closed to everyone"},
	{"AccountProblem", ERR_FATAL, "ask the server's owner about the account"},
	{"InvalidAccessKeyId", ERR_FATAL, keys},
	{"SignatureDoesNotMatch", ERR_FATAL, keys},
	{"AuthorizationHeaderMalformed", ERR_FATAL, region},
	{"PermanentRedirect", ERR_FATAL, region},
	{"TemporaryRedirect", ERR_RETRY, "the bucket's name is still travelling"},
	{"IllegalLocationConstraintException", ERR_FATAL, region},
	{"ExpiredToken", ERR_FATAL, again},
	{"TokenRefreshRequired", ERR_FATAL, again},
	{"InvalidToken", ERR_FATAL, "check s3.session_token"},
	{"RequestTimeTooSkewed", ERR_FATAL, "this machine's clock is wrong: set it"},
	{"RequestExpired", ERR_FATAL, "this machine's clock is wrong: set it"},
	{"NoSuchKey", ERR_FATAL, "there is no such object"},
	{"InvalidObjectState", ERR_FATAL, "the object is in cold storage: restore it first"},
	{"NotImplemented", ERR_FATAL, "the server cannot do this; docs/s3.md says what is needed"},
	{"KeyTooLongError", ERR_FATAL, "use a shorter prefix or name"},
	{"NoSuchUpload", ERR_RETRY, "the upload was removed meanwhile"},
	{"QuotaExceeded", ERR_RETRY, "make room on the server"},
	{"RequestTimeout", ERR_RETRY, NULL},
	{"BadDigest", ERR_RETRY, NULL},
	{"XAmzContentSHA256Mismatch", ERR_RETRY, NULL},
	{"IncompleteBody", ERR_RETRY, NULL},
	{"OperationAborted", ERR_RETRY, NULL},
	{"ConditionalRequestConflict", ERR_RETRY, NULL},
	{"SlowDown", ERR_RETRY, NULL},
	{"InternalError", ERR_RETRY, NULL},
	{"ServiceUnavailable", ERR_RETRY, NULL},
};

static bool take(void *context, const char *path, const char *text, struct err *err)
{
	struct s3_refusal *refusal = context;
	(void)err;
	if (strcmp(path, "Error/Code") == 0) {
		snprintf(refusal->code, sizeof(refusal->code), "%s", text);
	} else if (strcmp(path, "Error/Message") == 0) {
		struct buf line;
		buf_init(&line, sizeof(refusal->message));
		text_excerpt(&line, text, strlen(text), sizeof(refusal->message) - 10);
		text_copy(refusal->message, sizeof(refusal->message), buf_text(&line));
		buf_release(&line);
	}
	return true;
}

void s3_refusal_read(struct s3_refusal *refusal, long status, const void *body, size_t len)
{
	struct err ignored;
	*refusal = (struct s3_refusal){.status = status};
	if (len && !xml_parse(body, len, take, refusal, &ignored))
		*refusal = (struct s3_refusal){.status = status};
}

static struct row row_of(const struct s3_refusal *refusal)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].code, refusal->code) == 0)
			return rows[i];
	/* HEAD's refusals have no body. */
	if (refusal->status == 403)
		return (struct row){NULL, ERR_FATAL, "check the credentials and their rights"};
	if (refusal->status == 301)
		return (struct row){NULL, ERR_FATAL, region};
	return (struct row){NULL,
		refusal->status == 409 ? ERR_RETRY : http_status_class(refusal->status), NULL};
}

bool s3_refusal_fail(struct err *err, const struct s3_refusal *refusal, const char *what)
{
	struct row row = row_of(refusal);
	err_fail(err, row.class, "%s: %s%sHTTP status %ld%s%s%s%s%s", what, refusal->code,
		*refusal->code ? " (" : "", refusal->status, *refusal->code ? ")" : "",
		*refusal->message ? ": " : "", refusal->message, row.remedy ? "; " : "",
		row.remedy ? row.remedy : "");
	if (err)
		text_copy(err->native, sizeof(err->native), refusal->code);
	return false;
}
