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
/*
 * Sends one item again unless its manifest moved to another state than `expected` meanwhile;
 * `sent` (may be NULL) hears of it.
 */
MUST_CHECK bool backlog_send(struct publisher *publisher, const struct backlog *backlog, size_t at,
	enum publication_state expected,
	void (*sent)(void *context, const struct publication_result *result), void *context,
	struct err *err);

#endif
