/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/publisher.h"

#include <stdlib.h>

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
	if (options->dataset && !datasets_find(options->datasets, options->dataset)) {
		free(publisher);
		return err_usage(err, "there is no dataset '%s' in %s", options->dataset,
			options->config->path);
	}
	if (!archive_open(
		    options->config->archive, &options->config->s3, &publisher->archive, err)) {
		free(publisher);
		return false;
	}
	if (options->window)
		publisher->window = window_new();
	router_init(&publisher->router, options->config, options->datasets);
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
	router_release(&publisher->router);
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

enum routing publisher_route(struct publisher *publisher, const char *name, const char *archive)
{
	const struct publish_options *options = publisher->options;
	const struct dataset *dataset = options->dataset
						? datasets_find(options->datasets, options->dataset)
						: publisher->fetched;
	if (!dataset)
		return router_by_name(&publisher->router, name, archive);
	publisher->router.dataset = dataset;
	return ROUTE_FOUND;
}
