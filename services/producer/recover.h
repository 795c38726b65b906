/* SPDX-License-Identifier: Apache-2.0 */
/* After a crash: publications whose manifest says pending are sent again, from their first chunk.
 */
#ifndef PENSTOCK_PRODUCER_RECOVER_H
#define PENSTOCK_PRODUCER_RECOVER_H

#include "producer/publisher.h"

/*
 * RETRY: Kafka or the archive is away; call again. What fails for another reason is handed to
 * `failed` and left pending.
 */
MUST_CHECK bool recover(struct publisher *publisher,
	void (*sent)(void *context, const struct publication_result *result),
	void (*failed)(void *context, const char *dataset, const struct err *err), void *context,
	struct err *err);

#endif
