/* SPDX-License-Identifier: Apache-2.0 */
/* `sources`: what is accepted, what is refused, and what is never shown. */
#include "scratch.h"

#include "config/secrets.h"

#define SOURCE(more)                                                                               \
	"datasets:\n"                                                                              \
	"  orders: {schema: a.avsc, files: [a*.json], table: raw.a, key: [id], json: {records: "   \
	"data.items}}\n"                                                                           \
	"  last: {schema: a.avsc, files: [b*.csv], table: raw.b, key: [id], keep: latest_file}\n"  \
	"sources:\n  api:\n    url: https://api.example.org/v1/orders.json\n    " more "\n"

static void refused(const char *text, const char *part)
{
	struct config config;
	struct err err;
	if (scratch_load(text, &config, &err))
		fail_msg("loaded, but should fail with '%s':\n%s", part, text);
	assert_int_equal(err_exit_code(&err), 2);
	if (!strstr(err.message, part))
		fail_msg("message '%s' lacks '%s'", err.message, part);
}

static struct config loaded(const char *text)
{
	struct config config;
	struct err err;
	assert_ok(scratch_load(text, &config, &err));
	return config;
}

static void a_url_is_enough(void **state)
{
	(void)state;
	struct config config = loaded(SOURCE(""));
	const struct remote *api = config_find_source(&config, "api");
	assert_string_equal(api->file_name, "api-{time}.json");
	assert_string_equal(api->dataset, "");
	assert_int_equal(api->every_ms, 0);
	assert_int_equal(api->max_bytes, INT64_C(1) << 30);
	assert_true(api->conditional);
	assert_int_equal(api->paging.by, PAGING_NONE);
	assert_null(config_find_source(&config, "ap"));
	config_release(&config);
}

static void names_follow_the_url(void **state)
{
	(void)state;
	static const char *const urls[][2] = {{"https://h/x/orders.csv.gz?key=1.2", ".csv.gz"},
		{"https://h.example.org", ""}, {"https://h/x", ""}, {"http://h/a.b/c", ""}};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		char text[200];
		char name[100];
		snprintf(text, sizeof(text), "sources: {s: {url: '%s'}}\n", urls[i][0]);
		snprintf(name, sizeof(name), "s-{time}%s", urls[i][1]);
		struct config config = loaded(text);
		assert_string_equal(config.sources[0].file_name, name);
		config_release(&config);
	}
}

static void paging_has_defaults_by_kind(void **state)
{
	(void)state;
	struct config config = loaded(SOURCE("dataset: orders\n    paging: {by: page}"));
	assert_string_equal(config.sources[0].paging.parameter, "page");
	assert_int_equal(config.sources[0].paging.start, 1);
	assert_string_equal(config.sources[0].paging.records, "data.items");
	assert_int_equal(config.sources[0].paging.max_pages, 1000);
	config_release(&config);
	config = loaded(SOURCE("paging: {by: offset, parameter: skip, size: 50, records: items}"));
	assert_string_equal(config.sources[0].paging.parameter, "skip");
	assert_int_equal(config.sources[0].paging.start, 0);
	assert_string_equal(config.sources[0].paging.records, "items");
	config_release(&config);
	config = loaded(SOURCE("paging: {by: cursor, cursor: meta.next}"));
	assert_string_equal(config.sources[0].paging.parameter, "");
	config_release(&config);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	refused("sources: {a: {url: ftp://h/x}}\n",
		"penstock.yml:1: sources.a.url: expected a URL");
	refused("sources: {a: {url: 'https:///x'}}\n", "expected a URL");
	refused("sources: {a: {url: 'https://h/a b'}}\n", "expected a URL");
	refused("sources: {A: {url: https://h}}\n", "a source's name is");
	refused(SOURCE("name: orders.json"), "expected a file name with {time}");
	refused(SOURCE("name: '{time}/x'"), "expected a file name with {time}");
	refused(SOURCE("name: '.{time}'"), "passed over in the inbox");
	refused(SOURCE("name: '{time}.part'"), "passed over in the inbox");
	refused(SOURCE("every: 1h\n    cron: '@daily'"), "goes without cron");
	refused(SOURCE("cron: '61 * * * *'"), "is no minute");
	refused(SOURCE("body: {a: 1}"), "means nothing without method: POST");
	refused(SOURCE("method: post"), "expected GET or POST, not 'post'");
	refused(SOURCE("method: POST\n    body: [a]"), "expected a map, which is sent as JSON");
	refused(SOURCE("method: POST\n    conditional: false"), "without a GET that comes whole");
	refused(SOURCE("method: POST\n    paging: {by: page}\n    body: text"),
		"api.body: expected a map, or the text of a JSON object");
	refused(SOURCE("method: POST\n    body: {}\n    paging: {by: page, parameter: a..b}"),
		"api.paging.parameter: expected member names joined by dots, not 'a..b'");
	refused(SOURCE("rate: 5"), "expected a count a second");
	refused(SOURCE("rate: 0/s"), "expected a count a second");
	refused(SOURCE("rate: 5/w"), "expected a count a second");
	refused(SOURCE("headers: {'X Y': 1}"), "expected a header's name");
	refused(SOURCE("headers: {X: \"a\\r\\nY: b\"}"), "expected a header's name");
	refused(SOURCE("headers: {If-None-Match: x}"), "penstock's own business");
	refused(SOURCE("dataset: order"), "there is no dataset 'order'");
	refused(SOURCE("dataset: last\n    paging: {by: link}"), "keeps the latest file only");
	refused(SOURCE("paging: {by: offset}"), "by how much the offset grows");
	refused(SOURCE("paging: {by: link, size_parameter: n}"), "parameter 'n'");
	refused(SOURCE("paging: {by: cursor}"), "paging.cursor: missing");
	refused(SOURCE("paging: {by: link, parameter: p}"), "means nothing without paging.by");
	refused(SOURCE("paging: {by: link, records: a..b}"), "names joined by dots");
	refused(SOURCE("paging: {by: link}\n    conditional: true"), "means nothing without");
}

static void rates_become_distances(void **state)
{
	(void)state;
	struct config config = loaded(SOURCE("rate: 5/s"));
	assert_int_equal(config.sources[0].between_us, 200000);
	config_release(&config);
	config = loaded(SOURCE("rate: 100/m"));
	assert_int_equal(config.sources[0].between_us, 600000);
	config_release(&config);
}

static void secrets_are_never_shown(void **state)
{
	(void)state;
	setenv("THE_KEY", "s3cr3t-in-a-variable", 1);
	static const char text[] =
		"sources:\n  api:\n    url: https://user:pass-w0rd@h/${THE_KEY}/x?page_token=abcdef"
		"&n=1\n    headers: {X-Plain: shown, X-Api-Key: writt3n, X-Other: '${THE_KEY}',\n"
		"      Authorization: 'Bearer ${THE_KEY}'}\n";
	struct config config = loaded(text);
	const struct remote *api = &config.sources[0];
	struct buf out;
	buf_init(&out, 1 << 20);
	config_print(&config, &out);
	config_print_json(&config, &out);
	static const char *const secrets[] = {
		"s3cr3t-in-a-variable", "pass-w0rd", "abcdef", "writt3n"};
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		assert_null(strstr(buf_text(&out), secrets[i]));
		bool kept = false;
		for (size_t j = 0; j < api->secrets.count; j++)
			kept = kept || strstr(api->secrets.items[j], secrets[i]);
		assert_true(kept);
	}
	assert_non_null(strstr(buf_text(&out), "X-Plain: shown"));
	assert_string_equal(api->shown_url, "https://***@h/***?page_token=***&n=1");
	/* One for the key that stands in the file; the URL's others came with a variable. */
	assert_int_equal(config.warnings.count, 1);
	assert_non_null(strstr(config.warnings.items[0], "sources.api.headers.X-Api-Key"));
	buf_release(&out);
	config_release(&config);
	unsetenv("THE_KEY");
}

static void urls_are_masked_part_by_part(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"http://h:1/a?b=c", "http://h:1/a?b=c", "http://h:1/a?b=c"},
		{"http://h:1/a?b=c", "${BASE}/a?b=c", "http://h:1/a?b=c"},
		{"http://h:1/a?b=c", "${BASE:-http://h:1/z}/a?b=${C}", "http://h:1/a?b=***"},
		{"http://h:1/a/d?b=c", "${URL}", "http://h:1/***?b=***"},
		{"http://h/a?api_key=c&d", "http://h/a?api_key=c&d", "http://h/a?api_key=***&d"},
		{"http://h/?x=1#f", "http://h/?x=1#f", "http://h/?x=1"},
		{"http://a@b@h/x", "http://a@b@h/x", "http://***@h/x"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		secret_mask_url(&out, cases[i][0], cases[i][1], NULL, NULL);
		assert_string_equal(buf_text(&out), cases[i][2]);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_enough),
		cmocka_unit_test(names_follow_the_url),
		cmocka_unit_test(paging_has_defaults_by_kind),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(rates_become_distances),
		cmocka_unit_test(secrets_are_never_shown),
		cmocka_unit_test(urls_are_masked_part_by_part),
	};
	return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
