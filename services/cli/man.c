/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page penstock(1), in troff's man macros, from the tables. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/help.h"

/* Text for troff: hyphens stay hyphens, no line begins with a request. */
static void put(const char *text)
{
	bool line_start = true;
	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
		line_start = *text == '\n';
	}
}

static void put_options(const struct opt_table *options)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct opt *opt = &options->rows[i];
		fputs(".TP\n", stdout);
		if (opt->letter)
			printf("\\fB\\-%c\\fR, ", opt->letter);
		fputs("\\fB\\-\\-", stdout);
		put(opt->name);
		fputs("\\fR", stdout);
		if (opt->argument) {
			fputs(" \\fI", stdout);
			put(opt->argument);
			fputs("\\fR", stdout);
		}
		putchar('\n');
		put(opt->help);
		putchar('\n');
	}
}

static void put_command(const struct command *command)
{
	fputs(".SS \"", stdout);
	put(command->name);
	if (command->arguments) {
		putchar(' ');
		put(command->arguments);
	}
	fputs("\"\n", stdout);
	put(command->summary);
	fputs(".\n", stdout);
	put_options(&command->options);
	if (command->details) {
		fputs(".PP\n.nf\n", stdout);
		put(command->details);
		fputs("\n.fi\n", stdout);
	}
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)options;
	(void)argc;
	(void)argv;
	fputs(".TH PENSTOCK 1 \"\" \"penstock " PENSTOCK_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\npenstock \\- ",
		stdout);
	put(help_summary);
	fputs("\n.SH SYNOPSIS\n.B penstock\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR "
	      "[\\fIARGUMENT\\fR...]\n.SH OPTIONS\nThese go before the command.\n",
		stdout);
	put_options(&cli_global_options);
	fputs(".SH COMMANDS\n", stdout);
	for (size_t i = 0; i < cli->commands->count; i++)
		put_command(cli->commands->rows[i]);
	fputs(".SH FILES\n.TP\n.I penstock.yml\nthe configuration, in the working folder\n"
	      ".TP\n.I .env\nvariables for it, beside it\n"
	      ".SH \"EXIT STATUS\"\n0 good; 1 failed; 2 usage or configuration; 3 done, but with "
	      "rejects or failed checks; 130 or 143 ended by a signal.\n",
		stdout);
	return EXIT_GOOD;
}

const struct command command_man = {
	.name = "man",
	.summary = "the manual page, as troff: penstock man | man -l -",
	.run = run,
};
