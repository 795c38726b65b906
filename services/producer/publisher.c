/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/publisher.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "producer/window.h"

/* With a window the messages on their way count too, and 5 MiB is all a partition keeps. */
static const size_t in_flight_with_window = 1 << 20;

bool publisher_open(
	const struct publish_options *options, struct publisher **ret_publisher, struct err *err)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));
	if (!publisher)
		abort();
	publisher->options = options;
	if (!archive_open(options->config->archive, &publisher->archive, err)) {
		free(publisher);
		return false;
	}
	if (options->window)
		publisher->window = window_new();
	*ret_publisher = publisher;
	return true;
}

void publisher_close(struct publisher *publisher)
{
	if (!publisher)
		return;
	publisher_disconnect(publisher);
	kafka_admin_close(publisher->admin);
	window_free(publisher->window);
	archive_close(publisher->archive);
	free(publisher);
}

static void acknowledged(
	void *context, uint64_t tag, int32_t partition, int64_t offset, size_t payload_len)
{
	(void)tag;
	struct publisher *publisher = context;
	struct delivery *delivery = &publisher->delivery;
	if (partition < 0 || partition >= delivery->partitions || offset < 0)
		return;
	if (offset > delivery->offsets[partition])
		delivery->offsets[partition] = offset;
	if (publisher->window)
		window_sent(publisher->window, delivery->topic, partition, offset, payload_len);
}

static bool open_admin(struct publisher *publisher, struct err *err)
{
	return publisher->admin ||
	       kafka_admin_open(&publisher->options->kafka, &publisher->admin, err);
}

bool publisher_connect(struct publisher *publisher, struct err *err)
{
	if (!open_admin(publisher, err))
		return false;
	return publisher->producer || kafka_producer_open(&publisher->options->kafka,
					      publisher->window ? in_flight_with_window : 0,
					      acknowledged, publisher, &publisher->producer, err);
}

void publisher_disconnect(struct publisher *publisher)
{
	if (publisher->producer)
		kafka_producer_close(publisher->producer);
	publisher->producer = NULL;
}

bool publisher_ping(struct publisher *publisher, int64_t ms, struct err *err)
{
	return open_admin(publisher, err) && kafka_admin_ping(publisher->admin, ms, err);
}

static bool matches(const struct config_dataset *dataset, const char *name)
{
	for (size_t i = 0; i < dataset->files.count; i++)
		if (text_glob(dataset->files.items[i], name))
			return true;
	return false;
}

bool publisher_dataset(const struct publisher *publisher, const char *name,
	const struct dataset **ret_dataset, struct err *err)
{
	const struct datasets *datasets = publisher->options->datasets;
	if (publisher->options->dataset) {
		*ret_dataset = datasets_find(datasets, publisher->options->dataset);
		return *ret_dataset ||
		       err_usage(err, "there is no dataset '%s' in %s", publisher->options->dataset,
			       publisher->options->config->path);
	}
	const struct dataset *found = NULL;
	for (size_t i = 0; i < datasets->count; i++) {
		if (!matches(datasets->items[i].config, file_name(name)))
			continue;
		if (found)
			return err_config(err,
				"%s matches the files of dataset %s (line %d) and of %s (line %d): "
				"make the patterns distinct, or publish it with --dataset",
				name, found->config->name, found->config->line,
				datasets->items[i].config->name, datasets->items[i].config->line);
		found = &datasets->items[i];
	}
	*ret_dataset = found;
	return true;
}
