/* SPDX-License-Identifier: Apache-2.0 */
/* penstock config print, penstock config check: the configuration as understood. No server. */
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "scheduler/scheduler.h"

struct print_options {
	bool json;
	bool reference;
};

static const struct opt print_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct print_options, json), NULL, "print a JSON object"},
	{"reference", 0, OPT_FLAG, offsetof(struct print_options, reference), NULL,
		"all keys there are, as a Markdown table"},
};

static int print_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct print_options *wanted = options;
	struct err err;
	struct buf out;
	(void)argc;
	(void)argv;
	buf_init(&out, (size_t)64 << 20);
	if (wanted->reference) {
		config_print_reference(&out);
	} else {
		const struct config *config = cli_config(cli, &err);
		if (!config) {
			buf_release(&out);
			return cli_fail(&err);
		}
		if (wanted->json)
			config_print_json(config, &out);
		else
			config_print(config, &out);
	}
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return EXIT_GOOD;
}

/* One line a property that Kafka's library, or a promise of ours, refuses; how many there are. */
static size_t check_kafka(const struct config *config)
{
	size_t bad = 0;
	for (size_t i = 0; i < config->kafka.count; i++) {
		const struct config_pair *pair = &config->kafka.items[i];
		struct err err;
		if (kafka_check_property(pair->key, pair->value, &err))
			continue;
		bad++;
		if (pair->line)
			err_prefix(&err, "%s:%d: kafka.%s", config->path, pair->line, pair->key);
		else
			err_prefix(&err, "-X %s", pair->key);
		cli_fail(&err);
	}
	return bad;
}

static int check_run(struct cli *cli, const void *options, int argc, char **argv)
{
	struct err err;
	(void)options;
	(void)argc;
	(void)argv;
	const struct datasets *datasets = cli_datasets(cli, &err);
	if (!datasets)
		return cli_fail(&err);
	if (check_kafka(&cli->config))
		return EXIT_USAGE;
	size_t models = 0;
	if (!scheduler_check(&cli->config, &models, &err))
		return cli_fail(&err);
	char count[64];
	text_format_counted(count, (int64_t)datasets->count, "dataset");
	printf("%s: good, %s", cli->config.path, count);
	text_format_counted(count, (int64_t)models, "model");
	if (models)
		printf(", %s", count);
	else if (cli->config.models[0])
		printf(", no models in %s", cli->config.models);
	printf("\n");
	return EXIT_GOOD;
}

const struct command command_config_print = {
	.name = "config print",
	.summary =
		"the configuration as understood: defaults in, variables expanded, secrets masked",
	.details = "What it prints is a penstock.yml again (but for the masked secrets).",
	.options = {print_rows, sizeof(print_rows) / sizeof(print_rows[0])},
	.options_size = sizeof(struct print_options),
	.run = print_run,
};

const struct command command_config_check = {
	.name = "config check",
	.summary = "looks for mistakes in the configuration and its schemas; asks no server",
	.run = check_run,
};
