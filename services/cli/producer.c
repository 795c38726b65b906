/* SPDX-License-Identifier: Apache-2.0 */
/* producer: the service that watches the inbox. */
#include "producer/producer.h"
#include "base/stop.h"

#include "cli/cli.h"

struct producer_arguments {
	const char *listen;
	int64_t settle_ms;
	int64_t rescan_ms;
	int64_t repair_ms;
	bool no_fetch;
	bool window;
};

static const struct opt rows[] = {
	{"listen", 0, OPT_TEXT, offsetof(struct producer_arguments, listen), "HOST:PORT",
		"serve /metrics, /livez and /readyz there"},
	{"settle", 0, OPT_DURATION, offsetof(struct producer_arguments, settle_ms), "TIME",
		"how long a file must stand still before it is read (500ms)"},
	{"rescan", 0, OPT_DURATION, offsetof(struct producer_arguments, rescan_ms), "TIME",
		"how often the whole inbox is looked through (5s)"},
	{"repair", 0, OPT_DURATION, offsetof(struct producer_arguments, repair_ms), "TIME",
		"how often the ledger is compared with the archive (1m)"},
	{"no-fetch", 0, OPT_FLAG, offsetof(struct producer_arguments, no_fetch), NULL,
		"leave the sources to another producer"},
	{"window", 0, OPT_FLAG, offsetof(struct producer_arguments, window), NULL,
		"keep what waits for workers within what dev's embedded broker holds"},
};

static int run_producer(struct cli *cli, const void *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	const struct producer_arguments *arguments = options;
	struct err err = {0};
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets)
		return cli_fail(&err);
	const struct producer_options settings = {
		.config = &cli->config,
		.datasets = datasets,
		.kafka = cli_kafka(cli, "penstock-producer"),
		.listen = arguments->listen,
		.no_fetch = arguments->no_fetch,
		.window = arguments->window || cli->config.embedded_broker,
		.settle_ms = arguments->settle_ms,
		.rescan_ms = arguments->rescan_ms,
		.repair_ms = arguments->repair_ms,
	};
	stop_within(STOP_SECONDS, true);
	return producer_run(&settings, &err) ? EXIT_GOOD : cli_fail(&err);
}

const struct command command_producer = {
	.name = "producer",
	.arguments = "",
	.summary = "watches the inbox and publishes what comes",
	.details = "A file is taken once it has stood still, and leaves the inbox when every chunk "
		   "of it\n"
		   "is in Kafka. Refused files go to the folder 'quarantine' beside the inbox. "
		   "SIGTERM\n"
		   "ends it; a publication in hand is finished by the next start.\n"
		   "\n"
		   "  penstock producer --listen 127.0.0.1:9441",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.options_size = sizeof(struct producer_arguments),
	.run = run_producer,
};
