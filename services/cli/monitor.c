/* SPDX-License-Identifier: Apache-2.0 */
/* penstock monitor: the service that others watch. */
#include <stddef.h>

#include "base/stop.h"
#include "cli/print_listing.h"

struct monitor_command_options {
	const char *listen;
};

static const struct opt monitor_rows[] = {
	{"listen", 0, OPT_TEXT, offsetof(struct monitor_command_options, listen), "HOST:PORT",
		"listen there, instead of at monitor.listen"},
};

static int monitor_command_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct monitor_command_options *wanted = options;
	struct monitor_options monitor;
	struct err err;
	(void)argc;
	(void)argv;
	if (!monitor_options_fill(cli, &monitor, &err))
		return cli_fail(&err);
	monitor.listen = wanted->listen;
	stop_within(STOP_SECONDS, true);
	return monitor_run(&monitor, &err) ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_monitor = {
	.name = "monitor",
	.summary = "serves a dashboard, lag and status as JSON, and metrics, over HTTP",
	.details = "/ is the dashboard; /api/lag, /api/status, /metrics, /livez, /readyz.",
	.options = {monitor_rows, sizeof(monitor_rows) / sizeof(monitor_rows[0])},
	.options_size = sizeof(struct monitor_command_options),
	.run = monitor_command_run,
};
