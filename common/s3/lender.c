/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/lender.h"

#include <string.h>

#include "base/file.h"
#include "base/json_scan.h"
#include "base/text.h"
#include "http/transfer.h"
#include "s3/headers.h"
#include "s3/request.h"

static const int64_t connect_ms = 1000;
static const int64_t answer_ms = 5000;
static const size_t max_refusal = 4096;
static const size_t max_excerpt = 200;

static bool keep(void *context, const void *data, size_t n, struct err *err)
{
	struct buf *answer = context;
	buf_append(answer, data, n);
	return !answer->overflow ||
	       err_fail(err, ERR_FATAL, "an answer of more than %zu bytes", answer->max);
}

/* Any status is an answer. */
static bool ask_once(const struct lender_question *question, struct buf *answer,
	struct buf *refusal, long *ret_status, struct err *err)
{
	struct http_client *client = http_client_new();
	const char *const headers[] = {question->header};
	const struct http_exchange exchange = {
		.method = question->method,
		.url = question->url,
		.headers = headers,
		.header_count = *question->header ? 1 : 0,
		.text = question->text,
		.send_bytes = question->text ? (int64_t)strlen(question->text) : 0,
		.on_body = keep,
		.context = answer,
		.refusal = refusal,
		.direct = !question->far,
		.connect_ms = question->far ? answer_ms : connect_ms,
		.idle_ms = answer_ms,
		.total_ms = answer_ms,
		.ends_on_stop = true,
	};
	buf_clear(answer);
	buf_clear(refusal);
	bool ok = http_exchange(client, &exchange, ret_status, err);
	http_client_free(client);
	return ok;
}

static bool ask_until(const struct lender_question *question, struct buf *answer,
	struct buf *refusal, long *ret_status, struct err *err)
{
	char where[300];
	http_public_part(question->url, where, sizeof(where));
	for (unsigned attempt = 0;; attempt++) {
		struct buf excerpt;
		bool ok = ask_once(question, answer, refusal, ret_status, err);
		if (ok && (*ret_status == 200 || *ret_status == 404))
			return true;
		buf_init(&excerpt, max_refusal);
		text_excerpt(&excerpt, (const char *)refusal->data, refusal->len, max_excerpt);
		if (ok)
			err_fail(err, http_status_class(*ret_status), "%s: HTTP status %ld%s%s",
				where, *ret_status, excerpt.len ? ": " : "", buf_text(&excerpt));
		buf_release(&excerpt);
		if (question->once || !s3_again(attempt, err))
			return false;
	}
}

bool lender_ask(const struct lender_question *question, struct buf *answer, bool *ret_found,
	struct err *err)
{
	struct buf refusal;
	struct err why = {0};
	long status = 0;
	buf_init(&refusal, max_refusal);
	bool ok = ask_until(question, answer, &refusal, &status, &why);
	buf_release(&refusal);
	if (ok)
		*ret_found = status == 200;
	else if (err)
		*err = why;
	return ok || err_prefix(err, "asking for credentials");
}

/* ---- answers ---- */

static const char *member(const struct json_value *object, const char *name, struct arena *arena)
{
	struct json_value value;
	struct buf text;
	if (!json_find(object, name, &value) || value.kind != JSON_STRING)
		return "";
	buf_init(&text, LENDER_MAX_ANSWER);
	json_unescape(&value, &text);
	const char *copy = arena_strdup(arena, buf_text(&text));
	buf_release(&text);
	return copy;
}

bool lender_take_json(const struct buf *answer, struct arena *arena,
	struct s3_credentials *ret_credentials, struct err *err)
{
	struct json_scanner scanner;
	struct json_value document;
	const char *why = "";
	size_t at = 0;
	struct s3_credentials found = {"", "", "", 0};
	json_scanner_init(&scanner);
	if (json_validate(
		    &scanner, (const char *)answer->data, answer->len, &document, &why, &at) &&
		document.kind == JSON_OBJECT) {
		found.access_key = member(&document, "AccessKeyId", arena);
		found.secret_key = member(&document, "SecretAccessKey", arena);
		found.session_token = member(&document, "Token", arena);
		found.expires_s = s3_time(member(&document, "Expiration", arena));
	}
	json_scanner_release(&scanner);
	if (!*found.access_key || !*found.secret_key)
		return err_fail(err, ERR_FATAL,
			"asking for credentials: the answer of who lends them holds none");
	*ret_credentials = found;
	return true;
}

/* ---- secrets ---- */

bool lender_read_token(const char *path, struct buf *out, struct err *err)
{
	if (!file_read(path, out, err))
		return err_prefix(err, "asking for credentials");
	while (out->len && strchr("\r\n", out->data[out->len - 1]))
		out->len--;
	return !strpbrk(buf_text(out), "\r\n") ||
	       err_config(err, "%s: expected a token, one line", path);
}

void lender_wipe(struct buf *secret)
{
	if (secret->len)
		explicit_bzero(secret->data, secret->len);
	buf_release(secret);
}
