/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "producer/known.h"
#include "support/cmocka_all.h"

static void name(char *ret_sha256, uint64_t i)
{
	/* Spread over the hash's digits, as real ones are. */
	uint64_t mixed = i * UINT64_C(0x9E3779B97F4A7C15);
	snprintf(ret_sha256, 65, "%016" PRIx64 "%016" PRIx64 "%032" PRIx64, mixed, ~mixed, i);
}

static void what_was_added_is_known_and_nothing_else(void **state)
{
	(void)state;
	struct known known = {0};
	char sha256[65];
	name(sha256, 0);
	assert_false(known_has(&known, sha256, 0));
	for (uint64_t i = 1; i <= 5000; i++) {
		name(sha256, i);
		known_add(&known, sha256, (int64_t)(i % 3));
		known_add(&known, sha256, (int64_t)(i % 3));
	}
	assert_int_equal(known.count, 5000);
	for (uint64_t i = 1; i <= 10000; i++) {
		name(sha256, i);
		assert_int_equal(known_has(&known, sha256, (int64_t)(i % 3)), i <= 5000);
		assert_false(known_has(&known, sha256, 3));
	}
	known_clear(&known);
	assert_false(known_has(&known, sha256, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_known_and_nothing_else)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
