/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quarantined publications taken up again from the archive, by the configuration as it is now: as
 * the next repeat of their content, in the dataset that today's routing finds. The old publication
 * is retracted then, its reason naming the new one.
 */
#ifndef PENSTOCK_PRODUCER_REPLAY_H
#define PENSTOCK_PRODUCER_REPLAY_H

#include "archive/archive.h"
#include "archive/manifest.h"
#include "producer/producer.h"

/*
 * Takes up one quarantined publication. ret_result: what was published; or, with `quarantined`, why
 * it is still refused: then nothing was changed. Its dataset's name is the configuration's or the
 * manifest's. `dry_run`: judged only. Killed on the way, the same call finishes it. RETRY: Kafka or
 * the archive is away.
 */
MUST_CHECK bool replay_quarantined(struct publisher *publisher, struct manifest *manifest,
	bool dry_run, struct publication_result *ret_result, struct err *err);

/*
 * A manifest, not created yet, of the same content by the dataset's parameters of now, placed right
 * behind the one it is to correct: what was published later still comes after it. Judged and
 * counted as if it had been sent. DATA: it would be refused. Borrows from both.
 */
MUST_CHECK bool replay_correction(struct publisher *publisher, const struct manifest *manifest,
	struct manifest *correction, struct err *err);

/* The archive that the publisher has open. */
struct archive *publisher_archive(struct publisher *publisher);

#endif
