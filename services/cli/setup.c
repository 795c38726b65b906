/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands begin with: the configuration, its datasets, Kafka's settings. */
#include <stdlib.h>

#include "base/log.h"
#include "cli/cli.h"

static void release(struct cli *cli)
{
	if (cli->datasets_loaded)
		datasets_release(&cli->datasets);
	if (cli->config_loaded)
		config_release(&cli->config);
	free(cli->kafka);
	cli->kafka = NULL;
	cli->datasets_loaded = false;
	cli->config_loaded = false;
}

static struct kafka_property *kafka_properties(const struct config_pairs *pairs)
{
	struct kafka_property *properties = calloc(pairs->count + 1, sizeof(*properties));
	if (!properties)
		BUG("out of memory: %zu Kafka properties", pairs->count);
	for (size_t i = 0; i < pairs->count; i++)
		properties[i] = (struct kafka_property){pairs->items[i].key, pairs->items[i].value};
	return properties;
}

const struct config *cli_config(struct cli *cli, struct err *err)
{
	if (cli->config_loaded)
		return &cli->config;
	const struct config_source source = {
		.path = cli->options.config,
		.env_file = cli->options.env_file,
		.kafka = &cli->options.kafka,
	};
	if (!config_load(&source, &cli->config, err))
		return NULL;
	cli->config_loaded = true;
	cli->kafka = kafka_properties(&cli->config.kafka);
	cli->release = release;
	for (size_t i = 0; i < cli->config.warnings.count; i++)
		log_warn(cli->config.warnings.items[i]);
	return &cli->config;
}

const struct datasets *cli_datasets(struct cli *cli, struct err *err)
{
	const struct config *config = cli_config(cli, err);
	if (!config)
		return NULL;
	if (!cli->datasets_loaded)
		cli->datasets_loaded = datasets_load(config, &cli->datasets, err);
	return cli->datasets_loaded ? &cli->datasets : NULL;
}

struct kafka_settings cli_kafka(const struct cli *cli, const char *client_id)
{
	if (!cli->config_loaded)
		BUG("Kafka settings before the configuration");
	return (struct kafka_settings){cli->kafka, cli->config.kafka.count, client_id};
}
