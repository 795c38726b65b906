/* SPDX-License-Identifier: Apache-2.0 */
/* From a manifest to acknowledged chunks. */
#ifndef PENSTOCK_PRODUCER_SEND_H
#define PENSTOCK_PRODUCER_SEND_H

#include "producer/publisher.h"

struct content;

/* The manifest as it would be created, with texts borrowed from the content. */
void publication_describe(const struct content *content, int64_t repeat, struct manifest *manifest);
/* Whether it would be quarantined: DATA with the reason. Nothing is written. */
MUST_CHECK bool publication_judge(
	struct publisher *publisher, const struct content *content, struct err *err);

/*
 * Creates the manifest of this content, or finds the one it has: *ret_created says which. `again`
 * asks for the next repeat, unless the last one is still pending.
 */
MUST_CHECK bool publication_begin(struct publisher *publisher, const struct content *content,
	bool again, struct manifest *manifest, bool *ret_created, struct err *err);

/*
 * Judges the publication and sends all of its chunks, from the first on, whatever was sent before;
 * then records it. Afterwards manifest->state is sent, or quarantined with a reason. RETRY: Kafka
 * or the archive is away, or a stop was requested.
 */
MUST_CHECK bool publication_send(
	struct publisher *publisher, struct manifest *manifest, struct err *err);

#endif
