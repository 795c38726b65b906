/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/dev.h"

#include "base/stop.h"
#include "cli/cli.h"

struct dev_arguments {
	int64_t workers;
};

static const struct opt dev_opts[] = {
	{"workers", 0, OPT_INT, offsetof(struct dev_arguments, workers), "N",
		"worker processes (2)"},
};

static int run_dev(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	const struct dev_arguments *arguments = options;
	struct err err;
	const struct config *config = cli_config(cli, &err);
	if (!config || !cli_datasets(cli, &err))
		return cli_fail(&err);
	const struct dev_options dev = {
		.program = cli->program,
		.config = config,
		.source = {.path = cli->options.config,
			.env_file = cli->options.env_file,
			.kafka = &cli->options.kafka},
		.workers = arguments->workers,
		.scheduler = config->models[0] || config->reports.sql[0],
	};
	stop_within(0, false); /* its services have that limit each, one after the other */
	if (!dev_run(&dev, &err))
		return cli_fail(&err);
	return EXIT_GOOD;
}

const struct command command_dev = {
	.name = "dev",
	.summary = "everything on this machine: broker, Postgres, producer, workers, scheduler, "
		   "monitor",
	.details = "Starts an embedded broker and a private Postgres under .penstock/, makes "
		   "topics and\n"
		   "tables, and runs all services until Ctrl-C. Data stay for the next time. Other "
		   "commands\n"
		   "in the same folder (lag, status, publish, run ...) find these servers by "
		   "themselves.\n"
		   "Where the port of monitor.listen is taken, the monitor gets another.\n"
		   "\n"
		   "  penstock dev\n"
		   "  penstock -C examples/world dev --workers 4",
	.options = {dev_opts, sizeof(dev_opts) / sizeof(dev_opts[0])},
	.options_size = sizeof(struct dev_arguments),
	.run = run_dev,
};

struct broker_arguments {
	const char *address_file;
};

static const struct opt broker_opts[] = {
	{"address-file", 0, OPT_TEXT, offsetof(struct broker_arguments, address_file), "FILE",
		"where to write the broker's address once it answers"},
};

static int run_broker(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	const struct broker_arguments *arguments = options;
	struct err err;
	const struct config *config = cli_config(cli, &err);
	const struct datasets *datasets = config ? cli_datasets(cli, &err) : NULL;
	if (!datasets)
		return cli_fail(&err);
	if (!arguments->address_file) {
		err_usage(&err, "dev broker needs --address-file FILE");
		return cli_fail(&err);
	}
	if (!dev_broker_run(datasets, config->topics.partitions, arguments->address_file, &err))
		return cli_fail(&err);
	return EXIT_GOOD;
}

const struct command command_dev_broker = {
	.name = "dev broker",
	.summary = "the embedded broker alone, with the datasets' topics, in memory",
	.details = "What `penstock dev` starts. For trying things out with kcat or a test of your "
		   "own.",
	.options = {broker_opts, sizeof(broker_opts) / sizeof(broker_opts[0])},
	.options_size = sizeof(struct broker_arguments),
	.run = run_broker,
};
