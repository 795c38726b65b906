/* SPDX-License-Identifier: Apache-2.0 */
/* URLs put together and taken from header lines. */
#include "http/url.h"

#include "support/cmocka_all.h"

static void references_are_resolved(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"http://h:81/a/b?c#d", "e?f=1", "http://h:81/a/e?f=1"},
		{"http://h/a/b", "/e", "http://h/e"},
		{"http://h/a/b?x=1", "?x=2", "http://h/a/b?x=2"},
		{"https://h/a", "//i/b", "https://i/b"},
		{"https://h/a", "http://h/b#c", "http://h/b"},
		{"http://h/a/b/c", "../d", "http://h/a/d"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		assert_true(http_url_resolve(cases[i][0], cases[i][1], &out));
		assert_string_equal(buf_text(&out), cases[i][2]);
		buf_release(&out);
	}
	struct buf out;
	buf_init(&out, 1000);
	assert_false(http_url_resolve("http://h/", "file:///etc/passwd", &out));
	assert_false(http_url_resolve("http://h/", "gopher://x/", &out));
	buf_release(&out);
}

static void origins_are_compared(void **state)
{
	(void)state;
	assert_true(http_url_same_origin("http://H/a", "HTTP://h:80/b?c"));
	assert_true(http_url_same_origin("https://h:443/", "https://h/"));
	assert_false(http_url_same_origin("http://h/", "https://h/"));
	assert_false(http_url_same_origin("http://h/", "http://h:81/"));
	assert_false(http_url_same_origin("http://h/", "http://h.evil/"));
	assert_false(http_url_same_origin("http://h/", "http://h@evil/"));
}

static void parameters_are_set(void **state)
{
	(void)state;
	static const char *const cases[][4] = {{"http://h/a", "p", "1", "http://h/a?p=1"},
		{"http://h/a?", "p", "1", "http://h/a?p=1"},
		{"http://h/a?x=1&p=2&y", "p", "3", "http://h/a?x=1&y&p=3"},
		{"http://h/a?pp=1&p", "p", "3", "http://h/a?pp=1&p=3"},
		{"http://h/a?x=1#frag", "p", "a b&c/?", "http://h/a?x=1&p=a%20b%26c%2F%3F"},
		{"http://h/a", "page[size]", "\xc3\xa9", "http://h/a?page%5Bsize%5D=%C3%A9"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		http_url_set_parameter(cases[i][0], cases[i][1], cases[i][2], &out);
		assert_string_equal(buf_text(&out), cases[i][3]);
		buf_release(&out);
	}
}

static void links_lead_on(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"<http://h/2>; rel=\"next\"", "http://h/2"},
		{"</2>;rel=next", "/2"},
		{"</1>; rel=\"prev first\", </3>; title=\"a, b; c\"; REL = \"last Next\"", "/3"},
		{"</a,b>; rel=\"next\"", "/a,b"}, {"</1>; rel=\"prev\",,</2>; rel=next", "/2"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		assert_true(http_link_next(cases[i][0], &out));
		assert_string_equal(buf_text(&out), cases[i][1]);
		buf_release(&out);
	}
	static const char *const none[] = {"", "</1>", "</1>; rel=prev", "</1>; rel=\"nextish\"",
		"</1; rel=next", "x; rel=next", "</1>; title=next", "</1>; rel=\"prev"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		assert_false(http_link_next(none[i], &out));
		buf_release(&out);
	}
	/* Cut anywhere it leads to the same place or nowhere, and nothing is read behind its end.
	 */
	static const char whole[] = "</1>; rel=\"prev\"; x=y , </2>; a=\"b\"; rel=\"x next\"";
	for (size_t n = 0; n < sizeof(whole); n++) {
		char *cut = strndup(whole, n);
		struct buf out;
		buf_init(&out, 1000);
		if (http_link_next(cut, &out))
			assert_string_equal(buf_text(&out), "/2");
		buf_release(&out);
		free(cut);
	}
}

static void servers_say_when(void **state)
{
	(void)state;
	assert_int_equal(http_retry_after("120", 0), 120);
	assert_int_equal(http_retry_after("Fri, 20 Nov 2026 10:00:10 GMT", 1795168800), 10);
	assert_int_equal(http_retry_after("Fri, 20 Nov 2026 10:00:10 GMT", 1795168900), 0);
	assert_int_equal(http_retry_after("soon", 0), -1);
	assert_int_equal(http_retry_after("-1", 0), -1);
	assert_int_equal(http_retry_after("", 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_resolved),
		cmocka_unit_test(origins_are_compared),
		cmocka_unit_test(parameters_are_set),
		cmocka_unit_test(links_lead_on),
		cmocka_unit_test(servers_say_when),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
