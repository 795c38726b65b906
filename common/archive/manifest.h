/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest: one publication, everything needed to send it again exactly, and how far it came.
 * Created exclusively under (dataset, sha256, repeat): of two producers with the same file one wins
 * and the other reads the winner's. Changed only by replacing the whole document, forward: a state
 * never goes back, so producers that work on the same publication cannot undo each other.
 */
#ifndef PENSTOCK_ARCHIVE_MANIFEST_H
#define PENSTOCK_ARCHIVE_MANIFEST_H

#include "archive/archive.h"
#include "base/arena.h"
#include "format/reading.h"

/* In the order they may follow each other. */
enum publication_state {
	PUBLICATION_PENDING,	 /* created; chunks may be on the topic */
	PUBLICATION_SENT,	 /* every chunk acknowledged, `partitions` recorded */
	PUBLICATION_QUARANTINED, /* refused before its first chunk; `reason` */
	PUBLICATION_RETRACTED,
};

struct manifest_partition {
	int32_t partition;
	int64_t offset; /* greatest acknowledged */
};

struct manifest {
	struct arena arena; /* owns all strings */
	const char *dataset;
	const char *sha256;
	int64_t repeat;	    /* 0 for the first publication of this content */
	int64_t file_id;    /* created_ms << 20 | first 20 bits of the SHA-256 */
	const char *name;   /* as the file was called: "orders.csv", "a.zip!b.csv" */
	int64_t size;	    /* of the archived bytes */
	const char *schema; /* Avro schema text: writer schema of every chunk */
	struct reading reading;
	int64_t cutter_version;
	enum publication_state state;
	const char *reason; /* of a quarantine; "" otherwise */
	int64_t created_ms;
	int64_t sent_ms; /* 0: not yet; of the last round */
	int64_t rounds;	 /* how often all of it was sent; more than 1 after a repair */
	int64_t chunks;	 /* 0: not yet known */
	int64_t records;
	int64_t rows;
	int64_t rejects;
	const char *topic; /* "" until sent */
	struct manifest_partition *partitions;
	size_t partition_count;
};

void manifest_init(struct manifest *manifest);
void manifest_release(struct manifest *manifest);

/*
 * Creates the manifest unless (dataset, sha256, repeat) has one: then *ret_created is false and
 * *manifest is replaced by what is there. Durable before it returns. Sets created_ms and file_id:
 * later than those of every manifest of the dataset whose creation ended before this one began,
 * whatever the clocks of the producers that share the archive say. A file id that is set already is
 * kept: a correction's, right behind that of what it corrects.
 */
MUST_CHECK bool manifest_create(
	struct archive *archive, struct manifest *manifest, bool *ret_created, struct err *err);
/*
 * Brings what this producer knows into the document, as one change: the later state wins; a later
 * round replaces the offsets, the same round takes the greatest of each partition, an earlier one
 * leaves them.
 */
MUST_CHECK bool manifest_save(
	struct archive *archive, const struct manifest *manifest, struct err *err);
/* *ret_found false when there is none. */
MUST_CHECK bool manifest_load(struct archive *archive, const char *dataset, const char *sha256,
	int64_t repeat, struct manifest *manifest, bool *ret_found, struct err *err);
/* The greatest repeat of this content; -1: never published. */
MUST_CHECK bool manifest_last_repeat(struct archive *archive, const char *dataset,
	const char *sha256, int64_t *ret_repeat, struct err *err);
/* The publication of this content with that file id; *ret_found false when there is none. */
MUST_CHECK bool manifest_find(struct archive *archive, const char *dataset, const char *sha256,
	int64_t file_id, struct manifest *manifest, bool *ret_found, struct err *err);
/*
 * Calls `visit` for each manifest of the dataset, in no order; false from it stops. `wanted` (may
 * be NULL) is asked before, by name alone: false spares reading the document. One that cannot be
 * read does not keep the others from being visited: its error is returned at the end.
 */
MUST_CHECK bool manifest_each(struct archive *archive, const char *dataset,
	bool (*wanted)(void *context, const char *sha256, int64_t repeat),
	bool (*visit)(void *context, const struct manifest *manifest, struct err *err),
	void *context, struct err *err);

/* Names of publication_state as they stand in the document: "pending", "sent" ... */
const char *publication_state_name(enum publication_state state);

#endif
