/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unconsumed backlog, kept under what the embedded broker holds (5 MiB or 100,000 messages a
 * partition; what is more it drops without a word): publishing waits while the window is full.
 */
#ifndef PENSTOCK_PRODUCER_WINDOW_H
#define PENSTOCK_PRODUCER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kafka/admin.h"
#include "kafka/producer.h"

struct window;

struct window *window_new(void);
void window_free(struct window *window);

/* A message was acknowledged at this offset. */
void window_sent(struct window *window, const char *topic, int32_t partition, int64_t offset,
	size_t payload_len);
/*
 * Waits until a message of `len` bytes has room in the partition, serving the producer's
 * acknowledgements meanwhile; RETRY when Kafka does not answer or a stop was requested.
 */
MUST_CHECK bool window_wait(struct window *window, struct kafka_admin *admin,
	struct kafka_producer *producer, const char *topic, int32_t partition, size_t len,
	struct err *err);

#endif
