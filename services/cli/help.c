/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

const char help_summary[] =
	"files in, Kafka through, Postgres out: each row lands once, whatever crashes";

static void print_row(const struct command *command)
{
	printf("  %-16s %s\n", command->name, command->summary);
}

void help_program(const struct command_table *commands)
{
	printf("Usage: penstock [OPTION...] COMMAND [ARGUMENT...]\n\n%s\n\nCommands:\n",
		help_summary);
	for (size_t i = 0; i < commands->count; i++)
		print_row(commands->rows[i]);
	printf("\nOptions:\n");
	opts_print(&cli_global_options);
	printf("\npenstock COMMAND --help tells more about a command.\n"
	       "Exit codes: 0 good, 1 failed, 2 usage or configuration, 3 done but with rejects or "
	       "failed checks.\n");
}

void help_command(const struct command *command)
{
	bool arguments = command->arguments && command->arguments[0];
	printf("Usage: penstock [OPTION...] %s%s%s%s\n\n%s\n", command->name,
		command->options.count ? " [OPTION...]" : "", arguments ? " " : "",
		arguments ? command->arguments : "", command->summary);
	if (command->options.count) {
		printf("\nOptions:\n");
		opts_print(&command->options);
	}
	if (command->details)
		printf("\n%s\n", command->details);
	printf("\npenstock --help lists the options that go before the command.\n");
}

size_t help_group(const struct command_table *commands, const char *first, size_t n)
{
	size_t found = 0;
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = commands->rows[i];
		if (strncmp(command->name, first, n) != 0 || command->name[n] != ' ')
			continue;
		if (!found++)
			printf("Usage: penstock [OPTION...] %.*s COMMAND\n\nCommands:\n", (int)n,
				first);
		print_row(command);
	}
	return found;
}
