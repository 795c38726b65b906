/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"
#include "base/stop.h"

#include "cli/cli.h"

struct worker_arguments {
	int64_t jobs;
	const char *listen;
};

static const struct opt worker_opts[] = {
	{"jobs", 'j', OPT_INT, offsetof(struct worker_arguments, jobs), "N",
		"threads, each a consumer group member with a connection of its own (1)"},
	{"listen", 0, OPT_TEXT, offsetof(struct worker_arguments, listen), "HOST:PORT",
		"serve /metrics, /livez and /readyz there"},
};

static int run(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	const struct worker_arguments *arguments = options;
	struct err err;
	const struct config *config = cli_config(cli, &err);
	if (!config)
		return cli_fail(&err);
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets)
		return cli_fail(&err);
	if (arguments->jobs > 64) {
		err_usage(&err, "--jobs takes 1 to 64");
		return cli_fail(&err);
	}
	const struct worker_options worker = {
		.config = config,
		.datasets = datasets,
		.kafka = cli_kafka(cli, "penstock-worker"),
		.listen = arguments->listen,
		.jobs = arguments->jobs,
	};
	stop_within(STOP_SECONDS, true);
	return worker_run(&worker, &err) ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_worker = {
	.name = "worker",
	.summary = "loads chunks from the topics into Postgres until stopped",
	.details = "As many workers as you like, on as many machines: they share the partitions of "
		   "the\n"
		   "topics as one consumer group. SIGTERM finishes the transaction in hand, "
		   "commits the\n"
		   "offsets and leaves; a second one ends at once.\n"
		   "\n"
		   "  penstock worker --jobs 2 --listen 127.0.0.1:9441",
	.options = {worker_opts, sizeof(worker_opts) / sizeof(worker_opts[0])},
	.options_size = sizeof(struct worker_arguments),
	.run = run,
};
