/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/sha256.h"
#include "support/cmocka_all.h"

/* FIPS 180-4 examples. */
static void hashes_equal_the_published_ones(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *hex;
	} examples[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	for (size_t i = 0; i < 2; i++) {
		unsigned char digest[SHA256_SIZE];
		char hex[SHA256_HEX];
		sha256_of(examples[i].text, strlen(examples[i].text), digest);
		sha256_hex(digest, hex);
		assert_string_equal(hex, examples[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hashes_equal_the_published_ones)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
