/* SPDX-License-Identifier: Apache-2.0 */
/* penstock cancel: ends a batch run, on whichever machine it is. */
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "scheduler/scheduler.h"

static int cancel_run(struct cli *cli, const void *options, int argc, char **argv)
{
	int64_t wanted = 0;
	int64_t run_id = 0;
	struct err err;
	(void)options;
	if (argc && (!text_int64(argv[0], &wanted) || wanted < 1)) {
		err_usage(&err, "'%s' is no run's number: see penstock status", argv[0]);
		return cli_fail(&err);
	}
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	if (!cancel_once(config, wanted, &run_id, &err))
		return cli_exit_code(cli_fail(&err));
	printf("run %lld is cancelled: nothing of it was published\n", (long long)run_id);
	return EXIT_GOOD;
}

const struct command command_cancel = {
	.name = "cancel",
	.arguments = "[RUN]",
	.summary = "ends a batch run, on whichever machine it is",
	.details =
		"RUN is its number, as status shows it; without, the run under way. Waits until\n"
		"it has ended; what it did is rolled back, old results stay.",
	.max_arguments = 1,
	.run = cancel_run,
};
