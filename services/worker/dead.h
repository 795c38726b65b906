/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: the original bytes go to the dead topic, acknowledged, before the ledger notes them
 * and before the offset moves. Of what is larger than a chunk and than the dead topic takes, only
 * the headers go there. After a crash in between one may stand in the topic twice; the ledger,
 * keyed by topic, partition and offset, has it once.
 */
#ifndef PENSTOCK_WORKER_DEAD_H
#define PENSTOCK_WORKER_DEAD_H

#include "base/err.h"
#include "kafka/consumer.h"
#include "postgres/database.h"
#include "worker/loader.h"

struct dead_letters; /* one a job; opens its producer at the first letter */

/* Everything is borrowed. */
struct dead_letters *dead_letters_new(
	const struct kafka_settings *kafka, const char *topic, const char *worker);
void dead_letters_free(struct dead_letters *dead);

/*
 * `chunk` is NULL when the message could not be opened. Returns when the letter is in the topic and
 * in the ledger.
 */
MUST_CHECK bool dead_letter_send(struct dead_letters *dead, struct database *database,
	const char *dataset, const struct kafka_message *message, const struct chunk_info *chunk,
	const char *stage, const char *reason, struct err *err);

#endif
