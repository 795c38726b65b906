/* SPDX-License-Identifier: Apache-2.0 */
/* --help, from the tables, to stdout. */
#ifndef PENSTOCK_CLI_HELP_H
#define PENSTOCK_CLI_HELP_H

#include "cli/cli.h"

extern const char help_summary[]; /* what penstock is, one line */

void help_program(const struct command_table *commands);
void help_command(const struct command *command);
/* The two-word commands that begin with `first` (n bytes); returns how many there are. */
size_t help_group(const struct command_table *commands, const char *first, size_t n);

#endif
