/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/cli.h"
#include "support/capture.h"
#include "support/cmocka_all.h"

struct load_options {
	int64_t jobs;
	bool json;
};

static struct {
	struct load_options options;
	int argc;
	const char *first;
	const char *folder;
	size_t kafka;
} seen;

static int load_run(struct cli *cli, const void *options, int argc, char **argv)
{
	seen.options = *(const struct load_options *)options;
	seen.argc = argc;
	seen.first = argc ? argv[0] : NULL;
	seen.folder = cli->options.folder ? "given" : NULL;
	seen.kafka = cli->options.kafka.count;
	return 3;
}

static int print_run(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)cli;
	(void)options;
	(void)argc;
	(void)argv;
	return EXIT_GOOD;
}

static const struct opt load_rows[] = {
	{"jobs", 'j', OPT_INT, offsetof(struct load_options, jobs), "N", "how many threads"},
	{"json", 0, OPT_FLAG, offsetof(struct load_options, json), NULL, "as JSON"},
};
static const struct command load = {
	.name = "load",
	.arguments = "FILE...",
	.summary = "loads files",
	.details = "penstock load a.csv",
	.options = {load_rows, 2},
	.options_size = sizeof(struct load_options),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = load_run,
};
static const struct command print_one = {
	.name = "config print", .summary = "prints it", .run = print_run};
static const struct command print_two = {
	.name = "config check", .summary = "checks it", .run = print_run};
static const struct command *const rows[] = {&load, &print_one, &print_two};
static const struct command_table commands = {rows, 3};

struct result {
	int code;
	struct capture out;
	struct capture err;
};

static struct result call(int argc, char **argv)
{
	struct result result;
	memset(&seen, 0, sizeof(seen));
	capture_begin(&result.out, stdout);
	capture_begin(&result.err, stderr);
	result.code = cli_main(&commands, argc, argv);
	capture_end(&result.err);
	capture_end(&result.out);
	return result;
}

#define CALL(...)                                                                                  \
	call((int)(sizeof((char *[]){"penstock", ##__VA_ARGS__}) / sizeof(char *)),                \
		(char *[]){"penstock", ##__VA_ARGS__, NULL})

static void a_command_gets_its_options_and_arguments(void **state)
{
	(void)state;
	struct result r = CALL("-X", "acks=all", "load", "a.csv", "-j4", "--json", "b.csv");
	assert_int_equal(r.code, 3);
	assert_int_equal(seen.options.jobs, 4);
	assert_true(seen.options.json);
	assert_int_equal(seen.argc, 2);
	assert_string_equal(seen.first, "a.csv");
	assert_int_equal(seen.kafka, 1);
	assert_int_equal(CALL("-C", "/", "load", "--", "--json").code, 3);
	assert_string_equal(seen.first, "--json");
	assert_false(seen.options.json);
	assert_non_null(seen.folder);
}

static void two_words_find_a_command(void **state)
{
	(void)state;
	assert_int_equal(CALL("config", "print").code, 0);
	struct result r = CALL("config");
	assert_int_equal(r.code, 2);
	assert_non_null(strstr(r.out.text, "config check"));
	r = CALL("config", "pront");
	assert_int_equal(r.code, 2);
	assert_non_null(strstr(r.err.text, "did you mean 'config print'"));
}

static void help_is_everywhere(void **state)
{
	(void)state;
	struct result r = CALL("--help");
	assert_int_equal(r.code, 0);
	assert_non_null(strstr(r.out.text, "config check"));
	assert_non_null(strstr(r.out.text, "--env-file FILE"));
	r = CALL("load", "--help");
	assert_int_equal(r.code, 0);
	assert_non_null(strstr(r.out.text, "FILE..."));
	assert_non_null(strstr(r.out.text, "-j, --jobs N"));
	assert_non_null(strstr(r.out.text, "penstock load a.csv"));
	assert_string_equal(CALL("--help", "load").out.text, r.out.text);
	assert_int_equal(CALL("config", "--help").code, 0);
	assert_non_null(strstr(CALL("config", "print", "-h").out.text, "prints it"));
	assert_string_equal(CALL("--version").out.text, "penstock " PENSTOCK_VERSION "\n");
}

static void mistakes_are_usage_errors(void **state)
{
	(void)state;
	struct result r = CALL("laod", "x");
	assert_int_equal(r.code, 2);
	assert_string_equal(r.err.text, "penstock: unknown command 'laod'; did you mean 'load'?\n");
	assert_non_null(strstr(CALL("xyzzy").err.text, "--help lists the commands"));
	assert_int_equal(CALL().code, 2);
	assert_int_equal(CALL("load").code, 2);
	assert_int_equal(CALL("load", "a", "b", "c").code, 2);
	assert_int_equal(CALL("load", "--jobs", "many", "a").code, 2);
	assert_int_equal(CALL("config", "print", "more").code, 2);
	assert_int_equal(CALL("--log", "xml", "load", "a").code, 2);
	assert_int_equal(CALL("-q", "-v", "load", "a").code, 2);
	assert_int_equal(CALL("-C", "/does/not/exist", "load", "a").code, 2);
	assert_null(seen.first);
}

static const char *closest(const char *word)
{
	struct nearest nearest;
	nearest_begin(&nearest, word);
	nearest_try(&nearest, "delimiter");
	nearest_try(&nearest, "quote");
	nearest_try(&nearest, "skip");
	return nearest.best;
}

static void the_nearest_word_is_near(void **state)
{
	(void)state;
	assert_string_equal(closest("delimeter"), "delimiter");
	assert_string_equal(closest("qoute"), "quote");
	assert_string_equal(closest("skips"), "skip");
	assert_null(closest("header"));
	assert_null(closest(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_gets_its_options_and_arguments),
		cmocka_unit_test(two_words_find_a_command),
		cmocka_unit_test(help_is_everywhere),
		cmocka_unit_test(mistakes_are_usage_errors),
		cmocka_unit_test(the_nearest_word_is_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
