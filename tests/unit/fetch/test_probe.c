/* SPDX-License-Identifier: Apache-2.0 */
/* What the probe finds, and that it finds the same wherever the document is cut. */
#include "fetch/probe.h"

#include "support/cmocka_all.h"

static const char *const paths[] = {"meta.next", "data.items", "more", "pages"};

/* What was found as one text: "kind:text" a path, '-' for nothing. */
static void summarize(struct probe *probe, char *to, size_t size)
{
	static const char *const kinds[] = {
		"null", "false", "true", "number", "string", "array", "object"};
	size_t n = 0;
	for (size_t i = 0; i < probe->count; i++) {
		struct probe_found *found = &probe->paths[i].found;
		if (!found->there)
			n += (size_t)snprintf(to + n, size - n, "- ");
		else
			n += (size_t)snprintf(to + n, size - n, "%s:%s%s ", kinds[found->kind],
				buf_text(&found->text), found->has_elements ? "some" : "");
	}
	to[n - 1] = '\0';
}

static bool feed(struct probe *probe, const char *text, size_t len, size_t cut)
{
	struct err err;
	probe_clear(probe);
	return probe_feed(probe, text, cut, &err) &&
	       probe_feed(probe, text + cut, len - cut, &err) && probe_end(probe, &err);
}

static void finds(const char *text, const char *expected)
{
	struct probe probe;
	char found[256];
	probe_init(&probe, paths, 4);
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		if (!feed(&probe, text, strlen(text), cut))
			fail_msg("refused, cut at %zu: %s", cut, text);
		summarize(&probe, found, sizeof(found));
		assert_string_equal(found, expected);
	}
	probe_release(&probe);
}

static void what_stands_at_paths(void **state)
{
	(void)state;
	finds("{}", "- - - -");
	finds("{\"meta\":{\"next\":\"a\\u00e9\\\"b\"}, \"data\": {\"items\": [ ]},\"more\": "
	      "true ,\"pages\":12}",
		"string:a\xc3\xa9\"b array: true: number:12");
	finds("{\"data\":{\"items\":[{\"more\":1,\"data\":{\"items\":[]}}]},\"meta\":null}",
		"- array:some - -");
	/* Only the outermost objects count; arrays are not gone into. */
	finds("[{\"more\":true}]", "- - - -");
	finds("{\"x\":{\"more\":true},\"meta\":[{\"next\":1}],\"more\":[[]]}", "- - array:some -");
	finds("{\"meta\":{\"x\":{\"next\":1}},\"next\":2,\"data\":{}}", "- - - -");
	finds("{\"m\\u006fre\":false,\"more\":null}", "- - null: -");
	finds("{\"more\":{\"more\":1},\"pages\":-1.5e3}", "- - object: number:-1.5e3");
	finds(" 12 ", "- - - -");
	/* What another object has at the same depth is not meant. */
	finds("{\"meta\":{\"next\":null},\"links\":{\"next\":1}}", "null: - - -");
	finds("{\"meta\":{\"next\":{}, \"x\":[]},\"meta\":{\"next\":false}}", "false: - - -");
}

static void assert_found(const char *path, const char *text, const char *expected)
{
	struct probe probe;
	const char *const twice[] = {path, path};
	char found[256];
	char both[256];
	probe_init(&probe, twice, 2);
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		assert_true(feed(&probe, text, strlen(text), cut));
		summarize(&probe, found, sizeof(found));
		snprintf(both, sizeof(both), "%s %s", expected, expected);
		assert_string_equal(found, both);
	}
	probe_release(&probe);
}

/* As the paths of fields: elements are counted, dots in names escaped. */
static void elements_and_escaped_names(void **state)
{
	(void)state;
	assert_found(
		"links.1.href", "{\"links\":[{\"href\":1},{\"href\":2},{\"href\":3}]}", "number:2");
	assert_found("links.2.href", "{\"links\":[{\"href\":1},{\"href\":2}]}", "-");
	assert_found("a.1.0", "{\"a\":[[5],[6,7],[8],9]}", "number:6");
	assert_found("a.0.0", "{\"a\":[[],[6]]}", "-");
	assert_found("a.1", "{\"a\":[[1,2],[3],5]}", "array:some");
	assert_found("0.next", "[{\"x\":[2],\"next\":\"n\"},{\"next\":\"o\"}]", "string:n");
	assert_found("1", "{\"1\":true,\"0\":false}", "true:");
	assert_found("@odata\\.next\\\\", "{\"@odata\":{\"next\\\\\":1},\"@odata.next\\\\\":\"u\"}",
		"string:u");
}

static void the_document_itself(void **state)
{
	(void)state;
	static const char *const itself[] = {""};
	static const struct {
		const char *text;
		bool elements;
	} cases[] = {{"[]", false}, {" [ [] ] ", true}, {"[1]", true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe probe;
		probe_init(&probe, itself, 1);
		assert_true(feed(&probe, cases[i].text, strlen(cases[i].text), 0));
		assert_true(probe.paths[0].found.there);
		assert_int_equal(probe.paths[0].found.kind, JSON_ARRAY);
		assert_int_equal(probe.paths[0].found.has_elements, cases[i].elements);
		probe_release(&probe);
	}
}

static void rubbish_is_refused_wherever_it_is_cut(void **state)
{
	(void)state;
	static const char *const bad[] = {"", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}",
		"{\"a\":}", "{\"a\":1,}", "{,}", "[}", "{]", "1 2", "tru", "nulll", "01", "-",
		"\"a", "\"a\\", "\"\\x\"", "\"a\nb\"", "<html>", "{a:1}", "[1 2]", "{} x", "'a'",
		"{\"more\":\"\\ud800\"}", "{\"meta\":{\"next\":\"\xff\"}}"};
	struct probe probe;
	probe_init(&probe, paths, 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t cut = 0; cut <= strlen(bad[i]); cut++)
			if (feed(&probe, bad[i], strlen(bad[i]), cut))
				fail_msg("taken, cut at %zu: %s", cut, bad[i]);
	char deep[JSON_MAX_DEPTH + 2];
	memset(deep, '[', sizeof(deep));
	assert_false(feed(&probe, deep, sizeof(deep), 3));
	assert_false(feed(&probe, "\0", 1, 0));
	probe_release(&probe);
}

static void long_texts_are_not_kept(void **state)
{
	(void)state;
	struct probe probe;
	struct err err;
	char many[10000];
	memset(many, 'x', sizeof(many));
	probe_init(&probe, paths, 4);
	static const char *const parts[] = {"{\"", "\":\"", "\",\"meta\":{\"next\":\"", "\"}}"};
	for (size_t i = 0; i < 4; i++) {
		assert_ok(probe_feed(&probe, parts[i], strlen(parts[i]), &err));
		if (i < 3)
			assert_ok(probe_feed(&probe, many, sizeof(many), &err));
	}
	assert_ok(probe_end(&probe, &err));
	assert_true(probe.paths[0].found.there);
	assert_true(probe.paths[0].found.text.overflow);
	assert_true(probe.text.capacity <= (size_t)2 * PROBE_TEXT_MAX);
	probe_release(&probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_at_paths),
		cmocka_unit_test(elements_and_escaped_names),
		cmocka_unit_test(the_document_itself),
		cmocka_unit_test(rubbish_is_refused_wherever_it_is_cut),
		cmocka_unit_test(long_texts_are_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
