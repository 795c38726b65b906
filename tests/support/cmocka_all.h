/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with the headers it wants before it, and assertions on struct err. */
#ifndef PENSTOCK_TESTS_CMOCKA_ALL_H
#define PENSTOCK_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

/* The call succeeded; if not, its message is printed. `err` must be a struct err variable. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, err.message);                                    \
	} while (0)

/* The call failed with this class and its message contains `part`. */
#define assert_err(call, expected_class, part)                                                     \
	do {                                                                                       \
		assert_false(call);                                                                \
		assert_int_equal(err.class, expected_class);                                       \
		if (!strstr(err.message, part))                                                    \
			fail_msg("message '%s' lacks '%s'", err.message, part);                    \
	} while (0)

#endif
