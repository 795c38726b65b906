/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Losing the broker's data loses nothing: publications that Kafka no longer holds for the workers
 * and the ledger does not have are sent again from the archive.
 *
 * A publication is missing when, for every partition its manifest recorded, the next message the
 * group gets lies behind the recorded one or the topic ends at or before it, and the ledger lacks a
 * chunk that has no dead letter. Offsets are read before the ledger, so what is loaded in between
 * is never taken for lost, and once more before anything is sent, so what another producer
 * published in between is not either; a backlog is no loss.
 */
#ifndef PENSTOCK_PRODUCER_REPAIR_H
#define PENSTOCK_PRODUCER_REPAIR_H

#include "producer/publisher.h"

struct repair;

struct repair *repair_new(struct publisher *publisher);
void repair_free(struct repair *repair);

/*
 * One pass over all datasets; `repaired` hears of every publication sent again. RETRY: Kafka,
 * Postgres or the archive is away. Any other error is the first of what concerns one
 * publication or dataset; the others were looked at.
 */
MUST_CHECK bool repair_pass(struct repair *repair,
	void (*repaired)(void *context, const struct publication_result *result), void *context,
	struct err *err);

#endif
