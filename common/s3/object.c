/* SPDX-License-Identifier: Apache-2.0 */
/* One object at a time: head, get, put, delete. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "s3/request.h"

static const long not_found[] = {404, 0};
static const int64_t max_put = INT64_C(5) << 30;

static void take_key(struct s3_object *object, const char *key)
{
	text_copy(object->key, sizeof(object->key), key);
}

bool s3_head(struct s3 *s3, const char *bucket, const char *key, struct s3_object *ret_object,
	bool *ret_found, struct err *err)
{
	struct s3_answer answer;
	const struct s3_request request = {
		.method = "HEAD", .bucket = bucket, .key = key, .expected = not_found};
	if (!s3_perform(s3, &request, &answer, err))
		return false;
	*ret_found = answer.status != 404;
	if (*ret_found) {
		*ret_object = answer.object;
		take_key(ret_object, key);
	}
	return true;
}

/* ---- downloading ---- */

struct download {
	const struct s3_download *wanted;
	struct s3_object object; /* of the first answer; etag "" before it */
	int64_t at;		 /* the next byte's place */
};

static bool begin(void *context, const struct s3_answer *answer, struct err *err)
{
	struct download *download = context;
	int64_t start = answer->range_start >= 0 ? answer->range_start : 0;
	if (start != download->at)
		return err_fail(err, ERR_FATAL,
			"the server sent bytes from %" PRId64 " on instead of %" PRId64, start,
			download->at);
	if (*download->object.etag && strcmp(download->object.etag, answer->object.etag) != 0)
		return err_fail(err, ERR_RETRY, "the object was replaced meanwhile");
	download->object = answer->object;
	return true;
}

static bool write_on(void *context, const void *data, size_t n, struct err *err)
{
	struct download *download = context;
	if (!download->wanted->write(download->wanted->context, data, n, err))
		return false;
	download->at += (int64_t)n;
	return true;
}

static bool get_rest(
	struct s3 *s3, struct download *download, struct s3_answer *ret_answer, struct err *err)
{
	static const long expected[] = {404, 412, 416, 0};
	const struct s3_download *wanted = download->wanted;
	struct s3_request request = {
		.method = "GET",
		.bucket = wanted->bucket,
		.key = wanted->key,
		.write = write_on,
		.on_answer = begin,
		.context = download,
		.expected = expected,
		.ends_on_stop = wanted->ends_on_stop,
		.once = true,
	};
	char range[40];
	const char *etag = *download->object.etag ? download->object.etag : wanted->etag;
	if (etag)
		request.headers[request.header_count++] = (struct s3_pair){"if-match", etag};
	snprintf(range, sizeof(range), "bytes=%" PRId64 "-", download->at);
	if (download->at)
		request.headers[request.header_count++] = (struct s3_pair){"range", range};
	return s3_perform(s3, &request, ret_answer, err);
}

/* The server has no byte there: an object that ends right before it was read whole. */
static bool check_end(struct s3 *s3, const struct download *download, const char *name,
	struct s3_object *ret_object, bool *ret_found, struct err *err)
{
	const struct s3_download *wanted = download->wanted;
	struct s3_object object = {0};
	bool found = false;
	if (!s3_head(s3, wanted->bucket, wanted->key, &object, &found, err))
		return false;
	const char *etag = *download->object.etag ? download->object.etag : wanted->etag;
	if (!found || object.size != download->at || (etag && strcmp(etag, object.etag) != 0))
		return err_fail(err, ERR_RETRY,
			"%s: the object was replaced meanwhile, or never had byte %" PRId64, name,
			download->at);
	*ret_object = object;
	*ret_found = true;
	return true;
}

static bool finish(struct s3 *s3, const struct download *download, const struct s3_answer *answer,
	struct s3_object *ret_object, bool *ret_found, struct err *err)
{
	char name[S3_NAME_SIZE];
	const struct s3_download *wanted = download->wanted;
	s3_name(name, wanted->bucket, wanted->key);
	if (answer->status == 416)
		return check_end(s3, download, name, ret_object, ret_found, err);
	if (answer->status == 412)
		return err_fail(err, ERR_RETRY, "%s: the object was replaced meanwhile", name);
	if (answer->status == 404 && *download->object.etag)
		return err_fail(err, ERR_RETRY, "%s: the object was removed meanwhile", name);
	const struct s3_object *object =
		*download->object.etag ? &download->object : &answer->object;
	/* A server may send less than was asked for and call it a part. */
	if (answer->status != 404 && object->size >= 0 && object->size != download->at)
		return err_fail(err, ERR_RETRY, "%s: %" PRId64 " of %" PRId64 " bytes came", name,
			download->at, object->size);
	*ret_found = answer->status != 404;
	if (*ret_found) {
		*ret_object = *object;
		take_key(ret_object, wanted->key);
	}
	return true;
}

bool s3_get(struct s3 *s3, const struct s3_download *wanted, struct s3_object *ret_object,
	bool *ret_found, struct err *err)
{
	struct download download = {.wanted = wanted, .at = wanted->from};
	struct s3_answer answer;
	struct err why = {0};
	int64_t before = download.at;
	for (unsigned attempt = 0; !get_rest(s3, &download, &answer, &why); attempt++) {
		/* A connection that breaks now and then gets there in the end. */
		if (download.at > before)
			attempt = 0;
		before = download.at;
		if (!s3_again(attempt, &why)) {
			if (err)
				*err = why;
			return false;
		}
	}
	return finish(s3, &download, &answer, ret_object, ret_found, err);
}

/* ---- changing ---- */

bool s3_put(struct s3 *s3, const char *bucket, const char *key, const struct s3_content *content,
	const struct s3_condition *condition, bool *ret_written, struct err *err)
{
	static const long expected[] = {412, 0};
	struct s3_answer answer;
	struct s3_request request = {.method = "PUT",
		.bucket = bucket,
		.key = key,
		.content = content,
		.expected = expected};
	if (content->size > max_put)
		return err_fail(err, ERR_FATAL, "%" PRId64 " bytes are too many for one request",
			content->size);
	if (condition && condition->absent)
		request.headers[request.header_count++] = (struct s3_pair){"if-none-match", "*"};
	if (condition && condition->etag)
		request.headers[request.header_count++] =
			(struct s3_pair){"if-match", condition->etag};
	if (content->type)
		request.headers[request.header_count++] =
			(struct s3_pair){"content-type", content->type};
	if (!s3_perform(s3, &request, &answer, err))
		return false;
	*ret_written = answer.status != 412;
	return true;
}

bool s3_delete(struct s3 *s3, const char *bucket, const char *key, struct err *err)
{
	struct s3_answer answer;
	const struct s3_request request = {
		.method = "DELETE", .bucket = bucket, .key = key, .expected = not_found};
	return s3_perform(s3, &request, &answer, err);
}
