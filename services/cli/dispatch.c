/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From argv to a command's run(): global options, the command's name (one word or two), its own
 * options and how many arguments it takes.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/help.h"

static const struct opt global_rows[] = {
	{"folder", 'C', OPT_TEXT, offsetof(struct cli_options, folder), "DIR",
		"work in DIR, as if started there"},
	{"config", 'c', OPT_TEXT, offsetof(struct cli_options, config), "FILE",
		"configuration, instead of penstock.yml"},
	{"env-file", 0, OPT_TEXT, offsetof(struct cli_options, env_file), "FILE",
		"variables, instead of .env beside the configuration"},
	{"kafka", 'X', OPT_LIST, offsetof(struct cli_options, kafka), "NAME=VALUE",
		"a librdkafka property; goes before the file's"},
	{"verbose", 'v', OPT_COUNT, offsetof(struct cli_options, verbose), NULL,
		"log what is done in detail; -vv: and every SQL statement"},
	{"quiet", 'q', OPT_FLAG, offsetof(struct cli_options, quiet), NULL,
		"log warnings and errors only"},
	{"log", 0, OPT_TEXT, offsetof(struct cli_options, log), "FORMAT",
		"logfmt (the default) or json"},
	{"help", 'h', OPT_FLAG, offsetof(struct cli_options, help), NULL,
		"this text; after a command: its own"},
	{"version", 'V', OPT_FLAG, offsetof(struct cli_options, version), NULL, "the version"},
};

const struct opt_table cli_global_options = {
	global_rows, sizeof(global_rows) / sizeof(global_rows[0])};

/* Where the named command's arguments begin, in *ret_next; NULL: no such command. */
static const struct command *find_command(
	const struct command_table *commands, int argc, char **argv, int at, int *ret_next)
{
	const struct command *one_word = NULL;
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = commands->rows[i];
		const char *space = strchr(command->name, ' ');
		if (!space && strcmp(command->name, argv[at]) == 0)
			one_word = command;
		size_t n = space ? (size_t)(space - command->name) : 0;
		if (space && at + 1 < argc && strlen(argv[at]) == n &&
			memcmp(command->name, argv[at], n) == 0 &&
			strcmp(space + 1, argv[at + 1]) == 0) {
			*ret_next = at + 2;
			return command;
		}
	}
	*ret_next = at + 1;
	return one_word;
}

/* Whether any command's name begins with these n bytes and a space. */
static bool is_group(const struct command_table *commands, const char *first, size_t n)
{
	for (size_t i = 0; i < commands->count; i++)
		if (strncmp(commands->rows[i]->name, first, n) == 0 &&
			commands->rows[i]->name[n] == ' ')
			return true;
	return false;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_help(int argc, char **argv, int at)
{
	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		if (is_help(argv[at]))
			return true;
	return false;
}

static bool unknown_command(
	const struct command_table *commands, const char *written, struct err *err)
{
	struct nearest nearest;
	nearest_begin(&nearest, written);
	for (size_t i = 0; i < commands->count; i++)
		nearest_try(&nearest, commands->rows[i]->name);
	if (nearest.best)
		return err_usage(
			err, "unknown command '%s'; did you mean '%s'?", written, nearest.best);
	return err_usage(err, "unknown command '%s'; penstock --help lists the commands", written);
}

/* The first word of a two-word command alone, or with a second one that is not known. */
static int run_group(const struct command_table *commands, int argc, char **argv, int at)
{
	size_t n = strlen(argv[at]);
	if (at + 1 == argc || is_help(argv[at + 1])) {
		help_group(commands, argv[at], n);
		return at + 1 == argc ? EXIT_USAGE : EXIT_GOOD;
	}
	struct err err;
	char written[2 * NEAREST_MAX_LENGTH];
	snprintf(written, sizeof(written), "%s %s", argv[at], argv[at + 1]);
	unknown_command(commands, written, &err);
	return cli_fail(&err);
}

static bool check_arguments(const struct command *command, int count, struct err *err)
{
	if (count < command->min_arguments)
		return err_usage(err, "%s needs %s; penstock %s --help tells more", command->name,
			command->arguments, command->name);
	if (command->max_arguments < 0 || count <= command->max_arguments)
		return true;
	if (command->max_arguments == 0)
		return err_usage(err, "%s takes no arguments", command->name);
	return err_usage(err, "%s takes %d argument%s at most, not %d", command->name,
		command->max_arguments, command->max_arguments == 1 ? "" : "s", count);
}

/* Results that could not be written are a failure, whatever the command thought. */
static int finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	struct err err;
	err_fail_errno(&err, ERR_FATAL, "writing to stdout");
	return cli_fail(&err);
}

static int run_command(
	struct cli *cli, const struct command *command, int argc, char **argv, int at)
{
	struct err err;
	if (cli->options.help || asks_for_help(argc, argv, at)) {
		help_command(command);
		return EXIT_GOOD;
	}
	void *options = calloc(1, command->options_size ? command->options_size : 1);
	if (!options)
		BUG("out of memory: options of %s", command->name);
	int words = 0;
	int next = 0;
	int code = EXIT_USAGE;
	if (!opts_parse(&command->options, options, false, argc, argv, at, &words, &next, &err) ||
		!check_arguments(command, words, &err)) {
		code = cli_fail(&err);
	} else {
		stop_install();
		stop_within(STOP_SECONDS, false);
		code = command->run(cli, options, words, argv + next);
	}
	free(options);
	return code;
}

static bool setup_log(const struct cli_options *options, const char *service, struct err *err)
{
	enum log_format format = LOG_LOGFMT;
	if (options->log && strcmp(options->log, "json") == 0)
		format = LOG_JSON;
	else if (options->log && strcmp(options->log, "logfmt") != 0)
		return err_usage(err, "--log takes logfmt or json, not '%s'", options->log);
	if (options->quiet && options->verbose)
		return err_usage(err, "-q and -v exclude each other");
	enum log_level level = options->verbose > 1 ? LOG_TRACE
			       : options->verbose   ? LOG_DEBUG
			       : options->quiet	    ? LOG_WARN
						    : LOG_INFO;
	log_setup(level, format, service);
	return true;
}

/* Files named by later options and arguments are found from there, as with git -C. */
static bool enter_folder(struct cli_options *options, char **ret_absolute, struct err *err)
{
	if (!options->folder)
		return true;
	char *absolute = realpath(options->folder, NULL);
	if (!absolute || chdir(absolute) != 0) {
		err_fail_errno(err, ERR_FATAL, "-C %s", options->folder);
		err->from = ERR_FROM_USAGE;
		free(absolute);
		return false;
	}
	options->folder = absolute;
	*ret_absolute = absolute;
	return true;
}

static int find_and_run(struct cli *cli, int argc, char **argv, int at)
{
	struct err err;
	int next = at;
	const struct command *command = find_command(cli->commands, argc, argv, at, &next);
	if (!command && is_group(cli->commands, argv[at], strlen(argv[at])))
		return run_group(cli->commands, argc, argv, at);
	if (!command) {
		unknown_command(cli->commands, argv[at], &err);
		return cli_fail(&err);
	}
	char *folder = NULL;
	int code = EXIT_USAGE;
	if (!setup_log(&cli->options, command->name, &err) ||
		!enter_folder(&cli->options, &folder, &err))
		code = cli_fail(&err);
	else
		code = run_command(cli, command, argc, argv, next);
	free(folder);
	return code;
}

int cli_main(const struct command_table *commands, int argc, char **argv)
{
	struct cli cli = {.commands = commands};
	struct err err;
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	cli.program = n > 0 ? program : argv[0];
	int words = 0;
	int at = 1;
	if (!opts_parse(&cli_global_options, &cli.options, true, argc, argv, 1, &words, &at, &err))
		return cli_fail(&err);
	if (cli.options.version) {
		printf("penstock " PENSTOCK_VERSION "\n");
		return finish(EXIT_GOOD);
	}
	if (cli.options.help && !words) {
		help_program(commands);
		return finish(EXIT_GOOD);
	}
	if (!words) {
		err_usage(&err, "which command? penstock --help lists them");
		return cli_fail(&err);
	}
	int code = finish(find_and_run(&cli, argc, argv, at));
	if (cli.release)
		cli.release(&cli);
	return code;
}
