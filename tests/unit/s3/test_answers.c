/* SPDX-License-Identifier: Apache-2.0 */
/* What servers answer: XML, headers, refusals. */
#include <string.h>

#include "s3/errors.h"
#include "s3/headers.h"
#include "s3/xml.h"
#include "support/cmocka_all.h"

static bool note(void *context, const char *path, const char *text, struct err *err)
{
	(void)err;
	buf_printf(context, "%s=%s;", path, text);
	return true;
}

static void elements_come_with_their_path(void **state)
{
	(void)state;
	static const char text[] = "<?xml version=\"1.0\"?><L xmlns=\"urn:x\"><C><K>a&amp;b</K>"
				   "<S>1</S></C><C><K/></C>\n</L>";
	struct err err = {0};
	struct buf seen;
	buf_init(&seen, 1000);
	assert_ok(xml_parse(text, strlen(text), note, &seen, &err));
	assert_string_equal(buf_text(&seen), "L/C/K=a&b;L/C/S=1;L/C=;L/C/K=;L/C=;L=\n;");
	buf_release(&seen);
}

static void a_document_cut_anywhere_is_broken(void **state)
{
	(void)state;
	static const char text[] = "<L><C><K>a&amp;b</K></C></L>";
	for (size_t n = 0; n < strlen(text); n++) {
		struct err err = {0};
		struct buf seen;
		buf_init(&seen, 1000);
		assert_err(xml_parse(text, n, note, &seen, &err), ERR_FATAL, "XML is broken");
		buf_release(&seen);
	}
}

static void attacks_are_refused(void **state)
{
	(void)state;
	static char longer[64 * 1024];
	static char deep[2 * 1024];
	memset(longer, 'x', sizeof(longer) - 1);
	memcpy(longer, "<a>", 3);
	for (size_t i = 0; i + 3 < sizeof(deep) - 1; i += 3)
		memcpy(deep + i, "<a>", 3);
	const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "DOCTYPE"},
		{"<a>&undefined;</a>", "broken"},
		{"<html><body><p></body></html>", "broken"},
		{"not xml", "broken"},
		{deep, "too deep"},
		{longer, "broken"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct buf seen;
		buf_init(&seen, 100000);
		assert_err(xml_parse(rows[i].text, strlen(rows[i].text), note, &seen, &err),
			ERR_FATAL, rows[i].part);
		buf_release(&seen);
	}
	memcpy(longer + sizeof(longer) - 5, "</a>", 4);
	struct err err = {0};
	struct buf seen;
	buf_init(&seen, 100000);
	assert_err(xml_parse(longer, strlen(longer), note, &seen, &err), ERR_FATAL,
		"text beyond the limit");
	buf_release(&seen);
}

static void headers_tell_about_the_object(void **state)
{
	(void)state;
	struct s3_answer answer = {.object.size = -1, .range_start = -1};
	s3_header_take(&answer, "etag", "\"abc\"");
	s3_header_take(&answer, "last-modified", "Wed, 28 Oct 2009 22:32:00 GMT");
	s3_header_take(&answer, "content-length", "100");
	s3_header_take(&answer, "x-unknown", "1");
	assert_string_equal(answer.object.etag, "\"abc\"");
	assert_int_equal(answer.object.size, 100);
	assert_int_equal(answer.object.modified_s, 1256769120);
	s3_header_take(&answer, "content-range", "bytes 50-149/5000000000");
	assert_int_equal(answer.range_start, 50);
	assert_int_equal(answer.object.size, 5000000000);
	s3_header_take(&answer, "content-range", "bytes */77");
	assert_int_equal(answer.range_start, 50);
	assert_int_equal(answer.object.size, 77);
	assert_int_equal(s3_time("2009-10-28T22:32:00.000Z"), 1256769120);
	assert_int_equal(s3_time("yesterday"), 0);
}

static void a_refusal_is_classified(void **state)
{
	(void)state;
	static const struct {
		long status;
		const char *body;
		enum err_class class;
		const char *message;
	} rows[] = {
		{404, "<Error><Code>NoSuchBucket</Code><Message>No\nsuch</Message></Error>",
			ERR_FATAL, "NoSuchBucket (HTTP status 404)"},
		{403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", ERR_FATAL,
			"check s3.access_key"},
		{403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", ERR_FATAL, "clock"},
		{503, "<Error><Code>SlowDown</Code></Error>", ERR_RETRY, "SlowDown"},
		{409, "<Error><Code>ConditionalRequestConflict</Code></Error>", ERR_RETRY, "409"},
		{400, "<Error><Code>RequestTimeout</Code></Error>", ERR_RETRY, "400"},
		{400, "<Error><Code>Unheard</Code></Error>", ERR_FATAL, "Unheard"},
		{403, "", ERR_FATAL, "check the credentials"},
		{500, "<html>", ERR_RETRY, "what: HTTP status 500"},
		{418, "teapot", ERR_FATAL, "what: HTTP status 418"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct s3_refusal refusal;
		s3_refusal_read(&refusal, rows[i].status, rows[i].body, strlen(rows[i].body));
		assert_err(s3_refusal_fail(&err, &refusal, "what"), rows[i].class, rows[i].message);
		assert_null(strchr(err.message, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_come_with_their_path),
		cmocka_unit_test(a_document_cut_anywhere_is_broken),
		cmocka_unit_test(attacks_are_refused),
		cmocka_unit_test(headers_tell_about_the_object),
		cmocka_unit_test(a_refusal_is_classified),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
