/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters sent once more: the original bytes, from the dead topic to the topic and partition
 * they came from. Acknowledged first, then noted in the ledger: killed in between, one comes twice,
 * and the ledger passes over what it has.
 */
#ifndef PENSTOCK_WORKER_REDELIVER_H
#define PENSTOCK_WORKER_REDELIVER_H

#include "base/err.h"
#include "kafka/client.h"
#include "postgres/database.h"

struct letter {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *dataset; /* NULL: not known */
	const char *file;    /* its name; NULL: not known */
	int64_t file_id;     /* 0: not known */
	const char *reason;  /* why it was dead */
	enum letter_fate {
		LETTER_LOST,	/* the dead topic does not hold it any more */
		LETTER_OMITTED, /* it was too large to be kept */
		LETTER_SENT,
	} fate;
};

struct redelivery {
	struct database *database;
	struct kafka_settings kafka;
	const char *dead_topic;
	const char *dataset; /* NULL: any */
	const char *file;    /* by name; NULL: any */
	bool dry_run;
	/* Called for each letter in the end; texts are borrowed. */
	void (*told)(void *context, const struct letter *letter);
	void *context;
};

/* Those that were not sent again yet, 10,000 at most. RETRY: Kafka or Postgres is away. */
MUST_CHECK bool redeliver(const struct redelivery *redelivery, struct err *err);

#endif
