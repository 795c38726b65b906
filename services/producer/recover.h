/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publications whose manifest says pending are sent again, from their first chunk: all of them at
 * the producer's start, later those that were pending at the last look, too. What somebody else is
 * still at may be sent twice then, which does no harm.
 */
#ifndef PENSTOCK_PRODUCER_RECOVER_H
#define PENSTOCK_PRODUCER_RECOVER_H

#include "producer/known.h"
#include "producer/publisher.h"

struct recovery {
	struct known settled; /* not pending any more */
	struct known seen;    /* pending at an earlier look */
	struct known told;    /* failed, and `failed` has heard of it */
	bool started;	      /* the first look is over */
};

/* {0} before the first look. */
void recovery_release(struct recovery *recovery);

/*
 * One look. RETRY: Kafka or the archive is away; call again. What fails for another reason is
 * handed to `failed`, once, and left pending.
 */
MUST_CHECK bool recover(struct publisher *publisher, struct recovery *recovery,
	void (*sent)(void *context, const struct publication_result *result),
	void (*failed)(void *context, const char *dataset, const struct err *err), void *context,
	struct err *err);

#endif
