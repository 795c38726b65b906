/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/sign.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "crypto/hmac.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";
static const size_t max_text = 64 * 1024;

void sign_date(char ret_text[SIGN_DATE_SIZE], int64_t time_s)
{
	struct tm utc;
	time_t when = (time_t)time_s;
	if (!gmtime_r(&when, &utc) ||
		strftime(ret_text, SIGN_DATE_SIZE, "%Y%m%dT%H%M%SZ", &utc) != SIGN_DATE_SIZE - 1)
		BUG("no date for %lld", (long long)time_s);
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void sign_escape(struct buf *out, const char *text, bool keep_slashes)
{
	for (; *text; text++) {
		if (is_unreserved(*text) || (keep_slashes && *text == '/'))
			buf_append_byte(out, (unsigned char)*text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

void sign_query(struct buf *out, const struct s3_pair *params, size_t count)
{
	const struct s3_pair *sorted[SIGN_MAX_PARAMS];
	if (count > SIGN_MAX_PARAMS)
		BUG("%zu parameters", count);
	/* Names are plain ASCII, distinct, and sort as their escaped form does. */
	for (size_t i = 0; i < count; i++) {
		size_t at = i;
		for (; at && strcmp(sorted[at - 1]->name, params[i].name) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &params[i];
	}
	for (size_t i = 0; i < count; i++) {
		buf_append_text(out, i ? "&" : "");
		sign_escape(out, sorted[i]->name, false);
		buf_append_byte(out, '=');
		sign_escape(out, sorted[i]->value, false);
	}
}

static void append_names(struct buf *out, const struct sign_request *request)
{
	for (size_t i = 0; i < request->header_count; i++)
		buf_printf(out, "%s%s", i ? ";" : "", request->headers[i].name);
}

static void hash_of(const struct buf *text, char ret_hex[SHA256_HEX])
{
	unsigned char digest[SHA256_SIZE];
	if (text->overflow)
		BUG("a request too long to sign");
	sha256_of(text->data, text->len, digest);
	sha256_hex(digest, ret_hex);
}

static void canonical_hash(const struct sign_request *request, char ret_hex[SHA256_HEX])
{
	struct buf text;
	buf_init(&text, max_text);
	buf_printf(&text, "%s\n%s\n%s\n", request->method, request->path, request->query);
	for (size_t i = 0; i < request->header_count; i++)
		buf_printf(&text, "%s:%s\n", request->headers[i].name, request->headers[i].value);
	buf_append_byte(&text, '\n');
	append_names(&text, request);
	buf_printf(&text, "\n%s", request->sha256);
	hash_of(&text, ret_hex);
	buf_release(&text);
}

static void step(unsigned char digest[SHA256_SIZE], const char *text)
{
	hmac_sha256(digest, SHA256_SIZE, text, strlen(text), digest);
}

static void derive(
	const struct sign_key *key, const char *day, unsigned char ret_digest[SHA256_SIZE])
{
	struct buf secret;
	buf_init(&secret, max_text);
	buf_printf(&secret, "AWS4%s", key->secret_key);
	hmac_sha256(secret.data, secret.len, day, strlen(day), ret_digest);
	explicit_bzero(secret.data, secret.len);
	buf_release(&secret);
	step(ret_digest, key->region);
	step(ret_digest, key->service);
	step(ret_digest, "aws4_request");
}

void sign_request(struct buf *out, const struct sign_request *request, const struct sign_key *key)
{
	char hash[SHA256_HEX];
	char date[SIGN_DATE_SIZE];
	char day[9];
	char scope[200];
	char to_sign[400];
	unsigned char digest[SHA256_SIZE];
	canonical_hash(request, hash);
	sign_date(date, request->time_s);
	snprintf(day, sizeof(day), "%.8s", date);
	snprintf(scope, sizeof(scope), "%s/%.100s/%.50s/aws4_request", day, key->region,
		key->service);
	snprintf(to_sign, sizeof(to_sign), "%s\n%s\n%s\n%s", algorithm, date, scope, hash);
	derive(key, day, digest);
	step(digest, to_sign);
	sha256_hex(digest, hash);
	explicit_bzero(digest, sizeof(digest));
	buf_printf(out, "%s Credential=%s/%s, SignedHeaders=", algorithm, key->access_key, scope);
	append_names(out, request);
	buf_printf(out, ", Signature=%s", hash);
}
