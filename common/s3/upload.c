/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads in parts, and the removal of what crashed ones left. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "s3/errors.h"
#include "s3/headers.h"
#include "s3/request.h"
#include "s3/xml.h"

static const int64_t smallest_part = 8 << 20;
static const int64_t most_parts = 10000;
static const size_t max_list = 2 << 20; /* 10,000 parts with their tags */
enum { max_id = 1024 };

struct upload {
	struct s3 *s3;
	const char *bucket;
	const char *key;
	char id[max_id];
	struct buf parts; /* the XML that completes it */
};

static const char empty[] = "";
static const struct s3_content nothing = {.data = empty};

static bool take_id(void *context, const char *path, const char *text, struct err *err)
{
	struct upload *upload = context;
	if (strcmp(path, "InitiateMultipartUploadResult/UploadId") != 0)
		return true;
	if (strlen(text) >= sizeof(upload->id))
		return err_fail(err, ERR_FATAL, "the upload's id is too long");
	snprintf(upload->id, sizeof(upload->id), "%s", text);
	return true;
}

static bool begin(struct upload *upload, const char *type, struct err *err)
{
	struct s3_answer answer;
	const struct s3_request request = {
		.method = "POST",
		.bucket = upload->bucket,
		.key = upload->key,
		.params = {{"uploads", ""}},
		.param_count = 1,
		.headers = {{"content-type", type}},
		.header_count = type ? 1 : 0,
		.content = &nothing,
	};
	if (!s3_perform(upload->s3, &request, &answer, err))
		return false;
	const struct buf *body = &upload->s3->body;
	return xml_parse(body->data, body->len, take_id, upload, err) &&
	       (*upload->id || err_fail(err, ERR_FATAL, "the server gave the upload no id"));
}

static void append_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&' || *text == '<' || *text == '>' || *text == '"')
			buf_printf(out, "&#%d;", *text);
		else
			buf_append_byte(out, (unsigned char)*text);
	}
}

static bool send_part(
	struct upload *upload, int number, const struct s3_content *part, struct err *err)
{
	char digits[12];
	struct s3_answer answer;
	snprintf(digits, sizeof(digits), "%d", number);
	const struct s3_request request = {
		.method = "PUT",
		.bucket = upload->bucket,
		.key = upload->key,
		.params = {{"partNumber", digits}, {"uploadId", upload->id}},
		.param_count = 2,
		.content = part,
	};
	if (!s3_perform(upload->s3, &request, &answer, err))
		return false;
	buf_printf(&upload->parts, "<Part><PartNumber>%d</PartNumber><ETag>", number);
	append_escaped(&upload->parts, answer.object.etag);
	buf_append_text(&upload->parts, "</ETag></Part>");
	return true;
}

static bool send_parts(struct upload *upload, const struct s3_content *content, struct err *err)
{
	int64_t size = (content->size + most_parts - 1) / most_parts;
	if (size < smallest_part)
		size = smallest_part;
	int number = 1;
	for (int64_t at = 0; at < content->size; at += size) {
		int64_t left = content->size - at;
		struct s3_content part = *content;
		part.sha256 = part.type = NULL;
		part.size = left < size ? left : size;
		if (part.data)
			part.data = (const char *)part.data + at;
		else
			part.offset += at;
		if (!send_part(upload, number++, &part, err))
			return false;
	}
	return true;
}

/* The answer begins with 200 before the server has done it: its body may still be an error. */
static bool refuse_error(void *context, const char *path, const char *text, struct err *err)
{
	bool *ret_whole = context;
	(void)text;
	*ret_whole = strcmp(path, "CompleteMultipartUploadResult") == 0;
	return strcmp(path, "Error") != 0 ||
	       err_fail(err, ERR_RETRY, "the server could not put the upload together");
}

static bool complete(struct upload *upload, struct err *err)
{
	static const char head[] = "<CompleteMultipartUpload "
				   "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
	struct buf text;
	struct s3_answer answer;
	buf_init(&text, max_list);
	buf_append_text(&text, head);
	buf_append(&text, upload->parts.data, upload->parts.len);
	buf_append_text(&text, "</CompleteMultipartUpload>");
	if (text.overflow || upload->parts.overflow)
		BUG("%zu bytes for the parts of one upload", max_list);
	const struct s3_content content = {.data = text.data, .size = (int64_t)text.len};
	const struct s3_request request = {
		.method = "POST",
		.bucket = upload->bucket,
		.key = upload->key,
		.params = {{"uploadId", upload->id}},
		.param_count = 1,
		.content = &content,
	};
	const struct buf *body = &upload->s3->body;
	bool whole = false;
	bool ok = s3_perform(upload->s3, &request, &answer, err) &&
		  xml_parse(body->data, body->len, refuse_error, &whole, err) &&
		  (whole || err_fail(err, ERR_RETRY, "the server did not confirm the upload"));
	buf_release(&text);
	return ok;
}

static bool abort_one(
	struct s3 *s3, const char *bucket, const char *key, const char *id, struct err *err)
{
	static const long gone[] = {404, 0};
	struct s3_answer answer;
	const struct s3_request request = {
		.method = "DELETE",
		.bucket = bucket,
		.key = key,
		.params = {{"uploadId", id}},
		.param_count = 1,
		.expected = gone,
	};
	return s3_perform(s3, &request, &answer, err);
}

static bool upload_parts(struct upload *upload, const struct s3_content *content, struct err *err)
{
	struct err ignored;
	if (!begin(upload, content->type, err))
		return false;
	if (send_parts(upload, content, err) && complete(upload, err))
		return true;
	/* What cannot be removed now is removed as a leftover later. */
	(void)!abort_one(upload->s3, upload->bucket, upload->key, upload->id, &ignored);
	return false;
}

bool s3_upload(struct s3 *s3, const char *bucket, const char *key, const struct s3_content *content,
	struct err *err)
{
	if (content->size <= smallest_part) {
		bool written = false;
		return s3_put(s3, bucket, key, content, NULL, &written, err);
	}
	struct upload upload = {.s3 = s3, .bucket = bucket, .key = key};
	buf_init(&upload.parts, max_list);
	bool ok = upload_parts(&upload, content, err);
	buf_release(&upload.parts);
	return ok;
}

/* ---- leftovers ---- */

struct leftover {
	char key[S3_KEY_SIZE];
	char id[max_id];
	int64_t begun_s;
};

/* One page of uploads is enough: the next call finds the others. */
struct leftovers {
	struct leftover current;
	struct s3 *s3;
	const char *bucket;
	int64_t before_s;
};

static bool on_upload(void *context, const char *path, const char *text, struct err *err)
{
	struct leftovers *all = context;
	struct leftover *current = &all->current;
	const char root[] = "ListMultipartUploadsResult/Upload";
	if (strncmp(path, root, sizeof(root) - 1) != 0)
		return true;
	const char *name = path + sizeof(root) - 1;
	if (strcmp(name, "/Key") == 0)
		text_copy(current->key, sizeof(current->key), text);
	else if (strcmp(name, "/UploadId") == 0)
		text_copy(current->id, sizeof(current->id), text);
	else if (strcmp(name, "/Initiated") == 0)
		current->begun_s = s3_time(text);
	if (*name)
		return true;
	bool old = current->begun_s && current->begun_s < all->before_s;
	bool ok = !old || abort_one(all->s3, all->bucket, current->key, current->id, err);
	*current = (struct leftover){0};
	return ok;
}

bool s3_abort_uploads(
	struct s3 *s3, const char *bucket, const char *prefix, int64_t age_s, struct err *err)
{
	struct s3_answer answer;
	const struct s3_request request = {
		.method = "GET",
		.bucket = bucket,
		.params = {{"uploads", ""}, {"prefix", prefix}},
		.param_count = 2,
	};
	if (!s3_perform(s3, &request, &answer, err))
		return false;
	struct buf text = s3->body;
	buf_init(&s3->body, text.max);
	struct leftovers all = {
		.s3 = s3, .bucket = bucket, .before_s = clock_wall_us() / 1000000 - age_s};
	bool ok = xml_parse(text.data, text.len, on_upload, &all, err);
	buf_release(&text);
	return ok;
}
