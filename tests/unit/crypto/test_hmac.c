/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/hmac.h"
#include "support/cmocka_all.h"

/* RFC 4231, test cases 2 and 6; the third, of an empty key, is Python's hmac's answer. */
static void codes_equal_the_published_ones(void **state)
{
	(void)state;
	char longer[131];
	memset(longer, 0xaa, sizeof(longer));
	const struct {
		const char *key;
		size_t key_n;
		const char *text;
		const char *hex;
	} examples[] = {
		{"Jefe", 4, "what do ya want for nothing?",
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{longer, sizeof(longer), "Test Using Larger Than Block-Size Key - Hash Key First",
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{"", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
	};
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		unsigned char digest[SHA256_SIZE];
		char hex[SHA256_HEX];
		hmac_sha256(examples[i].key, examples[i].key_n, examples[i].text,
			strlen(examples[i].text), digest);
		sha256_hex(digest, hex);
		assert_string_equal(hex, examples[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(codes_equal_the_published_ones)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
