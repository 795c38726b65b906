/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings, a page at a time (ListObjectsV2). Circles are found by remembering one earlier page's
 * token, replaced each time the distance to it has doubled.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "s3/headers.h"
#include "s3/request.h"
#include "s3/xml.h"

static const size_t max_token = 8 * 1024;

struct page {
	bool escaped; /* EncodingType is url */
	bool more;
	struct buf token;	  /* where the next page begins */
	struct buf mark;	  /* an earlier page's token */
	uint64_t number;	  /* of the page, from 1 */
	uint64_t marked;	  /* number of the page `mark` is of */
	struct s3_object *object; /* being read */
	const char *prefix;
	bool (*visit)(void *context, const struct s3_object *object, struct err *err);
	void *context;
};

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes a key as the listing tells it: "%20" and '+' are spaces where it is escaped. One with a NUL
 * would be taken for another. */
static bool take_key(struct page *page, const char *text, struct err *err)
{
	size_t n = 0;
	char *key = page->object->key;
	for (; *text && n < S3_KEY_SIZE - 1; text++) {
		char c = *text;
		if (page->escaped && c == '+')
			c = ' ';
		if (page->escaped && c == '%' && digit_of(text[1]) >= 0 && digit_of(text[2]) >= 0) {
			c = (char)(digit_of(text[1]) * 16 + digit_of(text[2]));
			text += 2;
		}
		if (!c)
			return err_fail(err, ERR_FATAL, "the listing has a key with a NUL in it");
		key[n++] = c;
	}
	key[n] = '\0';
	return !*text || err_fail(err, ERR_FATAL, "the listing has a key of more than %d bytes",
				 S3_KEY_SIZE - 1);
}

static bool take_size(struct page *page, const char *text, struct err *err)
{
	return (text_int64(text, &page->object->size) && page->object->size >= 0) ||
	       err_fail(err, ERR_FATAL, "the listing has an object without a size");
}

static bool take_etag(struct page *page, const char *text, struct err *err)
{
	(void)err;
	/* Some servers leave the quotes out here, though not in the header. */
	snprintf(page->object->etag, sizeof(page->object->etag), *text == '"' ? "%s" : "\"%s\"",
		text);
	return true;
}

static bool take_modified(struct page *page, const char *text, struct err *err)
{
	(void)err;
	page->object->modified_s = s3_time(text);
	return true;
}

static bool take_object(struct page *page, const char *text, struct err *err)
{
	(void)text;
	/* Callers delete what they are shown. */
	if (strncmp(page->object->key, page->prefix, strlen(page->prefix)) != 0)
		return err_fail(err, ERR_FATAL, "the listing has keys that were not asked for");
	bool ok = page->visit(page->context, page->object, err);
	*page->object = (struct s3_object){0};
	return ok;
}

static bool take_encoding(struct page *page, const char *text, struct err *err)
{
	(void)err;
	page->escaped = strcmp(text, "url") == 0;
	return true;
}

static bool take_more(struct page *page, const char *text, struct err *err)
{
	(void)err;
	page->more = strcmp(text, "true") == 0;
	return true;
}

static bool take_token(struct page *page, const char *text, struct err *err)
{
	if (*text && strcmp(buf_text(&page->mark), text) == 0)
		return err_fail(err, ERR_FATAL, "the listing goes round in circles");
	buf_clear(&page->token);
	buf_append_text(&page->token, text);
	if (++page->number >= 2 * page->marked) {
		page->marked = page->number;
		buf_clear(&page->mark);
		buf_append_text(&page->mark, text);
	}
	return !page->token.overflow || err_fail(err, ERR_FATAL, "the listing's token is too long");
}

struct row {
	const char *path;
	bool (*take)(struct page *page, const char *text, struct err *err);
};

static bool take_by(const struct row *rows, struct page *page, const char *path, const char *text,
	struct err *err)
{
	for (; rows->path; rows++)
		if (strcmp(path, rows->path) == 0)
			return rows->take(page, text, err);
	return true;
}

/* What is true of the whole page may stand behind its objects, so it is read before them. */
static bool on_head(void *context, const char *path, const char *text, struct err *err)
{
	static const struct row rows[] = {
		{"ListBucketResult/EncodingType", take_encoding},
		{"ListBucketResult/IsTruncated", take_more},
		{"ListBucketResult/NextContinuationToken", take_token},
		{0},
	};
	return take_by(rows, context, path, text, err);
}

static bool on_object(void *context, const char *path, const char *text, struct err *err)
{
	static const struct row rows[] = {
		{"ListBucketResult/Contents/Key", take_key},
		{"ListBucketResult/Contents/Size", take_size},
		{"ListBucketResult/Contents/ETag", take_etag},
		{"ListBucketResult/Contents/LastModified", take_modified},
		{"ListBucketResult/Contents", take_object},
		{0},
	};
	return take_by(rows, context, path, text, err);
}

static bool list_page(
	struct s3 *s3, const char *bucket, const char *prefix, struct page *page, struct err *err)
{
	struct s3_answer answer;
	struct s3_request request = {
		.method = "GET",
		.bucket = bucket,
		.params = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}},
		.param_count = 3,
	};
	if (page->more)
		request.params[request.param_count++] =
			(struct s3_pair){"continuation-token", buf_text(&page->token)};
	if (!s3_perform(s3, &request, &answer, err))
		return false;
	/* The visitor may use the session meanwhile. */
	struct buf text = s3->body;
	buf_init(&s3->body, text.max);
	page->more = page->escaped = false;
	bool ok = xml_parse(text.data, text.len, on_head, page, err) &&
		  xml_parse(text.data, text.len, on_object, page, err);
	buf_release(&text);
	return ok && (!page->more || page->token.len ||
			     err_fail(err, ERR_FATAL, "the listing breaks off without a token"));
}

bool s3_list(struct s3 *s3, const char *bucket, const char *prefix,
	bool (*visit)(void *context, const struct s3_object *object, struct err *err),
	void *context, struct err *err)
{
	struct s3_object object = {0};
	struct page page = {
		.object = &object, .prefix = prefix, .visit = visit, .context = context};
	buf_init(&page.token, max_token);
	buf_init(&page.mark, max_token);
	bool ok;
	do {
		ok = list_page(s3, bucket, prefix, &page, err);
	} while (ok && page.more);
	buf_release(&page.mark);
	buf_release(&page.token);
	return ok;
}
