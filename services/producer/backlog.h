/* SPDX-License-Identifier: Apache-2.0 */
/* A list of publications to be sent, by key; what recovery and repair collect and work off. */
#ifndef PENSTOCK_PRODUCER_BACKLOG_H
#define PENSTOCK_PRODUCER_BACKLOG_H

#include "producer/publisher.h"

struct backlog_item {
	char sha256[65];
	int64_t repeat;
	int64_t file_id;
	int64_t chunks;
	int64_t rounds; /* how often it had been sent when it was listed */
};

struct backlog {
	const struct dataset *dataset;
	struct backlog_item *items;
	size_t count;
	size_t capacity;
};

void backlog_release(struct backlog *backlog);
/* False when it holds as many as it may: the rest is for the next pass. */
bool backlog_add(struct backlog *backlog, const struct manifest *manifest);
/* Oldest file id first: what a file overrides is sent before it. */
void backlog_sort(struct backlog *backlog);

struct backlog_work {
	enum publication_state expected;
	/* The last question, with the manifest just read; NULL: not asked. */
	bool (*wanted)(void *context, const struct manifest *manifest);
	void (*sent)(void *context, const struct publication_result *result);
	void *context;
};
/*
 * Sends one item again, unless its manifest has another state than `expected` by now, or somebody
 * else sent it since it was listed.
 */
MUST_CHECK bool backlog_send(struct publisher *publisher, const struct backlog *backlog, size_t at,
	const struct backlog_work *work, struct err *err);

#endif
