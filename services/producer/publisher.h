/* SPDX-License-Identifier: Apache-2.0 */
/* The state that publishing shares, for the files of this folder only. */
#ifndef PENSTOCK_PRODUCER_PUBLISHER_H
#define PENSTOCK_PRODUCER_PUBLISHER_H

#include "archive/archive.h"
#include "archive/manifest.h"
#include "base/arena.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "producer/producer.h"
#include "producer/route.h"

struct window;
struct claim;

/* Where the messages of the publication in hand went: greatest offset per partition, -1: none. */
struct delivery {
	const char *topic;
	int64_t *offsets;
	int32_t partitions;
};

struct publisher {
	const struct publish_options *options;
	struct archive *archive;
	struct kafka_admin *admin;	 /* NULL until Kafka is needed */
	struct kafka_producer *producer; /* likewise, and after a failure */
	struct window *window;		 /* NULL: off */
	struct delivery delivery;
	struct router router;
	const struct dataset *fetched; /* of the claimed file, if its source names one */
};

/* router_by_name, or the dataset that --dataset or the file's source names: the answer is in
 * publisher->router. */
enum routing publisher_route(struct publisher *publisher, const char *name, const char *archive);

/* Makes `producer` and `admin` ready; does not wait for the broker. */
MUST_CHECK bool publisher_connect(struct publisher *publisher, struct err *err);
/* Forgets what was not acknowledged: the publication in hand will be sent again as a whole. */
void publisher_disconnect(struct publisher *publisher);

/* What is told about a publication; the dataset's name is borrowed from the manifest. */
void publication_result_fill(
	const struct manifest *manifest, bool already, struct publication_result *ret_result);

/* Publishes a file that was claimed: what publish_file does once it is open. */
MUST_CHECK bool publish_claim(struct publisher *publisher, struct claim *claim,
	void (*published)(void *context, const struct publication_result *result), void *context,
	struct err *err);

#endif
