/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell completion, written from the tables: one line a command, with its options. The scripts
 * share that list and differ in how the shell asks.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static void print_options(const struct opt_table *options)
{
	for (size_t i = 0; i < options->count; i++)
		printf(" --%s", options->rows[i].name);
}

/* First words, each once: two-word commands of one group stand together in the table. */
static void print_first_words(const struct command_table *commands)
{
	const char *previous = "";
	for (size_t i = 0; i < commands->count; i++) {
		const char *name = commands->rows[i]->name;
		size_t n = strcspn(name, " ");
		if (strncmp(previous, name, n) != 0 || previous[n] != ' ')
			printf(" %.*s", (int)n, name);
		previous = name;
	}
}

/* A shell function that sets `choices` to what fits after the command words so far. */
static void print_choices(const struct command_table *commands)
{
	printf("_penstock_choices() {\n\tcase \"$1\" in\n");
	for (size_t i = 0; i < commands->count; i++) {
		const struct command *command = commands->rows[i];
		const char *space = strchr(command->name, ' ');
		printf("\t\"%s\") choices=\"--help", command->name);
		print_options(&command->options);
		printf("\" ;;\n");
		if (!space || (i > 0 && strncmp(commands->rows[i - 1]->name, command->name,
						(size_t)(space - command->name) + 1) == 0))
			continue;
		size_t n = (size_t)(space - command->name) + 1;
		printf("\t\"%.*s\") choices=\"", (int)n - 1, command->name);
		for (size_t j = i; j < commands->count; j++)
			if (strncmp(commands->rows[j]->name, command->name, n) == 0)
				printf("%s ", commands->rows[j]->name + n);
		printf("\" ;;\n");
	}
	printf("\t*) choices=\"");
	print_options(&cli_global_options);
	print_first_words(commands);
	printf("\" ;;\n\tesac\n}\n");
}

/* Global options that take a value, so that the value is not taken for the command. */
static void print_command_words(void)
{
	printf("_penstock_command() {\n"
	       "\tcommand=\n"
	       "\tlocal word skip=\n"
	       "\tfor word in \"$@\"; do\n"
	       "\t\tif [ -n \"$skip\" ]; then skip=; continue; fi\n"
	       "\t\tcase \"$word\" in\n\t\t");
	const char *between = "";
	for (size_t i = 0; i < cli_global_options.count; i++) {
		const struct opt *opt = &cli_global_options.rows[i];
		if (!opt->argument)
			continue;
		printf("%s--%s", between, opt->name);
		between = "|";
		if (opt->letter)
			printf("|-%c", opt->letter);
	}
	printf(") [ -n \"$command\" ] || skip=1 ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*)\n"
	       "\t\t\tlocal choices=\n"
	       "\t\t\tif [ -z \"$command\" ]; then command=$word; continue; fi\n"
	       "\t\t\t_penstock_choices \"$command\"\n"
	       "\t\t\tcase \" $choices\" in *\" $word \"*) command=\"$command $word\" ;; esac\n"
	       "\t\t\treturn ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "}\n");
}

static void print_bash(const struct command_table *commands)
{
	print_choices(commands);
	print_command_words();
	printf("_penstock() {\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} command choices\n"
	       "\t_penstock_command \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
	       "\t_penstock_choices \"$command\"\n"
	       "\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
	       "}\n"
	       "complete -o default -F _penstock penstock\n");
}

static void print_zsh(const struct command_table *commands)
{
	printf("#compdef penstock\n");
	print_choices(commands);
	print_command_words();
	printf("_penstock() {\n"
	       "\tlocal command choices\n"
	       "\t_penstock_command \"${(@)words[2,CURRENT-1]}\"\n"
	       "\t_penstock_choices \"$command\"\n"
	       "\tcompadd -- ${=choices}\n"
	       "\t_files\n"
	       "}\n"
	       "if [ \"$funcstack[1]\" = _penstock ]; then _penstock \"$@\"; "
	       "else compdef _penstock penstock; fi\n");
}

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)options;
	(void)argc;
	if (strcmp(argv[0], "bash") == 0) {
		print_bash(cli->commands);
		return EXIT_GOOD;
	}
	if (strcmp(argv[0], "zsh") == 0) {
		print_zsh(cli->commands);
		return EXIT_GOOD;
	}
	struct err err;
	err_usage(&err, "completion is for bash or zsh, not '%s'", argv[0]);
	return cli_fail(&err);
}

const struct command command_completion = {
	.name = "completion",
	.arguments = "bash|zsh",
	.summary = "a script that completes penstock's commands and options in the shell",
	.details = "bash: penstock completion bash "
		   ">~/.local/share/bash-completion/completions/penstock\n"
		   "zsh:  penstock completion zsh >~/.zfunc/_penstock   (a folder of $fpath)",
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
