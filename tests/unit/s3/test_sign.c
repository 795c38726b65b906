/* SPDX-License-Identifier: Apache-2.0 */
/* Amazon's published examples: the Signature Version 4 test suite, and S3's own. */
#include <string.h>

#include "s3/sign.h"
#include "support/cmocka_all.h"

#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define CONTENT "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

static const struct sign_key suite_key = {
	"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
static const struct sign_key s3_key = {
	"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"};

#define SUITE_HEADERS                                                                              \
	{                                                                                          \
		{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"},             \
	}
#define S3_HEADERS(...)                                                                            \
	{                                                                                          \
		{"host", "examplebucket.s3.amazonaws.com"}, __VA_ARGS__,                           \
			{"x-amz-date", "20130524T000000Z"},                                        \
	}

static const struct example {
	const struct sign_key *key;
	int64_t time_s;
	const char *method;
	const char *path; /* not escaped */
	struct s3_pair params[2];
	struct s3_pair headers[5];
	const char *sha256;
	const char *signed_names;
	const char *signature;
} examples[] = {
	{&suite_key, 1440938160, "GET", "/", {{0}}, SUITE_HEADERS, NOTHING, "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{&suite_key, 1440938160, "GET", "/", {{"Param2", "value2"}, {"Param1", "value1"}},
		SUITE_HEADERS, NOTHING, "host;x-amz-date",
		"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{&suite_key, 1440938160, "POST", "/", {{0}}, SUITE_HEADERS, NOTHING, "host;x-amz-date",
		"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{&s3_key, 1369353600, "GET", "/test.txt", {{0}},
		S3_HEADERS({"range", "bytes=0-9"}, {"x-amz-content-sha256", NOTHING}), NOTHING,
		"host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{&s3_key, 1369353600, "GET", "/", {{"lifecycle", ""}},
		S3_HEADERS({"x-amz-content-sha256", NOTHING}), NOTHING,
		"host;x-amz-content-sha256;x-amz-date",
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{&s3_key, 1369353600, "GET", "/", {{"prefix", "J"}, {"max-keys", "2"}},
		S3_HEADERS({"x-amz-content-sha256", NOTHING}), NOTHING,
		"host;x-amz-content-sha256;x-amz-date",
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	{&s3_key, 1369353600, "PUT", "/test$file.text", {{0}},
		{{"date", "Fri, 24 May 2013 00:00:00 GMT"},
			{"host", "examplebucket.s3.amazonaws.com"},
			{"x-amz-content-sha256", CONTENT}, {"x-amz-date", "20130524T000000Z"},
			{"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
		CONTENT, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
};

static size_t pairs_in(const struct s3_pair *pairs, size_t most)
{
	size_t count = 0;
	while (count < most && pairs[count].name)
		count++;
	return count;
}

static void check(const struct example *example)
{
	struct buf path;
	struct buf query;
	struct buf text;
	char expected[600];
	buf_init(&path, 1000);
	buf_init(&query, 1000);
	buf_init(&text, 1000);
	sign_escape(&path, example->path, true);
	sign_query(&query, example->params, pairs_in(example->params, 2));
	const struct sign_request request = {
		.method = example->method,
		.path = buf_text(&path),
		.query = buf_text(&query),
		.headers = example->headers,
		.header_count = pairs_in(example->headers, 5),
		.sha256 = example->sha256,
		.time_s = example->time_s,
	};
	sign_request(&text, &request, example->key);
	char date[SIGN_DATE_SIZE];
	sign_date(date, example->time_s);
	snprintf(expected, sizeof(expected),
		"AWS4-HMAC-SHA256 Credential=%s/%.8s/us-east-1/%s/aws4_request, SignedHeaders=%s, "
		"Signature=%s",
		example->key->access_key, date, example->key->service, example->signed_names,
		example->signature);
	assert_string_equal(buf_text(&text), expected);
	buf_release(&text);
	buf_release(&query);
	buf_release(&path);
}

static void signatures_equal_the_published_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		check(&examples[i]);
}

static void every_byte_but_the_plain_ones_is_escaped(void **state)
{
	(void)state;
	struct buf text;
	buf_init(&text, 1000);
	sign_escape(&text, "aZ9-._~/ +%&=\xC3\xBC\x01", true);
	assert_string_equal(buf_text(&text), "aZ9-._~/%20%2B%25%26%3D%C3%BC%01");
	buf_clear(&text);
	sign_escape(&text, "a/b", false);
	assert_string_equal(buf_text(&text), "a%2Fb");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_equal_the_published_ones),
		cmocka_unit_test(every_byte_but_the_plain_ones_is_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
