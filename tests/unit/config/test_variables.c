/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/variables.h"
#include "support/cmocka_all.h"

static char folder[] = "/tmp/penstock-variables-XXXXXX";
static struct arena arena;
static struct variables variables;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)64 << 20);
	variables = (struct variables){.arena = &arena, .folder = folder};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static const char *write_file(const char *name, const char *text)
{
	struct err err;
	const char *path = file_join(&arena, folder, name);
	assert_ok(file_replace(path, text, strlen(text), &err));
	return path;
}

static void expands(const char *text, const char *expected)
{
	struct err err;
	const char *got = NULL;
	assert_ok(variables_expand(&variables, text, &got, &err));
	assert_string_equal(got, expected);
}

static void refused(const char *text, const char *part)
{
	struct err err;
	const char *got = NULL;
	assert_err(variables_expand(&variables, text, &got, &err), ERR_FATAL, part);
	assert_null(got);
}

static void references_become_values(void **state)
{
	(void)state;
	setenv("PENSTOCK_T_A", "alpha", 1);
	setenv("PENSTOCK_T_EMPTY", "", 1);
	setenv("PENSTOCK_T_TRICK", "${PENSTOCK_T_A}", 1);
	unsetenv("PENSTOCK_T_NONE");
	write_file("secret", "s3cret\n");
	expands("plain $5 $ {x}", "plain $5 $ {x}");
	expands("<${PENSTOCK_T_A}>${PENSTOCK_T_A}", "<alpha>alpha");
	expands("${PENSTOCK_T_NONE:-x:-y}", "x:-y");
	expands("${PENSTOCK_T_EMPTY:-d}", "d");
	expands("${PENSTOCK_T_EMPTY}", "");
	expands("${PENSTOCK_T_NONE:-}", "");
	expands("${PENSTOCK_T_NONE:-${PENSTOCK_T_A}}!", "alpha!");
	expands("${PENSTOCK_T_TRICK}", "${PENSTOCK_T_A}");
	expands("$${PENSTOCK_T_A}", "${PENSTOCK_T_A}");
	expands("${file:secret}", "s3cret");
}

static void mistakes_are_told(void **state)
{
	(void)state;
	refused("${PENSTOCK_T_NONE}", "PENSTOCK_T_NONE is not set");
	refused("a ${PENSTOCK_T_A", "without its '}'");
	refused("${}", "is none of");
	refused("${1A}", "is none of");
	refused("${A-b}", "is none of");
	refused("${file:nothere}", "nothere");
	refused("${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-x}}}}}}}}}}", "too deeply");
}

static void env_files_are_read(void **state)
{
	(void)state;
	struct err err;
	const char *path =
		write_file("env", "# words\n\nA=one\r\nexport B = two words # not this\n"
				  "C='$A #x'\nD=\"q\\\"\\n\\$\" # y\nE=\nF=a#b\nA=last\n");
	assert_ok(variables_read(&variables, path, &err));
	assert_string_equal(variables_get(&variables, "A"), "last");
	assert_string_equal(variables_get(&variables, "B"), "two words");
	assert_string_equal(variables_get(&variables, "C"), "$A #x");
	assert_string_equal(variables_get(&variables, "D"), "q\"\n$");
	assert_string_equal(variables_get(&variables, "E"), "");
	assert_string_equal(variables_get(&variables, "F"), "a#b");
	setenv("PENSTOCK_T_A", "environment", 1);
	assert_ok(variables_read(&variables, write_file("env", "PENSTOCK_T_A=file"), &err));
	assert_string_equal(variables_get(&variables, "PENSTOCK_T_A"), "environment");
}

static void env_file_mistakes_name_the_line(void **state)
{
	(void)state;
	struct err err;
	static const char *const bad[] = {
		"A=1\nB", "A=1\nB 2=3", "A=1\n=x", "A=1\nB='x", "A=1\n9=x", "A=1\nB=\"x\"y"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(variables_read(&variables, write_file("env", bad[i]), &err), ERR_FATAL,
			"env:2: expected NAME=VALUE");
	assert_err(variables_read(&variables, "/does/not/exist", &err), ERR_FATAL, "/does/not");
	assert_int_equal(err.from, ERR_FROM_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(references_become_values, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(env_files_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(env_file_mistakes_name_the_line, setup, teardown),
	};
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char path[128];
	snprintf(path, sizeof(path), "%s/env", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/secret", folder);
	unlink(path);
	rmdir(folder);
	return failed;
}
