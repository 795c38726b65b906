/* SPDX-License-Identifier: Apache-2.0 */
/* A listing of the monitor on stdout: an aligned table, or a JSON array. */
#ifndef PENSTOCK_CLI_PRINT_LISTING_H
#define PENSTOCK_CLI_PRINT_LISTING_H

#include <stdbool.h>

#include "cli/cli.h"
#include "monitor/monitor.h"

/* In a table, text is one line of at most 100 bytes; in JSON it is whole. */
void print_listing(const struct listing *listing, bool json);

/* What the monitor's functions are asked with; false when the configuration is bad. */
MUST_CHECK bool monitor_options_fill(
	struct cli *cli, struct monitor_options *ret_options, struct err *err);

#endif
