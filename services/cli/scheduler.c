/* SPDX-License-Identifier: Apache-2.0 */
/* penstock scheduler: the service. */
#include "scheduler/scheduler.h"
#include "base/stop.h"

#include <stddef.h>

#include "cli/cli.h"

struct service_options {
	const char *listen;
};

static const struct opt rows[] = {
	{"listen", 0, OPT_TEXT, offsetof(struct service_options, listen), "HOST:PORT",
		"serve /metrics, /livez and /readyz there"},
};

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct service_options *wanted = options;
	struct err err;
	(void)argc;
	(void)argv;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	const struct scheduler_options service = {.config = config, .listen = wanted->listen};
	stop_within(STOP_SECONDS, true);
	return scheduler_run(&service, &err) ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_scheduler = {
	.name = "scheduler",
	.arguments = "",
	.summary = "recalculates models by schedule and after loads",
	.details = "Any number may run: one leads, the others stand by and take over.",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct service_options),
	.run = run,
};
