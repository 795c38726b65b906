/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

void group_init(struct group *group, const struct dataset *dataset)
{
	*group = (struct group){.dataset = dataset};
	group->items = calloc(GROUP_MAX_MESSAGES, sizeof(*group->items));
	if (!group->items)
		BUG("out of memory: %d load items", GROUP_MAX_MESSAGES);
}

void group_release(struct group *group)
{
	group_clear(group);
	free(group->items);
	free(group->unreadable);
	*group = (struct group){0};
}

void group_clear(struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		kafka_message_free(group->messages[i]);
	group->count = 0;
	group->bytes = 0;
	group->item_count = 0;
	group->unreadable_count = 0;
}

static void add_unreadable(
	struct group *group, const struct kafka_message *message, const char *reason)
{
	size_t size = (group->unreadable_count + 1) * sizeof(*group->unreadable);
	struct unreadable *grown = realloc(group->unreadable, size);
	if (!grown)
		BUG("out of memory: %zu bytes", size);
	group->unreadable = grown;
	struct unreadable *entry = &group->unreadable[group->unreadable_count++];
	entry->message = message;
	text_copy(entry->reason, sizeof(entry->reason), reason);
}

void group_add_take(struct group *group, struct kafka_message *message)
{
	if (group->count == 0)
		group->first_us = clock_monotonic_us();
	group->messages[group->count++] = message;
	group->bytes += message->len;
	struct load_item *item = &group->items[group->item_count];
	*item = (struct load_item){.topic = message->topic,
		.partition = message->partition,
		.offset = message->offset};
	struct err err;
	if (!message->payload) {
		add_unreadable(group, message, "an empty message is no chunk");
	} else if (!chunk_open(message->payload, message->len, &item->chunk, &err)) {
		add_unreadable(group, message, err.message);
	} else if (strcmp(item->chunk.info.dataset, group->dataset->config->name) != 0) {
		err_fail(&err, ERR_DATA, "a chunk of dataset %s on the topic of dataset %s",
			item->chunk.info.dataset, group->dataset->config->name);
		add_unreadable(group, message, err.message);
	} else {
		group->item_messages[group->item_count++] = message;
	}
}

static struct kafka_partition *find_partition(
	struct kafka_partition *partitions, size_t count, int32_t partition)
{
	for (size_t i = 0; i < count; i++)
		if (partitions[i].partition == partition)
			return &partitions[i];
	return NULL;
}

size_t group_next_offsets(const struct group *group, struct kafka_partition *ret_partitions)
{
	size_t n = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct kafka_message *m = group->messages[i];
		struct kafka_partition *p = find_partition(ret_partitions, n, m->partition);
		if (!p) {
			p = &ret_partitions[n++];
			*p = (struct kafka_partition){m->topic, m->partition, m->offset + 1};
		}
		if (p->offset < m->offset + 1)
			p->offset = m->offset + 1;
	}
	return n;
}

size_t group_first_offsets(const struct group *group, struct kafka_partition *ret_partitions)
{
	size_t n = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct kafka_message *m = group->messages[i];
		struct kafka_partition *p = find_partition(ret_partitions, n, m->partition);
		if (!p)
			ret_partitions[n++] =
				(struct kafka_partition){m->topic, m->partition, m->offset};
		else if (p->offset > m->offset)
			p->offset = m->offset;
	}
	return n;
}
