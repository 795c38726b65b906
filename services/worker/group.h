/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of one dataset that are loaded in one transaction. Keeps them until it is cleared. */
#ifndef PENSTOCK_WORKER_GROUP_H
#define PENSTOCK_WORKER_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "kafka/consumer.h"
#include "worker/loader.h"

#define GROUP_MAX_MESSAGES 1024

/* A message that is no chunk: it never reaches the loader. */
struct unreadable {
	const struct kafka_message *message;
	char reason[500];
};

struct group {
	const struct dataset *dataset;
	struct kafka_message *messages[GROUP_MAX_MESSAGES]; /* owned, in the order they came */
	size_t count;
	size_t bytes;
	int64_t first_us;	 /* monotonic: when the first message came */
	struct load_item *items; /* the readable ones; room for GROUP_MAX_MESSAGES */
	const struct kafka_message *item_messages[GROUP_MAX_MESSAGES];
	size_t item_count;
	struct unreadable *unreadable; /* grows with need */
	size_t unreadable_count;
};

void group_init(struct group *group, const struct dataset *dataset);
void group_release(struct group *group);
/* Frees the messages; the memory for new ones is kept. */
void group_clear(struct group *group);
/* Takes the message over and opens its chunk. The group must not be full. */
void group_add_take(struct group *group, struct kafka_message *message);

/*
 * Per partition of the group, the offset behind its last message (what to commit), or its first
 * message's offset (where to seek to read them again). ret_partitions has room for count entries.
 */
size_t group_next_offsets(const struct group *group, struct kafka_partition *ret_partitions);
size_t group_first_offsets(const struct group *group, struct kafka_partition *ret_partitions);

#endif
