/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "config/secrets.h"
#include "support/cmocka_all.h"

static void masks(const char *conninfo, const char *expected)
{
	struct buf out;
	buf_init(&out, 4096);
	secret_mask_conninfo(&out, conninfo);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void passwords_are_masked(void **state)
{
	(void)state;
	masks("", "");
	masks("host=a dbname=b", "host=a dbname=b");
	masks("host=a password=x y=z", "host=a password=*** y=z");
	masks("password = 'a \\' b' host=c", "password = *** host=c");
	masks("PASSWORD='unterminated", "PASSWORD=***");
	masks("password=a sslpassword=b", "password=*** sslpassword=***");
	masks("postgres://u:p@h:5432/db", "postgres://u:***@h:5432/db");
	masks("postgresql://u:p@s@h/db?sslpassword=q&x=y",
		"postgresql://u:***@h/db?sslpassword=***&x=y");
	masks("postgres://u@h:5432/db", "postgres://u@h:5432/db");
	masks("postgres://h/db?password=p&user=u", "postgres://h/db?password=***&user=u");
	masks("postgres://u:p@h/db?password=q", "postgres://u:***@h/db?password=***");
}

static void properties_are_known(void **state)
{
	(void)state;
	assert_true(secret_property("sasl.password"));
	assert_true(secret_property("ssl.key.password"));
	assert_true(secret_property("ssl.key.pem"));
	assert_true(secret_property("sasl.oauthbearer.client.secret"));
	assert_false(secret_property("sasl.username"));
	assert_false(secret_property("ssl.key.location"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_are_masked),
		cmocka_unit_test(properties_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
